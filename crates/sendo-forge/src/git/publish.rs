//! Puts an edited commit on a branch, by compare-and-swap.
//!
//! The commit is a function of base, edits and deployment, so a repeated attempt makes the same one.
//! A conflict re-applies the edits on the new base; text is never rebased. What an earlier attempt
//! already published is adopted after proving that its tree is the one we would make.

use sendo_core::effect::{Outcome, Publish, Published};
use sendo_git::{Expect, LogQuery, NewCommit, Oid, RefName, RefUpdate, Signature};

use super::edit::{Applied, apply, still};
use super::{Git, revision, tree};
use crate::error::ForgeError;
use crate::forge::MaySend;

/// How often a lost compare-and-swap is tried again before the effect backs off.
const MOST_TRIES: usize = 50;
/// How far back an earlier direct commit of ours is looked for.
const LOOK_BACK: usize = 500;
/// The trailer that marks a commit as ours.
const TRAILER: &str = "Sendo-Deployment: ";

/// Who commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// A name, for display.
    pub(crate) name: String,
    /// An address that reaches nobody.
    pub(crate) email: String,
}

/// Publishes. `message` must carry the trailer `Sendo-Deployment`. `again` says that an earlier
/// attempt may have gone through, and `may_send` right before each send whether it may go out.
///
/// # Errors
/// [`ForgeError`] where a file cannot be edited or git does not work.
pub(crate) async fn publish(
    repository: &Git,
    publish: &Publish,
    message: &str,
    by: &Identity,
    (mut again, may_send): (bool, MaySend<'_>),
) -> Result<Outcome, ForgeError> {
    let base_ref = RefName::branch(publish.base.as_str())?;
    let branch_ref = RefName::branch(publish.branch.as_str())?;
    let direct = base_ref == branch_ref;
    let _turn = repository.turn(&branch_ref).await;
    for _ in 0..MOST_TRIES {
        let Some(base) = repository.resolve(&base_ref).await? else {
            return Err(ForgeError::refused(
                "base_not_found",
                format!(
                    "the branch `{}` is not in {}",
                    publish.base, publish.repository
                ),
            ));
        };
        let standing = if direct {
            None
        } else {
            repository.resolve(&branch_ref).await?
        };
        if !direct && standing.is_none() && publish.replaces.is_some() {
            // Somebody deleted our branch: what it stood for is over.
            return Ok(Outcome::HeadMoved);
        }
        let earlier = match standing {
            Some(head) => Some(head),
            None if direct && again => find_ours(repository, base, publish).await?,
            None => None,
        };
        if let Some(earlier) = earlier
            && publish.replaces.as_ref().map(ToString::to_string) != Some(earlier.to_string())
        {
            return Ok(match adopt(repository, earlier, publish).await? {
                Some(published) => Outcome::Published(published),
                None => Outcome::HeadMoved,
            });
        }
        let applied = apply(repository, base, &publish.edits).await?;
        if applied.changes.is_empty() {
            return Ok(Outcome::Unchanged {
                base: revision(base)?,
            });
        }
        if has_moved(repository, base, publish).await? {
            return Err(ForgeError::refused(
                "moved_since",
                format!(
                    "the files of `{}` do not say any more what was to be undone: somebody changed them since, and nothing was overwritten",
                    publish.base
                ),
            ));
        }
        if let Some(changed) = changed_by_others(publish, &applied) {
            return Ok(changed);
        }
        let drafted = repository.tree_with(base, &applied.changes).await?;
        let new_tree = drafted.oid();
        let head = repository
            .commit_of(drafted, &commit(publish, new_tree, base, message, by))
            .await?;
        let commit = head.oid();
        let old = match (direct, standing) {
            (true, _) => Expect::Oid(base),
            (false, Some(head)) => Expect::Oid(head),
            (false, None) => Expect::Absent,
        };
        let update = RefUpdate {
            name: branch_ref.clone(),
            new: Some(commit),
            old,
        };
        if !may_send() {
            let message = format!("nothing was sent to `{}`: it came too late", publish.branch);
            return Err(ForgeError::trouble("too_late", message));
        }
        match repository.move_ref(update, Some(&head)).await {
            Ok(()) => {
                let (base, commit, tree) = (revision(base)?, revision(commit)?, tree(new_tree)?);
                return Ok(Outcome::Published(Published {
                    base,
                    commit,
                    tree,
                    old: applied.old,
                }));
            }
            // Whoever moved it may have published this very deployment in our place.
            Err(error) if error.is_cas_lost() => again = true,
            Err(error) => return Err(error),
        }
    }
    Err(ForgeError::trouble(
        "cas_lost",
        format!(
            "`{}` moved {MOST_TRIES} times while we published to it",
            publish.branch
        ),
    ))
}

fn commit(publish: &Publish, tree: Oid, base: Oid, message: &str, by: &Identity) -> NewCommit {
    let signature = Signature {
        name: by.name.clone(),
        email: by.email.clone(),
        at_seconds: publish.at.as_seconds(),
    };
    NewCommit {
        tree,
        parents: vec![base],
        author: signature.clone(),
        committer: signature,
        message: message.to_owned(),
    }
}

/// Whether the base says something else by now than what is to be undone: then setting that once more
/// would change something, or find no place.
async fn has_moved(repository: &Git, base: Oid, publish: &Publish) -> Result<bool, ForgeError> {
    match apply(repository, base, &publish.undoes).await {
        Ok(standing) => Ok(!standing.changes.is_empty()),
        Err(error) if error.transient => Err(error),
        Err(_) => Ok(true),
    }
}

fn changed_by_others(publish: &Publish, applied: &Applied) -> Option<Outcome> {
    let first = publish.expected_old.as_ref()?;
    let mut values = publish.edits.iter().zip(first).zip(&applied.old);
    let ((_, from), now) = values.find(|((edit, first), now)| !still(edit, first, now))?;
    Some(Outcome::ValueChanged {
        from: from.clone(),
        now: now.clone(),
    })
}

/// What an earlier attempt published, if this commit is it: our trailer, and the tree our edits give
/// on its parent.
async fn adopt(
    repository: &Git,
    commit: Oid,
    publish: &Publish,
) -> Result<Option<Published>, ForgeError> {
    let info = repository.commit(commit).await?;
    let [parent] = info.parents[..] else {
        return Ok(None);
    };
    // The date tells our commit from one that another database made under the same name.
    if !is_ours(&info.body, publish) || info.committed_at != publish.at.as_seconds() {
        return Ok(None);
    }
    let applied = apply(repository, parent, &publish.edits).await?;
    let expected = repository.tree_with(parent, &applied.changes).await?;
    if expected.oid() != info.tree {
        return Ok(None);
    }
    let (base, commit, tree) = (revision(parent)?, revision(commit)?, tree(info.tree)?);
    Ok(Some(Published {
        base,
        commit,
        tree,
        old: applied.old,
    }))
}

fn is_ours(body: &str, publish: &Publish) -> bool {
    body.lines()
        .any(|line| line.strip_prefix(TRAILER) == Some(publish.deployment.as_str()))
}

async fn find_ours(
    repository: &Git,
    base: Oid,
    publish: &Publish,
) -> Result<Option<Oid>, ForgeError> {
    let query = LogQuery {
        to: base,
        from_exclusive: None,
        first_parent: false,
        limit: LOOK_BACK,
        touched: false,
    };
    let log = repository.log(query).await?;
    let made_now = |at: i64| at == publish.at.as_seconds();
    let ours = log
        .commits
        .iter()
        .find(|logged| is_ours(&logged.info.body, publish) && made_now(logged.info.committed_at));
    Ok(ours.map(|logged| logged.info.oid))
}
