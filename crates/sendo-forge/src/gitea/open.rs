//! Opening a change request, or finding the one that is there.
//!
//! Owns the order of looks that makes opening twice harmless: the branch is the deployment's own, so
//! whatever is open for it is adopted, whoever opened it.

use reqwest::Method;
use sendo_core::effect::Outcome;
use sendo_core::names::{BranchName, Repository, Revision};
use serde_json::json;

use super::client::{Ask, Client};
use super::history::History;
use super::pulls;
use super::shapes::{Branch, Label, Pull};
use crate::error::ForgeError;
use crate::forge::Open;
use crate::git;

/// Longest title, in characters: what the column takes.
const MAX_TITLE: usize = 255;
/// Longest description, in bytes: what the smallest of Gitea's databases takes.
const MAX_BODY: usize = 60_000;
/// Open pull requests looked through at the most.
const MOST_OPEN: usize = 500;
/// Labels looked through at the most.
const MOST_LABELS: usize = 500;

/// Opens on a Gitea.
pub(super) struct Opener<'a> {
    pub(super) client: &'a Client,
    pub(super) history: &'a History,
    pub(super) labels: &'a [String],
}

impl Opener<'_> {
    /// Opens, adopting what is there; where nothing is to be opened, says what became of the commit.
    pub(super) async fn open(&self, open: &Open) -> Result<Outcome, ForgeError> {
        if let Some(pull) = self.find(open).await? {
            return Ok(opened(&pull));
        }
        let Some(base) = self.head(&open.repository, &open.base).await? else {
            return Err(ForgeError::refused(
                "base_not_found",
                format!(
                    "`{}` has no branch `{}`; push it, or correct `base`",
                    open.repository, open.base
                ),
            ));
        };
        let Some(head) = self.head(&open.repository, &open.branch).await? else {
            return self.without_request(open, &base).await;
        };
        if self.contains(&base, &head).await? {
            return self.without_request(open, &base).await;
        }
        self.create(open).await
    }

    /// What became of a published commit whose branch has nothing to open a request for.
    async fn without_request(&self, open: &Open, base: &Revision) -> Result<Outcome, ForgeError> {
        Ok(if self.contains(base, &open.head).await? {
            Outcome::Merged {
                revision: base.clone(),
            }
        } else {
            Outcome::Closed
        })
    }

    /// Whether a base contains a commit. One that is gone was on no branch any more.
    async fn contains(&self, base: &Revision, head: &Revision) -> Result<bool, ForgeError> {
        let (base, head) = (git::oid(base)?, git::oid(head)?);
        match self.history.is_ancestor(head, base).await {
            Err(error) if error.is_missing() => Ok(false),
            answer => answer,
        }
    }

    /// The one for our branch: an open one before others. One that was closed or merged meanwhile is
    /// ours as well, and the next look tells how it ended.
    async fn find(&self, open: &Open) -> Result<Option<Pull>, ForgeError> {
        let mut path = vec!["pulls", open.base.as_str()];
        path.extend(open.branch.as_str().split('/'));
        let what = format!("look for a change request from `{}`", open.branch);
        let ask = Ask::repository(&what, &open.repository, &path)?;
        let answer = self.client.get(&ask).await?;
        if answer.status() == 404 {
            return Ok(None);
        }
        let found: Pull = answer.accepted(&ask)?.json(&ask)?;
        if found.is_open() {
            return Ok(Some(found));
        }
        let ask = Ask::repository(&what, &open.repository, &["pulls"])?
            .with("state", "open")
            .with("sort", "recentupdate")
            .with("base_branch", open.base.as_str());
        let (all, _) = self.client.list::<Pull>(&ask, MOST_OPEN).await?;
        let same = |pull: &Pull| {
            pull.head.r#ref == open.branch.as_str()
                && pull.base.r#ref == open.base.as_str()
                && pull.is_of_one_repository()
        };
        Ok(Some(all.into_iter().find(same).unwrap_or(found)))
    }

    /// A branch's head, `None` where there is no such branch.
    async fn head(
        &self,
        repository: &Repository,
        branch: &BranchName,
    ) -> Result<Option<Revision>, ForgeError> {
        let answer: Option<Branch> = read_branch(self.client, repository, branch).await?;
        let commit = answer.and_then(|branch| branch.commit);
        commit.map(|commit| pulls::revision(&commit.id)).transpose()
    }

    async fn create(&self, open: &Open) -> Result<Outcome, ForgeError> {
        let what = format!("open a change request from `{}`", open.branch);
        let ask = Ask::repository(what, &open.repository, &["pulls"])?;
        let body = json!({
            "head": open.branch,
            "base": open.base,
            "title": open.title.chars().take(MAX_TITLE).collect::<String>(),
            "body": short(&open.body),
            "labels": self.label_ids(&open.repository).await?,
        });
        let answer = self.client.change(Method::POST, &ask, Some(body)).await?;
        if answer.status() == 409 {
            // Somebody opened it since we looked. Its number stands in the refusal.
            return match numbered(answer.said()) {
                Some(number) => {
                    let pull = pulls::read(self.client, &open.repository, number).await?;
                    Ok(opened(&pull))
                }
                None => Err(ForgeError::trouble(
                    "change_request_exists",
                    format!("could not {}: {}", ask.what, answer.said()),
                )),
            };
        }
        let pull: Pull = answer.accepted(&ask)?.json(&ask)?;
        Ok(opened(&pull))
    }

    /// The numbers of the labels that are there. One that is not is no reason to hold a deployment up.
    async fn label_ids(&self, repository: &Repository) -> Result<Vec<i64>, ForgeError> {
        if self.labels.is_empty() {
            return Ok(Vec::new());
        }
        let ask = Ask::repository("read the labels", repository, &["labels"])?;
        let (all, _) = self.client.list::<Label>(&ask, MOST_LABELS).await?;
        for wanted in self.labels {
            if !all.iter().any(|label| label.name == *wanted) {
                tracing::warn!(%repository, label = %wanted, "the label is not there, so change requests go without it");
            }
        }
        let wanted = |label: &&Label| self.labels.contains(&label.name);
        Ok(all.iter().filter(wanted).map(|label| label.id).collect())
    }
}

/// A branch as whoever asks may use it; `None` where there is none of that name.
pub(super) async fn read_branch(
    client: &Client,
    repository: &Repository,
    branch: &BranchName,
) -> Result<Option<Branch>, ForgeError> {
    let mut path = vec!["branches"];
    path.extend(branch.as_str().split('/'));
    let ask = Ask::repository(format!("read the branch `{branch}`"), repository, &path)?;
    let answer = client.get(&ask).await?;
    if answer.status() == 404 {
        // The branch is not there, or the repository is not: that has to be told apart.
        let ask = Ask::repository("read the state", repository, &[])?;
        client.get(&ask).await?.accepted(&ask)?;
        return Ok(None);
    }
    answer.accepted(&ask)?.json(&ask).map(Some)
}

fn opened(pull: &Pull) -> Outcome {
    Outcome::Opened {
        number: pull.number,
        url: pull.html_url.clone(),
    }
}

/// `… [id: 12, issue_id: 7, head_repo_id: …]`: the number people know is the second.
fn numbered(refusal: &str) -> Option<u64> {
    let (_, rest) = refusal.split_once("issue_id: ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn short(body: &str) -> String {
    const CUT: &str = "\n\n…";
    if body.len() <= MAX_BODY {
        return body.to_owned();
    }
    let mut end = MAX_BODY - CUT.len();
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &body[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_what_is_open_already_is_read_from_the_refusal() {
        let said = "pull request already exists for these targets [id: 12, issue_id: 7, head_repo_id: 1, base_repo_id: 1, head_branch: a, base_branch: main]";
        assert_eq!(numbered(said), Some(7));
        assert_eq!(numbered("something else"), None);
    }

    #[test]
    fn a_long_description_is_cut_between_characters() {
        let cut = short(&"船".repeat(30_000));
        assert!(cut.len() <= MAX_BODY && cut.ends_with('…'));
        assert_eq!(short("short"), "short");
    }
}
