//! The commit of a plan, as the store does it, and what must hold after each.

use super::harness::Harness;
use crate::deployment::{Deployment, DeploymentState, Waiting};
use crate::effect::{Class, EffectKey, EffectState, EffectView};
use crate::plan::Plan;
use crate::promotion::state::LaneState;
use crate::subject::{SubjectId, SubjectKind};

impl Harness {
    pub(super) fn commit(&mut self, subject: &SubjectId, plan: Plan) {
        let live = |(owner, e, live): &(SubjectId, EffectView, bool), key: &EffectKey| {
            owner == subject && e.key == *key && *live
        };
        for one in &mut self.effects {
            if plan.cancel.iter().any(|key| live(one, key)) {
                (one.1.state, one.2) = (EffectState::Cancelled, false);
            }
            if plan.retire.iter().any(|key| live(one, key)) {
                assert_ne!(one.1.state, EffectState::Ready, "retired what goes on");
                one.2 = false;
            }
        }
        // An observation leaves no row; anything else keeps its key for ever.
        let (live, over) = std::mem::take(&mut self.effects)
            .into_iter()
            .partition(|(_, _, live)| *live);
        self.effects = live;
        let over: Vec<(SubjectId, EffectView, bool)> = over;
        let kept = over
            .into_iter()
            .filter(|(_, e, _)| e.effect.class() != Class::O);
        self.spent.extend(kept.map(|(owner, e, _)| (owner, e.key)));
        for planned in plan.effects {
            let mut live = self.effects.iter();
            let known = live.any(|(owner, e, _)| owner == subject && e.key == planned.key)
                || self.spent.contains(&(subject.clone(), planned.key.clone()));
            assert!(!known, "{:?} was planned before", planned.key);
            let view = EffectView {
                key: planned.key,
                deployment: planned.deployment,
                effect: planned.effect,
                state: EffectState::Ready,
                claimed: false,
                intended: false,
                attempts: 0,
                outcome: None,
                error: None,
                not_before: self.now,
            };
            self.effects.push((subject.clone(), view, true));
        }
        plan.publish.into_iter().for_each(|fact| self.learn(fact));
        for key in plan.forget {
            self.facts.remove(&(subject.clone(), key));
        }
        plan.wake.iter().for_each(|other| self.wake(other, false));
        let entry = self.subjects.entry(subject.clone()).or_default();
        (entry.state, entry.wake_at) = (plan.state, plan.wake_at);
        for row in plan.deployments {
            let before = self.rows.insert(row.id.clone(), row.clone());
            let reopened =
                before.filter(|before| before.state.is_terminal() && before.state != row.state);
            assert_eq!(reopened, None, "what has ended does not begin again");
        }
        for notice in plan.notices {
            assert!(
                self.notices.iter().all(|told| told.id != notice.id),
                "told twice: {notice:?}"
            );
            self.notices.push(notice);
        }
        self.audit
            .extend(plan.audit.into_iter().map(|entry| entry.action));
    }

    /// A merge that nobody may do now is not left to be begun.
    fn check_closed(&self, subject: &SubjectId, lane: &LaneState) {
        let waits = lane
            .running
            .as_ref()
            .and_then(|running| running.waiting.as_ref());
        let closed = matches!(
            waits,
            Some(
                Waiting::Locked { .. }
                    | Waiting::Held { .. }
                    | Waiting::Frozen { .. }
                    | Waiting::Soak { .. }
            )
        );
        let begins = |(owner, effect, live): &&(SubjectId, EffectView, bool)| {
            let kind = effect.effect.kind();
            let merges = matches!(kind, "merge_change_request" | "publish_commit");
            *live
                && owner == subject
                && merges
                && !effect.intended
                && effect.state == EffectState::Ready
        };
        let left = self.effects.iter().find(begins);
        assert!(!closed || left.is_none(), "{waits:?}, and still {left:?}");
    }

    /// What must hold after every commit.
    pub(super) fn check(&self, subject: &SubjectId, quiet: bool) {
        if quiet {
            let again = self.job_of(subject).decide(&self.world(subject));
            let new = (
                again.effects,
                again.deployments,
                again.notices,
                again.audit,
                again.publish,
            );
            assert_eq!(
                new,
                Default::default(),
                "deciding again without news is no news"
            );
            assert_eq!(again.state, self.subjects[subject].state);
        }
        if subject.kind != SubjectKind::Lane {
            return;
        }
        let lane = self.state_of(subject);
        self.check_closed(subject, &lane);
        let under_way = |row: &&Deployment| {
            row.lane.subject() == *subject
                && matches!(
                    row.state,
                    DeploymentState::Running | DeploymentState::Waiting
                )
        };
        let rows: Vec<_> = self.rows.values().filter(under_way).collect();
        assert!(rows.len() <= 1, "one deployment at a time: {rows:?}");
        assert_eq!(
            rows.len(),
            usize::from(lane.running.is_some()),
            "rows tell what is under way"
        );
        let prefix = format!("sendo/{}/", subject.key);
        let open = self
            .outside
            .open()
            .filter(|(_, change)| change.branch.starts_with(&prefix));
        assert!(
            self.chaos.is_some() || open.count() <= 1,
            "one open change request at a time"
        );
    }
}
