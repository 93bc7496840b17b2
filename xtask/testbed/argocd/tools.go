//go:build tools

// Package argocd names what the testbed builds, so that go.mod and go.sum hold what that needs.
package argocd

import (
	_ "github.com/argoproj/argo-cd/v3/cmd"
)
