//! kustomize as the testbed has it: at a pinned version, built once into the cache with Go.

use std::path::PathBuf;

use super::Bench;
use crate::testbed;

/// The peer, or why it is not here.
pub(super) enum Kustomize {
    At(PathBuf),
    Missing(String),
}

/// The one in the cache, built if need be.
pub(super) fn obtain(bench: &Bench<'_>) -> Kustomize {
    bench.out.passing("edit: building kustomize");
    match testbed::program("kustomize", bench.workspace, bench.interrupt, bench.out) {
        Ok(path) => Kustomize::At(path),
        Err(error) => Kustomize::Missing(format!("{error:#}")),
    }
}
