//! Answers to a look that are none, and places we are sent to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sendo_forge::{Forge, ForgeError};

use super::model::{Fault, TOKEN, acts, wrong};
use crate::loopback::{self, Answering, reply};

/// What a look at a Gitea comes to that answers this to everything.
async fn look(bytes: Vec<u8>) -> ForgeError {
    let url = loopback::serve(move |_| -> Answering {
        let bytes = bytes.clone();
        Box::pin(async move { bytes })
    })
    .await;
    at(&url).await
}

async fn at(url: &str) -> ForgeError {
    let forge = Forge::Gitea(acts(url));
    let repository = "acme:acme/web".parse().unwrap();
    forge.change_request(&repository, 7, &[]).await.unwrap_err()
}

#[tokio::test]
async fn what_goes_wrong_with_a_look_may_pass_and_is_told_in_words() {
    let faults = [
        (Fault::Status(500), "forge_unavailable"),
        (Fault::Status(401), "forge_unauthorized"),
        (Fault::Status(429), "rate_limited"),
        (Fault::Truncated, "forge_broke_off"),
        (Fault::Html, "answer_unreadable"),
        (Fault::Huge, "forge_unavailable"),
        (Fault::Reset, "forge_broke_off"),
    ];
    for (fault, code) in faults {
        let right = reply(200, "content-type: application/json\r\n", b"{\"number\":7}");
        let error = look(wrong(fault, &right)).await;
        assert_eq!(error.reason_code, code, "{error}");
        assert!(error.transient && !error.message.contains(TOKEN), "{error}");
        assert!(error.message.contains("acme:acme/web") && error.message.len() < 700);
    }
}

#[tokio::test]
async fn no_part_of_the_token_is_shown_wherever_a_text_is_cut() {
    let json = "content-type: application/json\r\n";
    for spaces in (560..620).chain(4_060..4_110) {
        let said = format!("{{\"a\": \"{}x{TOKEN}\"}}", " ".repeat(spaces));
        let error = look(reply(500, json, said.as_bytes())).await;
        assert!(no_part(&error), "{error}");
    }
}

fn no_part(error: &ForgeError) -> bool {
    !error.message.contains(&TOKEN[..8])
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let long = format!("{{\"title\":\"{}\"", "x".repeat(2 << 20));
    let error = look(reply(
        200,
        "content-type: application/json\r\n",
        long.as_bytes(),
    ))
    .await;
    assert_eq!(error.reason_code, "answer_too_long");
    assert!(error.message.contains("longer than"), "{error}");
    assert!(!error.transient, "it will be as long the next time");
}

#[tokio::test]
async fn a_gitea_that_is_not_there_is_waited_for() {
    let error = at("http://127.0.0.1:9").await;
    assert_eq!(error.reason_code, "forge_unreachable", "{error}");
    assert!(error.transient);
}

#[tokio::test]
async fn the_token_goes_nowhere_but_to_the_address_that_is_configured() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let elsewhere = loopback::serve(move |_| -> Answering {
        count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { reply(200, "", b"{}") })
    })
    .await;
    for status in [301, 302, 307, 308] {
        let location = format!("location: {elsewhere}/sign-in?secret=1\r\n");
        let error = look(reply(status, &location, b"")).await;
        assert_eq!(error.reason_code, "forge_redirected", "{error}");
        assert!(
            !error.transient && error.message.contains("/sign-in,"),
            "{error}"
        );
        assert!(!error.message.contains("secret"));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_repository_by_another_name_says_it() {
    let location = "location: /api/v1/repos/acme/shop/pulls/7\r\n";
    let error = look(reply(301, location, b"")).await;
    assert_eq!(error.reason_code, "repository_moved");
    assert!(error.message.contains("`acme/shop`"), "{error}");
}

#[test]
fn an_address_with_a_secret_in_it_is_refused_and_not_repeated() {
    for wrong in [
        "https://me:hush@git.example.com",
        "git.example.com",
        "ssh://git@x/",
        "https://x/?hush",
    ] {
        let access = sendo_forge::gitea::Access {
            name: "acme".parse().unwrap(),
            url: wrong.to_owned(),
            proposer: TOKEN.into(),
            approver: TOKEN.into(),
            labels: Vec::new(),
            also_at: Vec::new(),
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let refused =
            sendo_forge::gitea::GiteaActs::new(reqwest::Client::new(), access).unwrap_err();
        assert_eq!(refused.reason_code, "forge_url");
        assert!(!refused.message.contains("hush"), "{refused}");
    }
}

#[tokio::test]
async fn a_path_that_no_gitea_has_is_refused_before_anything_is_asked() {
    let forge = Forge::Gitea(acts("http://127.0.0.1:9"));
    for path in ["acme:web", "acme:group/sub/web"] {
        let repository = path.parse().unwrap();
        let refused = forge.change_request(&repository, 7, &[]).await.unwrap_err();
        assert_eq!(refused.reason_code, "repository_path", "{refused}");
        assert!(!refused.transient);
    }
}
