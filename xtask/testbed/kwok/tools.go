//go:build tools

// Package kwok names what the testbed builds, so that go.mod and go.sum hold what that needs.
package kwok

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
