//! Reads what a lane's trigger calls newest, and what lies between it and the last revision.

use sendo_core::deployment::Change;
use sendo_core::effect::{Found, Look, Source, SourceChange};
use sendo_core::names::{Revision, TagName};
use sendo_core::time::Timestamp;
use sendo_git::{CommitInfo, LogQuery, LoggedCommit, Oid, RefName};

use super::{Git, oid, revision, tree};
use crate::error::ForgeError;

/// Changes listed at the most.
const MOST_CHANGES: usize = 250;
/// Changes counted at the most.
const MOST_COUNTED: usize = 2_000;
/// Paths listed for one change at the most.
const MOST_PATHS: usize = 300;
/// An address longer than this cannot be one.
const LONGEST_ADDRESS: usize = 254;

/// Looks. `since` starts the list of changes, `succeeded` tells whether the lane would go backwards.
///
/// # Errors
/// [`ForgeError`] where the repository cannot be read. Nothing found is not an error.
pub(crate) async fn source(
    repository: &Git,
    look: &Look,
    since: Option<&Revision>,
    succeeded: Option<&Revision>,
    with_paths: bool,
) -> Result<Source, ForgeError> {
    let mut source = Source {
        look: look.clone(),
        found: Vec::new(),
        changes: Vec::new(),
        omitted: 0,
        diverged: false,
        backwards: false,
    };
    let head = match look {
        Look::Tags { prefix } => {
            source.found = tags(repository, prefix).await?;
            return Ok(source);
        }
        Look::Branch { branch } => {
            let name = RefName::branch(branch.as_str())?;
            repository
                .resolve(&name)
                .await?
                .map(|oid| (name.as_str().to_owned(), oid))
        }
        Look::Reference { reference } => resolve(repository, reference).await?,
    };
    let Some((reference, head)) = head else {
        return Ok(source);
    };
    let info = repository.commit(head).await?;
    let tag = reference
        .strip_prefix("refs/tags/")
        .and_then(|tag| TagName::new(tag).ok());
    source.found.push(Found {
        reference,
        tag,
        revision: revision(head)?,
        tree: Some(tree(info.tree)?),
        created_at: seconds(info.committed_at),
    });
    if let Some(since) = since {
        list_changes(repository, head, oid(since)?, with_paths, &mut source).await?;
    }
    if let Some(succeeded) = succeeded {
        let succeeded = oid(succeeded)?;
        source.backwards = succeeded != head && ancestor(repository, head, succeeded).await?;
    }
    Ok(source)
}

async fn list_changes(
    repository: &Git,
    head: Oid,
    since: Oid,
    with_paths: bool,
    source: &mut Source,
) -> Result<(), ForgeError> {
    let from = if ancestor(repository, since, head).await? {
        Some(since)
    } else {
        source.diverged = true;
        match repository.merge_base(since, head).await {
            Ok(base) => base,
            Err(error) if error.is_missing() => None,
            Err(error) if error.reason_code == "history_too_long" => {
                // Nobody knows how many: without any, it would lie behind.
                source.omitted = 1;
                None
            }
            Err(error) => return Err(error),
        }
    };
    let Some(from) = from else { return Ok(()) };
    let log = repository
        .log(LogQuery {
            to: head,
            from_exclusive: Some(from),
            first_parent: true,
            limit: MOST_COUNTED,
            touched: with_paths,
        })
        .await?;
    source.omitted = log.commits.len().saturating_sub(MOST_CHANGES) as u64 + u64::from(log.cut);
    source.changes = log
        .commits
        .iter()
        .take(MOST_CHANGES)
        .rev()
        .map(|logged| {
            Ok(SourceChange {
                change: change(&logged.info)?,
                paths: paths(logged),
            })
        })
        .collect::<Result<_, ForgeError>>()?;
    Ok(())
}

fn paths(logged: &LoggedCommit) -> Option<Vec<String>> {
    let touched = logged.touched.as_ref()?;
    (!touched.cut && touched.paths.len() <= MOST_PATHS).then(|| touched.paths.clone())
}

fn change(info: &CommitInfo) -> Result<Change, ForgeError> {
    let (author, email) = info.author.split_once(" <").unwrap_or((&info.author, ""));
    let email = email.trim_end_matches('>').trim().to_lowercase();
    Ok(Change {
        revision: revision(info.oid)?,
        title: info.subject.chars().take(200).collect(),
        author: author.chars().take(100).collect(),
        email: (!email.is_empty() && email.len() <= LONGEST_ADDRESS).then_some(email),
        number: None,
    })
}

/// One that is not there any more is nobody's ancestor.
async fn ancestor(repository: &Git, one: Oid, of: Oid) -> Result<bool, ForgeError> {
    match repository.is_ancestor(one, of).await {
        Ok(answer) => Ok(answer),
        Err(error) if error.is_missing() => Ok(false),
        Err(error) => Err(error),
    }
}

async fn tags(repository: &Git, prefix: &str) -> Result<Vec<Found>, ForgeError> {
    let wanted = format!("refs/tags/{prefix}");
    let entries = repository.tags(prefix).await?;
    let found = entries
        .iter()
        .filter(|entry| entry.name.as_str().starts_with(&wanted))
        .filter_map(|entry| {
            Some(Found {
                reference: entry.name.as_str().to_owned(),
                tag: TagName::new(entry.name.as_str().strip_prefix("refs/tags/")?).ok(),
                revision: revision(entry.commit?).ok()?,
                tree: None,
                created_at: seconds(entry.created_at.unwrap_or_default()),
            })
        });
    Ok(found.collect())
}

/// A full SHA, a full reference, a branch or a tag, in this order.
async fn resolve(repository: &Git, reference: &str) -> Result<Option<(String, Oid)>, ForgeError> {
    if let Ok(commit) = Revision::new(reference) {
        let commit = oid(&commit)?;
        return match repository.commit(commit).await {
            Ok(_) => Ok(Some((reference.to_owned(), commit))),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        };
    }
    let names = if reference.starts_with("refs/") {
        vec![reference.to_owned()]
    } else {
        vec![
            format!("refs/heads/{reference}"),
            format!("refs/tags/{reference}"),
        ]
    };
    for name in names {
        let Ok(valid) = RefName::new(name.clone()) else {
            continue;
        };
        let entries = repository.refs(&[valid.as_str()]).await?;
        if let Some(commit) = entries
            .iter()
            .find(|entry| entry.name == valid)
            .and_then(|entry| entry.commit)
        {
            return Ok(Some((name, commit)));
        }
    }
    Ok(None)
}

const fn seconds(at: i64) -> Timestamp {
    Timestamp(at.saturating_mul(1_000_000))
}
