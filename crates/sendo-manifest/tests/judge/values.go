package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	yaml2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

func documents(text string) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewBufferString(text))
	var out []*yaml.Node
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, &node)
	}
}

// scalarPaths lists every scalar value that is written in place, aliases left out.
func scalarPaths(text string) Answer {
	docs, err := documents(text)
	if err != nil {
		return Answer{Moot: true, Detail: err.Error()}
	}
	a := Answer{OK: true}
	for i, doc := range docs {
		if len(doc.Content) == 1 {
			walk(doc.Content[0], nil, func(path []any) {
				a.Paths = append(a.Paths, Place{i, append([]any{}, path...)})
			})
		}
	}
	return a
}

func walk(node *yaml.Node, path []any, visit func([]any)) {
	switch node.Kind {
	case yaml.ScalarNode:
		if len(path) > 0 {
			visit(path)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if key := node.Content[i]; key.Kind == yaml.ScalarNode {
				walk(node.Content[i+1], append(path[:len(path):len(path)], key.Value), visit)
			}
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			walk(item, append(path[:len(path):len(path)], i), visit)
		}
	}
}

func find(node *yaml.Node, path []any) *yaml.Node {
	for _, step := range path {
		var next *yaml.Node
		switch step := step.(type) {
		case string:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == step {
					next = node.Content[i+1]
				}
			}
		case float64:
			if node.Kind == yaml.SequenceNode && int(step) < len(node.Content) {
				next = node.Content[int(step)]
			}
		}
		if next == nil {
			return nil
		}
		node = next
	}
	return node
}

// findOrAdd makes the last key if its mapping does not have it.
func findOrAdd(root *yaml.Node, path []any) *yaml.Node {
	if node := find(root, path); node != nil {
		return node
	}
	last := len(path) - 1
	parent := find(root, path[:last])
	key, ok := path[last].(string)
	if parent == nil || parent.Kind != yaml.MappingNode || !ok {
		return nil
	}
	var name, value yaml.Node
	name.SetString(key)
	value.SetString("")
	parent.Content = append(parent.Content, &name, &value)
	return &value
}

// plain decodes into maps, lists and values, aliases resolved.
func plain(docs []*yaml.Node) ([]any, error) {
	var out []any
	for _, doc := range docs {
		var value any
		if err := doc.Decode(&value); err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

// judgeValue changes the value in the old data by itself and compares with the editor's text.
func judgeValue(q Question) Answer {
	old, err := documents(q.Old)
	if err != nil {
		return Answer{Moot: true, Detail: err.Error()}
	}
	if len(old) <= q.Document || len(old[q.Document].Content) == 0 {
		return Answer{Moot: true, Detail: "no such document"}
	}
	node := findOrAdd(old[q.Document].Content[0], q.Path)
	if node == nil || node.Kind != yaml.ScalarNode {
		return Answer{Moot: true, Detail: "no scalar there"}
	}
	node.SetString(q.Value)
	expected, err := plain(old)
	if err != nil {
		return Answer{Moot: true, Detail: err.Error()}
	}
	edited, err := documents(q.New)
	if err != nil {
		return Answer{Detail: "the edited text cannot be read: " + err.Error()}
	}
	got, err := plain(edited)
	if err != nil {
		return Answer{Detail: "the edited text cannot be decoded: " + err.Error()}
	}
	if !reflect.DeepEqual(expected, got) {
		return Answer{Detail: "the data differ"}
	}
	return judgeOldReader(q)
}

// judgeOldReader asks a YAML 1.1 reader, with its yes and no, whether the value is a string.
func judgeOldReader(q Question) Answer {
	decoder := yaml2.NewDecoder(bytes.NewBufferString(q.New))
	var value any
	for i := 0; i <= q.Document; i++ {
		value = nil
		if err := decoder.Decode(&value); err != nil {
			// It refuses some files that newer readers take; the old text decides.
			return Answer{OK: true, Detail: "not judged by YAML 1.1: " + err.Error()}
		}
	}
	for _, step := range q.Path {
		switch step := step.(type) {
		case string:
			if mapping, ok := value.(map[any]any); ok {
				value = mapping[step]
			} else {
				return Answer{OK: true, Detail: "not judged by YAML 1.1: key is no string"}
			}
		case float64:
			value = value.([]any)[int(step)]
		}
	}
	if value == nil {
		return Answer{OK: true, Detail: "not judged by YAML 1.1: key is no string"}
	}
	if text, ok := value.(string); !ok || text != q.Value {
		return Answer{Detail: fmt.Sprintf("YAML 1.1 reads %#v", value)}
	}
	return Answer{OK: true}
}
