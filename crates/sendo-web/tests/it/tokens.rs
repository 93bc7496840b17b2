//! Who may do what.

use sendo_core::time::Span;
use sendo_web::token::Scope;

use crate::harness::Server;

const DEPLOY: &str = r#"{"application":"example1","environment":"test"}"#;

#[tokio::test]
async fn without_a_token_nobody_deploys_even_where_everybody_may_read() {
    let server = Server::start().await;
    let reply = server.post("/api/v1/deployments", DEPLOY).send().await;
    assert_eq!(
        (reply.status, reply.reason().as_str()),
        (401, "token_missing")
    );
    assert!(reply.head.contains("www-authenticate: bearer"));
    assert_eq!(server.get("/api/v1/board").send().await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn forged_tokens_are_refused_on_every_route_that_asks_and_leave_no_delivery() {
    let server = Server::start().await;
    let good = server.token(&[Scope::Deploy], &[]).await;
    let (id, secret) = good[6..].split_once('_').expect("two halves");
    let other_id = format!("sendo_000000000000_{secret}");
    let other_secret = format!("sendo_{id}_{}", "0".repeat(64));
    let upper = good.to_uppercase();
    for forged in ["", "x", "sendo_", secret, &other_id, &other_secret, &upper] {
        for call in [server.post("/api/v1/deployments", DEPLOY), server.get("/")] {
            let reply = call.token(forged).send().await;
            assert_eq!(
                (reply.status, reply.reason().as_str()),
                (401, "token_invalid"),
                "{forged}"
            );
            assert!(!reply.body.contains(secret), "a secret is never told back");
        }
    }
    let basic = server
        .get("/")
        .header("authorization", "Basic eDp5")
        .send()
        .await;
    assert_eq!(basic.status, 401);
    assert!(
        server
            .store
            .deliveries(None, 10)
            .await
            .expect("read")
            .is_empty()
    );
    server.stop().await;
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let ask = || {
        server
            .post("/api/v1/deployments", DEPLOY)
            .token(&token)
            .send()
    };
    assert_eq!(ask().await.status, 202);
    server.clock.advance(Span::from_secs(3_600));
    assert_eq!(ask().await.reason(), "token_invalid");
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_good_for_nothing_at_once() {
    let server = Server::start().await;
    let admin = server.token(&[Scope::Admin], &[]).await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let id = token[6..].split('_').next().expect("an id");
    let path = format!("/api/v1/tokens/{id}");
    assert_eq!(server.delete(&path).token(&admin).send().await.status, 200);
    let reply = server
        .post("/api/v1/deployments", DEPLOY)
        .token(&token)
        .send()
        .await;
    assert_eq!(reply.status, 401);
    let unknown = server
        .delete("/api/v1/tokens/nobody")
        .token(&admin)
        .send()
        .await;
    assert_eq!(
        (unknown.status, unknown.reason().as_str()),
        (404, "token_unknown")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_token_does_what_its_scope_says_and_nothing_else() {
    let server = Server::closed().await;
    let image = format!(r#"{{"application":"web","revision":"{}"}}"#, "a".repeat(40));
    for (scope, allowed) in [
        (Scope::Read, [200, 403, 403, 403]),
        (Scope::Deploy, [403, 202, 403, 403]),
        (Scope::ReportImage, [403, 403, 202, 403]),
        (Scope::Admin, [200, 202, 202, 200]),
    ] {
        let token = server.token(&[scope], &[]).await;
        let calls = [
            server.get("/api/v1/board"),
            server.post("/api/v1/deployments", DEPLOY),
            // A report that was not made before is new, one that was is a duplicate: both are taken.
            server.post("/api/v1/images", &image),
            server.get("/api/v1/tokens"),
        ];
        for (call, status) in calls.into_iter().zip(allowed) {
            let reply = call.token(&token).send().await;
            assert_eq!(reply.status, status, "{scope}: {reply:?}");
            if status == 403 {
                assert_eq!(reply.reason(), "scope_missing");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_closed_server_shows_nothing_without_a_token_but_its_probes() {
    let server = Server::closed().await;
    for path in ["/", "/api/v1/board", "/metrics", "/events", "/api/v1/audit"] {
        assert_eq!(
            server.get(path).send().await.reason(),
            "token_missing",
            "{path}"
        );
    }
    for path in [
        "/livez",
        "/readyz",
        "/api/v1/openapi.json",
        "/assets/sendo.css",
    ] {
        assert_eq!(server.get(path).send().await.status, 200, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_token_for_one_application_sees_and_moves_only_that_one() {
    let server = Server::closed().await;
    let token = server.token(&[Scope::Admin], &["web"]).await;
    let board = server
        .get("/api/v1/board")
        .token(&token)
        .send()
        .await
        .json();
    assert_eq!(board["lanes"].as_array().map(Vec::len), Some(1));
    for call in [
        server.post("/api/v1/deployments", DEPLOY),
        server.get("/api/v1/deployments?application=example1"),
        server.get("/api/v1/deployments/example1/test/1"),
        // What does not exist is not told from what is not covered.
        server.get("/api/v1/deployments/nothing/test/1"),
    ] {
        assert_eq!(
            call.token(&token).send().await.reason(),
            "application_not_covered"
        );
    }
    // It could make itself a wider one, and deliveries and the audit trail concern everybody.
    for path in ["/api/v1/tokens", "/api/v1/deliveries", "/api/v1/audit"] {
        let reply = server.get(path).token(&token).send().await;
        assert_eq!(reply.reason(), "token_limited", "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_token_made_over_the_api_works_and_is_never_shown_again() {
    let server = Server::closed().await;
    let admin = server.token(&[Scope::Admin], &[]).await;
    let wish = r#"{"name":"ci","scopes":["read"],"applications":["web"],"ttl_seconds":60}"#;
    let made = server
        .post("/api/v1/tokens", wish)
        .token(&admin)
        .send()
        .await;
    assert_eq!(made.status, 201);
    assert!(made.head.contains("cache-control: no-store"));
    let secret = made.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(
        server
            .get("/api/v1/board")
            .token(&secret)
            .send()
            .await
            .status,
        200
    );
    let list = server.get("/api/v1/tokens").token(&admin).send().await;
    assert!(!list.body.contains(&secret[20..]) && !list.body.contains("hash"));
    let audit = server.store.audit_rows(0, 100).await.expect("audit");
    let line = audit.last().expect("a line");
    assert_eq!(line.entry.action, "token.created");
    assert!(
        line.entry
            .actor
            .as_ref()
            .is_some_and(|by| by.as_str().starts_with("token:"))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_wish_for_a_token_that_lasts_too_long_or_may_nothing_is_refused() {
    let server = Server::start().await;
    let admin = server.token(&[Scope::Admin], &[]).await;
    for (wish, reason) in [
        (
            r#"{"name":"x","scopes":["read"],"ttl_seconds":31536001}"#,
            "lifetime_invalid",
        ),
        (
            r#"{"name":"x","scopes":["read"],"ttl_seconds":0}"#,
            "lifetime_invalid",
        ),
        (r#"{"name":"x","scopes":[]}"#, "scope_missing"),
        (r#"{"name":"x","scopes":["root"]}"#, "scope_unknown"),
        (r#"{"name":" ","scopes":["read"]}"#, "name_invalid"),
        (
            r#"{"name":"x","scopes":["read"],"applications":["wed"]}"#,
            "application_unknown",
        ),
    ] {
        let reply = server
            .post("/api/v1/tokens", wish)
            .token(&admin)
            .send()
            .await;
        assert_eq!(reply.reason(), reason, "{wish}");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_holds_a_token_is_who_acts_by_it() {
    let server = Server::start().await;
    let admin = server.token(&[Scope::Admin], &[]).await;
    let wish = r#"{"name":"a laptop","principal":"local:aoi","scopes":["admin"]}"#;
    let made = server.post("/api/v1/tokens", wish).token(&admin);
    let made = made.send().await.json();
    assert_eq!(made["token"]["principal"], "local:aoi");
    let theirs = made["secret"].as_str().expect("a secret").to_owned();
    let another = r#"{"name":"ci","scopes":["read"]}"#;
    let made = server.post("/api/v1/tokens", another).token(&theirs);
    let made = made.send().await.json();
    let itself = format!("token:{}", made["token"]["id"].as_str().expect("an id"));
    assert_eq!(made["token"]["principal"], itself.as_str());
    let audit = server.store.audit_rows(0, 100).await.expect("audit");
    let actor = audit.last().and_then(|line| line.entry.actor.clone());
    assert_eq!(actor.map(|by| by.to_string()).as_deref(), Some("local:aoi"));
    // Nor does a token act as nobody, or as another token.
    for nobody in ["aoi", &itself] {
        let wish = format!(r#"{{"name":"x","principal":"{nobody}","scopes":["read"]}}"#);
        let refused = server.post("/api/v1/tokens", &wish).token(&admin);
        assert_eq!(refused.send().await.status, 400);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_plan_looks_into_any_repository_so_a_limited_token_makes_none() {
    let server = Server::start().await;
    let limited = server.token(&[Scope::Deploy], &["web"]).await;
    let whole = server.token(&[Scope::Deploy], &[]).await;
    let plan = || server.post("/api/v1/plan", r#"{"files": []}"#);
    assert_eq!(
        plan().token(&limited).send().await.reason(),
        "token_limited"
    );
    assert_eq!(plan().token(&whole).send().await.status, 200);
    server.stop().await;
}
