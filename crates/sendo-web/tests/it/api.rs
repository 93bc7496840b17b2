//! What programs ask for.

use sendo_core::deployment::DeploymentState;
use sendo_core::time::Timestamp;
use sendo_web::token::Scope;

use crate::harness::{Server, lane};
use crate::seed;

const DEPLOY: &str = r#"{"application":"example1","environment":"test","reference":"main"}"#;

#[tokio::test]
async fn a_request_is_stored_before_it_is_answered() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let reply = server
        .post("/api/v1/deployments", DEPLOY)
        .token(&token)
        .send()
        .await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.json()["duplicate"], false);
    let stored = server.store.deliveries(None, 10).await.expect("read");
    assert_eq!(stored.len(), 1);
    assert_eq!(reply.json()["delivery"], stored[0].id.as_str());
    server.stop().await;
}

#[tokio::test]
async fn the_same_key_is_the_same_request_of_its_caller_alone() {
    let server = Server::start().await;
    let mine = server.token(&[Scope::Deploy], &[]).await;
    let other = server.token(&[Scope::Deploy], &[]).await;
    let ask = async |token: &str| {
        let call = server.post("/api/v1/deployments", DEPLOY).token(token);
        call.header("idempotency-key", "once").send().await.json()
    };
    let (first, second) = (ask(&mine).await, ask(&mine).await);
    assert_eq!(first["delivery"], second["delivery"]);
    assert_eq!(
        (&first["duplicate"], &second["duplicate"]),
        (&false.into(), &true.into())
    );
    assert_eq!(ask(&other).await["duplicate"], false);
    // The same key for something else is something else.
    let tag = r#"{"application":"example1","environment":"test","reference":"v1"}"#;
    let call = server.post("/api/v1/deployments", tag).token(&mine);
    let reply = call.header("idempotency-key", "once").send().await;
    assert_eq!(reply.json()["duplicate"], false);
    let call = server.post("/api/v1/deployments", DEPLOY).token(&mine);
    let reply = call.header("idempotency-key", "two words").send().await;
    assert_eq!(reply.reason(), "idempotency_key_invalid");
    server.stop().await;
}

#[tokio::test]
async fn the_same_image_reported_twice_is_one_delivery() {
    let server = Server::start().await;
    let token = server.token(&[Scope::ReportImage], &[]).await;
    let report = |tag: &str| {
        let revision = "a".repeat(40);
        format!(r#"{{"application":"web","revision":"{revision}","tag":"{tag}"}}"#)
    };
    let send = async |tag: &str| {
        let reply = server
            .post("/api/v1/images", &report(tag))
            .token(&token)
            .send()
            .await;
        reply.json()["duplicate"].clone()
    };
    assert_eq!(
        [send("1").await, send("1").await, send("2").await],
        [false, true, false]
    );
    for wrong in [
        r#"{"application":"web","revision":"main"}"#.to_owned(),
        report("-x"),
        report("a b"),
        format!(
            r#"{{"application":"web","revision":"{}","digest":"sha256:x"}}"#,
            "a".repeat(40)
        ),
    ] {
        let reply = server
            .post("/api/v1/images", &wrong)
            .token(&token)
            .send()
            .await;
        assert_eq!(reply.status, 400, "{wrong}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_name_that_is_not_configured_gets_a_suggestion() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    for (application, environment, reason, next) in [
        (
            "exmaple1",
            "test",
            "application_unknown",
            "did you mean `example1`?",
        ),
        (
            "example1",
            "prd",
            "environment_unknown",
            "did you mean `prod`?",
        ),
        (
            "zzz",
            "test",
            "application_unknown",
            "there are `example1`, `web`",
        ),
        ("web", "prod", "environment_unknown", "there are `staging`"),
    ] {
        let body = format!(r#"{{"application":"{application}","environment":"{environment}"}}"#);
        let reply = server
            .post("/api/v1/deployments", &body)
            .token(&token)
            .send()
            .await;
        assert_eq!((reply.status, reply.reason().as_str()), (404, reason));
        assert_eq!(reply.json()["error"]["next"], next);
    }
    let odd = DEPLOY.replace("main", "--upload-pack=x");
    let reply = server
        .post("/api/v1/deployments", &odd)
        .token(&token)
        .send()
        .await;
    assert_eq!(reply.reason(), "reference_invalid");
    server.stop().await;
}

#[tokio::test]
async fn the_board_puts_each_deployment_where_it_belongs() {
    let server = Server::start().await;
    let here = lane("example1", "test");
    for (ordinal, state) in [
        (1, DeploymentState::Succeeded),
        (2, DeploymentState::Failed),
        (3, DeploymentState::Waiting),
    ] {
        let mut row = seed::deployment(&here, ordinal, "main");
        row.state = state;
        row.created_at = Timestamp(row.created_at.0 + i64::try_from(ordinal).unwrap_or(0));
        seed::write(&*server.store, row, "main").await;
    }
    let board = server.get("/api/v1/board").send().await.json();
    let first = &board["lanes"][0];
    assert_eq!(first["running"]["id"], "example1/test/1");
    assert_eq!(first["failed"]["id"], "example1/test/2");
    assert_eq!(first["moving"]["id"], "example1/test/3");
    let order: Vec<_> = board["lanes"].as_array().expect("lanes").iter().collect();
    assert_eq!(order[1]["lane"]["environment"], "prod");
    assert_eq!(order[2]["running"], serde_json::Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn deployments_are_listed_filtered_and_told_with_their_timeline() {
    let server = Server::start().await;
    for (application, environment) in [("example1", "test"), ("web", "staging")] {
        let row = seed::deployment(&lane(application, environment), 1, "main");
        seed::write(&*server.store, row, "main").await;
    }
    let count = async |query: &str| {
        let reply = server
            .get(&format!("/api/v1/deployments?{query}"))
            .send()
            .await;
        reply.json()["deployments"].as_array().map(Vec::len)
    };
    assert_eq!(count("").await, Some(2));
    assert_eq!(count("application=web&state=failed,queued").await, Some(1));
    assert_eq!(count("environment=prod").await, Some(0));
    assert_eq!(count("limit=1").await, Some(1));
    let one = server
        .get("/api/v1/deployments/web/staging/1")
        .send()
        .await
        .json();
    assert_eq!(one["deployment"]["id"], "web/staging/1");
    assert_eq!(one["timeline"].as_array().map(Vec::len), Some(3));
    for (path, code) in [
        ("web/staging/2", "deployment_unknown"),
        ("web/staging/x", "deployment_unknown"),
        ("web/staging/01x", "deployment_unknown"),
        ("a%2Fb/c/1", "application_unknown"),
    ] {
        let reply = server
            .get(&format!("/api/v1/deployments/{path}"))
            .send()
            .await;
        assert_eq!(reply.reason(), code, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_question_that_is_not_understood_is_not_answered_with_something_else() {
    let server = Server::start().await;
    for (path, reason) in [
        ("/api/v1/deployments?app=web", "query_invalid"),
        ("/api/v1/deployments?limit=many", "query_invalid"),
        ("/api/v1/deployments?limit=0", "limit_invalid"),
        ("/api/v1/deployments?limit=1001", "limit_invalid"),
        ("/api/v1/deployments?state=faild", "state_unknown"),
        ("/api/v1/deliveries?outcome=lost", "outcome_unknown"),
        ("/api/v1/nothing", "route_unknown"),
    ] {
        let reply = server.get(path).send().await;
        assert_eq!(reply.reason(), reason, "{path}: {reply:?}");
    }
    let wrong = server.delete("/api/v1/board").send().await;
    assert_eq!(
        (wrong.status, wrong.reason().as_str()),
        (405, "method_not_allowed")
    );
    assert!(wrong.head.contains("allow: get"));
    server.stop().await;
}

#[tokio::test]
async fn deliveries_backlog_and_the_audit_trail_can_be_read() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    server
        .post("/api/v1/deployments", DEPLOY)
        .token(&token)
        .send()
        .await;
    let deliveries = server.get("/api/v1/deliveries?limit=5").send().await.json();
    assert_eq!(deliveries["deliveries"].as_array().map(Vec::len), Some(1));
    let quarantined = server
        .get("/api/v1/deliveries?outcome=quarantined")
        .send()
        .await
        .json();
    assert_eq!(quarantined["deliveries"].as_array().map(Vec::len), Some(0));
    assert_eq!(
        server.get("/api/v1/backlog").send().await.json()["deliveries"],
        1
    );
    let verdict = server.get("/api/v1/audit/verify").send().await.json();
    assert_eq!(verdict["broken"], serde_json::Value::Null);
    let audit = server
        .get("/api/v1/audit?after=0&limit=10")
        .send()
        .await
        .json();
    assert!(audit["rows"].is_array() && audit["next"].is_i64());
    server.stop().await;
}
