//! Every act, with an answer that goes wrong, before and after it was done.

use sendo_core::effect::Outcome;
use sendo_core::names::{Principal, Revision};

use super::model::{Fault, MERGE, Model, Side};

const FAULTS: [Fault; 7] = [
    Fault::Status(500),
    Fault::Status(429),
    Fault::Status(503),
    Fault::Truncated,
    Fault::Html,
    Fault::Huge,
    Fault::Reset,
];

async fn once(act: &str, done: &[&str], wanted: impl Fn(&Outcome) -> bool) {
    for fault in FAULTS {
        for side in [Side::Before, Side::After] {
            let model = Model::new(act != "open").await;
            model.fail(side, fault);
            if let Err(error) = model.act(act).await {
                assert!(error.transient, "{act} {fault:?} {side:?}: {error}");
            }
            let outcome = model.act(act).await.unwrap();
            assert!(wanted(&outcome), "{act} {fault:?} {side:?}: {outcome:?}");
            for what in done {
                assert_eq!(model.done(what), 1, "{what} {fault:?} {side:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_change_request_is_opened_once() {
    once("open", &["open"], |outcome| {
        matches!(outcome, Outcome::Opened { number: 7, .. })
    })
    .await;
}

#[tokio::test]
async fn an_approval_is_given_once() {
    once("approve", &["approve"], |outcome| {
        *outcome == Outcome::Approved
    })
    .await;
}

#[tokio::test]
async fn a_merge_is_made_once() {
    let revision = Revision::new(MERGE).unwrap();
    let merged = Outcome::Merged { revision };
    once("merge", &["merge"], |outcome| *outcome == merged).await;
}

#[tokio::test]
async fn a_last_word_is_said_once() {
    once("close", &["comment", "close"], |outcome| {
        *outcome == Outcome::Closed
    })
    .await;
}

#[test]
fn we_are_users_of_this_forge_and_of_no_other() {
    let ours = sendo_forge::gitea::ours(&"acme".parse().unwrap());
    let shown: Vec<&str> = ours.iter().map(Principal::as_str).collect();
    assert_eq!(shown, ["gitea:acme/proposer", "gitea:acme/approver"]);
}

#[tokio::test]
async fn how_long_to_wait_is_what_the_gitea_says() {
    let model = Model::new(true).await;
    model.fail(Side::Before, Fault::Status(429));
    let error = model.act("approve").await.unwrap_err();
    assert_eq!(error.reason_code, "rate_limited");
    assert_eq!(error.wait.map(|wait| wait.as_secs()), Some(7));
}

#[tokio::test]
async fn every_reason_not_to_merge_is_told_apart() {
    let refusals = [
        (
            405,
            "User not allowed to merge PR",
            "merge_forbidden",
            false,
        ),
        (
            405,
            "merge is not allowed an allowed merge style for this repository",
            "merge_style",
            false,
        ),
        (
            409,
            "PushRejected with remote message: no",
            "merge_rejected",
            true,
        ),
        (403, "", "forge_forbidden", false),
        (423, "archived", "repository_archived", false),
    ];
    for (status, said, code, transient) in refusals {
        let model = Model::new(true).await;
        model.fail(Side::Before, Fault::Says(status, said));
        let error = model.act("merge").await.unwrap_err();
        assert_eq!(
            (error.reason_code.as_str(), error.transient),
            (code, transient),
            "{error}"
        );
        assert_eq!(model.done("merge"), 0);
    }
    let waits = |why: &str| Outcome::NotReady {
        why: why.to_owned(),
    };
    let outcomes = [
        (
            405,
            "Does not have enough approvals",
            waits("Does not have enough approvals"),
        ),
        (
            405,
            "Changed protected files",
            waits("Changed protected files"),
        ),
        (
            405,
            "The head branch is behind the base branch",
            Outcome::Conflict,
        ),
        (409, "head out of date", Outcome::HeadMoved),
        (409, "", Outcome::Conflict),
    ];
    for (status, said, outcome) in outcomes {
        let model = Model::new(true).await;
        model.fail(Side::Before, Fault::Says(status, said));
        assert_eq!(model.act("merge").await.unwrap(), outcome, "{said}");
    }
}

#[tokio::test]
async fn what_is_to_be_tried_again_soon_is_tried_again_at_once() {
    for (status, said) in [
        (405, "Please try again later"),
        (409, "merge push out of date"),
        (
            409,
            "PushRejected with remote message: cannot lock ref 'refs/heads/main'",
        ),
        (404, ""),
    ] {
        let model = Model::new(true).await;
        model.fail(Side::Before, Fault::Says(status, said));
        let merged = model.act("merge").await.unwrap();
        assert!(matches!(merged, Outcome::Merged { .. }), "{said}");
        assert_eq!(model.done("merge"), 1);
    }
}
