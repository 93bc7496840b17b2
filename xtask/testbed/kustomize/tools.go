//go:build tools

// Package kustomize names what the testbed builds, so that go.mod and go.sum hold what that needs.
package kustomize

import (
	_ "sigs.k8s.io/kustomize/kustomize/v5"
)
