//! Merging exactly one head, and reading what Gitea says instead.
//!
//! Owns the taxonomy of its refusals. `Please try again later` is said while Gitea finds out whether
//! there is a conflict and when there is one, so that is told apart by what the base changed.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use sendo_core::effect::Outcome;
use sendo_core::names::{Repository, Revision};
use sendo_git::{LogQuery, RefName, Turn};
use serde_json::json;

use super::client::{Answer, Ask, Client};
use super::crowd::{Crowds, Place, Way};
use super::pulls;
use super::shapes::{File, Pull, Repo};
use crate::error::ForgeError;
use crate::git::{self, Remote};

/// Pauses while Gitea finds out whether it can be merged; after the last the effect backs off.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(150),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_millis(1_200),
    Duration::from_millis(2_400),
];
/// Commits of the base looked through for what is in our way.
const MOST_LOOKED_AT: usize = 500;
/// Files of a change request read at the most.
const MOST_FILES: usize = 500;

/// The code of a way of merging that the repository does not allow.
const MERGE_STYLE: &str = "merge_style";

/// Merges on a Gitea.
pub(super) struct Merger<'a> {
    pub(super) client: &'a Client,
    pub(super) remote: &'a Remote,
    pub(super) crowds: &'a Crowds,
    pub(super) repository: &'a Repository,
    pub(super) number: u64,
}

/// What is there before it is merged.
enum Look {
    /// It is open at our head, and merged like this.
    Open(Way),
    /// What became of it.
    Ended(Outcome),
}

/// What a refused merge means.
enum Refused {
    /// It is not known yet whether there is a conflict.
    Later,
    /// What came of it.
    Outcome(Outcome),
    /// Look again: somebody was faster, perhaps an earlier attempt of ours.
    Look,
    /// Why not.
    Error(ForgeError),
}

impl Merger<'_> {
    /// Merges `head`, adopting a merge of it that is done.
    pub(super) async fn merge(&self, head: &Revision) -> Result<Outcome, ForgeError> {
        let done = self.merge_in_turn(head).await;
        if !matches!(&done, Err(error) if error.turn.is_some()) {
            self.crowds.leave(self.repository, self.number);
        }
        done
    }

    async fn merge_in_turn(&self, head: &Revision) -> Result<Outcome, ForgeError> {
        let mut pauses = PAUSES.iter();
        // Of one that waits, only whether its turn has come is asked; that costs Gitea the least.
        let mut known = self.crowds.way(self.repository, self.number);
        loop {
            let waits = known.is_some();
            let way = match known.take() {
                Some(way) => way,
                None => match self.look(head).await? {
                    Look::Open(way) => way,
                    Look::Ended(outcome) => return Ok(outcome),
                },
            };
            let attempt = if waits {
                self.attempt_now(&way, head).await
            } else {
                self.attempt(&way, head).await
            };
            let refused = match attempt? {
                None => {
                    self.crowds.moved(self.repository, &way.base);
                    return self.merged(head).await;
                }
                Some(Refused::Outcome(outcome)) => return Ok(outcome),
                // It may be merged in another way since it was looked at.
                Some(Refused::Error(error)) if waits && error.reason_code == MERGE_STYLE => {
                    continue;
                }
                Some(Refused::Error(error)) => return Err(error),
                Some(refused) => refused,
            };
            let is_later = matches!(refused, Refused::Later);
            if is_later {
                match self.crowds.later(self.repository, self.number, &way) {
                    Place::Stays => {}
                    Place::Returns(pause) => return Err(self.others_first(pause)),
                    Place::IsLookedAt(pause) => {
                        let ended = self.conflict(head).await?;
                        return ended.ok_or_else(|| self.others_first(pause));
                    }
                }
            }
            match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None if is_later => {
                    let unknown = "it has not found out yet whether it can be merged";
                    let ended = self.conflict(head).await?;
                    return ended.ok_or_else(|| self.unclear(unknown));
                }
                None => return Err(self.unclear("it neither merges it nor says why not")),
            }
        }
    }

    /// How it is merged, or what became of it where it is not open at this head any more.
    async fn look(&self, head: &Revision) -> Result<Look, ForgeError> {
        let pull = pulls::read(self.client, self.repository, self.number).await?;
        Ok(match ended(&pull, head)? {
            Some(outcome) => Look::Ended(outcome),
            None => Look::Open(Way {
                base: RefName::branch(&pull.base.r#ref)?,
                style: style(pull.base.repo.as_ref()),
            }),
        })
    }

    /// One attempt, in its turn; `None` when it was merged. Two merges into one base at once cost one of
    /// them its attempt, so ours take turns.
    async fn attempt(&self, way: &Way, head: &Revision) -> Result<Option<Refused>, ForgeError> {
        let turn = self.remote.objects.turn(&way.base).await;
        self.attempt_in(turn, way, head).await
    }

    /// The same of one that comes back anyway: it holds nobody up while another is merged.
    async fn attempt_now(&self, way: &Way, head: &Revision) -> Result<Option<Refused>, ForgeError> {
        match self.remote.objects.turn_now(&way.base) {
            Some(turn) => self.attempt_in(turn, way, head).await,
            None => Ok(Some(Refused::Later)),
        }
    }

    async fn attempt_in(
        &self,
        _turn: Turn,
        way: &Way,
        head: &Revision,
    ) -> Result<Option<Refused>, ForgeError> {
        let ask = pulls::ask("merge", self.repository, self.number, &["merge"])?;
        // Our branch is deleted by us, and only where its head is still ours.
        let body = json!({
            "Do": way.style,
            "head_commit_id": head,
            "delete_branch_after_merge": false,
        });
        let answer = self.client.change(Method::POST, &ask, Some(body)).await?;
        if answer.is_success() {
            return Ok(None);
        }
        Ok(Some(read(&answer, &ask, way.style)))
    }

    /// The base's head that contains it, as the pull request says once it is merged.
    async fn merged(&self, head: &Revision) -> Result<Outcome, ForgeError> {
        let pull = pulls::read(self.client, self.repository, self.number).await?;
        match ended(&pull, head)? {
            Some(outcome) => Ok(outcome),
            None => Err(self.unclear("it says that it merged it, and shows it as open")),
        }
    }

    /// It is not known to be mergeable for long. Where the base touched what we touch since, it is a
    /// conflict as likely as not, and building anew is right in either case.
    async fn conflict(&self, head: &Revision) -> Result<Option<Outcome>, ForgeError> {
        let pull = pulls::read(self.client, self.repository, self.number).await?;
        if let Some(outcome) = ended(&pull, head)? {
            return Ok(Some(outcome));
        }
        let current = pull.mergeable || pull.merge_base == pull.base.sha;
        let conflict = !current && self.is_in_the_way(&pull).await?;
        Ok(conflict.then_some(Outcome::Conflict))
    }

    async fn is_in_the_way(&self, pull: &Pull) -> Result<bool, ForgeError> {
        let ask = pulls::ask(
            "read the files of",
            self.repository,
            self.number,
            &["files"],
        )?;
        let (files, _) = self.client.list::<File>(&ask, MOST_FILES).await?;
        let ours: BTreeSet<String> = files.into_iter().map(|file| file.filename).collect();
        let log = self
            .remote
            .history
            .log(LogQuery {
                to: git::oid(&pulls::revision(&pull.base.sha)?)?,
                from_exclusive: Some(git::oid(&pulls::revision(&pull.merge_base)?)?),
                first_parent: false,
                limit: MOST_LOOKED_AT,
                touched: true,
            })
            .await?;
        let mut touched = log.commits.iter().filter_map(|one| one.touched.as_ref());
        let theirs = touched
            .any(|touched| touched.cut || touched.paths.iter().any(|path| ours.contains(path)));
        Ok(theirs || log.cut)
    }

    fn others_first(&self, turn: Duration) -> ForgeError {
        let why = "others wait for the same branch, and after each merge Gitea looks at all of them again";
        ForgeError::others_first(self.not_merged(why), turn)
    }

    fn unclear(&self, why: &str) -> ForgeError {
        ForgeError::trouble("mergeability_unknown", self.not_merged(why))
    }

    fn not_merged(&self, why: &str) -> String {
        let Self {
            number, repository, ..
        } = self;
        format!("could not merge change request {number} of {repository}: {why}")
    }
}

/// What became of it, where it is not open at this head any more.
fn ended(pull: &Pull, head: &Revision) -> Result<Option<Outcome>, ForgeError> {
    if pull.merged {
        let merged = pull.merged_as()?;
        return Ok(Some(match merged {
            Some(revision) if pull.head()? == *head => Outcome::Merged { revision },
            _ => Outcome::HeadMoved,
        }));
    }
    let stands = pull.is_open() && pull.branch_head()?.as_ref() == Some(head);
    Ok((!stands).then_some(Outcome::HeadMoved))
}

fn read(answer: &Answer, ask: &Ask, style: &str) -> Refused {
    let said = answer.said().to_lowercase();
    let says = |words: &str| said.contains(words);
    match answer.status() {
        404 => Refused::Look,
        405 if says("try again later") => Refused::Later,
        405 if says("already merged") => Refused::Look,
        405 if says("behind the base") => Refused::Outcome(Outcome::Conflict),
        405 if says("merge style") => Refused::Error(ForgeError::refused(
            MERGE_STYLE,
            format!(
                "could not {}: the repository does not allow `{style}`; allow a style of merging in its settings",
                ask.what
            ),
        )),
        405 if says("not allowed to merge") => Refused::Error(ForgeError::refused(
            "merge_forbidden",
            format!(
                "could not {}: the approver may not merge into this branch; give it write access, and a place in the branch's merge whitelist where there is one",
                ask.what
            ),
        )),
        405 if says("wont sign") => Refused::Error(answer.refusal(ask)),
        // Checks, approvals, a draft, files that are protected: somebody else has to do something.
        405 => Refused::Outcome(Outcome::NotReady {
            why: answer.said().to_owned(),
        }),
        409 if says("head out of date") => Refused::Outcome(Outcome::HeadMoved),
        // The base moved while it was merged into.
        409 if says("push out of date") || says("cannot lock ref") => Refused::Look,
        // A rule or a hook, or somebody who was faster, in words that differ from server to server.
        409 if says("pushrejected") => Refused::Error(ForgeError::trouble(
            "merge_rejected",
            format!(
                "could not {}: the push of the merge was rejected ({}); look for a hook there when this lasts",
                ask.what,
                answer.said()
            ),
        )),
        409 => Refused::Outcome(Outcome::Conflict),
        _ => Refused::Error(answer.refusal(ask)),
    }
}

/// How to merge: by a merge commit where that is allowed, else as the repository prefers.
fn style(repository: Option<&Repo>) -> &'static str {
    let Some(repository) = repository else {
        return "merge";
    };
    let styles = [
        ("merge", repository.allow_merge_commits),
        ("rebase-merge", repository.allow_rebase_explicit),
        (
            "fast-forward-only",
            repository.allow_fast_forward_only_merge,
        ),
        ("rebase", repository.allow_rebase),
        ("squash", repository.allow_squash_merge),
    ];
    let allowed = |name: &str| styles.iter().any(|(style, may)| *style == name && *may);
    if allowed("merge") {
        return "merge";
    }
    let preferred = styles
        .iter()
        .find(|(style, may)| *may && *style == repository.default_merge_style);
    let any = || styles.iter().find(|(_, may)| *may);
    preferred.or_else(any).map_or("merge", |(style, _)| style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_commit_is_made_where_it_may_be_made() {
        let mut repository = Repo {
            allow_merge_commits: true,
            allow_squash_merge: true,
            allow_rebase: true,
            default_merge_style: "squash".to_owned(),
            ..Repo::default()
        };
        assert_eq!(style(Some(&repository)), "merge");
        repository.allow_merge_commits = false;
        assert_eq!(style(Some(&repository)), "squash");
        repository.default_merge_style = "merge".to_owned();
        assert_eq!(style(Some(&repository)), "rebase");
        assert_eq!(style(None), "merge");
    }
}
