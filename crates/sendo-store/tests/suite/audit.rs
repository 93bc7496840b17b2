//! The audit trail: gap-free, chained, and every change to it noticed.

use sendo_core::time::Span;
use sendo_store::SEALER;

use super::bench::{Bench, LEASE};
use super::make::entry;

async fn sealed(bench: &Bench, lines: u32) {
    for n in 0..lines {
        bench
            .store
            .audit(entry(&format!("token.created{n}")))
            .await
            .unwrap();
        bench.clock.advance(Span::from_millis(1));
    }
    let fence = bench
        .store
        .lease(SEALER, "a", LEASE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        bench.store.seal("a", fence, 100).await.unwrap(),
        u64::from(lines)
    );
}

contract! {
    async fn sealing_numbers_lines_without_gaps_and_verifies(bench) {
        sealed(&bench, 3).await;
        sealed(&bench, 2).await;
        bench.store.audit(entry("token.revoked")).await.unwrap();
        let verdict = bench.store.verify_audit().await.unwrap();
        assert_eq!((verdict.verified, verdict.unsealed, verdict.broken), (5, 1, None));
        let lines = bench.store.audit_rows(0, 100).await.unwrap();
        let numbers: Vec<_> = lines.iter().map(|line| line.seq).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        assert_eq!(lines[4].hash, verdict.head);
        assert_eq!(lines[5].hash, None);
        assert_eq!(bench.store.audit_rows(4, 1).await.unwrap()[0].seq, 5);
        assert_eq!(bench.store.audit_rows(5, 10).await.unwrap().len(), 1);
        assert_eq!(bench.store.audit_rows(6, 10).await.unwrap().len(), 0);
        assert_eq!(bench.store.audit_len().await.unwrap(), 6);
    }

    async fn an_empty_trail_verifies(bench) {
        let verdict = bench.store.verify_audit().await.unwrap();
        assert_eq!((verdict.verified, verdict.broken, verdict.head), (0, None, None));
    }

    async fn a_change_of_any_column_is_found_at_its_line(bench) {
        sealed(&bench, 5).await;
        let text = bench.place.texts("SELECT entry FROM audit WHERE seq = 3").await.remove(0);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            if at % 7 != 0 || changed.contains('\'') { continue }
            bench.place.run(format!("UPDATE audit SET entry = '{changed}' WHERE seq = 3")).await;
            let broken = bench.store.verify_audit().await.unwrap().broken;
            assert_eq!(broken.map(|(seq, _)| seq), Some(3), "{changed}");
        }
        bench.place.run(format!("UPDATE audit SET entry = '{text}' WHERE seq = 3")).await;
        assert_eq!(bench.store.verify_audit().await.unwrap().broken, None);
        for (change, back, line) in [
            ("UPDATE audit SET at = at + 1 WHERE seq = 2", "UPDATE audit SET at = at - 1 WHERE seq = 2", 2),
            ("UPDATE audit SET hash = replace(hash, 'a', 'b') WHERE seq = 4", "UPDATE audit SET hash = (SELECT hash FROM kept) WHERE seq = 4", 4),
            ("UPDATE audit SET seq = 9 WHERE seq = 5", "UPDATE audit SET seq = 5 WHERE seq = 9", 9),
            ("UPDATE audit SET seq = -1 WHERE seq = 1", "UPDATE audit SET seq = 1 WHERE seq = -1", -1),
            ("UPDATE audit_head SET hash = 'x'", "UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE seq = 5)", 5),
            ("DELETE FROM audit WHERE seq = 5", "SELECT 1", 5),
        ] {
            bench.place.run("CREATE TABLE IF NOT EXISTS kept AS SELECT hash FROM audit WHERE seq = 4".to_owned()).await;
            bench.place.run(change.to_owned()).await;
            let broken = bench.store.verify_audit().await.unwrap().broken;
            assert_eq!(broken.map(|(seq, _)| seq), Some(line), "{change}");
            bench.place.run(back.to_owned()).await;
        }
    }

    async fn only_the_holder_of_the_lease_seals(bench) {
        bench.store.audit(entry("token.created")).await.unwrap();
        assert!(bench.store.seal("a", 1, 10).await.is_err());
        let first = bench.store.lease(SEALER, "a", LEASE).await.unwrap().unwrap();
        assert_eq!(bench.store.lease(SEALER, "b", LEASE).await.unwrap(), None);
        assert_eq!(bench.store.lease(SEALER, "a", LEASE).await.unwrap(), Some(first), "renewed");
        bench.let_leases_end();
        assert!(bench.store.seal("a", first, 10).await.is_err(), "the lease has ended");
        let second = bench.store.lease(SEALER, "b", LEASE).await.unwrap().unwrap();
        assert!(second > first);
        let refused = bench.store.seal("a", first, 10).await.unwrap_err();
        assert_eq!(refused.reason_code(), "claim_lost");
        assert_eq!(bench.store.seal("b", second, 10).await.unwrap(), 1);
    }
}
