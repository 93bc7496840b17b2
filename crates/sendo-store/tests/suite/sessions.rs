//! Sessions: live as long as their token, their day and somebody's interest; opened once by a link.

use sendo_core::time::Span;
use sendo_store::{LINK_LIFE, NewSession, SESSION_IDLE, SESSION_LIFE, Store};

use super::bench::Bench;
use super::make::entry;
use super::tokens::token;

fn session(secret: &str, link: Option<&str>) -> NewSession {
    NewSession {
        hash: format!("hash-of-{secret}"),
        token: "t1".to_owned(),
        link: link.map(ToOwned::to_owned),
    }
}

async fn open(store: &dyn Store, secret: &str, link: Option<&str>) -> bool {
    let opened = store
        .open_session(session(secret, link), entry("session.opened"))
        .await;
    opened.unwrap()
}

/// A token that outlives every session, with one session.
async fn opened(bench: &Bench) {
    let mut row = token(bench, "t1");
    row.expires_at = bench.now() + Span::from_secs(90 * 60 * 60);
    bench
        .store
        .add_token(row, entry("token.created"))
        .await
        .unwrap();
    assert!(open(&*bench.store, "s", None).await);
}

async fn lives(bench: &Bench) -> bool {
    bench
        .store
        .session_by_hash("hash-of-s")
        .await
        .unwrap()
        .is_some()
}

contract! {
    async fn a_session_has_its_tokens_rights_and_its_use_is_the_tokens(bench) {
        opened(&bench).await;
        bench.clock.advance(Span::from_secs(60));
        let found = bench.store.session_by_hash("hash-of-s").await.unwrap().unwrap();
        assert_eq!(bench.store.tokens().await.unwrap(), [found]);
        assert!(bench.store.session_by_hash("hash-of-t1").await.unwrap().is_none());
        assert!(bench.store.token_by_hash("hash-of-s").await.unwrap().is_none());
    }

    async fn a_session_that_is_used_lives_a_day_and_not_longer(bench) {
        opened(&bench).await;
        for _ in 0..3 {
            bench.clock.advance(Span::from_secs(8 * 60 * 60 - 61));
            assert!(lives(&bench).await);
        }
        let rest = SESSION_LIFE.as_micros() - 3 * (SESSION_IDLE.as_micros() - 61_000_000);
        bench.clock.advance(Span::from_millis(u32::try_from(rest / 1_000).unwrap() - 1));
        assert!(lives(&bench).await);
        bench.clock.advance(Span::from_millis(1));
        assert!(!lives(&bench).await);
    }

    async fn a_session_that_nobody_uses_ends_after_eight_hours(bench) {
        opened(&bench).await;
        bench.clock.advance(SESSION_IDLE);
        assert!(!lives(&bench).await);
    }

    async fn a_session_ends_with_its_token(bench) {
        bench.store.add_token(token(&bench, "t1"), entry("token.created")).await.unwrap();
        open(&*bench.store, "s", None).await;
        bench.clock.advance(Span::from_secs(3_599));
        assert!(lives(&bench).await);
        bench.clock.advance(Span::from_secs(1));
        assert!(!lives(&bench).await);
    }

    async fn revoking_a_token_ends_its_sessions_and_links(bench) {
        opened(&bench).await;
        bench.store.add_sign_in_link("link", "t1").await.unwrap();
        bench.store.revoke_token("t1", entry("token.revoked")).await.unwrap();
        assert!(!lives(&bench).await);
        assert!(bench.store.sign_in_link("link").await.unwrap().is_none());
    }

    async fn a_session_is_ended_once_and_the_others_go_on(bench) {
        opened(&bench).await;
        open(&*bench.store, "other", None).await;
        assert!(bench.store.end_session("hash-of-other", entry("session.ended")).await.unwrap());
        assert!(!bench.store.end_session("hash-of-other", entry("session.ended")).await.unwrap());
        assert!(bench.store.session_by_hash("hash-of-other").await.unwrap().is_none());
        assert!(lives(&bench).await);
        let lines = bench.store.audit_rows(0, 10).await.unwrap();
        let ended = lines.iter().filter(|line| line.entry.action == "session.ended").count();
        assert_eq!(ended, 1);
    }

    async fn replicas_share_sessions(bench) {
        opened(&bench).await;
        for replica in bench.place.replicas(&bench, 2).await {
            assert!(replica.session_by_hash("hash-of-s").await.unwrap().is_some());
        }
        bench.store.end_session("hash-of-s", entry("session.ended")).await.unwrap();
        for replica in bench.place.replicas(&bench, 2).await {
            assert!(replica.session_by_hash("hash-of-s").await.unwrap().is_none());
        }
    }

    async fn of_eight_that_use_a_link_at_once_one_gets_a_session(bench) {
        opened(&bench).await;
        bench.store.add_sign_in_link("link", "t1").await.unwrap();
        assert_eq!(bench.store.sign_in_link("link").await.unwrap().unwrap().id, "t1");
        let tries = (0..8).map(|n| {
            let store = std::sync::Arc::clone(&bench.store);
            tokio::spawn(async move { open(&*store, &format!("try-{n}"), Some("link")).await })
        });
        let tries: Vec<_> = tries.collect();
        let mut won = 0;
        for one in tries {
            won += i32::from(one.await.unwrap());
        }
        assert_eq!(won, 1);
        assert!(bench.store.sign_in_link("link").await.unwrap().is_none());
        assert_eq!(bench.store.audit_rows(0, 20).await.unwrap().len(), 3);
    }

    async fn a_link_is_good_for_five_minutes(bench) {
        opened(&bench).await;
        let until = bench.store.add_sign_in_link("link", "t1").await.unwrap();
        assert_eq!(until, bench.now() + LINK_LIFE);
        bench.clock.advance(LINK_LIFE);
        assert!(bench.store.sign_in_link("link").await.unwrap().is_none());
        assert!(!open(&*bench.store, "late", Some("link")).await);
    }

    async fn a_link_opens_no_session_of_another_token(bench) {
        opened(&bench).await;
        bench.store.add_token(token(&bench, "t2"), entry("token.created")).await.unwrap();
        bench.store.add_sign_in_link("link", "t2").await.unwrap();
        assert!(!open(&*bench.store, "other", Some("link")).await);
        assert!(bench.store.sign_in_link("link").await.unwrap().is_some());
    }

    async fn sessions_and_links_that_are_over_are_pruned(bench) {
        opened(&bench).await;
        bench.store.add_sign_in_link("link", "t1").await.unwrap();
        let over = bench.clock.advance(LINK_LIFE);
        assert_eq!(bench.store.prune(over).await.unwrap(), 0);
        let later = bench.clock.advance(Span::from_secs(1));
        assert_eq!(bench.store.prune(later).await.unwrap(), 1, "the link");
        assert!(lives(&bench).await);
        let over = bench.clock.advance(SESSION_LIFE);
        assert_eq!(bench.store.prune(over).await.unwrap(), 1, "the session");
    }
}
