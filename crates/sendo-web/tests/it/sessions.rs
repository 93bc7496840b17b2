//! What a signed-in browser may do, and when it may no longer.

use sendo_core::time::Span;
use sendo_store::{SESSION_IDLE, SESSION_LIFE};
use sendo_web::Limits;
use sendo_web::token::Scope;

use crate::client::Call;
use crate::harness::Server;
use crate::sign_in::{cookie_of, sign_in};

const DEPLOY: &str = r#"{"application":"example1","environment":"test"}"#;

/// Whom the header of the board names; `None` when it leads to where one signs in.
async fn reader(server: &Server, cookie: &str) -> Option<String> {
    let call = server.get("/").header("accept", "text/html");
    let reply = call.header("cookie", cookie).send().await;
    let (_, named) = reply.body.split_once("action=\"/sign-out\"><span>")?;
    named.split_once('<').map(|(name, _)| name.to_owned())
}

fn deploy(server: &Server, cookie: &str) -> Call {
    server
        .post("/api/v1/deployments", DEPLOY)
        .header("cookie", cookie)
}

#[tokio::test]
async fn a_session_acts_as_its_token_and_every_page_says_who_it_is() {
    let server = Server::closed().await;
    let token = server.token_of("local:aoi", &[Scope::Read]).await;
    let cookie = sign_in(&server, &token).await;
    assert_eq!(reader(&server, &cookie).await.as_deref(), Some("local:aoi"));
    for path in ["/audit", "/deliveries", "/applications/web", "/nothing"] {
        let call = server.get(path).header("accept", "text/html");
        let reply = call.header("cookie", &cookie).send().await;
        assert!(reply.body.contains("local:aoi"), "{path}: {reply:?}");
    }
    let call = deploy(&server, &cookie).header("sec-fetch-site", "same-origin");
    assert_eq!(call.send().await.reason(), "scope_missing");
    server.stop().await;
}

#[tokio::test]
async fn a_session_ends_after_a_day_however_much_it_is_used() {
    let server = Server::closed().await;
    let cookie = sign_in(&server, &server.long_token_of("local:aoi").await).await;
    for _ in 0..3 {
        server.clock.advance(Span::from_secs(7 * 60 * 60));
        assert!(reader(&server, &cookie).await.is_some());
    }
    server.clock.advance(Span::from_secs(3 * 60 * 60));
    assert_eq!(reader(&server, &cookie).await, None);
    assert_eq!(SESSION_LIFE, Span::from_secs(24 * 60 * 60));
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends() {
    let server = Server::closed().await;
    let cookie = sign_in(&server, &server.long_token_of("local:aoi").await).await;
    server.clock.advance(SESSION_IDLE);
    assert_eq!(reader(&server, &cookie).await, None);
    server.stop().await;
}

#[tokio::test]
async fn revoking_a_token_ends_its_sessions_at_once() {
    let server = Server::closed().await;
    let token = server.long_token_of("local:aoi").await;
    let cookie = sign_in(&server, &token).await;
    let path = format!("/api/v1/tokens/{}", &token[6..18]);
    assert_eq!(server.delete(&path).token(&token).send().await.status, 200);
    assert_eq!(reader(&server, &cookie).await, None);
    server.stop().await;
}

#[tokio::test]
async fn who_signs_out_is_signed_out_on_the_server_too() {
    let server = Server::closed().await;
    let token = server.long_token_of("local:aoi").await;
    let cookie = sign_in(&server, &token).await;
    let other = sign_in(&server, &token).await;
    let out = Call::new(server.address, "POST", "/sign-out").form(&[]);
    let reply = out.header("cookie", &cookie).send().await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    let cleared = reply.header("set-cookie").expect("a cookie");
    assert!(cleared.starts_with("__host-sendo=; path=/; max-age=0;"));
    assert_eq!(reader(&server, &cookie).await, None);
    assert!(reader(&server, &other).await.is_some(), "only that one");
    server.stop().await;
}

#[tokio::test]
async fn signing_in_draws_a_new_secret_and_ends_the_session_before() {
    let server = Server::closed().await;
    let token = server.long_token_of("local:aoi").await;
    let first = sign_in(&server, &token).await;
    let planted = format!("__Host-sendo={}", "a".repeat(64));
    for before in [&first, &planted] {
        let call = Call::new(server.address, "POST", "/sign-in").form(&[("token", &token)]);
        let again = cookie_of(&call.header("cookie", before).send().await);
        assert_ne!(&again, before);
        assert!(reader(&server, &again).await.is_some());
        assert_eq!(reader(&server, before).await, None, "{before}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_forged_cookie_is_as_none() {
    let (open, closed) = (Server::start().await, Server::closed().await);
    let token = closed.long_token_of("local:aoi").await;
    let good = sign_in(&closed, &token).await;
    let (_, secret) = token[6..].split_once('_').expect("two halves");
    for forged in [
        format!("__Host-sendo={token}"),
        format!("__Host-sendo={secret}"),
        format!("__Host-sendo={}", "0".repeat(64)),
        good.to_uppercase(),
        good.replace("__Host-", ""),
        format!("{good}; {good}"),
        "__Host-sendo=".to_owned(),
    ] {
        let call = || closed.get("/").header("cookie", &forged);
        assert_eq!(call().send().await.reason(), "token_missing", "{forged}");
        let led = call().header("accept", "text/html").send().await;
        assert_eq!(led.header("location"), Some("/sign-in"), "{forged}");
        let read = open.get("/").header("cookie", &forged).send().await;
        assert_eq!(read.status, 200, "{forged}");
        assert!(read.body.contains("href=\"/sign-in\""), "{forged}");
    }
    open.stop().await;
    closed.stop().await;
}

#[tokio::test]
async fn a_token_that_is_shown_wins_over_a_session() {
    let server = Server::closed().await;
    let cookie = sign_in(&server, &server.long_token_of("local:aoi").await).await;
    let board = || server.get("/api/v1/board").header("cookie", &cookie);
    let forged = format!("sendo_000000000000_{}", "e".repeat(64));
    assert_eq!(board().send().await.status, 200);
    assert_eq!(
        board().token(&forged).send().await.reason(),
        "token_invalid"
    );
    let weak = server.token(&[Scope::Deploy], &[]).await;
    assert_eq!(board().token(&weak).send().await.reason(), "scope_missing");
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_use_a_session() {
    let server = Server::start().await;
    let cookie = sign_in(&server, &server.long_token_of("local:aoi").await).await;
    let here = format!("http://{}", server.address);
    for (name, value, status) in [
        ("sec-fetch-site", "same-origin", 202),
        ("origin", here.as_str(), 202),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        // A program that says neither shows its token, and no session.
        ("x-neither", "", 403),
    ] {
        let reply = deploy(&server, &cookie).header(name, value).send().await;
        assert_eq!(reply.status, status, "{name}: {value}: {reply:?}");
        let form = Call::new(server.address, "POST", "/sign-in").form(&[("token", "x")]);
        let form = form.without("sec-fetch-site").header(name, value);
        assert_eq!(
            form.send().await.status == 403,
            status == 403,
            "{name}: {value}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn two_replicas_share_a_session() {
    let one = Server::closed().await;
    let store = one.store.clone();
    let reads = |web: &mut sendo_web::WebState| {
        web.store = store;
        web.reads = sendo_web::Reads::WithToken;
    };
    let two = Server::with(Limits::default(), reads).await;
    let cookie = sign_in(&one, &one.long_token_of("local:aoi").await).await;
    assert_eq!(reader(&two, &cookie).await.as_deref(), Some("local:aoi"));
    let out = Call::new(two.address, "POST", "/sign-out").form(&[]);
    out.header("cookie", &cookie).send().await;
    assert_eq!(reader(&one, &cookie).await, None);
    one.stop().await;
    two.stop().await;
}
