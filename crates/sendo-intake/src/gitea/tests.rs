//! Deliveries as Gitea sends them, cut to what is read, and some that nobody should send.

use proptest::prelude::*;
use secrecy::SecretString;

use super::*;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const ZERO: &str = "0000000000000000000000000000000000000000";
/// `printf '{}' | openssl dgst -sha256 -hmac secret`
const SIGNED: &str = "77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13";

fn secrets(all: &[&str]) -> Vec<SecretString> {
    all.iter().map(|one| SecretString::from(*one)).collect()
}

fn checked(signature: Option<&str>, body: &str, all: &[&str]) -> Result<(), &'static str> {
    verify(signature, body.as_bytes(), &secrets(all)).map_err(Unsigned::reason_code)
}

fn events(name: &str, body: &str) -> Result<Vec<Event>, String> {
    let forge = ForgeName::new("acme").unwrap();
    match translate(&forge, name, body.as_bytes()) {
        Ok(Translated::Events(events)) => Ok(events),
        Ok(Translated::Ignored { reason_code, .. }) => Err(reason_code.to_owned()),
        Err(unreadable) => Err(unreadable.reason_code.to_owned()),
    }
}

fn names(name: &str, body: &str) -> Result<Vec<&'static str>, String> {
    events(name, body).map(|events| events.iter().map(Event::name).collect())
}

#[test]
fn any_of_the_secrets_in_force_signs() {
    assert_eq!(checked(Some(SIGNED), "{}", &["secret"]), Ok(()));
    assert_eq!(checked(Some(SIGNED), "{}", &["new", "secret"]), Ok(()));
    assert_eq!(checked(Some(SIGNED), "{}", &["secret", "new"]), Ok(()));
    assert_eq!(
        checked(Some(&SIGNED.to_uppercase()), "{}", &["secret"]),
        Ok(())
    );
}

#[test]
fn what_nobody_here_signed_is_refused_with_its_reason() {
    let refused = |signature, body, all: &[&str]| checked(signature, body, all).unwrap_err();
    assert_eq!(
        refused(Some(SIGNED), "{ }", &["secret"]),
        "signature_mismatch"
    );
    assert_eq!(
        refused(Some(SIGNED), "{}", &["other"]),
        "signature_mismatch"
    );
    assert_eq!(refused(None, "{}", &["secret"]), "signature_missing");
    assert_eq!(refused(Some(""), "{}", &["secret"]), "signature_missing");
    for wrong in [
        &SIGNED[..62],
        &format!("{SIGNED}00"),
        &"g".repeat(64),
        &"é".repeat(32),
    ] {
        assert_eq!(
            refused(Some(wrong), "{}", &["secret"]),
            "signature_malformed"
        );
    }
}

#[test]
fn an_empty_secret_signs_for_nobody() {
    assert_eq!(checked(Some(SIGNED), "{}", &[]), Err("signature_unchecked"));
    assert_eq!(
        checked(Some(SIGNED), "{}", &[""]),
        Err("signature_unchecked")
    );
    assert_eq!(checked(None, "{}", &[""]), Err("signature_unchecked"));
}

fn push(reference: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"ref":"{reference}","before":"{before}","after":"{after}","compare_url":"",
           "commits":null,"total_commits":0,"head_commit":null,
           "repository":{{"id":1,"full_name":"a/b"}},"sender":{{"id":7,"login":"alice"}}}}"#
    )
}

#[test]
fn a_push_says_which_ref_moved_and_who_moved_it() {
    let pushed = events("push", &push("refs/heads/main", ZERO, SHA)).unwrap();
    let Event::BranchPushed {
        before, after, by, ..
    } = &pushed[0]
    else {
        panic!("{pushed:?}")
    };
    assert_eq!((before, after.as_ref().unwrap().as_str()), (&None, SHA));
    assert_eq!(by.as_ref().unwrap().as_str(), "gitea:acme/7");
    let tag = push("refs/tags/release/1.2", ZERO, SHA);
    assert_eq!(names("push", &tag), Ok(vec!["TagPushed"]));
    let deleted = events("push", &push("refs/tags/v1", SHA, ZERO)).unwrap();
    assert!(matches!(
        &deleted[0],
        Event::TagPushed { revision: None, .. }
    ));
}

#[test]
fn an_annotated_tag_is_the_commit_it_names() {
    let commit = SHA.replace('0', "a");
    let tag = push("refs/tags/v1", ZERO, SHA).replace(
        r#""head_commit":null"#,
        &format!(r#""head_commit":{{"id":"{commit}"}}"#),
    );
    let Event::TagPushed { revision, .. } = &events("push", &tag).unwrap()[0] else {
        panic!()
    };
    assert_eq!(revision.as_ref().unwrap().as_str(), commit);
}

#[test]
fn a_branch_that_is_created_or_deleted_moved() {
    let on = |kind: &str| {
        format!(
            r#"{{"ref":"sendo/web/test/1","ref_type":"{kind}","sha":"{SHA}","repository":{{"full_name":"a/b"}},"sender":{{"id":-2}}}}"#
        )
    };
    assert_eq!(names("create", &on("branch")), Ok(vec!["BranchPushed"]));
    assert_eq!(names("create", &on("tag")), Ok(vec!["TagPushed"]));
    let deleted = events("delete", &on("branch")).unwrap();
    assert!(matches!(
        &deleted[0],
        Event::BranchPushed {
            after: None,
            by: None,
            ..
        }
    ));
    assert_eq!(names("create", &on("note")), Err("ref_unknown".into()));
}

fn pull(action: &str, merged: bool) -> String {
    format!(
        r#"{{"action":"{action}","number":7,"pull_request":{{"merged":{merged},
           "merge_commit_sha":{},"base":{{"ref":"main"}}}},"repository":{{"full_name":"a/b"}},
           "sender":{{"id":3}},"review":null}}"#,
        if merged {
            format!("\"{SHA}\"")
        } else {
            "null".to_owned()
        }
    )
}

#[test]
fn every_turn_of_a_pull_request_is_looked_at() {
    for action in [
        "opened",
        "synchronized",
        "edited",
        "label_updated",
        "never seen",
    ] {
        let touched = Ok(vec!["ChangeRequestTouched"]);
        assert_eq!(names("pull_request", &pull(action, false)), touched);
    }
    for review in ["approved", "rejected", "comment"] {
        let name = format!("pull_request_{review}");
        let touched = Ok(vec!["ChangeRequestTouched"]);
        assert_eq!(names(&name, &pull("reviewed", false)), touched);
    }
}

#[test]
fn only_a_merge_is_a_merge() {
    assert_eq!(
        names("pull_request", &pull("closed", true)),
        Ok(vec!["ChangeRequestTouched", "PullRequestMerged"])
    );
    assert_eq!(
        names("pull_request", &pull("closed", false)),
        Ok(vec!["ChangeRequestTouched", "PullRequestClosed"])
    );
}

#[test]
fn a_status_is_of_one_commit() {
    let status =
        format!(r#"{{"sha":"{SHA}","state":"success","repository":{{"full_name":"a/b"}}}}"#);
    assert_eq!(names("status", &status), Ok(vec!["CheckReported"]));
}

#[test]
fn what_cannot_be_read_says_why() {
    let code = |name: &str, body: &str| names(name, body).unwrap_err();
    assert_eq!(code("push", "{"), "invalid_json");
    assert_eq!(code("push", "payload=%7B%7D"), "not_json");
    assert_eq!(code("push", &"[".repeat(10_000)), "invalid_json");
    assert_eq!(
        code("push", &push("refs/heads/a b", ZERO, SHA)),
        "invalid_name"
    );
    assert_eq!(
        code("push", &push("refs/heads/main", ZERO, "abc")),
        "invalid_name"
    );
    let outside = push("refs/heads/main", ZERO, SHA).replace("a/b", "../b");
    assert_eq!(code("push", &outside), "invalid_name");
    assert_eq!(code("status", r#"{"sha":null}"#), "invalid_json");
    assert_eq!(
        code("push", &push("refs/notes/x", ZERO, SHA)),
        "ref_unknown"
    );
}

#[test]
fn an_event_nobody_knows_is_ignored_by_its_name() {
    assert_eq!(
        names("workflow_run", "not even JSON"),
        Err("event_unknown".into())
    );
}

proptest! {
    #[test]
    fn no_payload_and_no_signature_makes_it_panic(
        name in "push|create|delete|status|pull_request|pull_request_approved|x",
        body in proptest::collection::vec(any::<u8>(), 0..400),
        signature in ".{0,80}",
    ) {
        let forge = ForgeName::new("acme").unwrap();
        let _ = translate(&forge, &name, &body);
        prop_assert!(verify(Some(&signature), &body, &secrets(&["s"])).is_err());
    }
}
