//! What effects do to the outside, and what they find out.

use serde_json::{Value, json};

use super::outside::{Content, Outside, tree};
use crate::deployment::Change as Carried;
use crate::effect::{
    Ahead, ChangeRequest, ChangeState, Check, Edit, Effect, EffectError, Found, Look, Outcome,
    Publish, Published, Review, Source, SourceChange, Verdict,
};
use crate::names::{Principal, Revision, TagName};
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

fn edited(content: &Content, edits: &[Edit]) -> Content {
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
            Effect::PostNotice { .. } => (Outcome::Posted, None),
        })
    }

    fn found(&self, reference: String, revision: &Revision, tag: Option<&str>) -> Found {
        Found {
            reference,
            tag: tag.map(|tag| TagName::new(tag).unwrap()),
            revision: revision.clone(),
            tree: Some(self.tree_of(revision)),
            created_at: self.commits[revision].at,
        }
    }

    fn source(
        &self,
        look: &Look,
        since: Option<&Revision>,
        succeeded: Option<&Revision>,
    ) -> Source {
        let found = match look {
            Look::Tags { prefix } => {
                let tags = self.tags.iter().filter(|(tag, _)| tag.starts_with(prefix));
                tags.map(|(tag, (revision, at))| Found {
                    tree: None,
                    created_at: *at,
                    ..self.found(format!("refs/tags/{tag}"), revision, Some(tag))
                })
                .collect()
            }
            Look::Branch { branch } => {
                let head = self.branches.get(branch.as_str());
                head.map(|head| self.found(format!("refs/heads/{branch}"), head, None))
                    .into_iter()
                    .collect()
            }
            Look::Reference { reference } => {
                self.resolve(reference).into_iter().collect::<Vec<_>>()
            }
        };
        let head = found
            .first()
            .map(|f| f.revision.clone())
            .filter(|_| !matches!(look, Look::Tags { .. }));
        let one = |since, head| self.between(Some(since), head);
        let changes = since
            .zip(head.as_ref())
            .map(|(since, head)| one(since, head))
            .unwrap_or_default();
        Source {
            look: look.clone(),
            changes: changes
                .iter()
                .map(|revision| self.listed(revision))
                .collect(),
            omitted: 0,
            diverged: since
                .zip(head.as_ref())
                .is_some_and(|(since, head)| !self.contains(head, since)),
            backwards: succeeded
                .zip(head.as_ref())
                .is_some_and(|(had, head)| had != head && self.contains(had, head)),
            found,
        }
    }

    fn resolve(&self, reference: &str) -> Option<Found> {
        let commit = Revision::new(reference)
            .ok()
            .filter(|r| self.commits.contains_key(r));
        commit
            .map(|revision| self.found(reference.to_owned(), &revision, None))
            .or_else(|| {
                Some(self.found(
                    format!("refs/heads/{reference}"),
                    self.branches.get(reference)?,
                    None,
                ))
            })
            .or_else(|| {
                Some(self.found(
                    format!("refs/tags/{reference}"),
                    &self.tags.get(reference)?.0,
                    Some(reference),
                ))
            })
    }

    fn listed(&self, revision: &Revision) -> SourceChange {
        let commit = &self.commits[revision];
        SourceChange {
            change: Carried {
                revision: revision.clone(),
                title: commit.title.clone(),
                author: "dev".to_owned(),
                number: None,
            },
            paths: Some(commit.paths.clone()),
        }
    }

    fn change_request(&mut self, number: u64, edits: &[Edit]) -> ChangeRequest {
        let change = self.change(number).clone();
        let head = self.head_of(&change);
        let base_head = self.refs[&change.base].clone();
        let from = head
            .as_ref()
            .and_then(|head| self.commits[head].parents.first().cloned());
        let expected = from.map(|from| tree(&edited(&self.commits[&from].content, edits), &[]));
        let on = |r: &Revision| head.as_ref() == Some(r);
        ChangeRequest {
            number,
            state: change.state,
            head_tree: head.as_ref().map(|head| self.tree_of(head)),
            expected_tree: expected.filter(|_| !self.forged),
            ahead: head
                .iter()
                .flat_map(|head| self.between(Some(&base_head), head))
                .rev()
                .map(|revision| Ahead {
                    title: self.commits[&revision].title.clone(),
                    author: "somebody".to_owned(),
                    revision,
                })
                .collect(),
            checks: self
                .checks
                .iter()
                .filter(|((revision, _), _)| on(revision))
                .map(|((_, name), state)| Check {
                    name: name.clone(),
                    state: *state,
                })
                .collect(),
            reviews: change.reviews,
            base_head,
            merged: change.merged,
            ended_by: change.ended_by,
            head,
        }
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
        if self.refs.get(branch) != Some(head) {
            return Outcome::HeadMoved;
        }
        self.changes.push(super::outside::Change {
            branch: branch.to_owned(),
            base: base.to_owned(),
            head: head.clone(),
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
