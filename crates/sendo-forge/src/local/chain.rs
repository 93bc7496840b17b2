//! Chains: commits with the empty tree, one parent each, whose messages are documents.
//!
//! Owns reading many chains with few git processes, and remembering them: a chain is named by its
//! tip, so what was read once stays true. Does not know what the documents say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sendo_core::names::Principal;
use sendo_core::time::Timestamp;
use sendo_git::{BareRepository, CommitInfo, GitError, LogQuery, NewCommit, Oid, Signature};
use serde::Serialize;

/// Longest chain that is read.
const MAX_LENGTH: usize = 10_000;
/// How many steps are taken for all chains together before each is read on its own.
const STEPS_TOGETHER: usize = 8;
/// How much is remembered, in bytes, before all of it is forgotten.
const MAX_REMEMBERED: usize = 32 * 1024 * 1024;

/// The documents of a chain, oldest first.
pub(super) type Documents = Arc<Vec<String>>;

/// Chains read before.
#[derive(Debug, Default)]
pub(super) struct Memory {
    chains: HashMap<Oid, Documents>,
    bytes: usize,
}

/// A chain that is still being followed: documents newest first, and where it goes on.
struct Open {
    tip: Oid,
    documents: Vec<String>,
    next: Oid,
}

/// Reads chains by their tips. In place of one that is not a chain stands why.
pub(super) async fn read(
    repository: &BareRepository,
    memory: &Mutex<Memory>,
    tips: &[Oid],
) -> Result<HashMap<Oid, Result<Documents, String>>, GitError> {
    let mut read = HashMap::new();
    let start = |tip: &Oid| Open {
        tip: *tip,
        documents: Vec::new(),
        next: *tip,
    };
    let mut open: Vec<Open> = tips.iter().map(start).collect();
    for _ in 0..STEPS_TOGETHER {
        open.retain_mut(|chain| match recall(memory, chain.next) {
            Some(older) => {
                let newer = std::mem::take(&mut chain.documents);
                read.insert(chain.tip, finish(memory, chain.tip, &older, newer));
                false
            }
            None => true,
        });
        let nexts: Vec<Oid> = open.iter().map(|chain| chain.next).collect();
        let commits = repository.commits(&nexts).await?;
        let steps = std::mem::take(&mut open).into_iter().zip(commits);
        for (mut chain, commit) in steps {
            match step(&mut chain, commit) {
                Ok(true) => open.push(chain),
                Ok(false) => {
                    read.insert(chain.tip, finish(memory, chain.tip, &[], chain.documents));
                }
                Err(why) => {
                    read.insert(chain.tip, Err(why));
                }
            }
        }
    }
    for mut chain in open {
        let rest = follow(repository, &mut chain).await?;
        let done = rest.and_then(|()| finish(memory, chain.tip, &[], chain.documents));
        read.insert(chain.tip, done);
    }
    Ok(read)
}

/// Takes one commit of a chain; answers whether there is another.
fn step(chain: &mut Open, commit: Option<CommitInfo>) -> Result<bool, String> {
    let commit = commit.ok_or_else(|| format!("{} is not a commit of a log", chain.next))?;
    if commit.tree != Oid::EMPTY_TREE || commit.parents.len() > 1 {
        return Err(format!(
            "{} is a commit with files or several parents",
            commit.oid
        ));
    }
    chain.documents.push(commit.subject);
    chain.next = commit.parents.first().copied().unwrap_or(Oid::ZERO);
    Ok(!commit.parents.is_empty())
}

/// Reads the rest of a long chain.
async fn follow(
    repository: &BareRepository,
    chain: &mut Open,
) -> Result<Result<(), String>, GitError> {
    let query = LogQuery {
        to: chain.next,
        from_exclusive: None,
        first_parent: true,
        limit: MAX_LENGTH,
        touched: false,
    };
    let log = repository.log(query).await?;
    if log.cut {
        return Ok(Err(format!("it is longer than {MAX_LENGTH} turns")));
    }
    for commit in log.commits {
        if let Err(why) = step(chain, Some(commit.info)) {
            return Ok(Err(why));
        }
    }
    Ok(Ok(()))
}

fn finish(
    memory: &Mutex<Memory>,
    tip: Oid,
    older: &[String],
    newer: Vec<String>,
) -> Result<Documents, String> {
    let documents: Vec<String> = older
        .iter()
        .cloned()
        .chain(newer.into_iter().rev())
        .collect();
    let documents = Arc::new(documents);
    let size = 100
        + documents
            .iter()
            .map(|document| document.len() + 24)
            .sum::<usize>();
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.bytes + size > MAX_REMEMBERED {
        *memory = Memory::default();
    }
    if memory.chains.insert(tip, Arc::clone(&documents)).is_none() {
        memory.bytes += size;
    }
    Ok(documents)
}

fn recall(memory: &Mutex<Memory>, tip: Oid) -> Option<Documents> {
    memory
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .chains
        .get(&tip)
        .cloned()
}

/// Writes the commit that carries a document after `tip`. Moves no ref.
pub(super) async fn write(
    repository: &BareRepository,
    tip: Option<Oid>,
    document: &impl Serialize,
    by: &Principal,
    at: Timestamp,
) -> Result<Oid, GitError> {
    let message = serde_json::to_string(document).map_err(|_| GitError::InvalidCommit {
        why: "its document cannot be written as JSON",
    })?;
    let who = signature(by, at);
    let (parents, tree) = (tip.into_iter().collect(), Oid::EMPTY_TREE);
    let commit = NewCommit {
        tree,
        parents,
        author: who.clone(),
        committer: who,
        message,
    };
    let written = tokio::try_join!(
        repository.write_empty_tree(),
        repository.commit_tree(&commit)
    );
    written.map(|(_, oid)| oid)
}

/// Who is shown as a commit's author. The document says it exactly.
pub(super) fn signature(by: &Principal, at: Timestamp) -> Signature {
    let name = by.as_str().replace(['<', '>'], "_");
    Signature {
        name,
        email: "local@sendo.invalid".to_owned(),
        at_seconds: at.as_seconds(),
    }
}
