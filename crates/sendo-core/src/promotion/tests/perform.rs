//! What effects do to the outside, and what they find out.

use serde_json::{Value, json};

use super::outside::{Content, Outside};
use crate::effect::{
    ChangeState, Edit, Effect, EffectError, Outcome, Publish, Published, Review, Verdict,
};
use crate::names::{Principal, Revision};
use crate::time::Timestamp;

/// Our second identity.
pub(super) fn approver() -> Principal {
    Principal::new("local:sendo-approver").unwrap()
}

/// A fact that an observation leaves: its key and value.
type Left = Option<(String, Value)>;
/// What came of an effect; an error says whether it is for good.
pub(super) type Done = Result<(Outcome, Left), (EffectError, bool)>;

fn place(edit: &Edit) -> (String, String) {
    match edit {
        Edit::Value {
            path, at, value, ..
        } => (format!("{path}{at}"), value.clone()),
        Edit::Image {
            path,
            image,
            new_tag,
            ..
        } => (
            format!("{path}:{image}"),
            new_tag.clone().unwrap_or_default(),
        ),
    }
}

pub(super) fn edited(content: &Content, edits: &[Edit]) -> Content {
    let mut content = content.clone();
    content.extend(edits.iter().map(place));
    content
}

impl Outside {
    pub(super) fn perform(&mut self, effect: &Effect, now: Timestamp) -> Done {
        if let Some(broken) = self.broken.get(effect.kind()) {
            return Err(broken.clone());
        }
        if let Effect::ObserveChange { number, .. }
        | Effect::ApproveChangeRequest { number, .. }
        | Effect::MergeChangeRequest { number, .. }
        | Effect::CloseChangeRequest { number, .. } = effect
            && *number > self.changes.len() as u64
        {
            let (reason_code, message) = ("not_found".to_owned(), "no such number".to_owned());
            return Err((
                EffectError {
                    reason_code,
                    message,
                },
                true,
            ));
        }
        if let Effect::PublishBranch(publish) | Effect::PublishCommit(publish) = effect
            && self.has_moved(publish)
        {
            let (reason_code, message) = ("moved_since".to_owned(), "changed since".to_owned());
            return Err((
                EffectError {
                    reason_code,
                    message,
                },
                true,
            ));
        }
        *self.done.entry(effect.kind()).or_default() += 1;
        Ok(match effect {
            Effect::ObserveSource {
                fact,
                look,
                since,
                succeeded,
                ..
            } => {
                let source = self.source(look, since.as_ref(), succeeded.as_ref());
                (Outcome::Observed, Some((fact.clone(), json!(source))))
            }
            Effect::ObserveChange {
                fact,
                number,
                edits,
                ..
            } => {
                let seen = self.change_request(*number, edits);
                (Outcome::Observed, Some((fact.clone(), json!(seen))))
            }
            Effect::PublishBranch(publish) => (self.publish(publish), None),
            Effect::PublishCommit(publish) => (self.publish(publish), None),
            Effect::OpenChangeRequest {
                branch, base, head, ..
            } => (self.open_change(branch.as_str(), base.as_str(), head), None),
            Effect::ApproveChangeRequest { number, head, .. } => {
                (self.approve(*number, head), None)
            }
            Effect::MergeChangeRequest { number, head, .. } => {
                (self.merge_pinned(*number, head, now), None)
            }
            Effect::CloseChangeRequest { number, .. } => {
                let change = self.change(*number);
                if change.state == ChangeState::Open {
                    change.state = ChangeState::Closed;
                    change.ended_by = Some(approver());
                }
                (Outcome::Closed, None)
            }
            Effect::DeleteBranch { branch, head, .. } => {
                if self.refs.get(branch.as_str()) == Some(head) {
                    self.refs.remove(branch.as_str());
                }
                (Outcome::Deleted, None)
            }
            Effect::RefreshEngine { applications, .. } => {
                applications.iter().for_each(|one| self.refresh(one));
                (Outcome::Asked, None)
            }
            Effect::SyncEngine {
                application,
                revision,
                ..
            } => {
                self.sync(application, revision);
                (Outcome::Asked, None)
            }
            Effect::ObserveEngine {
                fact,
                applications,
                revision,
                ..
            } => {
                let report = self.report(applications, revision);
                (Outcome::Observed, Some((fact.clone(), json!(report))))
            }
            Effect::PostNotice { .. } | Effect::PostDigest { .. } | Effect::PostToThread { .. } => {
                (Outcome::Posted, None)
            }
        })
    }

    /// What was to be undone is not there any more.
    fn has_moved(&self, publish: &Publish) -> bool {
        let base = &self.commits[&self.refs[publish.base.as_str()]].content;
        edited(base, &publish.undoes) != *base && edited(base, &publish.edits) != *base
    }

    fn publish(&mut self, publish: &Publish) -> Outcome {
        let base = self.refs[publish.base.as_str()].clone();
        let direct = publish.base == publish.branch;
        let standing = self.refs.get(publish.branch.as_str()).filter(|_| !direct);
        if standing != publish.replaces.as_ref().filter(|_| !direct) {
            return Outcome::HeadMoved;
        }
        let content = self.commits[&base].content.clone();
        let new = edited(&content, &publish.edits);
        if new == content {
            return Outcome::Unchanged { base };
        }
        let value = |edit| content.get(&place(edit).0).cloned().unwrap_or_default();
        let old: Vec<String> = publish.edits.iter().map(value).collect();
        let first = publish.expected_old.as_ref().unwrap_or(&old);
        if let Some((from, now)) = first.iter().zip(&old).find(|(from, now)| from != now) {
            return Outcome::ValueChanged {
                from: from.clone(),
                now: now.clone(),
            };
        }
        let title = format!("{} {}", publish.deployment, publish.story.version);
        let commit = self.commit(vec![base.clone()], new, &title, &[], publish.at);
        self.ours.insert(commit.clone());
        self.refs.insert(publish.branch.to_string(), commit.clone());
        Outcome::Published(Published {
            base,
            tree: self.tree_of(&commit),
            commit,
            old,
        })
    }

    fn open_change(&mut self, branch: &str, base: &str, head: &Revision) -> Outcome {
        let Some(standing) = self.refs.get(branch).cloned() else {
            let base = self.refs[base].clone();
            return if self.contains(&base, head) {
                Outcome::Merged { revision: base }
            } else {
                Outcome::Closed
            };
        };
        self.changes.push(super::outside::Change {
            branch: branch.to_owned(),
            base: base.to_owned(),
            head: standing,
            state: ChangeState::Open,
            ended_by: None,
            merged: None,
            reviews: Vec::new(),
        });
        let number = self.changes.len() as u64;
        Outcome::Opened {
            number,
            url: format!("show {number}"),
        }
    }

    fn approve(&mut self, number: u64, head: &Revision) -> Outcome {
        let change = self.change(number).clone();
        if change.state != ChangeState::Open {
            return Outcome::Closed;
        }
        if self.head_of(&change).as_ref() != Some(head) {
            return Outcome::HeadMoved;
        }
        assert!(
            self.ours.contains(head),
            "approved a tree that nobody promised"
        );
        let review = Review {
            by: approver(),
            head: head.clone(),
            verdict: Verdict::Approve,
        };
        self.change(number).reviews.push(review);
        Outcome::Approved
    }

    fn merge_pinned(&mut self, number: u64, head: &Revision, at: Timestamp) -> Outcome {
        let change = self.change(number).clone();
        match change.state {
            ChangeState::Closed => return Outcome::Closed,
            ChangeState::Merged => {
                return Outcome::Merged {
                    revision: change.merged.unwrap(),
                };
            }
            ChangeState::Open => {}
        }
        if self.head_of(&change).as_ref() != Some(head) {
            return Outcome::HeadMoved;
        }
        assert!(
            self.ours.contains(head),
            "merged a tree that nobody promised"
        );
        self.merge(number, &approver(), at)
            .map_or(Outcome::Conflict, |revision| Outcome::Merged { revision })
    }
}
