//go:build tools

// Package helm names what the testbed builds, so that go.mod and go.sum hold what that needs.
package helm

import (
	_ "helm.sh/helm/v3/cmd/helm"
)
