package main

import (
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"sort"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kustomize/v5/commands/edit"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const fileName = "kustomization.yaml"

// read reads a kustomization as kustomize does.
func read(text string) (types.Kustomization, error) {
	var k types.Kustomization
	if err := k.Unmarshal([]byte(text)); err != nil {
		return k, err
	}
	k.FixKustomization()
	return k, nil
}

func imageNames(text string) Answer {
	k, err := read(text)
	if err != nil {
		return Answer{Moot: true, Detail: err.Error()}
	}
	names := []string{}
	for _, image := range k.Images {
		names = append(names, image.Name)
	}
	return Answer{OK: true, Names: names}
}

// setImage runs the real command on the text.
func setImage(text string, args []string) (string, error) {
	fs := filesys.MakeFsInMemory()
	if err := fs.WriteFile(fileName, []byte(text)); err != nil {
		return "", err
	}
	deps := provider.NewDefaultDepProvider()
	cmd := edit.NewCmdEdit(fs, deps.GetFieldValidator(), deps.GetResourceFactory(), io.Discard)
	cmd.SetArgs(append([]string{"set", "image"}, args...))
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	cmd.SilenceUsage = true
	cmd.SilenceErrors = true
	if err := cmd.Execute(); err != nil {
		return "", err
	}
	edited, err := fs.ReadFile(fileName)
	return string(edited), err
}

// collapse keeps the first entry of each name and sorts, as `kustomize edit` does to the whole list;
// the editor leaves entries alone that it was not asked to change.
func collapse(images []types.Image) []types.Image {
	first := map[string]types.Image{}
	for _, image := range images {
		if _, ok := first[image.Name]; !ok {
			first[image.Name] = image
		}
	}
	out := []types.Image{}
	for _, image := range first {
		out = append(out, image)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// judgeImages compares the editor's text with what kustomize makes of the same edit: as parsed, by a
// build of Pods that use every image, and by a build of the real directory where that works.
func judgeImages(q Question) Answer {
	theirText, err := setImage(q.Old, q.Args)
	if err != nil {
		return Answer{Moot: true, Detail: "kustomize refuses: " + err.Error()}
	}
	theirs, err := read(theirText)
	if err != nil {
		return Answer{Moot: true, Detail: "kustomize cannot read its own edit: " + err.Error()}
	}
	ours, err := read(q.New)
	if err != nil {
		return Answer{Detail: "kustomize cannot read the editor's text: " + err.Error()}
	}
	theirImages, ourImages := collapse(theirs.Images), collapse(ours.Images)
	if !reflect.DeepEqual(theirImages, ourImages) {
		return Answer{Detail: fmt.Sprintf("images differ: kustomize %+v, editor %+v", theirImages, ourImages)}
	}
	before, err := read(q.Old)
	if err != nil {
		return Answer{Moot: true, Detail: err.Error()}
	}
	before.Images, ours.Images = nil, nil
	if !reflect.DeepEqual(before, ours) {
		return Answer{Detail: "a field other than images changed"}
	}
	if a := compareBuilds(buildPods(theirImages), buildPods(ourImages)); !a.OK {
		return a
	}
	if !q.Build {
		return Answer{OK: true}
	}
	theirBuild, ourBuild := buildDir(q.File, theirText), buildDir(q.File, q.New)
	if theirBuild.err != nil && ourBuild.err != nil {
		return Answer{OK: true}
	}
	a := compareBuilds(theirBuild, ourBuild)
	a.Built = a.OK
	return a
}

type build struct {
	yaml string
	err  error
}

func compareBuilds(theirs, ours build) Answer {
	if (theirs.err == nil) != (ours.err == nil) {
		return Answer{Detail: fmt.Sprintf("one build fails: kustomize %v, editor %v", theirs.err, ours.err)}
	}
	if theirs.yaml != ours.yaml {
		return Answer{Detail: "builds differ"}
	}
	return Answer{OK: true}
}

// buildPods builds a Pod for every image name, as a reference with and without tag and digest.
func buildPods(images []types.Image) build {
	fs := filesys.MakeFsInMemory()
	text := "resources: [pods.yaml]\nimages:\n"
	pods := ""
	for i, image := range images {
		text += fmt.Sprintf("- {name: %q, newName: %q, newTag: %q, digest: %q, tagSuffix: %q}\n",
			image.Name, image.NewName, image.NewTag, image.Digest, image.TagSuffix)
		for j, end := range []string{"", ":old", "@sha256:0123", ":old@sha256:0123"} {
			pods += fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%d-%d}\nspec: {containers: [{name: c, image: %q}]}\n",
				i, j, image.Name+end)
		}
	}
	if len(images) == 0 {
		return build{}
	}
	if err := fs.WriteFile(fileName, []byte(text)); err != nil {
		return build{err: err}
	}
	if err := fs.WriteFile("pods.yaml", []byte(pods)); err != nil {
		return build{err: err}
	}
	return run(fs, ".")
}

// overlay is the disk with one file replaced.
type overlay struct {
	filesys.FileSystem
	path string
	text []byte
}

func (o overlay) ReadFile(path string) ([]byte, error) {
	if absolute, err := filepath.Abs(path); err == nil && absolute == o.path {
		return o.text, nil
	}
	return o.FileSystem.ReadFile(path)
}

func buildDir(file, text string) build {
	fs := overlay{filesys.MakeFsOnDisk(), file, []byte(text)}
	return run(fs, filepath.Dir(file))
}

func run(fs filesys.FileSystem, dir string) build {
	options := krusty.MakeDefaultOptions()
	resources, err := krusty.MakeKustomizer(options).Run(fs, dir)
	if err != nil {
		return build{err: err}
	}
	yaml, err := resources.AsYaml()
	return build{string(yaml), err}
}
