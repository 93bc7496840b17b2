//! Checks: what was reported on a commit, in `refs/sendo/checks/SHA`.
//!
//! Owns the documents of that chain and the rule that the latest report of a name wins. Does not know
//! which checks a change request needs.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sendo_core::names::Principal;
use sendo_core::time::Timestamp;
use sendo_git::{BareRepository, GitError, Oid, RefName, RefUpdate};
use serde::{Deserialize, Serialize};

use super::chain::{self, Memory};
use super::error::LocalError;
use super::forge::{ATTEMPTS, LocalForge, tell};

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Not finished.
    Pending,
    /// It passed.
    Success,
    /// It did not pass.
    Failure,
    /// It could not be run.
    Error,
}

impl From<CheckState> for sendo_core::effect::CheckState {
    fn from(state: CheckState) -> Self {
        match state {
            CheckState::Pending => Self::Pending,
            CheckState::Success => Self::Success,
            CheckState::Failure | CheckState::Error => Self::Failure,
        }
    }
}

/// A report to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The commit it is about, in full.
    pub commit: Oid,
    /// The check's name, such as `ci/build`; at most 200 characters.
    pub name: String,
    /// What it says.
    pub state: CheckState,
    /// Where to read more; may be empty. At most 2,000 characters.
    pub url: String,
    /// One line for people; may be empty. At most 1,000 characters.
    pub description: String,
    /// Who reports.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
}

/// The latest report of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What it says.
    pub state: CheckState,
    /// Who reported.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
    /// Where to read more.
    #[serde(default)]
    pub url: String,
    /// One line for people.
    #[serde(default)]
    pub description: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    sendo: u32,
    #[serde(flatten)]
    check: Check,
}

impl LocalForge {
    /// Reports a check. The same report as the latest of that name changes nothing.
    ///
    /// # Errors
    /// `invalid_text`, `object_missing` for the commit, `change_unreadable` when something foreign is
    /// in the place of the reports, `contended`, and those of git.
    pub async fn report_check(
        &self,
        repository: &str,
        report: &CheckReport,
    ) -> Result<(), LocalError> {
        let CheckReport {
            commit,
            name,
            state,
            url,
            description,
            by,
            at,
        } = report.clone();
        check_text("check name", &name, 200)?;
        check_text("check URL", &url, 2_000)?;
        check_text("check description", &description, 1_000)?;
        if name.is_empty() {
            return Err(LocalError::Invalid {
                what: "check name",
                why: "it is empty",
            });
        }
        let git = self.repository(repository).await?;
        git.commit(commit).await?;
        let ref_name = ref_name(commit)?;
        let check = Check {
            name,
            state,
            by,
            at,
            url,
            description,
        };
        let _turn = git.turn(&ref_name).await;
        for _ in 0..ATTEMPTS {
            let tip = git.resolve(&ref_name).await?;
            let known = latest(&git, &self.memory, repository, &ref_name, tip).await?;
            let same = |known: &Check| {
                Check {
                    at,
                    ..known.clone()
                } == check
            };
            if known.get(&check.name).is_some_and(same) {
                return Ok(());
            }
            let document = Document {
                sendo: 1,
                check: check.clone(),
            };
            let next = chain::write(&git, tip, &document, &check.by, at).await?;
            let update = match tip {
                Some(tip) => RefUpdate::moved(ref_name.clone(), tip, next),
                None => RefUpdate::created(ref_name.clone(), next),
            };
            match git.update_refs(std::slice::from_ref(&update)).await {
                Ok(()) => {
                    tell(&git, &[update], at);
                    return Ok(());
                }
                Err(GitError::CasLost { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let what = format!("the checks of {commit}");
        Err(LocalError::Contended {
            repository: repository.to_owned(),
            what,
        })
    }

    /// The latest report of each check on a commit, by name.
    ///
    /// # Errors
    /// `change_unreadable` when something foreign is in the place of the reports, and those of git.
    pub async fn checks(&self, repository: &str, commit: Oid) -> Result<Vec<Check>, LocalError> {
        let git = self.repository(repository).await?;
        read(&git, &self.memory, repository, commit).await
    }
}

pub(super) async fn read(
    git: &BareRepository,
    memory: &Mutex<Memory>,
    repository: &str,
    commit: Oid,
) -> Result<Vec<Check>, LocalError> {
    let name = ref_name(commit)?;
    let tip = git.resolve(&name).await?;
    Ok(latest(git, memory, repository, &name, tip)
        .await?
        .into_values()
        .collect())
}

async fn latest(
    git: &BareRepository,
    memory: &Mutex<Memory>,
    repository: &str,
    name: &RefName,
    tip: Option<Oid>,
) -> Result<BTreeMap<String, Check>, LocalError> {
    let Some(tip) = tip else {
        return Ok(BTreeMap::new());
    };
    let unreadable = |why: String| LocalError::Unreadable {
        repository: repository.to_owned(),
        name: name.to_string(),
        why,
    };
    let mut chains = chain::read(git, memory, &[tip]).await?;
    let documents = chains
        .remove(&tip)
        .unwrap_or_else(|| Err("it was not read".to_owned()));
    let mut checks = BTreeMap::new();
    for document in documents.map_err(unreadable)?.iter() {
        let Document { sendo, check } =
            serde_json::from_str(document).map_err(|error| unreadable(error.to_string()))?;
        if sendo != 1 {
            return Err(unreadable(
                "it was written by a newer version of this format".to_owned(),
            ));
        }
        checks.insert(check.name.clone(), check);
    }
    Ok(checks)
}

fn ref_name(commit: Oid) -> Result<RefName, GitError> {
    RefName::new(format!("refs/sendo/checks/{commit}"))
}

fn check_text(what: &'static str, text: &str, limit: usize) -> Result<(), LocalError> {
    let why = if text.chars().count() > limit {
        "it is too long"
    } else if text.chars().any(char::is_control) {
        "it has a line break or another control character"
    } else {
        return Ok(());
    };
    Err(LocalError::Invalid { what, why })
}
