//! All change requests of a repository in brief.
//!
//! Owns reading them together: the number of git processes does not grow with theirs, as long as
//! nobody pushes in strange ways. What is no change request is told apart and hides nothing.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use sendo_git::{BareRepository, GitError, Oid, RefName};

use super::chain::{self, Documents};
use super::change::{Change, Listed, Record, Unreadable};
use super::error::LocalError;
use super::forge::{CHANGES, LocalForge, MAX_NUMBER, branch_ref, head_ref, log_ref};
use super::standing::{self, Contains, Refs};

/// Where branches are.
const BRANCHES: &str = "refs/heads";

/// All change requests, and the next number to take, as of one moment.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) listed: Listed,
    pub(super) next: u64,
}

/// The refs of one change request, as far as they are there.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    head: Option<Oid>,
    log: Option<Oid>,
}

/// What was read for all of them together.
#[derive(Debug)]
struct Together {
    chains: HashMap<Oid, Result<Documents, String>>,
    /// Noted heads that are commits.
    commits: BTreeSet<Oid>,
    branches: HashMap<RefName, Oid>,
    /// For each base's head, the change requests and branches it contains; `None` when git could
    /// not tell for all at once.
    landed: HashMap<Oid, Option<BTreeMap<RefName, Oid>>>,
}

/// Why one change request is not listed.
enum Trouble {
    Garbage(RefName, String),
    Git(GitError),
}

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl LocalForge {
    pub(super) async fn survey(&self, git: &BareRepository) -> Result<Survey, LocalError> {
        let (mut listed, mut next) = (Listed::default(), 1);
        let mut pairs: BTreeMap<u64, Pair> = BTreeMap::new();
        for (name, oid) in git.ref_oids(&[CHANGES]).await? {
            next = next.max(1 + taken_number(&name));
            match parse_name(&name) {
                Some((number, "head")) => pairs.entry(number).or_default().head = Some(oid),
                Some((number, _)) => pairs.entry(number).or_default().log = Some(oid),
                None => {
                    let why = "no change request has such a ref".to_owned();
                    listed.unreadable.push(Unreadable {
                        number: None,
                        name: name.to_string(),
                        why,
                    });
                }
            }
        }
        let mut together = self.read_together(git, &pairs).await?;
        for (number, pair) in pairs {
            match read_one(git, &mut together, number, pair).await {
                Ok(change) => listed.changes.push(change),
                Err(Trouble::Garbage(name, why)) => {
                    let (number, name) = (Some(number), name.to_string());
                    listed.unreadable.push(Unreadable { number, name, why });
                }
                Err(Trouble::Git(error)) => return Err(error.into()),
            }
        }
        Ok(Survey { listed, next })
    }

    async fn read_together(
        &self,
        git: &BareRepository,
        pairs: &BTreeMap<u64, Pair>,
    ) -> Result<Together, GitError> {
        let tips: Vec<Oid> = pairs.values().filter_map(|pair| pair.log).collect();
        let heads: Vec<Oid> = pairs.values().filter_map(|pair| pair.head).collect();
        let (chains, commits, branches) = tokio::try_join!(
            chain::read(git, &self.memory, &tips),
            git.commits(&heads),
            git.ref_oids(&[BRANCHES])
        )?;
        let commits = commits
            .into_iter()
            .flatten()
            .map(|commit| commit.oid)
            .collect();
        let branches = branches.into_iter().collect();
        Ok(Together {
            chains,
            commits,
            branches,
            landed: HashMap::new(),
        })
    }
}

async fn read_one(
    git: &BareRepository,
    together: &mut Together,
    number: u64,
    pair: Pair,
) -> Result<Change, Trouble> {
    let (head_name, log_name) = (head_ref(number)?, log_ref(number)?);
    let missing = |name: &RefName| Trouble::Garbage(name.clone(), "it is missing".to_owned());
    let noted = pair.head.ok_or_else(|| missing(&head_name))?;
    let chain = pair.log.and_then(|log| together.chains.get(&log));
    let documents = chain.ok_or_else(|| missing(&log_name))?;
    let record = match documents {
        Ok(documents) => Record::read(documents),
        Err(why) => Err(why.clone()),
    };
    let record = record.map_err(|why| Trouble::Garbage(log_name, why))?;
    if !together.commits.contains(&noted) {
        return Err(Trouble::Garbage(
            head_name,
            format!("{noted} is not a commit"),
        ));
    }
    let branch_name = branch_ref(&record.branch)?;
    let branch = together.branches.get(&branch_name).copied();
    let base = together.branches.get(&branch_ref(&record.base)?).copied();
    let mut known = Contains::default();
    if let Some(base) = base {
        if let Entry::Vacant(unknown) = together.landed.entry(base) {
            unknown.insert(landed(git, base).await?);
        }
        if let Some(Some(landed)) = together.landed.get(&base) {
            // Its ref may have moved since; then it has to be asked for alone.
            let holds = |name, oid| match landed.get(name) {
                None => Some(false),
                Some(at) => (Some(*at) == oid).then_some(true),
            };
            known.noted = holds(&head_name, Some(noted));
            known.branch = holds(&branch_name, branch);
        }
    }
    let found = standing::find(
        git,
        &record,
        Refs {
            noted,
            branch,
            base,
        },
        known,
    )
    .await?;
    Ok(record.change(number, found.state, found.head))
}

async fn landed(
    git: &BareRepository,
    base: Oid,
) -> Result<Option<BTreeMap<RefName, Oid>>, GitError> {
    let both = tokio::try_join!(
        git.refs_merged_into(CHANGES, base),
        git.refs_merged_into(BRANCHES, base)
    );
    match both {
        Ok((mut changes, branches)) => {
            changes.extend(branches);
            Ok(Some(changes))
        }
        // One ref to a missing object keeps git from telling; then each is asked for alone.
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
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
