//! What servers, proxies and networks do instead of answering, and what is made of it.

use std::time::Duration;

use sendo_git::{Credentials, GitError, Oid, RefUpdate, RemoteRepository};

use super::server::Fault;
use super::{Stage, client, main, write};
use crate::support::path;

const READ: &str = "POST git-upload-pack";
const PUSH: &str = "POST git-receive-pack";
const SECRET: &str = "hunter2";

async fn stage() -> Stage {
    Stage::with(&[("README", "hello"), ("apps/k.yaml", "tag: v1\n")]).await
}

fn html() -> Fault {
    let page = "<!doctype html><title>Sign in</title>".to_owned();
    Fault::Answer(200, "text/html; charset=utf-8", page)
}

fn status(status: u16) -> Fault {
    Fault::Answer(
        status,
        "text/plain",
        "because\u{7} of \n reasons".to_owned(),
    )
}

impl Stage {
    fn fault(&self, on: &'static str, fault: Fault, times: usize) {
        let plan = (on, fault, times);
        self.server.switch(|switches| switches.faults = vec![plan]);
    }

    async fn read(&self) -> Result<(), GitError> {
        let stranger = self.stranger().with_time_limit(Duration::from_millis(300));
        let read = stranger.read_file(self.first, &path("apps/k.yaml")).await?;
        assert_eq!(read.unwrap().bytes, b"tag: v1\n");
        Ok(())
    }

    async fn push(&self) -> Result<Oid, GitError> {
        self.publish("refs/heads/main", &[write("apps/k.yaml", "tag: v2\n")])
            .await
    }
}

#[tokio::test]
async fn every_answer_that_is_none_is_told_apart_when_reading() {
    let stage = stage().await;
    for (fault, code, words) in [
        (
            status(401),
            "remote_unauthorized",
            "does not accept requests without credentials",
        ),
        (status(403), "remote_forbidden", "(because of reasons)"),
        (status(404), "remote_not_found", "correct the URL"),
        (status(429), "remote_status", "ask later"),
        (
            status(500),
            "remote_status",
            "status 500 (because of reasons)",
        ),
        (
            status(302),
            "remote_redirected",
            "moved to https://elsewhere.example:8443/r.git;",
        ),
        (
            html(),
            "remote_not_git",
            "answered with text/html; charset=utf-8, which is not git",
        ),
        (
            Fault::Raw(b"<html>".to_vec()),
            "remote_garbled",
            "makes no sense",
        ),
        (
            Fault::Raw(Vec::new()),
            "remote_empty",
            "its answer is empty",
        ),
        (
            Fault::Raw(b"0010ERR no thank".to_vec()),
            "remote_reported",
            "git there said \"no thank\"",
        ),
        (
            Fault::Hang,
            "remote_timed_out",
            "no complete answer within 300ms",
        ),
    ] {
        stage.fault(READ, fault, 9);
        let error = stage.read().await.unwrap_err();
        let said = error.to_string();
        assert_eq!(error.reason_code(), code, "{said}");
        assert!(
            said.contains(words) && said.contains(stage.remote.url()),
            "{said}"
        );
        assert!(
            !error.may_have_happened() && !said.contains(SECRET),
            "{said}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_anywhere_is_an_error_and_no_panic() {
    let stage = stage().await;
    for after in (0..400).step_by(9) {
        stage.fault(READ, Fault::Cut(after), 1);
        match stage.read().await {
            Ok(()) => assert!(after > 300, "{after}"),
            Err(error) => assert!(error.is_transient(), "{after}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_push_that_was_refused_before_it_was_looked_at_leaves_no_doubt() {
    let stage = stage().await;
    for fault in [
        status(401),
        status(403),
        status(404),
        status(413),
        status(302),
    ] {
        stage.remote.told(&main(), Some(stage.first));
        stage.fault(PUSH, fault, 2);
        let error = stage.push().await.unwrap_err();
        assert!(!error.may_have_happened(), "{error}");
        assert_eq!(stage.at("main"), stage.first.to_string());
    }
}

#[tokio::test]
async fn a_push_that_may_have_come_through_says_so() {
    let stage = stage().await;
    for fault in [
        status(502),
        html(),
        Fault::Raw(Vec::new()),
        Fault::Raw(b"000x".to_vec()),
    ] {
        stage.fault(PUSH, fault, 1);
        let error = stage.push().await.unwrap_err();
        assert!(error.may_have_happened(), "{error}");
        assert!(
            error.to_string().ends_with("so look before trying again"),
            "{error}"
        );
        assert_eq!(stage.at("main"), stage.first.to_string());
    }
}

#[tokio::test]
async fn a_push_whose_answer_is_lost_is_found_where_it_went() {
    let stage = stage().await;
    for (n, after) in [0, 3, 20, 40].into_iter().enumerate() {
        stage.fault(PUSH, Fault::Cut(after), 1);
        let change = [write("apps/k.yaml", &format!("tag: v{n}{after}\n"))];
        let head = stage.publish("refs/heads/main", &change).await.unwrap();
        assert_eq!(stage.at("main"), head.to_string());
    }
}

#[tokio::test]
async fn a_lost_answer_with_no_way_to_look_stays_in_doubt() {
    let stage = stage().await;
    stage
        .remote
        .write_tree_with(stage.first, &[write("apps/k.yaml", "")])
        .await
        .unwrap();
    stage.remote.told(&main(), Some(stage.first));
    stage.server.switch(|switches| {
        switches.faults = vec![(PUSH, Fault::Cut(0), 1), (READ, status(500), 9)];
    });
    let error = stage.push().await.unwrap_err();
    assert!(error.may_have_happened() && error.is_transient(), "{error}");
    // It did: what is published again is there already.
    stage.server.switch(|switches| switches.faults.clear());
    stage.remote.told(&main(), Some(stage.first));
    let head = stage.push().await.unwrap();
    assert_eq!(stage.at("main"), head.to_string());
}

#[tokio::test]
async fn a_report_that_leaves_a_ref_out_is_no_success() {
    let stage = stage().await;
    for report in [
        "000eunpack ok\n0000",
        "000eunpack ok\n0014ok refs/heads/a\n0000",
    ] {
        stage.fault(PUSH, Fault::Raw(report.as_bytes().to_vec()), 1);
        let error = stage.push().await.unwrap_err();
        assert_eq!(error.reason_code(), "remote_garbled");
        assert!(error.may_have_happened(), "{error}");
    }
    let refused = b"0015unpack disk full\n0000".to_vec();
    stage.fault(PUSH, Fault::Raw(refused), 2);
    let error = stage.push().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("did not store the objects (disk full)"),
        "{error}"
    );
    assert!(error.is_transient() && !error.may_have_happened());
}

#[tokio::test]
async fn a_server_that_insists_on_being_asked_first_is_asked_first() {
    for status in [400, 401, 403, 404] {
        let stage = stage().await;
        stage
            .server
            .switch(|switches| switches.insists = Some(status));
        stage.push().await.unwrap();
        let expected = [READ, "GET git-upload-pack", READ];
        assert_eq!(stage.asked()[..3], expected);
        stage.remote.resolve(&main()).await.unwrap();
        assert_eq!(stage.asked(), ["GET git-upload-pack", READ]);
        stage
            .publish("refs/heads/main", &[write("README", "3")])
            .await
            .unwrap();
        assert_eq!(stage.asked(), ["GET git-receive-pack", PUSH]);
    }
}

#[tokio::test]
async fn credentials_are_sent_as_basic_and_shown_nowhere() {
    let stage = stage().await;
    // `bob:hunter2`.
    let header = "Basic Ym9iOmh1bnRlcjI=";
    stage
        .server
        .switch(|switches| switches.authorization = Some(header.to_owned()));
    let error = stage.remote.resolve(&main()).await.unwrap_err();
    assert_eq!(error.reason_code(), "remote_unauthorized");
    let credentials = |secret: &str| Some(Credentials::basic("bob", secret.into()));
    let right = stage.stranger().with_credentials(credentials(SECRET));
    assert_eq!(right.resolve(&main()).await.unwrap(), Some(stage.first));
    assert!(!format!("{right:?}").contains(SECRET));
    let echo = format!("you sent {header} and {SECRET}");
    stage.fault(READ, Fault::Answer(403, "text/plain", echo), 9);
    let said = right.resolve(&main()).await.unwrap_err().to_string();
    assert!(said.contains("(you sent Basic … and …)"), "{said}");
    let wrong = right.with_credentials(credentials("wrong"));
    let error = wrong.resolve(&main()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not accept these credentials"),
        "{error}"
    );
}

#[tokio::test]
async fn no_part_of_a_secret_is_shown_wherever_a_text_is_cut() {
    let stage = stage().await;
    let secret = "a-secret-of-some-length";
    let credentials = Credentials::basic("bob", secret.into());
    let remote = stage.stranger().with_credentials(Some(credentials));
    let no_part = |error: GitError| {
        let said = error.to_string();
        assert!(!said.contains(&secret[..4]), "{said}");
    };
    for before in (570..=610).chain(4_060..=4_100).step_by(7) {
        // Spaces are shown as one, so that what is heard and what is shown end elsewhere.
        for fill in ["x", " "] {
            let text = format!("{}{secret}", fill.repeat(before));
            stage.fault(READ, Fault::Answer(403, "text/plain", text.clone()), 9);
            no_part(remote.resolve(&main()).await.unwrap_err());
            let framed = |text: &str| format!("{:04x}{text}", text.len() + 4).into_bytes();
            let told = framed(&format!("ERR {text}"));
            stage.fault(READ, Fault::Raw(told), 9);
            no_part(remote.resolve(&main()).await.unwrap_err());
            let update = RefUpdate::deleted(main(), stage.first);
            for band in ["\u{3}", "\u{2}"] {
                let mut told = framed(&format!("{band}{text}"));
                told.extend(framed("\u{1}0014unpack disk full0000"));
                told.extend(b"0000");
                stage.fault(PUSH, Fault::Raw(told), 9);
                let update = std::slice::from_ref(&update);
                no_part(remote.publish(update, &[]).await.unwrap_err());
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let stage = stage().await;
    let draft = stage.draft(stage.first, &[write("x", "1")]).await;
    let closed = "http://127.0.0.1:1/a.git";
    let remote = RemoteRepository::new(client(), closed, None).unwrap();
    let update = RefUpdate::moved(main(), stage.first, draft.oid());
    let error = remote.publish(&[update], &[&draft]).await.unwrap_err();
    assert_eq!(error.reason_code(), "remote_not_reached");
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(error.is_transient() && !error.may_have_happened());
}
