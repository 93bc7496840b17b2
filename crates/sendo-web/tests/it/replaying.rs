//! Having quarantined deliveries translated once more: by the API and by the form of their page.

use sendo_core::time::Span;
use sendo_store::{DeliveryOutcome, NewDelivery, Settlement};
use sendo_web::token::Scope;

use crate::harness::Server;

/// A delivery that was settled so.
async fn settled(server: &Server, dedup: &str, outcome: DeliveryOutcome) -> String {
    let delivery = NewDelivery {
        source: "forge:acme".to_owned(),
        dedup: dedup.to_owned(),
        name: "push".to_owned(),
        body: b"{}".to_vec(),
        by: None,
    };
    server.store.accept(delivery).await.expect("stored");
    let claimed = server.store.claim_delivery(Span::from_secs(60), 8).await;
    let claimed = claimed.expect("claimed").expect("one waits");
    let settlement = Settlement {
        events: Vec::new(),
        wakes: Vec::new(),
        outcome,
    };
    let id = claimed.id.clone();
    server
        .store
        .settle(&claimed, settlement)
        .await
        .expect("settled");
    id
}

fn quarantined() -> DeliveryOutcome {
    DeliveryOutcome::Quarantined {
        reason_code: "attempts_exhausted".to_owned(),
        message: "in vain".to_owned(),
    }
}

#[tokio::test]
async fn a_quarantined_delivery_is_replayed_once_and_audited_once() {
    let server = Server::start().await;
    let id = settled(&server, "1", quarantined()).await;
    let token = server.token_of("local:aoi", &[Scope::Deploy]).await;
    let path = format!("/api/v1/deliveries/{id}/replay");
    for duplicate in [false, true] {
        let reply = server.post(&path, "{}").token(&token).send().await;
        assert_eq!(
            (reply.status, &reply.json()["duplicate"]),
            (202, &duplicate.into())
        );
    }
    let lines = server.store.audit_rows(0, 9).await.expect("read");
    let told = lines
        .iter()
        .filter(|line| line.entry.action == "delivery.replayed");
    let told: Vec<_> = told.map(|line| &line.entry).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].actor.as_ref().map(|by| by.as_str()),
        Some("local:aoi")
    );
    assert_eq!(told[0].detail["delivery"], id.as_str());
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_quarantined_or_not_theirs_to_replay_is_refused_with_the_reason() {
    let server = Server::start().await;
    let done = settled(&server, "1", DeliveryOutcome::Done).await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let read = server.token(&[Scope::Read], &[]).await;
    let limited = server.token(&[Scope::Deploy], &["web"]).await;
    for (id, token, status, code) in [
        (done.as_str(), &token, 409, "not_quarantined"),
        ("000000000099", &token, 404, "delivery_unknown"),
        ("nonsense", &token, 404, "delivery_unknown"),
        (done.as_str(), &read, 403, "scope_missing"),
        (done.as_str(), &limited, 403, "token_limited"),
    ] {
        let call = server.post(&format!("/api/v1/deliveries/{id}/replay"), "{}");
        let reply = call.token(token).send().await;
        assert_eq!(
            (reply.status, reply.reason()),
            (status, code.to_owned()),
            "{id}"
        );
    }
    let quarantined = settled(&server, "2", quarantined()).await;
    let later = server.clock.advance(Span::from_secs(1));
    server.store.prune(later).await.expect("pruned");
    let call = server.post(&format!("/api/v1/deliveries/{quarantined}/replay"), "{}");
    assert_eq!(call.token(&token).send().await.reason(), "body_deleted");
    server.stop().await;
}

#[tokio::test]
async fn the_page_has_a_button_for_who_may_and_its_form_leads_back() {
    let server = Server::start().await;
    let id = settled(&server, "1", quarantined()).await;
    settled(&server, "2", DeliveryOutcome::Done).await;
    let path = format!("/deliveries/{id}/replay");
    let token = server.token(&[Scope::Deploy, Scope::Read], &[]).await;
    let read = server.token(&[Scope::Read], &[]).await;
    let page = async |token: &str| server.get("/deliveries").token(token).send().await.body;
    assert!(
        !server
            .get("/deliveries")
            .send()
            .await
            .body
            .contains("<form method=\"post\" action=\"/deliveries")
    );
    assert!(!page(&read).await.contains("/replay"));
    assert_eq!(page(&token).await.matches("/replay\"").count(), 1);
    let form = || server.post(&path, "").token(&token).form(&[]);
    let foreign = form().header("sec-fetch-site", "cross-site").send().await;
    assert_eq!(foreign.status, 403, "{}", foreign.body);
    let reply = form().send().await;
    assert!(
        reply.status == 303 && reply.head.contains("location: /deliveries\r\n"),
        "{}",
        reply.head
    );
    assert!(!page(&token).await.contains("/replay"), "it waits already");
    server.stop().await;
}
