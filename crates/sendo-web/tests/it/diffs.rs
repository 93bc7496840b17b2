//! What a deployment changes, as programs and browsers are told.

use std::sync::Arc;

use sendo_web::token::Scope;
use sendo_web::{DiffError, Limits};

use crate::harness::{Server, lane};
use crate::seed;

const DIFF: &str = "/api/v1/deployments/example1/test/1/diff";

/// A server whose forge answers so, with one deployment that has a change request.
async fn asked(answer: fn() -> Result<(), DiffError>) -> Server {
    let server = Server::with(Limits::default(), |web| {
        web.differ = Arc::new(move |brings| {
            assert_eq!(brings, seed::brings());
            Box::pin(async move { answer().map(|()| seed::diff()) })
        });
    })
    .await;
    let row = seed::deployment(&lane("example1", "test"), 1, "x");
    seed::write(&*server.store, row, "x").await;
    server
}

#[tokio::test]
async fn a_change_is_told_with_where_it_is() {
    let server = asked(|| Ok(())).await;
    let told = server.get(DIFF).send().await.json();
    assert_eq!(told["deployment"], "example1/test/1");
    assert_eq!(told["repository"], "here:manifests");
    assert_eq!(told["to"], seed::revision().as_str());
    assert_eq!(told["text"], seed::diff().text);
    let page = server
        .get("/deployments/example1/test/1/diff")
        .header("accept", "text/html")
        .send()
        .await
        .body;
    assert!(page.contains("<ins>+&#60;b&#62;2</ins>"), "{page}");
    assert!(page.contains("<del>-&#60;b&#62;1</del>"), "{page}");
    server.stop().await;
}

#[tokio::test]
async fn a_deployment_that_has_proposed_nothing_says_so() {
    let server = asked(|| Ok(())).await;
    let mut row = seed::deployment(&lane("example1", "prod"), 1, "x");
    row.brings = None;
    seed::write(&*server.store, row, "x").await;
    let diff = "/api/v1/deployments/example1/prod/1/diff";
    let refused = server.get(diff).send().await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"]["reason_code"], "no_change");
    server.stop().await;
}

#[tokio::test]
async fn what_the_forge_says_is_passed_on() {
    for (answer, status, code) in [
        (
            (|| Err(DiffError::Refused("it is elsewhere".to_owned()))) as fn() -> _,
            409,
            "diff_unreadable",
        ),
        (
            || Err(DiffError::Trouble("it is asleep".to_owned())),
            503,
            "forge_trouble",
        ),
    ] {
        let server = asked(answer).await;
        let refused = server.get(DIFF).send().await;
        assert_eq!(refused.status, status);
        let error = &refused.json()["error"];
        assert_eq!(error["reason_code"], code);
        assert!(
            error["message"]
                .as_str()
                .expect("words")
                .starts_with("it is ")
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_token_for_one_application_reads_no_change_of_another() {
    let server = asked(|| Ok(())).await;
    let token = server.token(&[Scope::Read], &["web"]).await;
    let bearer = format!("Bearer {token}");
    let refused = server.get(DIFF).header("authorization", &bearer).send();
    assert_eq!(refused.await.status, 403);
    server.stop().await;
}
