//! Reading change requests: one in full, or all in brief.
//!
//! Owns gathering log, refs and commits, and letting the noted head follow the branch. Reading changes
//! nothing anybody could see: noting a head only keeps its commits from being collected.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sendo_core::effect::ChangeState;
use sendo_core::names::BranchName;
use sendo_git::{BareRepository, GitError, LogQuery, Oid, RefName, RefUpdate};

use super::chain;
use super::change::{AheadCommit, Change, ChangeDetails, Listed, Record, StateFilter, Unreadable};
use super::check;
use super::error::LocalError;
use super::forge::{ATTEMPTS, CHANGES, LocalForge, MAX_NUMBER, branch_ref, head_ref, log_ref};
use super::standing::{self, Refs, Standing};

/// Most commits listed as ahead of the base.
const MAX_AHEAD: usize = 250;

/// A change request as found, with the refs it was found at.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) record: Record,
    pub(super) log: Oid,
    pub(super) refs: Refs,
    pub(super) standing: Standing,
}

/// All change requests, and the next number to take, as of one moment.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) listed: Listed,
    pub(super) next: u64,
}

impl LocalForge {
    /// Reads one change request with everything about it.
    ///
    /// # Errors
    /// `change_missing`, `change_unreadable`, `contended`, and those of git.
    pub async fn change(&self, repository: &str, number: u64) -> Result<ChangeDetails, LocalError> {
        let git = self.repository(repository).await?;
        let found = self.find(&git, repository, number).await?;
        let Standing { state, head } = found.standing;
        let base = found.refs.base;
        let head_tree = git.commit(head).await?.tree;
        let (mut merge_base, mut ahead, mut ahead_cut, mut merged_oid) =
            (None, Vec::new(), false, None);
        if let Some(base) = base {
            merge_base = git.merge_base(head, base).await?;
            let query = LogQuery {
                to: head,
                from_exclusive: Some(base),
                first_parent: false,
                limit: MAX_AHEAD,
                touched: false,
            };
            let log = git.log(query).await?;
            ahead_cut = log.cut;
            ahead.extend(log.commits.into_iter().map(|commit| AheadCommit {
                oid: commit.info.oid,
                tree: commit.info.tree,
                author: commit.info.author,
                subject: commit.info.subject,
            }));
        }
        let record = found.record;
        if state == ChangeState::Merged {
            merged_oid = match (&record.merged, base) {
                (Some((_, merge)), _) => Some(*merge),
                (None, Some(base)) => {
                    Some(standing::merge_of(&git, head, base).await?.unwrap_or(base))
                }
                (None, None) => None,
            };
        }
        let checks = check::read(&git, &self.memory, repository, head).await?;
        let change = record.change(number, state, head);
        let closed = record.closed.filter(|_| state == ChangeState::Closed);
        let merged = record
            .merged
            .map(|(ended, _)| ended)
            .filter(|_| state == ChangeState::Merged);
        let (reviews, comments) = (record.reviews, record.comments);
        Ok(ChangeDetails {
            change,
            head_tree,
            base_head: base,
            merge_base,
            ahead,
            ahead_cut,
            reviews,
            comments,
            checks,
            closed,
            merged,
            merged_oid,
        })
    }

    /// Lists change requests by number. What is no change request is told apart and hides nothing.
    ///
    /// # Errors
    /// Those of git.
    pub async fn list(&self, repository: &str, filter: StateFilter) -> Result<Listed, LocalError> {
        let git = self.repository(repository).await?;
        let Survey { mut listed, .. } = self.survey(&git).await?;
        if let StateFilter::Only(state) = filter {
            listed.changes.retain(|change| change.state == state);
        }
        Ok(listed)
    }

    /// The open change request of a branch.
    ///
    /// # Errors
    /// Those of git.
    pub async fn find_open(
        &self,
        repository: &str,
        branch: &BranchName,
    ) -> Result<Option<Change>, LocalError> {
        let listed = self
            .list(repository, StateFilter::Only(ChangeState::Open))
            .await?;
        Ok(listed
            .changes
            .into_iter()
            .find(|change| change.branch == *branch))
    }

    /// Finds a change request, and lets its noted head follow the branch.
    pub(super) async fn find(
        &self,
        git: &BareRepository,
        repository: &str,
        number: u64,
    ) -> Result<Found, LocalError> {
        let (head_name, log_name) = (head_ref(number)?, log_ref(number)?);
        for _ in 0..ATTEMPTS {
            let own = git
                .resolve_all(&[head_name.clone(), log_name.clone()])
                .await?;
            let unreadable = |name: &RefName, why: String| LocalError::Unreadable {
                repository: repository.to_owned(),
                name: name.to_string(),
                why,
            };
            let (noted, log) = match (own.get(&head_name), own.get(&log_name)) {
                (Some(noted), Some(log)) => (*noted, *log),
                (None, None) => {
                    return Err(LocalError::ChangeMissing {
                        repository: repository.to_owned(),
                        number,
                    });
                }
                (None, Some(_)) => return Err(unreadable(&head_name, "it is missing".to_owned())),
                (Some(_), None) => return Err(unreadable(&log_name, "it is missing".to_owned())),
            };
            let mut chains = chain::read(git, &self.memory, &[log]).await?;
            let documents = chains
                .remove(&log)
                .unwrap_or_else(|| Err("it was not read".to_owned()));
            let record = documents.and_then(|documents| Record::read(&documents));
            let record = record.map_err(|why| unreadable(&log_name, why))?;
            let (branch, base) = (branch_ref(&record.branch)?, branch_ref(&record.base)?);
            let heads = git.resolve_all(&[branch.clone(), base.clone()]).await?;
            let refs = Refs {
                noted,
                branch: heads.get(&branch).copied(),
                base: heads.get(&base).copied(),
            };
            let standing = match standing::find(git, &record, refs, None).await {
                Err(error @ (GitError::ObjectMissing { .. } | GitError::WrongKind { .. })) => {
                    return Err(unreadable(&head_name, error.to_string()));
                }
                other => other?,
            };
            if standing.head == noted {
                return Ok(Found {
                    record,
                    log,
                    refs,
                    standing,
                });
            }
            let follow = [
                RefUpdate::moved(head_name.clone(), noted, standing.head),
                RefUpdate::unmoved(log_name.clone(), Some(log)),
                RefUpdate::unmoved(branch, refs.branch),
            ];
            match git.update_refs(&follow).await {
                Ok(()) => {
                    let refs = Refs {
                        noted: standing.head,
                        ..refs
                    };
                    return Ok(Found {
                        record,
                        log,
                        refs,
                        standing,
                    });
                }
                Err(GitError::CasLost { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let what = format!("the branch of change request {number}");
        Err(LocalError::Contended {
            repository: repository.to_owned(),
            what,
        })
    }

    /// All change requests in brief, with a number of git processes that does not grow with them.
    pub(super) async fn survey(&self, git: &BareRepository) -> Result<Survey, LocalError> {
        let (mut listed, mut next) = (Listed::default(), 1);
        let mut pairs: BTreeMap<u64, (Option<Oid>, Option<Oid>)> = BTreeMap::new();
        for (name, oid) in git.ref_oids(&[CHANGES]).await? {
            next = next.max(1 + taken_number(&name));
            match parse_name(&name) {
                Some((number, "head")) => pairs.entry(number).or_default().0 = Some(oid),
                Some((number, "log")) => pairs.entry(number).or_default().1 = Some(oid),
                _ => listed.unreadable.push(unreadable(
                    None,
                    &name,
                    "no change request has such a ref",
                )),
            }
        }
        let tips: Vec<Oid> = pairs.values().filter_map(|(_, log)| *log).collect();
        let chains = chain::read(git, &self.memory, &tips).await?;
        let branches: HashMap<RefName, Oid> =
            git.ref_oids(&["refs/heads"]).await?.into_iter().collect();
        let mut landed: HashMap<Oid, BTreeSet<RefName>> = HashMap::new();
        for (number, (noted, log)) in pairs {
            let (head_name, log_name) = (head_ref(number)?, log_ref(number)?);
            let mut garbage =
                |name, why: &str| listed.unreadable.push(unreadable(Some(number), name, why));
            let Some(noted) = noted else {
                garbage(&head_name, "it is missing");
                continue;
            };
            let Some(chain) = log.and_then(|log| chains.get(&log)) else {
                garbage(&log_name, "it is missing");
                continue;
            };
            let record = match chain
                .as_ref()
                .map_err(String::clone)
                .and_then(|d| Record::read(d))
            {
                Ok(record) => record,
                Err(why) => {
                    garbage(&log_name, &why);
                    continue;
                }
            };
            let base = branches.get(&branch_ref(&record.base)?).copied();
            let contained = match base {
                None => None,
                Some(base) => {
                    if let std::collections::hash_map::Entry::Vacant(entry) = landed.entry(base) {
                        entry.insert(git.refs_merged_into(CHANGES, base).await?);
                    }
                    landed.get(&base).map(|names| names.contains(&head_name))
                }
            };
            let branch = branches.get(&branch_ref(&record.branch)?).copied();
            match standing::find(
                git,
                &record,
                Refs {
                    noted,
                    branch,
                    base,
                },
                contained,
            )
            .await
            {
                Ok(Standing { state, head }) => {
                    listed.changes.push(record.change(number, state, head));
                }
                Err(error @ (GitError::ObjectMissing { .. } | GitError::WrongKind { .. })) => {
                    garbage(&head_name, &error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Survey { listed, next })
    }
}

/// The number a ref keeps others from using, or 0; also a foreign ref takes one.
fn taken_number(name: &RefName) -> u64 {
    let rest = name
        .as_str()
        .strip_prefix(CHANGES)
        .and_then(|rest| rest.strip_prefix('/'));
    let number = rest.and_then(|rest| rest.split('/').next()?.parse().ok());
    number.filter(|number| *number <= MAX_NUMBER).unwrap_or(0)
}

fn unreadable(number: Option<u64>, name: &RefName, why: &str) -> Unreadable {
    Unreadable {
        number,
        name: name.to_string(),
        why: why.to_owned(),
    }
}

/// `refs/sendo/changes/N/head` and `…/log`, where N is written without leading zeroes.
fn parse_name(name: &RefName) -> Option<(u64, &str)> {
    let rest = name.as_str().strip_prefix(CHANGES)?.strip_prefix('/')?;
    let (number, leaf) = rest.split_once('/')?;
    let parsed: u64 = number
        .parse()
        .ok()
        .filter(|parsed| (1..=MAX_NUMBER).contains(parsed))?;
    let known = parsed.to_string() == number && matches!(leaf, "head" | "log");
    known.then_some((parsed, leaf))
}
