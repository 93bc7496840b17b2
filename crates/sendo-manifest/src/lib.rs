//! Byte-exact, proved edits of YAML and JSON manifests.
