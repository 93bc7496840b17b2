//! What looking at the outside sees.

use super::outside::{Outside, tree};
use super::perform::edited;
use crate::deployment::Change as Carried;
use crate::effect::{Ahead, ChangeRequest, Check, Edit, Found, Look, Source, SourceChange};
use crate::names::{Revision, TagName};

impl Outside {
    fn found(&self, reference: String, revision: &Revision, tag: Option<&str>) -> Found {
        Found {
            reference,
            tag: tag.map(|tag| TagName::new(tag).unwrap()),
            revision: revision.clone(),
            tree: Some(self.tree_of(revision)),
            created_at: self.commits[revision].at,
        }
    }

    pub(super) fn source(
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
                email: Some("dev@shop.example".to_owned()),
                number: None,
            },
            paths: Some(commit.paths.clone()),
        }
    }

    pub(super) fn change_request(&mut self, number: u64, edits: &[Edit]) -> ChangeRequest {
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
}
