//! How a browser gets a session: by the form, or by a link that is good once.

use sendo_web::token::Scope;

use crate::client::{Call, Reply};
use crate::harness::Server;

/// Signs in by the form; gives the cookie as a browser sends it back.
pub(crate) async fn sign_in(server: &Server, token: &str) -> String {
    let call = Call::new(server.address, "POST", "/sign-in").form(&[("token", token)]);
    let reply = call.send().await;
    assert_eq!(reply.status, 303, "{reply:?}");
    cookie_of(&reply)
}

pub(crate) fn cookie_of(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").expect("a cookie");
    let (pair, _) = cookie.split_once(';').expect("attributes");
    pair.replace("__host-", "__Host-")
}

/// Asks for a link as a program does; gives its path.
async fn link(server: &Server, token: &str) -> String {
    let made = server.post("/api/v1/sign-in-links", "").token(token);
    let made = made.send().await;
    assert_eq!(made.status, 201, "{made:?}");
    let url = made.json()["url"].as_str().expect("a link").to_owned();
    let path = url.strip_prefix("https://sendo.example.com");
    path.expect("our public address").to_owned()
}

fn press(server: &Server, path: &str) -> Call {
    Call::new(server.address, "POST", path).form(&[])
}

#[tokio::test]
async fn the_cookie_is_for_this_host_alone_and_no_script_reads_it() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Read], &[]).await;
    let call = Call::new(server.address, "POST", "/sign-in").form(&[("token", &token)]);
    let reply = call.send().await;
    let cookie = reply.header("set-cookie").expect("a cookie");
    let rest = &cookie["__host-sendo=".len() + 64..];
    let strict = "; path=/; max-age=86400; httponly; secure; samesite=lax";
    assert_eq!(rest, strict);
    assert!(!cookie.contains(&token[19..]), "the token stays out of it");
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_token_gives_the_form_again_and_no_cookie() {
    let server = Server::closed().await;
    let forged = format!("sendo_000000000000_{}", "e".repeat(64));
    for wrong in ["", "x", &forged] {
        let fields = [("token", wrong), ("next", "/audit")];
        let call = Call::new(server.address, "POST", "/sign-in").form(&fields);
        let reply = call.send().await;
        assert_eq!(reply.status, 401);
        assert!(reply.body.contains("unknown, expired or revoked"));
        assert!(reply.body.contains("value=\"/audit\""), "{reply:?}");
        assert_eq!(reply.header("set-cookie"), None);
        assert!(!reply.body.contains("eeee"), "it is not told back");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_form_that_is_too_large_or_not_one_is_refused() {
    let server = Server::closed().await;
    let post = || Call::new(server.address, "POST", "/sign-in");
    let large = post().form(&[("token", &"x".repeat(400_000))]).send().await;
    assert_eq!(large.status, 413);
    let program = |call: Call| call.header("accept", "*/*").send();
    let other = program(post().form(&[("password", "x")])).await;
    assert_eq!(
        (other.status, other.reason().as_str()),
        (400, "form_invalid")
    );
    let json = post().form(&[]).json(r#"{"token":"x"}"#);
    assert_eq!(program(json).await.reason(), "not_a_form");
    server.stop().await;
}

#[tokio::test]
async fn a_browser_without_a_session_is_led_to_sign_in_and_back() {
    let server = Server::closed().await;
    let token = server.token(&[Scope::Read], &[]).await;
    let asked = server.get("/audit?before=2").header("accept", "text/html");
    let led = asked.send().await;
    let to = "/sign-in?next=%2faudit%3fbefore%3d2";
    assert_eq!((led.status, led.header("location")), (303, Some(to)));
    let form = server
        .get("/sign-in?next=%2Faudit%3Fbefore%3D2")
        .send()
        .await;
    assert!(
        form.body
            .contains("name=\"next\" value=\"/audit?before=2\"")
    );
    let fields = [("token", token.as_str()), ("next", "/audit?before=2")];
    let call = Call::new(server.address, "POST", "/sign-in").form(&fields);
    assert_eq!(
        call.send().await.header("location"),
        Some("/audit?before=2")
    );
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_led_to_another_server_after_signing_in() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Read], &[]).await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\r\nset-cookie: x=y",
        "/sign-in",
        "",
    ] {
        let fields = [("token", token.as_str()), ("next", next)];
        let call = Call::new(server.address, "POST", "/sign-in").form(&fields);
        assert_eq!(call.send().await.header("location"), Some("/"), "{next:?}");
    }
    let form = server.get("/sign-in?next=//evil.example").send().await;
    assert!(form.body.contains("name=\"next\" value=\"/\""));
    server.stop().await;
}

#[tokio::test]
async fn a_link_signs_in_once_and_looking_at_it_does_no_harm() {
    let server = Server::closed().await;
    let token = server.token_of("local:aoi", &[Scope::Read]).await;
    let path = link(&server, &token).await;
    for _ in 0..3 {
        let page = server.get(&path).send().await;
        assert!(page.body.contains("Sign in as local:aoi"), "{page:?}");
        assert_eq!(page.header("set-cookie"), None);
    }
    let (one, other) = tokio::join!(press(&server, &path).send(), press(&server, &path).send());
    let mut both = [one.status, other.status];
    both.sort_unstable();
    assert_eq!(both, [303, 410], "exactly one of two that press at once");
    assert_eq!(server.get(&path).send().await.reason(), "link_over");
    let won = if one.status == 303 { one } else { other };
    let board = server.get("/").header("cookie", &cookie_of(&won));
    assert_eq!(board.send().await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_link_that_is_late_or_forged_signs_nobody_in() {
    let server = Server::closed().await;
    let token = server.token(&[Scope::Read], &[]).await;
    let path = link(&server, &token).await;
    server.clock.advance(sendo_store::LINK_LIFE);
    for path in [
        &path,
        "/sign-in/once/x",
        &format!("/sign-in/once/{}", &token[19..]),
    ] {
        assert_eq!(server.get(path).send().await.status, 410, "{path}");
        assert_eq!(press(&server, path).send().await.status, 410, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_session_makes_no_links_and_the_store_and_the_audit_trail_hold_no_secret() {
    let server = Server::closed().await;
    let token = server.token_of("local:aoi", &[Scope::Admin]).await;
    let path = link(&server, &token).await;
    let cookie = cookie_of(&press(&server, &path).send().await);
    let call = server
        .post("/api/v1/sign-in-links", "")
        .header("cookie", &cookie);
    let reply = call.header("sec-fetch-site", "same-origin").send().await;
    assert_eq!(reply.reason(), "token_missing");
    press(&server, "/sign-out")
        .header("cookie", &cookie)
        .send()
        .await;
    let lines = server.store.audit_rows(0, 100).await.expect("audit");
    let told: Vec<_> = lines
        .iter()
        .map(|line| line.entry.action.as_str())
        .collect();
    assert_eq!(told, ["token.created", "session.opened", "session.ended"]);
    let all = format!("{lines:?}");
    for secret in [&path[14..], &cookie[13..], &token[19..]] {
        assert!(!all.contains(secret));
    }
    server.stop().await;
}
