//! What a deployment changes in a manifests repository, read from its forge.

use std::sync::Arc;

use sendo_effects::Reach;
use sendo_forge::ForgeError;
use sendo_web::DiffError;
use tokio::sync::watch;

/// Most of a change that is shown, in bytes.
const MOST: u64 = 1024 * 1024;

/// Answers what changes are asked for over HTTP, on the server's own forges.
pub(crate) fn differ(reach: watch::Receiver<Arc<Reach>>) -> sendo_web::Differ {
    Arc::new(move |brings| {
        let reach = Arc::clone(&reach.borrow());
        Box::pin(async move {
            let forge = reach.forges.of(&brings.repository).map_err(told)?;
            forge.diff(&brings, MOST).await.map_err(told)
        })
    })
}

fn told(error: ForgeError) -> DiffError {
    if error.transient {
        DiffError::Trouble(error.message)
    } else {
        DiffError::Refused(error.message)
    }
}
