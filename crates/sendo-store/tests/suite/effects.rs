//! Effects: claimed under a lease, intended before they are sent, recorded once.

use sendo_core::deployment::DeploymentId;
use sendo_core::effect::{EffectError, EffectState, Outcome};
use sendo_core::plan::Plan;
use sendo_core::time::Span;
use sendo_store::Record;
use serde_json::{Value, json};

use super::bench::{Bench, LEASE};
use super::make::{claim, close, decide, done, entry, fact, look, plan, post, subject, trouble};

async fn planned(bench: &Bench, effects: Vec<sendo_core::effect::PlannedEffect>) {
    decide(&bench.store, "example1/test", &plan(effects)).await;
}

contract! {
    async fn effects_are_claimed_oldest_first_and_notices_last(bench) {
        bench.store.hint(&[subject("example1/test")]).await.unwrap();
        let claimed = claim(&bench.store).await;
        bench.store.commit(&claimed, &plan(vec![]), &[post("post/1")]).await.unwrap();
        planned(&bench, vec![close("close/1"), look("look")]).await;
        let mut order = Vec::new();
        while let Some(effect) = bench.store.claim_effect(LEASE, 3).await.unwrap() {
            order.push(effect.key.0);
        }
        assert_eq!(order, ["close/1", "look", "post/1"]);
    }

    async fn an_intent_is_handed_to_the_next_claim(bench) {
        planned(&bench, vec![close("close/1")]).await;
        let first = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert_eq!((first.attempts, &first.intent), (1, &None));
        assert!(bench.store.intend(&first, json!({ "marker": 1 })).await.unwrap());
        bench.let_leases_end();
        let next = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert_eq!((next.attempts, next.intent), (2, Some(json!({ "marker": 1 }))));
    }

    async fn a_record_after_the_lease_is_refused(bench) {
        planned(&bench, vec![close("close/1")]).await;
        let late = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.let_leases_end();
        assert!(!bench.store.record(&late, done()).await.unwrap());
        assert!(!bench.store.intend(&late, json!({})).await.unwrap());
        assert_eq!(bench.store.heartbeat(&late, LEASE).await.unwrap(), None);
        let next = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert!(!bench.store.record(&late, done()).await.unwrap());
        assert!(bench.store.record(&next, done()).await.unwrap());
        assert!(!bench.store.record(&next, done()).await.unwrap(), "it is recorded once");
    }

    async fn a_heartbeat_keeps_the_claim(bench) {
        planned(&bench, vec![close("close/1")]).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        let now = bench.clock.advance(Span::from_secs(45));
        assert_eq!(bench.store.heartbeat(&effect, LEASE).await.unwrap(), Some(now + LEASE));
        bench.clock.advance(Span::from_secs(45));
        assert!(bench.store.claim_effect(LEASE, 3).await.unwrap().is_none());
        assert!(bench.store.record(&effect, done()).await.unwrap());
    }

    async fn an_observation_that_is_done_leaves_only_its_facts(bench) {
        planned(&bench, vec![look("look")]).await;
        let lane = subject("example1/test");
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        let facts = vec![fact(&lane, "change/1", 5, effect.now)];
        let record = Record::Done { outcome: Outcome::Observed, facts };
        assert!(bench.store.record(&effect, record).await.unwrap());
        let world = claim(&bench.store).await.world;
        assert!(world.effects.is_empty());
        assert!(world.facts.get::<Value>(&lane, "change/1").is_some());
    }

    async fn a_retry_waits_for_its_time_and_shows_its_error(bench) {
        planned(&bench, vec![close("close/1")]).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.store.intend(&effect, json!({ "marker": 1 })).await.unwrap();
        let at = bench.now() + Span::from_secs(5);
        let retry = Record::Retry { error: trouble(), at };
        assert!(bench.store.record(&effect, retry).await.unwrap());
        let view = claim(&bench.store).await.world.effects.remove(0);
        assert_eq!((view.state, view.not_before), (EffectState::Ready, at));
        assert_eq!((view.error, view.intended, view.claimed), (Some(trouble()), true, false));
        assert!(bench.store.claim_effect(LEASE, 3).await.unwrap().is_none());
        bench.clock.advance(Span::from_secs(5));
        let next = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert_eq!((next.attempts, next.intent), (2, Some(json!({ "marker": 1 }))));
    }

    async fn whom_others_are_served_before_comes_back_as_often_as_it_takes(bench) {
        planned(&bench, vec![close("close/1")]).await;
        for _ in 0..5 {
            let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
            assert_eq!(effect.attempts, 1);
            bench.store.intend(&effect, json!({})).await.unwrap();
            let error = EffectError { reason_code: EffectError::OTHERS_FIRST.to_owned(), ..trouble() };
            let later = Record::Retry { error, at: bench.now() };
            assert!(bench.store.record(&effect, later).await.unwrap());
        }
        let lines = bench.store.audit_rows(0, 20).await.unwrap();
        let noted = |action: &str| lines.iter().filter(|line| line.entry.action == action).count();
        assert_eq!((noted("effect.intended"), noted("effect.retried")), (1, 0));
        assert!(claim(&bench.store).await.world.effects[0].error.is_some(), "its lane sees why");
    }

    async fn an_effect_claimed_too_often_fails_and_wakes_its_subject(bench) {
        planned(&bench, vec![close("close/1"), close("close/2")]).await;
        for _ in 0..2 {
            let effect = bench.store.claim_effect(LEASE, 2).await.unwrap().unwrap();
            assert_eq!(effect.key.0, "close/1");
            bench.let_leases_end();
        }
        let next = bench.store.claim_effect(LEASE, 2).await.unwrap().unwrap();
        assert_eq!(next.key.0, "close/2", "the next one is not held up");
        let view = claim(&bench.store).await.world.effects.remove(0);
        assert_eq!(view.state, EffectState::Failed);
        assert_eq!(view.error.unwrap().reason_code, "attempts_exhausted");
    }

    async fn a_claim_handed_back_without_an_intent_is_not_counted(bench) {
        planned(&bench, vec![close("close/1")]).await;
        let first = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.store.release(&first).await.unwrap();
        let second = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert_eq!((second.attempts, second.fence), (1, first.fence + 1));
        bench.store.intend(&second, json!({})).await.unwrap();
        bench.store.release(&first).await.unwrap();
        assert!(bench.store.claim_effect(LEASE, 3).await.unwrap().is_none(), "a stale one hands nothing back");
        bench.store.release(&second).await.unwrap();
        assert_eq!(bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap().attempts, 2);
    }

    async fn a_notice_never_wakes_its_subject(bench) {
        bench.store.hint(&[subject("example1/test")]).await.unwrap();
        let claimed = claim(&bench.store).await;
        let posts = [post("post/1"), post("post/2")];
        bench.store.commit(&claimed, &plan(vec![]), &posts).await.unwrap();
        let first = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert!(bench.store.record(&first, Record::Done { outcome: Outcome::Posted, facts: vec![] }).await.unwrap());
        let second = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert!(bench.store.record(&second, Record::Failed { error: trouble() }).await.unwrap());
        let backlog = bench.store.backlog().await.unwrap();
        assert_eq!((backlog.subjects, backlog.notices), (0, 0));
    }

    async fn a_notice_that_is_given_up_stands_in_the_timeline_of_its_deployment(bench) {
        planned(&bench, vec![post("post/1")]).await;
        let before = bench.store.revision().await.unwrap();
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert!(bench.store.record(&effect, Record::Failed { error: trouble() }).await.unwrap());
        let timeline = bench.store.timeline(&DeploymentId("example1/test/1".to_owned())).await.unwrap();
        let [told] = timeline.as_slice() else { panic!("{timeline:?}") };
        assert_eq!((told.id.as_str(), told.turn.name()), ("example1/test/1#1/untold/ops", "untold"));
        assert!(bench.store.revision().await.unwrap() > before, "open pages look again");
    }

    async fn a_person_can_have_failed_effects_tried_again(bench) {
        planned(&bench, vec![close("close/1")]).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.store.intend(&effect, json!({ "marker": 1 })).await.unwrap();
        bench.store.record(&effect, Record::Failed { error: trouble() }).await.unwrap();
        let claimed = claim(&bench.store).await;
        bench.store.commit(&claimed, &Plan::default(), &[]).await.unwrap();
        let deployment = DeploymentId("example1/test/1".to_owned());
        assert_eq!(bench.store.redrive(&deployment, entry("effect.redriven")).await.unwrap(), 1);
        let again = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert_eq!((again.attempts, again.intent), (1, Some(json!({ "marker": 1 }))));
        let view = claim(&bench.store).await.world.effects.remove(0);
        assert_eq!((view.state, view.error), (EffectState::Ready, None));
        assert_eq!(bench.store.redrive(&deployment, entry("effect.redriven")).await.unwrap(), 0);
    }

    async fn intents_and_outcomes_leave_audit_lines_with_actor_and_cause(bench) {
        let mut planned = plan(vec![look("look"), close("close/1")]);
        planned.deployments = vec![super::make::deployment("example1/test", 1, sendo_core::deployment::DeploymentState::Running)];
        decide(&bench.store, "example1/test", &planned).await;
        while let Some(effect) = bench.store.claim_effect(LEASE, 3).await.unwrap() {
            assert!(bench.store.intend(&effect, json!({})).await.unwrap());
            assert!(bench.store.record(&effect, done()).await.unwrap());
        }
        let lines = bench.store.audit_rows(0, 10).await.unwrap();
        let actions: Vec<_> = lines.iter().map(|line| line.entry.action.as_str()).collect();
        assert_eq!(actions, ["effect.intended", "effect.done"], "looking leaves none");
        for line in lines {
            assert_eq!(line.entry.actor.unwrap().as_str(), "local:alice");
            assert_eq!(line.entry.cause, "example1/test/1");
        }
    }
}
