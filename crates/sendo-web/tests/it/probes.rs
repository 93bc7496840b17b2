//! What keeps an eye on the process.

use sendo_web::Readiness;
use sendo_web::token::Scope;

use crate::harness::Server;

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
    server.get("/hostile\"label").token("forged").send().await;
    server.get("/api/v1/board").token("forged").send().await;
    let text = server.get("/metrics").send().await.body;
    for line in [
        "sendo_build_info{version=\"1.2.3\"} 1",
        "sendo_ready 1",
        "sendo_backlog{kind=\"deliveries\"} 1",
        "sendo_deliveries_newest{outcome=\"open\"} 1",
        "sendo_api_deliveries_total{kind=\"deploy\",outcome=\"new\"} 1",
        "sendo_api_deliveries_total{kind=\"deploy\",outcome=\"duplicate\"} 1",
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
