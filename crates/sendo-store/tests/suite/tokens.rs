//! API tokens: found while they live, gone when revoked or over.

use sendo_core::names::Principal;
use sendo_core::time::{Span, Timestamp};
use sendo_store::TokenRow;

use super::bench::Bench;
use super::make::entry;

pub(crate) fn token(bench: &Bench, id: &str) -> TokenRow {
    TokenRow {
        id: id.to_owned(),
        name: "CI of example1".to_owned(),
        principal: Principal::new("local:aoi").unwrap(),
        hash: format!("hash-of-{id}"),
        scopes: vec!["report-image".to_owned()],
        applications: vec!["example1".to_owned()],
        created_at: bench.now(),
        expires_at: bench.now() + Span::from_secs(3_600),
        last_used_at: None,
        revoked_at: None,
    }
}

contract! {
    async fn a_token_is_found_by_its_hash_until_it_ends(bench) {
        let row = token(&bench, "t1");
        bench.store.add_token(row.clone(), entry("token.created")).await.unwrap();
        assert_eq!(bench.store.tokens().await.unwrap(), [row]);
        let found = bench.store.token_by_hash("hash-of-t1").await.unwrap().unwrap();
        let minute = Timestamp(bench.now().0 / 60_000_000 * 60_000_000);
        assert_eq!(found.last_used_at, Some(minute));
        assert_eq!(bench.store.tokens().await.unwrap(), [found]);
        assert_eq!(bench.store.token_by_hash("hash-of-t2").await.unwrap(), None);
        bench.clock.advance(Span::from_secs(3_600));
        assert_eq!(bench.store.token_by_hash("hash-of-t1").await.unwrap(), None);
    }

    async fn a_revoked_token_is_not_found(bench) {
        bench.store.add_token(token(&bench, "t1"), entry("token.created")).await.unwrap();
        assert!(bench.store.revoke_token("t1", entry("token.revoked")).await.unwrap());
        assert!(!bench.store.revoke_token("t2", entry("token.revoked")).await.unwrap());
        assert_eq!(bench.store.token_by_hash("hash-of-t1").await.unwrap(), None);
        assert_eq!(bench.store.tokens().await.unwrap()[0].revoked_at, Some(bench.now()));
        let lines = bench.store.audit_rows(0, 10).await.unwrap();
        let actions: Vec<_> = lines.iter().map(|line| line.entry.action.as_str()).collect();
        assert_eq!(actions, ["token.created", "token.revoked"]);
    }
}
