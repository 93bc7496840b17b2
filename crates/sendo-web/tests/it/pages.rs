//! What people look at.

use sendo_web::token::Scope;

use crate::harness::{Server, lane};
use crate::seed;

/// Texts that become something else wherever they are not escaped.
const HOSTILE: [&str; 26] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "\"><script>alert(1)</script>",
    "'><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "` onmouseover=`alert(1)",
    "<a href=\"javascript:alert(1)\">x</a>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<iframe srcdoc=\"<script>alert(1)</script>\">",
    "<body onload=alert(1)>",
    "<base href=//evil.example/>",
    "<form action=//evil.example><input type=submit>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "</title><script>alert(1)</script>",
    "</textarea></style><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;&#60;script&#62; {{7*7}} ${7*7} <%= 7*7 %>",
];

/// The tags of a page with the names of their attributes: its structure without its texts. Code
/// spans are left out: a sentence sets what stands between back-quotes as code.
fn skeleton(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let (mut quote, mut shape, mut end) = (None, String::new(), rest.len());
        for (at, c) in rest.char_indices() {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None, '>') => {
                    end = at + 1;
                    break;
                }
                (None, c) => shape.push(c),
                (Some(_), _) => {}
            }
        }
        if !matches!(shape.as_str(), "<code" | "</code") {
            tags.push(shape);
        }
        rest = &rest[end..];
    }
    tags
}

#[tokio::test]
async fn texts_from_outside_stay_texts_on_every_page() {
    let server = Server::start().await;
    let page = async |path: &str| {
        let reply = server.get(path).header("accept", "text/html").send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        skeleton(&reply.body)
    };
    let here = lane("example1", "test");
    let mut harmless = None;
    seed::write(&*server.store, seed::deployment(&here, 1, "first"), "first").await;
    for (ordinal, text) in (2..).zip(["harmless"].into_iter().chain(HOSTILE)) {
        seed::write(&*server.store, seed::deployment(&here, ordinal, text), text).await;
        let seen = (
            page(&format!("/deployments/{here}/{ordinal}")).await,
            page("/").await,
            page("/audit").await,
            page("/deliveries").await,
        );
        assert_eq!(
            harmless.get_or_insert_with(|| seen.clone()),
            &seen,
            "{text}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_speak_the_language_of_their_reader() {
    let server = Server::start().await;
    for (wish, lang) in [("ja,en;q=0.8", "ja"), ("en", "en"), ("fr", "en")] {
        let reply = server.get("/").header("accept-language", wish).send().await;
        assert!(
            reply.body.contains(&format!("<html lang=\"{lang}\"")),
            "{wish}"
        );
        assert!(reply.head.contains("vary: accept-language"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_is_a_page_for_a_browser_and_json_for_a_program() {
    let server = Server::closed().await;
    for (path, status) in [
        ("/%3Cscript%3E", 404),
        ("/assets/nothing", 404),
        ("/api", 404),
    ] {
        let call = || server.get(path);
        let page = call().header("accept", "text/html,*/*").send().await;
        assert_eq!(page.status, status);
        assert!(page.head.contains("content-type: text/html"), "{page:?}");
        assert!(!page.body.contains("<script>"), "{page:?}");
        assert_eq!(call().send().await.status, status);
        assert!(!call().send().await.reason().is_empty());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_like_anything_else() {
    let server = Server::start().await;
    let call = || server.get("/deployments/%FF/test/1");
    let page = call().header("accept", "text/html").send().await;
    assert_eq!(page.status, 400);
    assert!(page.head.contains("content-type: text/html"), "{page:?}");
    assert_eq!(call().send().await.reason(), "path_invalid");
    server.stop().await;
}

#[tokio::test]
async fn files_are_kept_by_browsers_until_they_change() {
    let server = Server::start().await;
    for (path, kind) in [
        ("/assets/sendo.css", "text/css"),
        ("/assets/sendo.js", "text/javascript"),
        ("/assets/sendo.svg", "image/svg+xml"),
    ] {
        let reply = server.get(path).send().await;
        assert!(reply.head.contains(kind) && !reply.body.is_empty());
        let tag = reply
            .head
            .split("etag: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let again = server
            .get(path)
            .header("if-none-match", tag.expect("a tag"));
        assert_eq!(again.send().await.status, 304);
    }
    server.stop().await;
}

#[tokio::test]
async fn every_page_is_one_link_away_from_the_board() {
    let server = Server::start().await;
    let here = lane("example1", "test");
    seed::write(&*server.store, seed::deployment(&here, 1, "x"), "x").await;
    let board = server.get("/").send().await.body;
    for path in [
        "/applications/example1",
        "/deployments/example1/test/1",
        "/deliveries",
        "/audit",
        "/?show=moving",
    ] {
        assert!(board.contains(&format!("href=\"{path}\"")), "{path}");
        assert_eq!(server.get(path).send().await.status, 200, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_board_shows_only_what_moves_or_is_named() {
    let server = Server::start().await;
    let here = lane("example1", "test");
    seed::write(&*server.store, seed::deployment(&here, 1, "x"), "x").await;
    for (query, shown) in [
        ("", [true, true]),
        ("?show=moving", [true, false]),
        ("?application=WE", [false, true]),
        ("?application=", [true, true]),
    ] {
        let body = server.get(&format!("/{query}")).send().await.body;
        let rivers =
            ["example1", "web"].map(|name| body.contains(&format!("/applications/{name}")));
        assert_eq!(rivers, shown, "{query}");
    }
    let reply = server.get("/?show=all-of-it").send().await;
    assert_eq!(
        (reply.status, reply.reason().as_str()),
        (400, "show_unknown")
    );
    server.stop().await;
}

#[tokio::test]
async fn an_application_has_its_history_by_environment() {
    let server = Server::start().await;
    for (environment, ordinal) in [("test", 1), ("test", 2), ("prod", 1)] {
        let row = seed::deployment(&lane("example1", environment), ordinal, "x");
        seed::write(&*server.store, row, "x").await;
    }
    let rows = async |query: &str| {
        let path = format!("/applications/example1{query}");
        let body = server.get(&path).send().await.body;
        let (_, history) = body.split_once("id=\"history\"").expect("a history");
        history.matches("href=\"/deployments/").count()
    };
    assert_eq!(rows("").await, 3);
    assert_eq!(rows("?environment=test").await, 2);
    let more = server
        .get("/applications/example1?limit=2")
        .send()
        .await
        .body;
    assert!(more.contains("/applications/example1?limit=10#history"));
    let unknown = server.get("/applications/exampel1").send().await;
    assert_eq!(unknown.reason(), "application_unknown");
    server.stop().await;
}

#[tokio::test]
async fn the_audit_trail_is_read_backwards_a_page_at_a_time() {
    let server = Server::start().await;
    for _ in 0..105 {
        server.token(&[Scope::Read], &[]).await;
    }
    let newest = server.get("/audit").send().await.body;
    assert!(newest.contains("<td class=\"quiet\">105</td>"));
    assert!(newest.contains("href=\"/audit?before=6\""));
    let older = server.get("/audit?before=6").send().await.body;
    let places = |seq: i64| older.contains(&format!("<td class=\"quiet\">{seq}</td>"));
    assert_eq!([1, 5, 6].map(places), [true, true, false]);
    assert!(!older.contains("/audit?before=") && older.contains("sendo audit verify"));
    for odd in [i64::MIN, -1, 0, 1, i64::MAX] {
        let reply = server.get(&format!("/audit?before={odd}")).send().await;
        assert_eq!(reply.status, 200, "{odd}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_concerns_all_applications_is_not_for_a_token_that_is_limited() {
    let server = Server::closed().await;
    let token = server.token(&[Scope::Read], &["web"]).await;
    for (path, status) in [
        ("/", 200),
        ("/applications/web", 200),
        ("/applications/example1", 403),
        ("/deliveries", 403),
        ("/audit", 403),
    ] {
        let reply = server.get(path).token(&token).send().await;
        assert_eq!(reply.status, status, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_are_packed_for_browsers_that_unpack_them() {
    let server = Server::start().await;
    let plain = server.get("/").send().await;
    let packed = server
        .get("/")
        .header("accept-encoding", "gzip, br")
        .send()
        .await;
    assert!(!plain.head.contains("content-encoding"));
    assert!(packed.head.contains("content-encoding: gzip"));
    assert!(packed.head.contains("content-type: text/html"));
    let length = |head: &str| -> Option<usize> {
        head.split("content-length: ")
            .nth(1)?
            .lines()
            .next()?
            .parse()
            .ok()
    };
    assert!(length(&packed.head) < length(&plain.head));
    assert!(length(&packed.head).is_some());
    server.stop().await;
}
