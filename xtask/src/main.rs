//! Tests, generated files, layer checks and benchmarks of this workspace.
fn main() {}
