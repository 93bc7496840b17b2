//! What people, CI and the world do.

use super::harness::Harness;
use super::lanes::{app, id, lane, main_branch, manifests, who};
use super::outside::Content;
use crate::act::{Act, Asked};
use crate::effect::{ChangeState, CheckState, EffectError, Review, Verdict};
use crate::event::Event;
use crate::freeze::Announced;
use crate::names::{BranchName, Principal, Revision, TagName};
use crate::promotion::{LaneRules, Trigger};
use crate::subject::LaneId;
use crate::time::{Span, Timestamp};

impl Harness {
    /// An outside with a first commit, known to every lane as its baseline.
    pub(super) fn with(lanes: Vec<LaneRules>) -> Self {
        let mut h = Self::empty(lanes);
        let first = h
            .outside
            .commit(Vec::new(), Content::new(), "first", &[], h.now);
        h.outside.branches.insert("main".to_owned(), first);
        let values = h
            .job
            .lanes()
            .iter()
            .map(|r| (format!("{}.yaml.tag", r.lane.environment), "old".to_owned()));
        let values = values.collect();
        let base = h
            .outside
            .commit(Vec::new(), values, "manifests", &[], h.now);
        h.outside.refs.insert("main".to_owned(), base);
        h.sweep();
        assert!(
            h.rows.is_empty() && h.outside.changes.is_empty(),
            "the first look deploys nothing"
        );
        h
    }

    pub(super) fn one(on: Trigger) -> Self {
        Self::with(vec![lane("web/test", on)])
    }

    /// One lane on `main` with some of its rules changed.
    pub(super) fn but(change: impl FnOnce(&mut LaneRules)) -> Self {
        let mut rules = lane("web/test", main_branch());
        change(&mut rules);
        Self::with(vec![rules])
    }

    /// A commit in the application, on nothing's head yet.
    pub(super) fn write(
        &mut self,
        parents: Vec<Revision>,
        title: &str,
        paths: &[&str],
    ) -> Revision {
        let at = self.tick();
        self.outside
            .commit(parents, Content::new(), title, paths, at)
    }

    /// Merges a change into `main`; a forge tells it twice, as a push and as a pull request.
    pub(super) fn merge(&mut self, title: &str) -> Revision {
        self.merge_touching(title, &["src/a.rs"])
    }

    pub(super) fn merge_touching(&mut self, title: &str, paths: &[&str]) -> Revision {
        let before = self.outside.branches["main"].clone();
        let after = self.write(vec![before], title, paths);
        self.push("main", &after);
        let number = self.outside.commits.len() as u64;
        let base = BranchName::new("main").unwrap();
        let merged = Some(after.clone());
        self.mail.push(Event::PullRequestClosed {
            repository: app(),
            number,
            base,
            merged,
            by: None,
        });
        after
    }

    pub(super) fn push(&mut self, branch: &str, after: &Revision) {
        let before = self
            .outside
            .branches
            .insert(branch.to_owned(), after.clone());
        let branch = BranchName::new(branch).unwrap();
        let after = Some(after.clone());
        self.mail.push(Event::BranchPushed {
            repository: app(),
            branch,
            before,
            after,
            by: None,
        });
    }

    pub(super) fn push_tag(&mut self, tag: &str, revision: &Revision) {
        let at = self.tick();
        self.outside
            .tags
            .insert(tag.to_owned(), (revision.clone(), at));
        let (tag, revision) = (TagName::new(tag).unwrap(), Some(revision.clone()));
        self.mail.push(Event::TagPushed {
            repository: app(),
            tag,
            revision,
            by: None,
        });
    }

    pub(super) fn touch(&mut self, number: u64) {
        self.mail.push(Event::ChangeRequestTouched {
            repository: manifests(),
            number,
        });
    }

    fn push_manifests(&mut self, branch: &str) {
        let branch = BranchName::new(branch).unwrap();
        self.mail.push(Event::BranchPushed {
            repository: manifests(),
            branch,
            before: None,
            after: None,
            by: None,
        });
    }

    /// The number of the change request that is open.
    pub(super) fn open(&self) -> Option<u64> {
        self.outside.open().next().map(|(number, _)| number)
    }

    pub(super) fn head(&self, number: u64) -> Option<Revision> {
        self.outside
            .head_of(&self.outside.changes[usize::try_from(number).unwrap() - 1])
    }

    pub(super) fn report_check(&mut self, name: &str, state: CheckState) {
        let Some(revision) = self.open().and_then(|number| self.head(number)) else {
            return;
        };
        self.outside
            .checks
            .insert((revision.clone(), name.to_owned()), state);
        self.mail.push(Event::CheckReported {
            repository: manifests(),
            revision,
        });
    }

    pub(super) fn review(&mut self, name: &str, verdict: Verdict) {
        let Some(number) = self.open() else { return };
        let Some(head) = self.head(number) else {
            return;
        };
        self.outside.change(number).reviews.push(Review {
            by: who(name),
            head,
            verdict,
        });
        self.touch(number);
    }

    pub(super) fn approve_by(&mut self, name: &str) {
        self.review(name, Verdict::Approve);
    }

    pub(super) fn close_by(&mut self, name: &str) {
        let Some(number) = self.open() else { return };
        let head = self.head(number);
        let change = self.outside.change(number);
        change.head = head.unwrap_or_else(|| change.head.clone());
        change.state = ChangeState::Closed;
        change.ended_by = Some(who(name));
        self.touch(number);
    }

    pub(super) fn merge_by_person(&mut self, name: &str) {
        let Some(number) = self.open() else { return };
        let at = self.tick();
        if self.outside.merge(number, &who(name), at).is_some() {
            self.push_manifests("main");
            self.touch(number);
        }
    }

    /// Somebody else commits to our branch.
    pub(super) fn foreign_push(&mut self) {
        let Some(number) = self.open() else { return };
        let Some(head) = self.head(number) else {
            return;
        };
        let mut content = self.outside.commits[&head].content.clone();
        content.insert("extra".to_owned(), "theirs".to_owned());
        let at = self.tick();
        let branch = self.outside.change(number).branch.clone();
        let theirs = self
            .outside
            .commit(vec![head], content, "a fix by hand", &[], at);
        self.outside.refs.insert(branch.clone(), theirs);
        self.push_manifests(&branch);
    }

    /// Somebody sets a value on the manifests' base.
    pub(super) fn set_by_hand(&mut self, place: &str, value: &str) {
        let base = self.outside.refs["main"].clone();
        let mut content = self.outside.commits[&base].content.clone();
        content.insert(place.to_owned(), value.to_owned());
        let at = self.tick();
        let new = self.outside.commit(vec![base], content, "by hand", &[], at);
        self.outside.refs.insert("main".to_owned(), new);
        self.push_manifests("main");
    }

    pub(super) fn deploy(&mut self, lane: &str, reference: Option<&str>, name: &str) {
        let LaneId {
            application,
            environment,
        } = id(lane);
        let reference = reference.map(str::to_owned);
        self.mail.push(Event::DeployRequested {
            application,
            environment,
            reference,
            by: who(name),
        });
    }

    /// A person acts on a deployment of `web/test`, or on the lane.
    pub(super) fn act(&mut self, act: Act, name: &str) {
        let reason = Some("because".to_owned());
        let asked = Asked {
            act,
            by: who(name),
            reason,
        };
        self.mail.push(Event::Acted {
            lane: id("web/test"),
            asked,
        });
    }

    pub(super) fn lock(&mut self, area: &str, name: &str, until: Option<Timestamp>) {
        self.mail.push(Event::LockRequested {
            area: area.parse().unwrap(),
            until,
            by: who(name),
            reason: "a migration".to_owned(),
        });
    }

    pub(super) fn unlock(&mut self, area: &str, name: &str) {
        let area = area.parse().unwrap();
        self.mail.push(Event::UnlockRequested {
            area,
            by: who(name),
        });
    }

    /// Announces a freeze from one second after midnight to another.
    pub(super) fn freeze(&mut self, area: &str, name: &str, by: &str, (from, to): (u32, u32)) {
        let second = |n| Timestamp(0) + Span::from_secs(n);
        let freeze = Announced {
            area: area.parse().unwrap(),
            name: name.to_owned(),
            by: who(by),
            reason: "the auditors are here".to_owned(),
            from: second(from),
            to: second(to),
        };
        self.mail.push(Event::FreezeRequested { freeze });
    }

    pub(super) fn unfreeze(&mut self, area: &str, name: &str, by: &str) {
        self.mail.push(Event::UnfreezeRequested {
            area: area.parse().unwrap(),
            name: name.to_owned(),
            by: who(by),
        });
    }

    pub(super) fn report_image(&mut self, revision: &Revision, tag: &str) {
        self.mail.push(Event::ImageReported {
            application: id("web/test").application,
            revision: revision.clone(),
            tag: Some(tag.to_owned()),
            digest: None,
            by: Principal::new("token:ci").unwrap(),
        });
    }

    pub(super) fn break_effect(&mut self, kind: &'static str, for_good: bool) {
        let error = EffectError {
            reason_code: "unreachable".to_owned(),
            message: "no answer".to_owned(),
        };
        self.outside.broken.insert(kind, (error, for_good));
    }

    /// Everything that happened is delivered and worked off.
    pub(super) fn run(&mut self) {
        self.deliver_all();
        self.settle();
    }

    pub(super) fn sweep(&mut self) {
        self.hint_all();
        self.settle();
    }

    /// Time goes by; timers go off on their way.
    pub(super) fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds.div_ceil(5) {
            self.now = self.now + Span::from_secs(5);
            self.settle();
        }
    }

    /// Works on until an effect of this kind has its intent, and holds it there.
    pub(super) fn run_until_intended(&mut self, kind: &'static str) {
        self.held = Some(kind);
        self.run();
    }

    pub(super) fn release(&mut self) {
        self.held = None;
        self.run();
    }
}
