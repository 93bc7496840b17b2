//! Callers that send too much, too slowly, or nonsense.

use std::time::{Duration, Instant};

use sendo_web::Limits;
use sendo_web::token::Scope;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::{SOON, read_until, reply};
use crate::harness::{Server, short};

const ROUTE: &str = "/api/v1/deployments";

#[tokio::test]
async fn a_body_of_30_megabytes_is_refused_before_it_is_read() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let call = server
        .post(ROUTE, "")
        .token(&token)
        .header("content-length", "31457280");
    let answer = reply(&mut call.open().await).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (413, "body_too_large")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_body_of_endless_chunks_is_refused_at_the_limit() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let call = server
        .post(ROUTE, "")
        .token(&token)
        .header("transfer-encoding", "chunked");
    let mut stream = call.open().await;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..17 {
        stream.write_all(chunk.as_bytes()).await.expect("sent");
    }
    let answer = reply(&mut stream).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (413, "body_too_large")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_caller_without_a_token_is_refused_without_reading_its_body() {
    let server = Server::start().await;
    let call = server.post(ROUTE, "").header("content-length", "1000");
    assert_eq!(reply(&mut call.open().await).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let server = Server::with(short(), |_| {}).await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let call = server
        .post(ROUTE, "")
        .token(&token)
        .header("content-length", "100");
    let answer = reply(&mut call.open().await).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (408, "body_too_slow")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_slow_heads_are_closed_and_others_are_served_meanwhile() {
    let server = Server::with(short(), |_| {}).await;
    let mut slow = Vec::new();
    // More than may say nothing at a time.
    for _ in 0..Limits::default().arrivals + 50 {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        stream.write_all(b"GET / HT").await.expect("sent");
        slow.push(stream);
    }
    let asked = Instant::now();
    assert_eq!(server.get("/api/v1/backlog").send().await.status, 200);
    assert!(asked.elapsed() < SOON / 10);
    for mut stream in slow {
        assert_eq!(
            reply(&mut stream).await.status,
            0,
            "closed without an answer"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn more_connections_than_seats_wait_for_their_turn() {
    let (server, feeds) = full().await;
    let mut waits = server.get("/api/v1/backlog").open().await;
    assert_eq!(server.get("/livez").send().await.status, 200);
    drop(feeds);
    assert_eq!(reply(&mut waits).await.status, 200);
    server.stop().await;
}

/// A server whose two seats are taken by pages that listen.
async fn full() -> (Server, Vec<TcpStream>) {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let server = Server::with(limits, |_| {}).await;
    let mut feeds = Vec::new();
    for _ in 0..2 {
        let mut stream = server.get("/events").open().await;
        read_until(&mut stream, "retry").await;
        feeds.push(stream);
    }
    (server, feeds)
}

#[tokio::test]
async fn probes_are_answered_while_every_seat_is_taken_and_others_say_nothing() {
    let (server, _feeds) = full().await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(server.address).await.expect("connected"));
    }
    for probe in ["/livez", "/readyz"] {
        assert_eq!(server.get(probe).send().await.status, 200, "{probe}");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_says_nothing_is_closed_long_before_a_slow_head() {
    let limits = Limits {
        silence: Duration::from_millis(100),
        head: SOON * 2,
        ..Limits::default()
    };
    let server = Server::with(limits, |_| {}).await;
    let mut silent = TcpStream::connect(server.address).await.expect("connected");
    assert_eq!(
        reply(&mut silent).await.status,
        0,
        "closed without an answer"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_the_expected_json_is_refused_with_its_place() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_field = format!(r#"{{"application":{deep}}}"#);
    for (body, reason, told) in [
        ("", "json_malformed", "line 1 column 0"),
        (
            "{\"application\":\n oops",
            "json_malformed",
            "line 2 column 2",
        ),
        ("[]", "field_invalid", "line 1 column"),
        (deep.as_str(), "field_invalid", "line 1 column"),
        (deep_field.as_str(), "field_invalid", "line 1 column 15"),
        (
            r#"{"application":1,"environment":"test"}"#,
            "field_invalid",
            "line 1 column 16",
        ),
        (
            r#"{"application":"web"}"#,
            "field_invalid",
            "missing field `environment`",
        ),
        (
            r#"{"application":"web","app":"web"}"#,
            "field_unknown",
            "unknown field `app`",
        ),
        (
            r#"{"application":"web","application":"x","environment":"y"}"#,
            "field_invalid",
            "duplicate field `application`",
        ),
    ] {
        let answer = server.post(ROUTE, body).token(&token).send().await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.reason(), reason, "{answer:?}");
        assert!(answer.body.contains(told), "{answer:?}");
    }
    let invalid = [b"{\"application\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    let answer = server
        .post(ROUTE, "")
        .json(invalid)
        .token(&token)
        .send()
        .await;
    assert_eq!(answer.status, 400);
    let form = server
        .post(ROUTE, "a=b")
        .header("content-type", "text/plain")
        .token(&token);
    assert_eq!(form.send().await.reason(), "not_json");
    server.stop().await;
}
