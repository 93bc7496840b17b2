//! What keeps an eye on the process.

use sendo_core::deployment::{DeploymentState, Waiting};
use sendo_web::Readiness;
use sendo_web::token::Scope;

use crate::harness::{Server, lane};
use crate::seed;

#[tokio::test]
async fn a_server_is_ready_between_its_start_and_its_end() {
    let server = Server::start().await;
    for (readiness, status) in [
        (Readiness::Starting, 503),
        (Readiness::Ready, 200),
        (Readiness::Stopping, 503),
    ] {
        server.ready.send_replace(readiness);
        let probe = server
            .get("/readyz")
            .header("host", "10.0.0.7:8787")
            .send()
            .await;
        assert_eq!(probe.status, status, "{readiness:?}");
        assert_eq!(server.get("/livez").send().await.status, 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn metrics_count_what_happened_under_labels_that_callers_cannot_make() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let body = r#"{"application":"example1","environment":"test"}"#;
    let ask = || {
        server
            .post("/api/v1/deployments", body)
            .token(&token)
            .header("idempotency-key", "k")
    };
    ask().send().await;
    ask().send().await;
    let lock = server.post("/api/v1/locks", r#"{"area":"*","reason":"x"}"#);
    lock.token(&token).send().await;
    server.get("/hostile\"label").token("forged").send().await;
    server.get("/api/v1/board").token("forged").send().await;
    let text = server.get("/metrics").send().await.body;
    for line in [
        "sendo_build_info{version=\"0.1.0\"} 1",
        "sendo_ready 1.0",
        "sendo_queue_depth{queue=\"deliveries\",state=\"ready\"} 2.0",
        "sendo_deliveries_quarantined 0.0",
        "sendo_webhook_deliveries_total{source=\"api\",event=\"deploy\",outcome=\"new\"} 1",
        "sendo_webhook_deliveries_total{source=\"api\",event=\"deploy\",outcome=\"duplicate\"} 1",
        "sendo_webhook_ack_seconds_count 3",
        "sendo_lock_held{scope=\"everything\"} 0.0",
        "sendo_config_generation 0.0",
        "sendo_config_reload_failed 0.0",
        "sendo_http_answers_total{class=\"4xx\"} 2",
        "sendo_calls_refused_total 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(!text.contains("example1") && !text.contains("hostile"));
    server.stop().await;
}

#[tokio::test]
async fn metrics_take_a_token_for_everything_where_reading_takes_one() {
    let server = Server::closed().await;
    assert_eq!(server.get("/metrics").send().await.status, 401);
    for (scope, applications, status) in [
        (Scope::Read, &[][..], 200),
        (Scope::Read, &["web"][..], 403),
        (Scope::ReportImage, &[][..], 403),
    ] {
        let token = server.token(&[scope], applications).await;
        let reply = server.get("/metrics").token(&token).send().await;
        assert_eq!(reply.status, status, "{scope} {applications:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn however_often_it_is_scraped_the_store_is_asked_every_few_seconds_only() {
    let server = Server::start().await;
    let reads = async || {
        let text = server.get("/metrics").send().await.body;
        let name = "sendo_db_tx_seconds_count{op=\"read\"} ";
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|count| count.parse::<u64>().ok())
    };
    let (first, mut last) = (reads().await, None);
    for _ in 0..50 {
        last = reads().await;
    }
    assert!(first.is_some() && last == first, "{first:?} {last:?}");
    server.stop().await;
}

#[tokio::test]
async fn what_deployments_wait_for_is_counted_by_what_for() {
    let server = Server::start().await;
    for number in [1, 2] {
        let mut row = seed::deployment(&lane("example1", "test"), number, "main");
        row.state = DeploymentState::Waiting;
        row.waiting = Some(Waiting::TreeMismatch);
        seed::write(server.store.as_ref(), row, "x").await;
    }
    let text = server.get("/metrics").send().await.body;
    let line = "sendo_deployments_waiting{for=\"tree_mismatch\"} 2.0";
    assert!(text.lines().any(|found| found == line), "{text}");
    server.stop().await;
}
