//! What changes do to the objects of clusters, rendered from the files of their forge.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sendo_core::deployment::Brings;
use sendo_core::effect::Edit;
use sendo_core::promotion::Promotion;
use sendo_core::rendering::{Objects, Rendered, Rendering};
use sendo_effects::Reach;
use sendo_forge::{Files, ForgeError, Forges};
use sendo_render::{Fault, Limits, Programs, Renderer};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long all renderings of one answer may take: less than an answer may.
const ALL: Duration = Duration::from_secs(45);
/// Comparisons that are remembered.
const KEPT: usize = 32;

/// Between which commits what was rendered: that never changes.
type Key = (Brings, Rendering);

/// Renders, and remembers what came of it.
pub(crate) struct Renderings {
    renderer: Renderer,
    kept: Mutex<VecDeque<(Key, Rendered)>>,
}

impl Default for Renderings {
    fn default() -> Self {
        Self {
            renderer: Renderer::new(Programs::on_path(), Limits::default()),
            kept: Mutex::default(),
        }
    }
}

impl Renderings {
    /// What a commit does to these renderings against the one before.
    async fn between(
        &self,
        brings: &Brings,
        asked: Vec<Rendering>,
        forges: &Forges,
    ) -> Vec<Objects> {
        let until = Instant::now() + ALL;
        let mut all = Vec::with_capacity(asked.len());
        for rendering in asked {
            let key = (brings.clone(), rendering);
            let rendered = match self.remembered(&key) {
                Some(rendered) => rendered,
                None => {
                    let compared = self.compared(&key, forges);
                    let compared = timeout_at(until, compared).await;
                    compared.unwrap_or_else(|_| late())
                }
            };
            all.push(Objects {
                rendering: key.1,
                rendered,
            });
        }
        all
    }

    async fn compared(&self, key: &Key, forges: &Forges) -> Rendered {
        let (brings, rendering) = key;
        let sides = async {
            let forge = forges.of(&brings.repository)?;
            let old = forge.files(&brings.repository, &brings.from).await?;
            Ok((old, forge.files(&brings.repository, &brings.to).await?))
        };
        let (old, new) = match sides.await {
            Ok(sides) => sides,
            Err(error) => return unread(error),
        };
        match self.renderer.compare(rendering, &old, &new).await {
            Err(fault) if fault.may_pass() => cannot(&fault),
            compared => {
                let rendered = compared.map_or_else(|fault| cannot(&fault), Rendered::Compared);
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.truncate(KEPT - 1);
                kept.push_front((key.clone(), rendered.clone()));
                rendered
            }
        }
    }

    fn remembered(&self, key: &Key) -> Option<Rendered> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == key)?;
        let found = kept.remove(at)?;
        kept.push_front(found.clone());
        Some(found.1)
    }

    /// What edits that nobody made yet would do to what a promotion renders.
    pub(crate) async fn foreseen(
        &self,
        deliver: &Promotion,
        edits: &[Edit],
        forges: &Forges,
        until: Instant,
    ) -> Vec<Objects> {
        let mut all = Vec::new();
        let sides = async {
            let forge = forges.of(&deliver.repository)?;
            let old = forge.base_files(&deliver.repository, &deliver.base).await?;
            let new = old.with(edits).await?;
            Ok::<(Files, Files), ForgeError>((old, new))
        };
        let sides = timeout_at(until, sides).await;
        for rendering in deliver.renderings() {
            let rendered = match &sides {
                Err(_) => late(),
                Ok(Err(error)) => unread(error.clone()),
                Ok(Ok((old, new))) => {
                    let compared = self.renderer.compare(&rendering, old, new);
                    match timeout_at(until, compared).await {
                        Err(_) => late(),
                        Ok(Err(fault)) => cannot(&fault),
                        Ok(Ok(comparison)) => Rendered::Compared(comparison),
                    }
                }
            };
            all.push(Objects {
                rendering,
                rendered,
            });
        }
        all
    }
}

/// When the renderings of an answer that begins now have to be done.
pub(crate) fn deadline() -> Instant {
    Instant::now() + ALL
}

fn cannot(fault: &Fault) -> Rendered {
    Rendered::Cannot {
        reason_code: fault.reason_code().to_owned(),
        message: fault.to_string(),
    }
}

fn unread(error: ForgeError) -> Rendered {
    Rendered::Cannot {
        reason_code: error.reason_code,
        message: error.message,
    }
}

fn late() -> Rendered {
    let seconds = ALL.as_secs();
    Rendered::Cannot {
        reason_code: "renderer_slow".to_owned(),
        message: format!(
            "there was no time left for it: all of one answer is rendered within {seconds} s; ask again, or render less"
        ),
    }
}

/// Answers what changes do to objects, asked for over HTTP, on the server's own forges.
pub(crate) fn renderer(
    renderings: Arc<Renderings>,
    reach: watch::Receiver<Arc<Reach>>,
) -> sendo_web::ObjectDiffer {
    Arc::new(move |brings, asked| {
        let (renderings, reach) = (Arc::clone(&renderings), Arc::clone(&reach.borrow()));
        let compared = async move { renderings.between(&brings, asked, &reach.forges).await };
        Box::pin(compared) as Pin<Box<dyn Future<Output = Vec<Objects>> + Send>>
    })
}
