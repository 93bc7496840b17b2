//! How a change request stands: its state, its head, what was said of that head.
//!
//! Owns the reading of states, checks and reviews. A pull request that its Gitea shows as open is merged
//! all the same where the base contains it: somebody pushed the merge.

use sendo_core::effect::{
    Ahead, ChangeRequest, ChangeState, Check, CheckState, Edit, Review, Verdict,
};
use sendo_core::names::{Principal, Repository, Revision, TreeId};
use sendo_git::LoggedCommit;

use super::client::{Ask, Client};
use super::history::History;
use super::people::People;
use super::pulls;
use super::shapes::{self, Combined, Pull, User};
use crate::error::ForgeError;
use crate::git::{self, Git};

/// Commits listed at the most.
const MOST_AHEAD: usize = 10;
/// Contexts of one commit read at the most.
const MOST_CHECKS: usize = 1_000;
/// Reviews read at the most.
const MOST_REVIEWS: usize = 1_000;

/// Where we look, and with what.
pub(super) struct Observer<'a> {
    pub(super) client: &'a Client,
    pub(super) history: &'a History,
    pub(super) git: &'a Git,
    pub(super) people: &'a People,
    pub(super) approver: &'a Client,
    pub(super) repository: &'a Repository,
}

impl Observer<'_> {
    /// Looks at a change request, and regenerates the tree it should have.
    pub(super) async fn change_request(
        &self,
        number: u64,
        edits: &[Edit],
    ) -> Result<ChangeRequest, ForgeError> {
        let pull = pulls::read(self.client, self.repository, number).await?;
        let head = pull.head()?;
        let base_head = pull.base.sha.as_str();
        let base_head = if base_head.is_empty() {
            pull.merged_as()?.unwrap_or_else(|| head.clone())
        } else {
            pulls::revision(base_head)?
        };
        let ahead = self.ahead(&head, &base_head).await?;
        // By its own account or by Gitea's, which may be older, and knows of no wrong clocks.
        let contained = ahead.is_empty() || pull.merge_base == head.as_str();
        let state = self.state(&pull, &head, contained, edits).await?;
        let open = state == ChangeState::Open;
        let at = if open {
            pull.branch_head()?
        } else {
            Some(head.clone())
        };
        let asked = at.as_ref().filter(|_| open);
        let (checks, reviews, head_tree, expected_tree, ended_by) = tokio::try_join!(
            self.checks(asked),
            self.reviews(number, open),
            self.head_tree(&head),
            self.expected_tree(&pull, &ahead, asked, edits),
            self.ended_by(&pull, state),
        )?;
        Ok(ChangeRequest {
            number,
            state,
            head: at,
            head_tree,
            expected_tree,
            ahead: ahead.iter().map(shown).collect::<Result<_, _>>()?,
            merged: if state == ChangeState::Merged {
                Some(pull.merged_as()?.unwrap_or_else(|| base_head.clone()))
            } else {
                None
            },
            base_head,
            ended_by,
            checks,
            reviews,
        })
    }

    /// Commits of the head that the base does not have. A commit that is gone is on no branch any more.
    async fn ahead(
        &self,
        head: &Revision,
        base: &Revision,
    ) -> Result<Vec<LoggedCommit>, ForgeError> {
        let (head, base) = (git::oid(head)?, git::oid(base)?);
        match self
            .history
            .ahead(head, Some(base), MOST_AHEAD, false)
            .await
        {
            Err(error) if error.is_missing() => Ok(Vec::new()),
            listed => Ok(listed?.0),
        }
    }

    async fn state(
        &self,
        pull: &Pull,
        head: &Revision,
        contained: bool,
        edits: &[Edit],
    ) -> Result<ChangeState, ForgeError> {
        if pull.merged {
            return Ok(ChangeState::Merged);
        }
        // A branch that was set back to the base is contained as well, and has nothing of ours.
        if contained && self.says(head, edits).await? {
            return Ok(ChangeState::Merged);
        }
        Ok(if pull.is_open() {
            ChangeState::Open
        } else {
            ChangeState::Closed
        })
    }

    /// Whether the files of a commit say what was promised.
    async fn says(&self, head: &Revision, edits: &[Edit]) -> Result<bool, ForgeError> {
        match git::is_applied(self.git, head, edits).await {
            Err(error) if error.transient => Err(error),
            applied => Ok(applied.unwrap_or(false)),
        }
    }

    async fn head_tree(&self, head: &Revision) -> Result<Option<TreeId>, ForgeError> {
        match self.git.commit(git::oid(head)?).await {
            Ok(info) => git::tree(info.tree).map(Some),
            Err(error) if error.transient => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The tree our edits give on the commit the head was built from. A file that cannot be edited
    /// there gives no tree, and no tree equals none.
    async fn expected_tree(
        &self,
        pull: &Pull,
        ahead: &[LoggedCommit],
        head: Option<&Revision>,
        edits: &[Edit],
    ) -> Result<Option<TreeId>, ForgeError> {
        if head.is_none() || !pull.is_of_one_repository() {
            return Ok(None);
        }
        // What Gitea calls the merge base is as old as its last look at the branches.
        let base = match ahead {
            [one] if one.info.parents.len() == 1 => git::revision(one.info.parents[0])?,
            _ if pull.merge_base.is_empty() => return Ok(None),
            _ => pulls::revision(&pull.merge_base)?,
        };
        match git::expected_tree(self.git, &base, edits).await {
            Ok(tree) => Ok(Some(tree)),
            Err(error) if error.transient => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The latest report of each context on exactly this head.
    async fn checks(&self, head: Option<&Revision>) -> Result<Vec<Check>, ForgeError> {
        let Some(head) = head else {
            return Ok(Vec::new());
        };
        let what = format!("read the checks on {}", head.short());
        let ask = Ask::repository(what, self.repository, &["commits", head.as_str(), "status"])?;
        let page = |answer: &super::client::Answer| {
            let combined: Combined = answer.json(&ask)?;
            Ok(combined.statuses.unwrap_or_default())
        };
        let (statuses, _) = self.client.pages(&ask, MOST_CHECKS, page).await?;
        Ok(statuses
            .into_iter()
            .map(|status| Check {
                state: check_state(&status.status),
                name: status.context,
            })
            .collect())
    }

    async fn reviews(&self, number: u64, open: bool) -> Result<Vec<Review>, ForgeError> {
        if !open {
            return Ok(Vec::new());
        }
        let all = reviews(self.client, self.repository, number).await?;
        let mut told = Vec::new();
        for (user, head, verdict) in all.iter().filter_map(review) {
            if let Some(by) = self.who(user).await? {
                told.push(Review { by, head, verdict });
            }
        }
        Ok(told)
    }

    async fn who(&self, user: &User) -> Result<Option<Principal>, ForgeError> {
        let people = self.people;
        people.principal(user, self.client, self.approver).await
    }

    async fn ended_by(
        &self,
        pull: &Pull,
        state: ChangeState,
    ) -> Result<Option<Principal>, ForgeError> {
        if state == ChangeState::Open {
            return Ok(None);
        }
        if pull.merged {
            return match &pull.merged_by {
                Some(user) => self.who(user).await,
                None => Ok(None),
            };
        }
        if pull.is_open() {
            // Merged by a push, which a pull request does not tell of.
            return Ok(None);
        }
        let turns = pulls::turns(self.client, self.repository, pull.number).await?;
        let closed = turns.iter().rev().find(|turn| turn.r#type == "close");
        match closed.and_then(|turn| turn.user.as_ref()) {
            Some(user) => self.who(user).await,
            None => Ok(None),
        }
    }
}

/// All reviews of a pull request, oldest first.
pub(super) async fn reviews(
    client: &Client,
    repository: &Repository,
    number: u64,
) -> Result<Vec<shapes::Review>, ForgeError> {
    let ask = pulls::ask("read the reviews of", repository, number, &["reviews"])?;
    Ok(client.list(&ask, MOST_REVIEWS).await?.0)
}

/// What a review says, where it says anything that counts: on the commit it names, until dismissed.
fn review(review: &shapes::Review) -> Option<(&User, Revision, Verdict)> {
    let verdict = match review.state.as_str() {
        "APPROVED" => Verdict::Approve,
        "REQUEST_CHANGES" => Verdict::RequestChanges,
        "COMMENT" => Verdict::Comment,
        // Not given yet, or only asked for.
        _ => return None,
    };
    if review.dismissed {
        return None;
    }
    let head = Revision::new(review.commit_id.as_str()).ok()?;
    Some((review.user.as_ref()?, head, verdict))
}

/// A warning keeps a protected branch from being merged into, as a failure does. A word nobody knows
/// is waited for.
fn check_state(state: &str) -> CheckState {
    match state {
        "success" | "skipped" => CheckState::Success,
        "failure" | "error" | "warning" => CheckState::Failure,
        _ => CheckState::Pending,
    }
}

fn shown(commit: &LoggedCommit) -> Result<Ahead, ForgeError> {
    let info = &commit.info;
    Ok(Ahead {
        revision: git::revision(info.oid)?,
        title: info.subject.chars().take(200).collect(),
        author: info
            .author
            .split(" <")
            .next()
            .unwrap_or_default()
            .to_owned(),
    })
}
