//! Freezes: what is announced, and what is refused at once.

use std::sync::Arc;

use sendo_core::act::{Access, Grant, Verb};
use sendo_core::fact::Fact;
use sendo_core::freeze::{Announced, Freeze, When, Zone};
use sendo_core::lock::{FREEZES, subject};
use sendo_core::names::Principal;
use sendo_core::plan::Plan;
use sendo_core::time::{Span, Timestamp};
use sendo_store::Committed;
use sendo_web::Limits;
use sendo_web::token::Scope;
use serde_json::{Value, json};

use crate::harness::{Server, rules};

/// The clock of these stories stands still here: 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

fn announced(name: &str, area: &str) -> Announced {
    Announced {
        area: area.parse().expect("an area"),
        name: name.to_owned(),
        by: Principal::new("local:carol").expect("a principal"),
        reason: "the auditors are here".to_owned(),
        from: NOW,
        to: NOW + Span::from_secs(3_600),
    }
}

/// An area with these freezes, as its own decision leaves them.
async fn keep(server: &Server, area: &str, freezes: &[Announced]) {
    let subject = subject(&area.parse().expect("an area"));
    let store = server.store.as_ref();
    store
        .hint(std::slice::from_ref(&subject))
        .await
        .expect("hinted");
    let claimed = store
        .claim_subject(Span::from_secs(60), &|_| Vec::new())
        .await;
    let fact = Fact {
        subject,
        key: FREEZES.to_owned(),
        value: json!(freezes),
        observed_at: NOW,
    };
    let plan = Plan {
        publish: vec![fact],
        ..Plan::default()
    };
    let claimed = claimed.expect("claimed").expect("awake");
    let committed = store.commit(&claimed, &plan, &[]).await.expect("committed");
    assert_eq!(committed, Committed::Yes);
}

/// `web/staging` is frozen by its configuration, too.
async fn frozen() -> Server {
    let mut lane = rules("web", "staging");
    lane.freezes = vec![Freeze {
        name: "holidays".to_owned(),
        reason: None,
        zone: Zone::new("Asia/Tokyo").expect("a zone"),
        when: When::Dates(vec!["2026-01-02".parse().expect("a date")]),
        by: None,
    }];
    let lanes: Arc<[_]> = Arc::from([rules("example1", "test"), lane]);
    let change = |web: &mut sendo_web::WebState| web.lanes = Arc::new(move || Arc::clone(&lanes));
    let server = Server::with(Limits::default(), change).await;
    keep(&server, "web", &[announced("audit", "web")]).await;
    server
}

async fn post(server: &Server, token: &str, path: &str, body: &Value) -> Value {
    let call = server.post(path, &body.to_string()).token(token);
    call.send().await.json()
}

#[tokio::test]
async fn what_is_announced_is_read_by_the_clock_of_its_zone_and_named_after_its_day() {
    let server = frozen().await;
    let token = server.token_of("local:alice", &[Scope::Deploy]).await;
    for (more, name, from, seconds) in [
        (json!({"seconds": 60}), "2026-01-01", 0, 60),
        (
            json!({"from": "2026-01-02", "to": "2026-01-02"}),
            "2026-01-02",
            86_400,
            86_400,
        ),
        (
            json!({"from": "2026-01-02T00:00", "to": "2026-01-02T01:00Z", "zone": "Asia/Tokyo"}),
            "2026-01-02",
            15 * 3_600,
            10 * 3_600,
        ),
        (
            json!({"to": "2026-01-01T09:30+09:00", "name": "visit"}),
            "visit",
            0,
            1_800,
        ),
    ] {
        let mut body = json!({"area": "web", "reason": "x"});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("one").clone());
        let mut freeze = post(&server, &token, "/api/v1/freezes", &body).await["freeze"].take();
        let given = freeze["name"].as_str().expect("a name").to_owned();
        assert!(given.starts_with(name), "{given}");
        freeze["name"] = json!(name);
        let begins = NOW + Span::from_secs(from);
        let expected = Announced {
            name: name.to_owned(),
            by: Principal::new("local:alice").expect("a principal"),
            reason: "x".to_owned(),
            from: begins,
            to: begins + Span::from_secs(seconds),
            ..announced("", "web")
        };
        assert_eq!(freeze, json!(expected), "{body}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_board_marks_what_is_frozen_now() {
    let server = frozen().await;
    let frozen = async || {
        let board = server.get("/api/v1/board").send().await.json();
        let lanes = board["lanes"].as_array().expect("lanes").clone();
        let names = lanes.into_iter().map(|lane| lane["frozen"]["name"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(frozen().await, [Value::Null, json!("audit")]);
    let scraped = server.get("/metrics").send().await.body;
    assert!(scraped.contains("\nsendo_lane_frozen 1"), "{scraped}");
    // When it is over, the holidays of the configuration have not begun.
    server.clock.advance(Span::from_secs(3_600));
    assert_eq!(frozen().await, [Value::Null, Value::Null]);
    server.clock.advance(Span::from_secs(14 * 3_600));
    assert_eq!(frozen().await, [Value::Null, json!("holidays")]);
    server.stop().await;
}

#[tokio::test]
async fn two_without_a_name_at_the_same_moment_are_both_announced() {
    let server = frozen().await;
    let token = server.token_of("local:alice", &[Scope::Deploy]).await;
    let body = json!({"area": "web", "reason": "x", "seconds": 60});
    let announce = || post(&server, &token, "/api/v1/freezes", &body);
    let (one, other) = tokio::join!(announce(), announce());
    let name = |told: &Value| told["freeze"]["name"].as_str().expect("a name").to_owned();
    assert_ne!(name(&one), name(&other));
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_under_its_key_is_taken_once_and_another_is_not_taken_for_it()
{
    let server = frozen().await;
    let token = server.token_of("local:carol", &[Scope::Deploy]).await;
    let sent = async |name: &str, key: &str| {
        let body = json!({"area": "web", "reason": "x", "name": name, "seconds": 60});
        let call = server.post("/api/v1/freezes", &body.to_string());
        let call = call.token(&token).header("idempotency-key", key);
        call.send().await
    };
    let (first, again) = (
        sent("visit", "1").await.json(),
        sent("visit", "1").await.json(),
    );
    assert_eq!(first["freeze"]["name"], "visit");
    assert_eq!(again["delivery"], first["delivery"]);
    assert_eq!(
        (&again["duplicate"], &again["freeze"]),
        (&json!(true), &Value::Null)
    );
    // One that is announced already stays as it is, whatever the key.
    assert_eq!(sent("audit", "2").await.status, 409);
    server.stop().await;
}

#[tokio::test]
async fn what_was_asked_under_a_key_is_answered_alike_once_it_is_done() {
    let server = frozen().await;
    let token = server.token_of("local:carol", &[Scope::Deploy]).await;
    let sent = async |path: &str, body: &Value| {
        let call = server.post(path, &body.to_string()).token(&token);
        call.header("idempotency-key", "k").send().await
    };
    let visit = json!({"area": "web", "reason": "x", "name": "visit", "seconds": 60});
    let over = json!({"name": "visit"});
    let first = sent("/api/v1/freezes", &visit).await.json();
    keep(&server, "web", &[announced("visit", "web")]).await;
    let again = sent("/api/v1/freezes", &visit).await.json();
    assert_eq!(
        again,
        json!({"delivery": first["delivery"], "duplicate": true})
    );
    let first = sent("/api/v1/unfreezes", &over).await.json();
    keep(&server, "web", &[]).await;
    let again = sent("/api/v1/unfreezes", &over).await.json();
    assert_eq!(
        again,
        json!({"delivery": first["delivery"], "duplicate": true})
    );
    server.stop().await;
}

#[tokio::test]
async fn a_freeze_that_cannot_be_is_refused_with_what_to_write_instead() {
    let server = frozen().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    for (area, more, code) in [
        ("a b", json!({"seconds": 60}), "area_invalid"),
        ("nobody/test", json!({"seconds": 60}), "area_unknown"),
        ("web", json!({}), "end_missing"),
        (
            "web",
            json!({"to": "2026-02-01", "seconds": 60}),
            "end_missing",
        ),
        ("web", json!({"to": "tomorrow"}), "time_invalid"),
        (
            "web",
            json!({"to": "2026-01-03", "zone": "Asia/Tokio"}),
            "zone_unknown",
        ),
        (
            "web",
            json!({"from": "2026-02-01", "to": "2026-01-20"}),
            "ends_before_it_begins",
        ),
        (
            "web",
            json!({"from": "2025-12-01", "to": "2025-12-20"}),
            "already_over",
        ),
        ("web", json!({"to": "2025-12-20"}), "already_over"),
        (
            "web",
            json!({"from": "2026-02-01", "to": "2027-02-03"}),
            "too_long",
        ),
        (
            "web",
            json!({"seconds": 60, "name": "an audit"}),
            "name_invalid",
        ),
        ("web", json!({"seconds": 60, "name": "audit"}), "name_taken"),
        (
            "*",
            json!({"seconds": 60, "name": "holidays"}),
            "name_taken",
        ),
        (
            "web",
            json!({"seconds": 60, "reason": " "}),
            "reason_missing",
        ),
    ] {
        let mut body = json!({"area": area, "reason": "x"});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("one").clone());
        let refused = post(&server, &token, "/api/v1/freezes", &body).await;
        assert_eq!(refused["error"]["reason_code"], code, "{body}: {refused}");
        let next = refused.to_string();
        assert!(
            code != "zone_unknown" || next.contains("Asia/Tokyo"),
            "{next}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn an_area_keeps_only_so_many() {
    let server = Server::start().await;
    let many: Vec<Announced> = (0..50)
        .map(|n| announced(&format!("n{n}"), "web"))
        .collect();
    keep(&server, "web", &many).await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let body = json!({"area": "web", "reason": "x", "seconds": 60});
    let refused = post(&server, &token, "/api/v1/freezes", &body).await;
    assert_eq!(refused["error"]["reason_code"], "too_many_freezes");
    server.stop().await;
}

#[tokio::test]
async fn only_what_was_announced_is_ended_and_one_of_two_is_named_with_its_area() {
    let server = frozen().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    for (body, code) in [
        (json!({"name": "nothing"}), json!("freeze_unknown")),
        (json!({"name": "holidays"}), json!("freeze_unknown")),
        (
            json!({"name": "audit", "area": "*"}),
            json!("freeze_unknown"),
        ),
        (json!({"name": "audit"}), Value::Null),
    ] {
        let reply = post(&server, &token, "/api/v1/unfreezes", &body).await;
        assert_eq!(reply["error"]["reason_code"], code, "{body}: {reply}");
    }
    keep(&server, "*", &[announced("audit", "*")]).await;
    for (body, code) in [
        (json!({"name": "audit"}), json!("name_ambiguous")),
        (json!({"name": "audit", "area": "web"}), Value::Null),
    ] {
        let reply = post(&server, &token, "/api/v1/unfreezes", &body).await;
        assert_eq!(reply["error"]["reason_code"], code, "{body}: {reply}");
    }
    server.stop().await;
}

#[tokio::test]
async fn freezes_are_listed_as_far_as_a_token_reaches_and_until_they_are_over() {
    let server = frozen().await;
    let list = async |applications: &[&str]| {
        let token = server.token(&[Scope::Read], applications).await;
        server
            .get("/api/v1/freezes")
            .token(&token)
            .send()
            .await
            .json()
    };
    let names = |listed: &Value| {
        let of = |key: &str| listed[key].as_array().expect("a list").iter();
        let both = of("announced").chain(of("configured"));
        both.map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    let listed = list(&[]).await;
    assert_eq!(names(&listed), ["audit", "holidays"]);
    let holidays = &listed["configured"][0];
    assert_eq!(holidays["lanes"], json!(["web/staging"]));
    assert_eq!(holidays["from"], json!(NOW + Span::from_secs(15 * 3_600)));
    assert!(names(&list(&["example1"]).await).is_empty());
    let html = server.get("/locks").send().await.body;
    assert!(
        html.contains("the auditors are here") && html.contains("holidays"),
        "{html}"
    );
    server.clock.advance(Span::from_secs(3_600));
    assert_eq!(names(&list(&[]).await), ["holidays"]);
    server.stop().await;
}

#[tokio::test]
async fn the_page_of_locks_has_forms_for_where_its_reader_may_lock_and_for_nothing_else() {
    let alice = Principal::new("local:alice").expect("a principal");
    let grant = |verb| Access {
        grants: Some(vec![Grant {
            who: Some(vec![alice.clone()]),
            may: vec![verb],
        }]),
    };
    let mut lanes = [rules("web", "staging"), rules("example1", "test")];
    lanes[0].access = grant(Verb::Lock);
    lanes[1].access = grant(Verb::Deploy);
    let lanes: Arc<[_]> = Arc::from(lanes);
    let change = |web: &mut sendo_web::WebState| web.lanes = Arc::new(move || Arc::clone(&lanes));
    let server = Server::with(Limits::default(), change).await;
    for area in ["web", "example1"] {
        keep(&server, area, &[announced("audit", area)]).await;
    }
    for (who, forms) in [("local:alice", [1, 1, 0]), ("local:bob", [0, 0, 0])] {
        let scopes = [Scope::Read, Scope::Deploy];
        let token = server.token_of(who, &scopes).await;
        let page = server.get("/locks").token(&token).send().await.body;
        let seen = [
            "action=\"/locks\"",
            "value=\"web/*\"",
            "value=\"example1/*\"",
        ];
        assert_eq!(seen.map(|part| page.matches(part).count()), forms, "{who}");
    }
    server.stop().await;
}
