//! What people do: who may, and what is refused at once.

use std::sync::Arc;

use sendo_core::act::{Access, Area, Grant, Verb};
use sendo_core::deployment::DeploymentState;
use sendo_core::lock::{LOCK, subject};
use sendo_core::names::{Principal, Revision};
use sendo_core::promotion::{Approval, HELD};
use sendo_web::Limits;
use sendo_web::token::Scope;

use serde_json::json;

use crate::harness::{Server, lane, rules};
use crate::{freezes, seed};

const ACTS: [&str; 4] = ["approve", "cancel", "retry", "override"];

/// Deployment 1 of `example1/test`, asked for by `local:alice`, in this state.
async fn with(server: &Server, state: DeploymentState) {
    let mut row = seed::deployment(&lane("example1", "test"), 1, "main");
    row.state = state;
    seed::write(server.store.as_ref(), row, "x").await;
}

async fn act(server: &Server, token: &str, act: &str) -> (u16, String) {
    let path = format!("/api/v1/deployments/example1/test/1/{act}");
    let call = server.post(&path, r#"{"reason":"because"}"#).token(token);
    let reply = call.send().await;
    let code = if reply.status == 202 {
        String::new()
    } else {
        reply.reason().to_owned()
    };
    (reply.status, code)
}

#[tokio::test]
async fn every_act_by_every_scope_in_every_state_is_taken_or_refused_as_the_table_says() {
    use DeploymentState::{Cancelled, Failed, Queued, Running, Succeeded, Superseded, Waiting};
    let scopes = [
        Scope::Read,
        Scope::Deploy,
        Scope::Approve,
        Scope::ReportImage,
        Scope::Admin,
    ];
    for state in [
        Queued, Running, Waiting, Succeeded, Superseded, Cancelled, Failed,
    ] {
        let server = Server::start().await;
        with(&server, state).await;
        for scope in scopes {
            let token = server.token(&[scope], &[]).await;
            for verb in ACTS {
                let may = match scope {
                    Scope::Admin => true,
                    Scope::Approve => verb == "approve",
                    Scope::Deploy => matches!(verb, "cancel" | "retry"),
                    Scope::Read | Scope::ReportImage => false,
                };
                let holds = match verb {
                    // Here no lane remembers one that ended.
                    "retry" => !state.is_terminal(),
                    _ => !state.is_terminal(),
                };
                let expected = match (may, holds) {
                    (false, _) => 403,
                    (true, false) => 409,
                    (true, true) => 202,
                };
                let got = act(&server, &token, verb).await;
                assert_eq!(got.0, expected, "{verb} by {scope} in {state:?}: {}", got.1);
            }
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn an_act_that_is_sent_again_under_its_key_is_answered_alike_once_it_is_done() {
    let server = Server::start().await;
    with(&server, DeploymentState::Waiting).await;
    let token = server.token_of("local:carol", &[Scope::Approve]).await;
    let sent = async |key: &str| {
        let call = server.post("/api/v1/deployments/example1/test/1/approve", "{}");
        let call = call.token(&token).header("idempotency-key", key);
        call.send().await
    };
    let first = sent("1").await.json();
    with(&server, DeploymentState::Succeeded).await;
    let again = sent("1").await.json();
    assert_eq!(again["delivery"], first["delivery"]);
    // Another one comes too late.
    assert_eq!(sent("2").await.status, 409);
    server.stop().await;
}

#[tokio::test]
async fn a_rollback_from_what_does_not_run_there_any_more_is_refused() {
    let server = Server::start().await;
    for (number, revision) in [(1, "1"), (2, "2")] {
        let mut row = seed::deployment(&lane("example1", "test"), number, "main");
        row.state = DeploymentState::Succeeded;
        row.revision = Revision::new(revision.repeat(40)).expect("a revision");
        seed::write(server.store.as_ref(), row, "x").await;
    }
    let token = server.token(&[Scope::Deploy], &[]).await;
    let back = async |body: &str| {
        let call = server.post("/api/v1/lanes/example1/test/rollback", body);
        let reply = call.token(&token).send().await;
        let code = (reply.status != 202).then(|| reply.reason().to_owned());
        (reply.status, code)
    };
    assert_eq!(back(r#"{"from":2}"#).await, (202, None));
    assert_eq!(
        back(r#"{"from":1}"#).await,
        (409, Some("left_already".to_owned()))
    );
    assert_eq!(back("{}").await, (202, None));
    let keyed = async || {
        let call = server.post("/api/v1/lanes/example1/test/rollback", "{}");
        call.token(&token)
            .header("idempotency-key", "k")
            .send()
            .await
            .json()
    };
    let first = keyed().await;
    // What runs by then makes it no other wish.
    let mut row = seed::deployment(&lane("example1", "test"), 3, "main");
    row.state = DeploymentState::Succeeded;
    seed::write(server.store.as_ref(), row, "x").await;
    assert_eq!(keyed().await["delivery"], first["delivery"]);
    server.stop().await;
}

#[tokio::test]
async fn a_lock_is_opened_by_who_may_lock_and_a_hold_by_who_may_roll_back() {
    let grant = |who: &str, may| Grant {
        who: Some(vec![Principal::new(who).expect("a principal")]),
        may: vec![may],
    };
    let grants = vec![
        grant("local:locker", Verb::Lock),
        grant("local:roller", Verb::Rollback),
    ];
    let mut rules = rules("example1", "test");
    rules.access.grants = Some(grants);
    let lanes = Arc::from([rules]);
    let server = Server::with(Limits::default(), |web| {
        web.lanes = Arc::new(move || Arc::clone(&lanes))
    })
    .await;
    let lane = lane("example1", "test");
    let (area, at) = (Area::of(&lane), server.store.now().await.expect("a clock"));
    let by = Principal::new("local:alice").expect("a principal");
    let held = json!({"deployment": "example1/test/3", "by": by, "reason": null, "at": at});
    let lock = json!({"area": area, "by": by, "reason": "x", "at": at, "until": null});
    let opens = async |who: &str| {
        let token = server.token_of(who, &[Scope::Deploy]).await;
        let call = server.post("/api/v1/unlocks", r#"{"area":"example1/test"}"#);
        let reply = call.token(&token).send().await;
        (reply.status, reply.json()["stays"].clone())
    };
    freezes::publish(&server, lane.subject(), HELD, held).await;
    assert_eq!(opens("local:locker").await.0, 403);
    let stays = |lock, hold| (202, json!({"lock": lock, "hold": hold}));
    assert_eq!(opens("local:roller").await, stays(false, false));
    freezes::publish(&server, subject(&area), LOCK, lock).await;
    assert_eq!(opens("local:locker").await, stays(false, true));
    assert_eq!(opens("local:roller").await, stays(true, false));
    assert_eq!(opens("local:alice").await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn who_asked_is_refused_and_so_is_whom_no_rule_names() {
    let alice = Principal::new("local:alice").expect("a principal");
    let carol = Principal::new("local:carol").expect("a principal");
    let grants = vec![Grant {
        who: Some(vec![alice.clone(), carol.clone()]),
        may: vec![Verb::Approve],
    }];
    let mut lane = rules("example1", "test");
    lane.access = Access {
        grants: Some(grants),
    };
    lane.approval = Approval::People {
        count: 1,
        from: vec![alice.clone()],
    };
    let lanes = Arc::from([lane]);
    let server = Server::with(Limits::default(), |web| {
        web.lanes = Arc::new(move || Arc::clone(&lanes))
    })
    .await;
    with(&server, DeploymentState::Waiting).await;
    for (who, scope, verb, code) in [
        ("local:alice", Scope::Approve, "approve", "own_request"),
        ("local:carol", Scope::Approve, "approve", "not_an_approver"),
        ("local:bob", Scope::Approve, "approve", "not_allowed"),
        ("local:alice", Scope::Deploy, "cancel", "not_allowed"),
        ("local:alice", Scope::Admin, "override", "not_allowed"),
    ] {
        let token = server.token_of(who, &[scope]).await;
        assert_eq!(
            act(&server, &token, verb).await,
            (403, code.to_owned()),
            "{who} {verb}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn an_act_on_what_is_not_there_or_not_covered_is_refused() {
    let server = Server::start().await;
    with(&server, DeploymentState::Waiting).await;
    let token = server.token(&[Scope::Admin], &["web"]).await;
    assert_eq!(
        act(&server, &token, "approve").await.1,
        "application_not_covered"
    );
    let token = server.token(&[Scope::Admin], &[]).await;
    for (path, code) in [
        (
            "/api/v1/deployments/example1/test/2/approve",
            "deployment_unknown",
        ),
        (
            "/api/v1/deployments/example1/tset/1/approve",
            "environment_unknown",
        ),
        (
            "/api/v1/deployments/example9/test/1/cancel",
            "application_unknown",
        ),
        (
            "/api/v1/lanes/example1/test/rollback",
            "nothing_to_go_back_to",
        ),
    ] {
        assert_eq!(
            server.post(path, "{}").token(&token).send().await.reason(),
            code,
            "{path}"
        );
    }
    let path = "/api/v1/deployments/example1/test/1/override";
    let reply = server
        .post(path, r#"{"reason":" "}"#)
        .token(&token)
        .send()
        .await;
    assert_eq!(reply.reason(), "reason_missing");
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(501));
    assert_eq!(
        server.post(path, &long).token(&token).send().await.reason(),
        "reason_invalid"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_list_in_place_of_named_fields_and_a_number_written_otherwise_are_refused() {
    let server = Server::start().await;
    with(&server, DeploymentState::Waiting).await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    for body in ["[]", r#" ["because"]"#] {
        let path = "/api/v1/deployments/example1/test/1/cancel";
        let reply = server.post(path, body).token(&token).send().await;
        let seen = (reply.status, reply.reason());
        assert_eq!(seen, (400, "field_invalid".to_owned()), "{body}");
    }
    for (number, status) in [("1", 200), ("+1", 404), ("01", 404), ("0", 404)] {
        for path in ["/deployments", "/api/v1/deployments"] {
            let call = server.get(&format!("{path}/example1/test/{number}"));
            assert_eq!(call.send().await.status, status, "{path} {number}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_lock_needs_an_area_a_reason_and_an_end_that_comes() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    for (body, code) in [
        (r#"{"area":"a b","reason":"x"}"#, "area_invalid"),
        (r#"{"area":"nobody/test","reason":"x"}"#, "area_unknown"),
        (r#"{"area":"*","reason":" "}"#, "reason_missing"),
        (
            r#"{"area":"*","reason":"x","seconds":0}"#,
            "seconds_invalid",
        ),
    ] {
        let reply = server
            .post("/api/v1/locks", body)
            .token(&token)
            .send()
            .await;
        assert_eq!(reply.reason(), code, "{body}");
    }
    let limited = server.token(&[Scope::Deploy], &["web"]).await;
    let all = r#"{"area":"*/test","reason":"x"}"#;
    assert_eq!(
        server
            .post("/api/v1/locks", all)
            .token(&limited)
            .send()
            .await
            .reason(),
        "token_limited"
    );
    assert_eq!(
        server
            .post("/api/v1/locks", all)
            .token(&token)
            .send()
            .await
            .status,
        202
    );
    let unlock = server
        .post("/api/v1/unlocks", r#"{"area":"web"}"#)
        .token(&token)
        .send()
        .await;
    assert_eq!(unlock.reason(), "not_locked");
    server.stop().await;
}

#[tokio::test]
async fn a_form_does_what_the_api_does_and_leads_back() {
    let server = Server::start().await;
    with(&server, DeploymentState::Waiting).await;
    let token = server.token(&[Scope::Admin], &[]).await;
    let here = "/deployments/example1/test/1";
    for (path, body, leads) in [
        (
            "/deployments/example1/test/1/cancel",
            &[("reason", "wrong branch")][..],
            here,
        ),
        (
            "/deployments/example1/test/1/override",
            &[("reason", "down")][..],
            here,
        ),
        (
            "/locks",
            &[("area", "*/test"), ("reason", "x"), ("hours", "2")][..],
            "/locks",
        ),
        (
            "/freezes",
            &[
                ("area", "*"),
                ("reason", "x"),
                ("from", ""),
                ("to", "2026-06-01T18:00"),
                ("name", ""),
            ][..],
            "/locks",
        ),
    ] {
        let reply = server
            .post(path, "")
            .token(&token)
            .form(body)
            .header("accept", "application/json")
            .send()
            .await;
        assert_eq!(reply.status, 303, "{path}: {}", reply.body);
        assert!(
            reply.head.contains(&format!("location: {leads}\r\n")),
            "{}",
            reply.head
        );
    }
    assert_eq!(
        server.store.deliveries(None, 9).await.expect("read").len(),
        4
    );
    for (path, body, code) in [
        (
            "/deployments/example1/test/1/approve",
            &[("who", "me")][..],
            "form_invalid",
        ),
        (
            "/deployments/example1/test/1/override",
            &[("reason", " ")][..],
            "reason_missing",
        ),
        (
            "/locks",
            &[("area", "*"), ("reason", "x"), ("hours", "soon")][..],
            "hours_invalid",
        ),
        ("/unlocks", &[("area", "web")][..], "not_locked"),
        (
            "/lanes/example1/test/rollback",
            &[][..],
            "nothing_to_go_back_to",
        ),
    ] {
        let reply = server
            .post(path, "")
            .token(&token)
            .form(body)
            .header("accept", "application/json")
            .send()
            .await;
        assert_eq!(reply.reason(), code, "{path}");
    }
    let json = server.post("/locks", "{}").token(&token);
    let json = json.header("sec-fetch-site", "same-origin").send().await;
    assert_eq!(json.reason(), "not_a_form");
    server.stop().await;
}

#[tokio::test]
async fn a_page_has_buttons_for_what_its_reader_may_and_for_nothing_else() {
    let server = Server::start().await;
    with(&server, DeploymentState::Running).await;
    let page = async |token: Option<&str>| {
        let call = server.get("/deployments/example1/test/1");
        let call = token.map_or_else(
            || server.get("/deployments/example1/test/1"),
            |token| call.token(token),
        );
        call.send().await.body
    };
    assert!(
        !page(None).await.contains("<form"),
        "whoever is nobody may nothing"
    );
    let deploy = server.token(&[Scope::Deploy, Scope::Read], &[]).await;
    let html = page(Some(&deploy)).await;
    assert!(html.contains("/cancel") && !html.contains("/override") && !html.contains("/approve"));
    let admin = server.token(&[Scope::Admin], &[]).await;
    assert!(page(Some(&admin)).await.contains("/override"));
    server.stop().await;
}
