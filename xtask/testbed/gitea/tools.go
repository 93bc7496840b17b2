//go:build tools

// Package gitea names what the testbed builds, so that go.mod and go.sum hold what that needs.
package gitea

import (
	_ "code.gitea.io/gitea"
)
