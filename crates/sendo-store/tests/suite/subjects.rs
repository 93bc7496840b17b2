//! Subjects: woken, claimed with their world, decided by one at a time.

use sendo_core::plan::Plan;
use sendo_core::subject::SubjectKind;
use sendo_core::time::{Span, Timestamp};
use sendo_store::Committed;
use serde_json::{Value, json};

use super::bench::LEASE;
use super::make::{claim, close, decide, done, fact, keys, look, plan, post, subject};

contract! {
    async fn a_hinted_subject_is_claimed_once_and_sleeps_after_its_decision(bench) {
        let lane = subject("example1/test");
        bench.store.hint(std::slice::from_ref(&lane)).await.unwrap();
        let claimed = claim(&bench.store).await;
        assert_eq!(claimed.world.state, Value::Null);
        assert_eq!(claimed.world.installation, "tests1");
        assert!(bench.store.claim_subject(LEASE, &|_| Vec::new()).await.unwrap().is_none());
        let plan = Plan { state: json!({ "step": 1 }), ..Plan::default() };
        assert_eq!(bench.store.commit(&claimed, &plan, &[]).await.unwrap(), Committed::Yes);
        assert!(bench.store.claim_subject(LEASE, &|_| Vec::new()).await.unwrap().is_none());
        bench.store.hint(&[lane]).await.unwrap();
        let again = claim(&bench.store).await;
        assert_eq!((again.world.state, again.version), (json!({ "step": 1 }), 1));
    }

    async fn a_world_is_read_as_a_decision_would_see_it_and_nothing_is_claimed(bench) {
        let lane = subject("example1/test");
        assert_eq!(bench.store.world(&lane, &|_| Vec::new()).await.unwrap().state, Value::Null);
        let publish = vec![fact(&lane, "source", 1, bench.now())];
        let decided = Plan { state: json!({ "step": 1 }), publish, ..Plan::default() };
        decide(&bench.store, "example1/test", &decided).await;
        bench.store.hint(std::slice::from_ref(&lane)).await.unwrap();
        let world = bench.store.world(&lane, &|_| Vec::new()).await.unwrap();
        assert_eq!(world, claim(&bench.store).await.world);
        assert_eq!(world.state, json!({ "step": 1 }));
        assert!(world.facts.get::<Value>(&lane, "source").is_some());
    }

    async fn facts_of_one_name_are_found_with_all_their_subjects_of_a_kind(bench) {
        for lane in ["web/test", "api/test"] {
            let subject = subject(lane);
            let publish = ["held", "source"].map(|key| fact(&subject, key, 1, bench.now())).to_vec();
            decide(&bench.store, lane, &Plan { publish, ..Plan::default() }).await;
        }
        let held = bench.store.facts_named(SubjectKind::Lane, "held").await.unwrap();
        let of: Vec<_> = held.iter().map(|fact| (fact.subject.key.as_str(), fact.key.as_str())).collect();
        assert_eq!(of, [("api/test", "held"), ("web/test", "held")]);
        assert_eq!(bench.store.facts_named(SubjectKind::Lock, "held").await.unwrap(), []);
    }

    async fn a_hint_during_the_decision_survives_its_commit(bench) {
        let lane = subject("example1/test");
        bench.store.hint(std::slice::from_ref(&lane)).await.unwrap();
        let claimed = claim(&bench.store).await;
        let later = bench.clock.advance(Span::from_secs(1));
        bench.store.hint(&[lane]).await.unwrap();
        bench.store.commit(&claimed, &Plan::default(), &[]).await.unwrap();
        assert_eq!(claim(&bench.store).await.world.hinted_at, later);
    }

    async fn an_outcome_wakes_without_a_hint(bench) {
        decide(&bench.store, "example1/test", &plan(vec![close("close/1")])).await;
        let hinted_at = bench.now();
        bench.clock.advance(Span::from_secs(1));
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert!(bench.store.record(&effect, done()).await.unwrap());
        assert_eq!(claim(&bench.store).await.world.hinted_at, hinted_at);
    }

    async fn a_timer_wakes_and_counts_as_a_hint(bench) {
        let due = bench.now() + Span::from_secs(10);
        let plan = Plan { wake_at: Some(due), ..Plan::default() };
        decide(&bench.store, "example1/test", &plan).await;
        assert!(bench.store.claim_subject(LEASE, &|_| Vec::new()).await.unwrap().is_none());
        let now = bench.clock.advance(Span::from_secs(11));
        assert_eq!(bench.store.backlog().await.unwrap().subjects, 1);
        let claimed = claim(&bench.store).await;
        assert_eq!(claimed.world.hinted_at, now);
        bench.store.commit(&claimed, &Plan::default(), &[]).await.unwrap();
        assert_eq!(bench.store.backlog().await.unwrap().subjects, 0);
    }

    async fn a_decision_that_comes_after_its_lease_changes_nothing(bench) {
        bench.store.hint(&[subject("example1/test")]).await.unwrap();
        let late = claim(&bench.store).await;
        bench.let_leases_end();
        let plan = plan(vec![close("close/1")]);
        assert_eq!(bench.store.commit(&late, &plan, &[]).await.unwrap(), Committed::Conflict);
        let next = claim(&bench.store).await;
        assert_eq!(bench.store.commit(&late, &plan, &[]).await.unwrap(), Committed::Conflict);
        assert!(next.world.effects.is_empty());
        assert_eq!(bench.store.commit(&next, &plan, &[]).await.unwrap(), Committed::Yes);
        assert_eq!(bench.store.backlog().await.unwrap().effects, 1);
    }

    async fn a_plan_that_withdraws_an_intended_effect_is_void_and_decided_again_at_once(bench) {
        decide(&bench.store, "example1/test", &plan(vec![close("close/1")])).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.store.hint(&[subject("example1/test")]).await.unwrap();
        let claimed = claim(&bench.store).await;
        assert!(bench.store.intend(&effect, json!({})).await.unwrap());
        let withdraw = Plan { cancel: keys(&["close/1"]), wake: vec![subject("example2/test")], ..plan(vec![]) };
        assert_eq!(bench.store.commit(&claimed, &withdraw, &[]).await.unwrap(), Committed::Conflict);
        let again = claim(&bench.store).await;
        assert_eq!(again.version, claimed.version);
        assert!(again.world.effects[0].intended);
        let awake = bench.store.claim_subject(LEASE, &|_| Vec::new()).await.unwrap();
        assert!(awake.is_none(), "nothing of the void plan was written");
    }

    async fn an_effect_withdrawn_before_its_intent_can_no_longer_be_sent(bench) {
        decide(&bench.store, "example1/test", &plan(vec![close("close/1")])).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        let withdraw = Plan { cancel: keys(&["close/1"]), ..plan(vec![]) };
        decide(&bench.store, "example1/test", &withdraw).await;
        assert!(!bench.store.intend(&effect, json!({})).await.unwrap());
        assert!(!bench.store.record(&effect, done()).await.unwrap());
        assert_eq!(bench.store.backlog().await.unwrap().subjects, 0, "a lost record wakes nobody");
    }

    async fn a_key_that_is_planned_twice_is_planned_once(bench) {
        decide(&bench.store, "example1/test", &plan(vec![close("close/1")])).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.store.record(&effect, done()).await.unwrap();
        let again = Plan { retire: keys(&["close/1"]), ..plan(vec![close("close/1"), close("close/1")]) };
        decide(&bench.store, "example1/test", &again).await;
        assert_eq!(bench.store.backlog().await.unwrap().effects, 0);
    }

    async fn a_finished_effect_stays_in_the_world_until_it_is_retired(bench) {
        let lane = subject("example1/test");
        decide(&bench.store, "example1/test", &plan(vec![close("close/1"), close("close/2")])).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.store.record(&effect, done()).await.unwrap();
        assert_eq!(bench.store.effects(&lane).await.unwrap().len(), 2);
        let retire = Plan { retire: keys(&["close/1", "close/2"]), ..plan(vec![]) };
        decide(&bench.store, "example1/test", &retire).await;
        let left = bench.store.effects(&lane).await.unwrap();
        assert_eq!((left.len(), left[0].key.0.as_str()), (1, "close/2"), "one under way stays");
    }

    async fn an_observation_can_be_planned_again_after_it_was_withdrawn_or_failed(bench) {
        decide(&bench.store, "example1/test", &plan(vec![look("look")])).await;
        let again = Plan { cancel: keys(&["look"]), ..plan(vec![look("look")]) };
        decide(&bench.store, "example1/test", &again).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        let failed = sendo_store::Record::Failed { error: super::make::trouble() };
        assert!(bench.store.record(&effect, failed).await.unwrap());
        let retire = Plan { retire: keys(&["look"]), ..plan(vec![look("look")]) };
        decide(&bench.store, "example1/test", &retire).await;
        assert_eq!(bench.store.backlog().await.unwrap().effects, 1);
    }

    async fn a_claim_on_a_withdrawn_observation_never_fits_a_later_one(bench) {
        decide(&bench.store, "example1/test", &plan(vec![look("look/1")])).await;
        let stale = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        let again = Plan { cancel: keys(&["look/1"]), ..plan(vec![look("look/2")]) };
        decide(&bench.store, "example1/test", &again).await;
        let fresh = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        assert!(!bench.store.record(&stale, done()).await.unwrap());
        assert!(bench.store.record(&fresh, done()).await.unwrap());
    }

    async fn what_a_subject_publishes_wakes_its_neighbour_without_a_hint(bench) {
        let (lane, next) = (subject("example1/test"), subject("example1/production"));
        let published = Plan {
            publish: vec![fact(&lane, "succeeded", 1, bench.now())],
            wake: vec![next.clone()],
            ..Plan::default()
        };
        decide(&bench.store, "example1/test", &published).await;
        let reads = lane.clone();
        let claimed = bench.store.claim_subject(LEASE, &move |_| vec![reads.clone()]).await.unwrap().unwrap();
        assert_eq!((claimed.world.subject, claimed.world.hinted_at), (next, Timestamp(0)));
        assert!(claimed.world.facts.get::<Value>(&lane, "succeeded").is_some());
    }

    async fn a_forgotten_fact_is_gone(bench) {
        let lane = subject("example1/test");
        let publish = vec![fact(&lane, "a", 1, bench.now()), fact(&lane, "b", 2, bench.now())];
        decide(&bench.store, "example1/test", &Plan { publish, ..Plan::default() }).await;
        let forget = Plan { forget: vec!["a".to_owned()], ..Plan::default() };
        decide(&bench.store, "example1/test", &forget).await;
        bench.store.hint(std::slice::from_ref(&lane)).await.unwrap();
        let facts = claim(&bench.store).await.world.facts;
        let left: Vec<_> = facts.starting_with::<Value>(&lane, "").map(|(key, ..)| key).collect();
        assert_eq!(left, ["b"]);
    }

    async fn an_older_observation_never_replaces_a_newer_one(bench) {
        let lane = subject("example1/test");
        for (value, at) in [(1, 10), (2, 9), (3, 10)] {
            let publish = vec![fact(&lane, "source", value, Timestamp(at))];
            decide(&bench.store, "example1/test", &Plan { publish, ..Plan::default() }).await;
        }
        bench.store.hint(std::slice::from_ref(&lane)).await.unwrap();
        let facts = claim(&bench.store).await.world.facts;
        assert_eq!(facts.get::<Value>(&lane, "source"), Some((json!({ "value": 3 }), Timestamp(10))));
    }

    async fn a_notice_under_way_belongs_to_no_world(bench) {
        bench.store.hint(&[subject("example1/test")]).await.unwrap();
        let claimed = claim(&bench.store).await;
        bench.store.commit(&claimed, &plan(vec![]), &[post("post/1")]).await.unwrap();
        bench.store.hint(&[subject("example1/test")]).await.unwrap();
        assert!(claim(&bench.store).await.world.effects.is_empty());
        assert_eq!(bench.store.backlog().await.unwrap().notices, 1);
    }
}
