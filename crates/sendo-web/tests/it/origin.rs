//! Pages elsewhere that try to reach this server through somebody's browser.

use sendo_web::token::Scope;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::reply;
use crate::harness::Server;

const DEPLOY: &str = r#"{"application":"example1","environment":"test"}"#;

#[tokio::test]
async fn a_name_that_is_not_ours_is_refused_however_it_is_written() {
    let server = Server::start().await;
    for ours in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:9",
        "[::1]:8787",
        "sendo.example.com",
        "Sendo.Example.com:443",
    ] {
        let reply = server
            .get("/api/v1/board")
            .header("host", ours)
            .send()
            .await;
        assert_eq!(reply.status, 200, "{ours}");
    }
    for theirs in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-sendo.example.com",
        "0.0.0.0",
        "127.0.0.2",
    ] {
        let reply = server
            .get("/api/v1/board")
            .header("host", theirs)
            .send()
            .await;
        assert_eq!(
            (reply.status, reply.reason().as_str()),
            (421, "host_not_allowed"),
            "{theirs}"
        );
    }
    for nonsense in ["", "a b", "localhost@evil.example"] {
        let reply = server.get("/").header("host", nonsense).send().await;
        assert_eq!(reply.status, 400, "{nonsense}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_names_two_servers_or_none_is_refused() {
    let server = Server::start().await;
    for head in [
        "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        stream.write_all(head.as_bytes()).await.expect("sent");
        assert_eq!(reply(&mut stream).await.status, 400, "{head}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_even_with_a_good_token() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let here = format!("http://{}", server.address);
    for (site, origin, status) in [
        (None, None, 202),
        (Some("same-origin"), Some(here.as_str()), 202),
        (Some("none"), None, 202),
        (None, Some(here.as_str()), 202),
        (Some("same-site"), Some("https://sendo.example.com"), 202),
        (Some("cross-site"), Some("https://evil.example"), 403),
        (Some("same-site"), None, 403),
        (Some("cross-site"), None, 403),
        (Some("sideways"), None, 403),
        (None, Some("https://evil.example"), 403),
        (None, Some("null"), 403),
        (None, Some("http://127.0.0.1:1"), 403),
        (None, Some("http://sendo.example.com"), 403),
        (None, Some("https://sendo.example.com.evil.example"), 403),
    ] {
        let mut call = server.post("/api/v1/deployments", DEPLOY).token(&token);
        for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        let reply = call.send().await;
        assert_eq!(reply.status, status, "{site:?} {origin:?}: {reply:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_answer_keeps_browsers_strict() {
    let server = Server::start().await;
    for path in [
        "/",
        "/nothing",
        "/api/v1/board",
        "/livez",
        "/assets/sendo.js",
    ] {
        let head = server.get(path).send().await.head;
        for header in [
            "content-security-policy: default-src 'self'; script-src 'self'; object-src 'none'; \
             base-uri 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
            "cache-control: no-",
        ] {
            assert!(head.contains(header), "{path} lacks {header}: {head}");
        }
    }
    server.stop().await;
}
