//! Whether a change request is open, merged or closed, and what its head is.
//!
//! Owns the rule: a change request is merged when its base contains its head. Everything else here is
//! about which commit is its head while branches move, come back, or are pushed on after a merge.

use sendo_core::effect::ChangeState;
use sendo_git::{BareRepository, GitError, LogQuery, Oid};

use super::change::Record;

/// How far back the base is searched for the merge of a head.
const MAX_SEARCH: usize = 1_000;

/// The refs a change request depends on, read together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refs {
    /// The head as last noted.
    pub(super) noted: Oid,
    /// The branch's head, while it exists.
    pub(super) branch: Option<Oid>,
    /// The base's head, while it exists.
    pub(super) base: Option<Oid>,
}

/// What is known already of what the base contains.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Contains {
    /// Whether it contains the noted head.
    pub(super) noted: Option<bool>,
    /// Whether it contains the branch's head.
    pub(super) branch: Option<bool>,
}

/// What a change request is, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: ChangeState,
    pub(super) head: Oid,
}

/// Finds out, asking git for as little of `known` as is missing.
pub(super) async fn find(
    repository: &BareRepository,
    record: &Record,
    refs: Refs,
    known: Contains,
) -> Result<Standing, GitError> {
    let Refs {
        noted,
        branch,
        base,
    } = refs;
    let standing = |state, head| Ok(Standing { state, head });
    let ended = record.merged.is_some() || record.closed.is_some();
    let Some(base) = base else {
        // Without a base nothing can be proved any more; the log is all there is.
        return match (&record.merged, &record.closed) {
            (Some(_), _) => standing(ChangeState::Merged, noted),
            (None, Some(_)) => standing(ChangeState::Closed, noted),
            (None, None) => standing(ChangeState::Open, branch.unwrap_or(noted)),
        };
    };
    let contains = async |oid, known| match known {
        Some(known) => Ok(known),
        None => repository.is_ancestor(oid, base).await,
    };
    let contained = contains(noted, known.noted).await?;
    let moved = branch.filter(|branch| *branch != noted && !ended);
    match (contained, moved) {
        (true, None) => standing(ChangeState::Merged, noted),
        // The branch went on after its head landed: either it was merged and somebody pushed more,
        // or only part of it landed. A merge of exactly that head tells the two apart.
        (true, Some(branch)) => {
            if contains(branch, known.branch).await? {
                standing(ChangeState::Merged, branch)
            } else if merge_of(repository, noted, base)
                .await?
                .is_some_and(|merge| merge != noted)
            {
                standing(ChangeState::Merged, noted)
            } else {
                standing(ChangeState::Open, branch)
            }
        }
        // Merged once, and then the base was moved back, or closed.
        (false, None) if ended => standing(ChangeState::Closed, noted),
        (false, None) => standing(ChangeState::Open, noted),
        (false, Some(branch)) => {
            if !contains(branch, known.branch).await? {
                standing(ChangeState::Open, branch)
            } else if repository.is_ancestor(noted, branch).await? {
                standing(ChangeState::Merged, branch)
            } else {
                // The branch was set back to something the base has: that merges nothing.
                standing(ChangeState::Open, noted)
            }
        }
    }
}

/// The base's head that first contained `head`: the commit that merged it, or itself when the base
/// was fast-forwarded to it. `None` when it came in some other way or too long ago.
pub(super) async fn merge_of(
    repository: &BareRepository,
    head: Oid,
    base: Oid,
) -> Result<Option<Oid>, GitError> {
    if head == base {
        return Ok(Some(head));
    }
    let query = LogQuery {
        to: base,
        from_exclusive: Some(head),
        first_parent: true,
        limit: MAX_SEARCH,
        touched: false,
    };
    let commits = repository.log(query).await?.commits;
    let merged = commits.iter().rev().find(|commit| {
        commit
            .info
            .parents
            .iter()
            .skip(1)
            .any(|parent| *parent == head)
    });
    let forwarded = || {
        commits
            .iter()
            .any(|commit| commit.info.parents.first() == Some(&head))
    };
    Ok(merged
        .map(|commit| commit.info.oid)
        .or_else(|| forwarded().then_some(head)))
}
