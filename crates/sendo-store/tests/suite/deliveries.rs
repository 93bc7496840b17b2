//! Deliveries: stored once, claimed in order, settled once.

use sendo_core::event::Event;
use sendo_core::time::{Span, Timestamp};
use sendo_store::{Accepted, DeliveryOutcome, NewDelivery, Replayed, Settlement};

use super::bench::LEASE;
use super::make::{
    claim, claim_delivery, delivery, entry, fact, quarantining, repository, revision, subject,
    waking,
};

contract! {
    async fn deliveries_are_claimed_in_the_order_they_arrived(bench) {
        let mut ids = Vec::new();
        for n in 0..3 {
            let Accepted::New(id) = bench.store.accept(delivery(&n.to_string())).await.unwrap() else {
                panic!("it is new");
            };
            ids.push(id);
        }
        assert!(ids.is_sorted());
        for id in ids {
            let claimed = claim_delivery(&bench.store).await;
            assert_eq!((claimed.id, claimed.attempts), (id, 1));
            assert_eq!(claimed.by.as_deref(), Some("local:alice"));
        }
        assert!(bench.store.claim_delivery(LEASE, 3).await.unwrap().is_none());
    }

    async fn a_duplicate_adds_only_its_count(bench) {
        let first = bench.store.accept(delivery("1")).await.unwrap();
        let Accepted::New(id) = first else { panic!("it is new") };
        for _ in 0..2 {
            let again = bench.store.accept(delivery("1")).await.unwrap();
            assert_eq!(again, Accepted::Duplicate(id.clone()));
        }
        let rows = bench.store.deliveries(None, 10).await.unwrap();
        assert_eq!((rows.len(), rows[0].duplicates), (1, 2));
        assert_eq!(bench.store.backlog().await.unwrap().deliveries, 1);
    }

    async fn of_many_that_come_together_each_keeps_its_bytes_and_each_key_is_stored_once(bench) {
        let body = |n: usize| (0..n * 100).map(|at| (at * n % 251) as u8).collect::<Vec<u8>>();
        let arrive = (0..40).map(|n| {
            let sent = NewDelivery { body: body(n % 10), ..delivery(&(n % 10).to_string()) };
            bench.store.accept(sent)
        });
        let answers = futures_util::future::join_all(arrive).await;
        let new = answers.iter().filter(|one| matches!(one, Ok(Accepted::New(_)))).count();
        assert_eq!((new, answers.iter().filter(|one| one.is_ok()).count()), (10, 40));
        let rows = bench.store.deliveries(None, 50).await.unwrap();
        assert!(rows.len() == 10 && rows.iter().all(|row| row.duplicates == 3), "{rows:?}");
        let mut bodies = Vec::new();
        for _ in 0..10 {
            bodies.push(claim_delivery(&bench.store).await.body);
        }
        bodies.sort_by_key(Vec::len);
        assert_eq!(bodies, (0..10).map(body).collect::<Vec<_>>());
    }

    async fn an_empty_body_is_not_one_that_was_deleted(bench) {
        let empty = NewDelivery { body: Vec::new(), ..delivery("1") };
        bench.store.accept(empty).await.unwrap();
        let claimed = claim_delivery(&bench.store).await;
        bench.store.settle(&claimed, quarantining()).await.unwrap();
        let replayed = bench.store.replay(&claimed.id, entry("delivery.replayed")).await.unwrap();
        assert_eq!(replayed, Replayed::Yes);
    }

    async fn a_name_that_holds_a_nul_is_refused_and_takes_no_other_with_it(bench) {
        let bad = delivery("2\0");
        let (good, bad) = (bench.store.accept(delivery("2")), bench.store.accept(bad));
        let (good, bad) = futures_util::future::join(good, bad).await;
        assert!(matches!(good, Ok(Accepted::New(_))) && bad.is_err(), "{good:?} {bad:?}");
        assert_eq!(bench.store.deliveries(None, 10).await.unwrap().len(), 1);
    }

    async fn deliveries_are_found_by_their_ids_in_the_order_they_arrived(bench) {
        let mut ids = Vec::new();
        for n in 0..4 {
            let Accepted::New(id) = bench.store.accept(delivery(&n.to_string())).await.unwrap() else {
                panic!("it is new");
            };
            ids.push(id);
        }
        let asked = [ids[2].clone(), "none".to_owned(), ids[0].clone(), "000000099999".to_owned()];
        let found = bench.store.deliveries_of(&asked).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|row| row.id).collect();
        assert_eq!(found, [ids[0].clone(), ids[2].clone()]);
        assert!(bench.store.deliveries_of(&[]).await.unwrap().is_empty());
    }

    async fn a_delivery_is_found_by_the_key_its_sender_gave(bench) {
        let Accepted::New(id) = bench.store.accept(delivery("1")).await.unwrap() else {
            panic!("it is new");
        };
        let source = delivery("1").source;
        assert_eq!(bench.store.delivered(&source, "1").await.unwrap(), Some(id));
        assert_eq!(bench.store.delivered(&source, "2").await.unwrap(), None);
        assert_eq!(bench.store.delivered("another", "1").await.unwrap(), None);
    }

    async fn the_same_id_from_another_source_is_another_delivery(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        let mut other = delivery("1");
        other.source = "api".to_owned();
        assert!(matches!(bench.store.accept(other).await.unwrap(), Accepted::New(_)));
    }

    async fn a_duplicate_of_a_claimed_delivery_leaves_the_claim_alone(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        let claimed = claim_delivery(&bench.store).await;
        bench.store.accept(delivery("1")).await.unwrap();
        assert!(bench.store.claim_delivery(LEASE, 3).await.unwrap().is_none());
        bench.store.settle(&claimed, waking(&[])).await.unwrap();
    }

    async fn a_settlement_writes_events_facts_and_wakes_together(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        let claimed = claim_delivery(&bench.store).await;
        let lane = subject("example1/test");
        let now = bench.now();
        let mut settlement = waking(&[&lane]);
        settlement.wakes[0].facts.push(fact(&lane, "announced/1", 7, now));
        settlement.events = vec![Event::CheckReported { repository: repository(), revision: revision() }; 2];
        bench.store.settle(&claimed, settlement).await.unwrap();
        let world = claim(&bench.store).await.world;
        assert_eq!((world.subject.clone(), world.hinted_at), (lane.clone(), now));
        assert!(world.facts.get::<serde_json::Value>(&lane, "announced/1").is_some());
        let events = bench.place.texts("SELECT id FROM events ORDER BY id").await;
        assert_eq!(events, [format!("{}/0", claimed.id), format!("{}/1", claimed.id)]);
    }

    async fn an_announcement_without_a_hint_wakes_and_leaves_observations_fresh(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        let claimed = claim_delivery(&bench.store).await;
        let mut settlement = waking(&[&subject("example1/test")]);
        settlement.wakes[0].hint = false;
        bench.store.settle(&claimed, settlement).await.unwrap();
        assert_eq!(claim(&bench.store).await.world.hinted_at, Timestamp(0));
    }

    async fn a_settlement_after_the_lease_is_refused_whole(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        let late = claim_delivery(&bench.store).await;
        bench.let_leases_end();
        let refused = bench.store.settle(&late, waking(&[&subject("example1/test")])).await;
        assert_eq!(refused.unwrap_err().reason_code(), "claim_lost");
        assert_eq!(bench.store.backlog().await.unwrap().subjects, 0);
        let next = claim_delivery(&bench.store).await;
        assert_eq!((next.attempts, next.fence), (2, late.fence + 1));
        assert!(bench.store.settle(&late, waking(&[])).await.is_err());
        bench.store.settle(&next, waking(&[])).await.unwrap();
        assert!(bench.store.settle(&next, waking(&[])).await.is_err(), "it is settled once");
    }

    async fn a_delivery_claimed_too_often_is_quarantined(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        bench.store.accept(delivery("2")).await.unwrap();
        for _ in 0..2 {
            let claimed = bench.store.claim_delivery(LEASE, 2).await.unwrap().unwrap();
            assert_eq!(claimed.body, delivery("1").body);
            bench.let_leases_end();
        }
        let claimed = bench.store.claim_delivery(LEASE, 2).await.unwrap().unwrap();
        assert_eq!(claimed.body, delivery("2").body, "the next one is not held up");
        let rows = bench.store.deliveries(Some("quarantined"), 10).await.unwrap();
        assert!(matches!(&rows[0].outcome, Some(DeliveryOutcome::Quarantined { reason_code, .. })
            if reason_code == "attempts_exhausted"));
    }

    async fn a_quarantined_delivery_is_replayed_with_all_of_its_attempts(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        let first = claim_delivery(&bench.store).await;
        bench.store.settle(&first, quarantining()).await.unwrap();
        for became in [Replayed::Yes, Replayed::Waiting] {
            assert_eq!(bench.store.replay(&first.id, entry("delivery.replayed")).await.unwrap(), became);
        }
        assert_eq!(bench.store.audit_len().await.unwrap(), 1, "what changed nothing is not audited");
        let again = claim_delivery(&bench.store).await;
        assert_eq!((again.id.as_str(), &again.body, again.attempts), (first.id.as_str(), &first.body, 1));
        assert_eq!(bench.store.replay(&first.id, entry("delivery.replayed")).await.unwrap(), Replayed::Waiting);
        assert!(bench.store.settle(&first, waking(&[])).await.is_err(), "the old claim is over");
        bench.store.settle(&again, waking(&[])).await.unwrap();
        let rows = bench.store.deliveries(Some("done"), 10).await.unwrap();
        assert_eq!(rows[0].outcome, Some(DeliveryOutcome::Done));
    }

    async fn only_what_is_quarantined_with_its_body_is_replayed(bench) {
        for (dedup, settlement) in [("1", waking(&[])), ("2", quarantining())] {
            bench.store.accept(delivery(dedup)).await.unwrap();
            let claimed = claim_delivery(&bench.store).await;
            bench.store.settle(&claimed, settlement).await.unwrap();
        }
        bench.store.prune(bench.clock.advance(Span::from_secs(1))).await.unwrap();
        let mut ids = vec!["9".to_owned(), "x".to_owned()];
        ids.extend(bench.store.deliveries(None, 9).await.unwrap().into_iter().map(|row| row.id));
        let expected = [Replayed::Unknown, Replayed::Unknown, Replayed::Bodiless, Replayed::Settled];
        for (id, became) in ids.iter().zip(expected) {
            assert_eq!(bench.store.replay(id, entry("delivery.replayed")).await.unwrap(), became, "{id}");
        }
        assert_eq!(bench.store.audit_len().await.unwrap(), 0);
    }

    async fn of_two_replays_at_once_one_is_audited(bench) {
        bench.store.accept(delivery("1")).await.unwrap();
        let claimed = claim_delivery(&bench.store).await;
        bench.store.settle(&claimed, quarantining()).await.unwrap();
        let replay = || bench.store.replay(&claimed.id, entry("delivery.replayed"));
        let (one, other) = tokio::join!(replay(), replay());
        let mut both = [one.unwrap(), other.unwrap()];
        both.sort_by_key(|became| *became != Replayed::Yes);
        assert_eq!(both, [Replayed::Yes, Replayed::Waiting]);
        assert_eq!(bench.store.audit_len().await.unwrap(), 1);
    }

    async fn the_queues_say_what_waits_and_since_when(bench) {
        let empty = bench.store.queues().await.unwrap();
        assert!(empty.iter().all(|queue| queue.count == 0 && queue.oldest.is_none()));
        let began = bench.now();
        for dedup in ["1", "2", "3"] {
            bench.store.accept(delivery(dedup)).await.unwrap();
            bench.clock.advance(Span::from_secs(1));
        }
        let claimed = claim_delivery(&bench.store).await;
        bench.store.settle(&claimed, quarantining()).await.unwrap();
        claim_delivery(&bench.store).await;
        bench.store.hint(&[subject("example1/test")]).await.unwrap();
        let queues = bench.store.queues().await.unwrap();
        let found = |name: &str, state: &str| queues.iter().find(|queue| queue.name == name && queue.state == state);
        for (name, state, since) in [
            ("deliveries", "claimed", began + Span::from_secs(1)),
            ("deliveries", "ready", began + Span::from_secs(2)),
            ("quarantine", "ready", began),
            ("subjects", "ready", bench.now()),
        ] {
            let queue = found(name, state).unwrap();
            assert_eq!((queue.count, queue.oldest), (1, Some(since)), "{name} {state}");
        }
    }

    async fn deliveries_are_listed_newest_first_and_by_outcome(bench) {
        for dedup in ["1", "2", "3"] {
            bench.store.accept(delivery(dedup)).await.unwrap();
        }
        let claimed = claim_delivery(&bench.store).await;
        let outcome = DeliveryOutcome::Ignored {
            reason_code: "unknown_repository".to_owned(),
            message: "acme/other is in no rule".to_owned(),
        };
        let settlement = Settlement { outcome: outcome.clone(), ..waking(&[]) };
        bench.store.settle(&claimed, settlement).await.unwrap();
        let all = bench.store.deliveries(None, 2).await.unwrap();
        assert!(all.len() == 2 && all[0].id > all[1].id);
        let ignored = bench.store.deliveries(Some("ignored"), 10).await.unwrap();
        assert_eq!(ignored.len(), 1);
        assert_eq!(ignored[0].outcome, Some(outcome));
    }
}
