// Judge answers questions about edits of manifests with kustomize itself and Go's YAML readers.
//
// It reads one JSON object a line and answers each with one line, so that thousands of files take
// one process. It knows nothing of the editor it judges.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Question is one line of input; which fields are used depends on Op.
type Question struct {
	Op string `json:"op"`
	// Path of the kustomization on disk, for builds.
	File string `json:"file"`
	// The text before, and as the editor left it.
	Old string `json:"old"`
	New string `json:"new"`
	// Arguments of `kustomize edit set image`.
	Args []string `json:"args"`
	// Build the folder of File as well.
	Build bool `json:"build"`
	// Where a value was set (keys and indices), and to what.
	Document int    `json:"document"`
	Path     []any  `json:"path"`
	Value    string `json:"value"`
}

// Answer is one line of output.
type Answer struct {
	OK bool `json:"ok"`
	// Why not, or why the question does not apply.
	Detail string `json:"detail,omitempty"`
	// The question has no answer: kustomize itself refuses the old text, or cannot build it here.
	Moot  bool     `json:"moot,omitempty"`
	Built bool     `json:"built,omitempty"`
	Names []string `json:"names,omitempty"`
	Paths []Place  `json:"paths,omitempty"`
}

// Place is one scalar of a file.
type Place struct {
	Document int   `json:"document"`
	Path     []any `json:"path"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder := json.NewDecoder(in)
	encoder := json.NewEncoder(out)
	for decoder.More() {
		var question Question
		if err := decoder.Decode(&question); err != nil {
			fmt.Fprintln(os.Stderr, "judge:", err)
			os.Exit(1)
		}
		if err := encoder.Encode(answer(question)); err != nil {
			fmt.Fprintln(os.Stderr, "judge:", err)
			os.Exit(1)
		}
	}
}

func answer(q Question) (a Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = Answer{Moot: true, Detail: fmt.Sprint("panic: ", cause)}
		}
	}()
	switch q.Op {
	case "names":
		return imageNames(q.Old)
	case "images":
		return judgeImages(q)
	case "paths":
		return scalarPaths(q.Old)
	case "value":
		return judgeValue(q)
	}
	return Answer{Detail: "unknown op " + q.Op}
}
