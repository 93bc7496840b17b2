//! Every route by every caller from everywhere: what the routes' own table says about each is compared
//! with what the server answers, so a new route is tested before anybody thinks of it.

use std::sync::{Arc, Mutex};

use sendo_core::act::{Grant, Verb};
use sendo_core::deployment::{DeploymentState, Waiting};
use sendo_core::names::{Principal, Revision};
use sendo_core::time::Span;
use sendo_report::page::{EVENTS_PATH, SIGN_OUT_PATH};
use sendo_web::Limits;
use sendo_web::routes::{self, Listed};
use sendo_web::token::Scope;

use crate::client::{Call, read_until};
use crate::harness::{Server, lane, rules};
use crate::seed;
use crate::sign_in::sign_in;

const SCOPES: [Scope; 5] = [
    Scope::Read,
    Scope::Deploy,
    Scope::Approve,
    Scope::ReportImage,
    Scope::Admin,
];

/// Who calls, and what a server can know of it.
struct Who {
    name: String,
    headers: Vec<(&'static str, String)>,
    /// The scope of what is shown and good.
    scope: Option<Scope>,
}

impl Who {
    fn shows(&self, header: &str) -> bool {
        self.headers.iter().any(|(name, _)| *name == header)
    }
}

/// Where a request comes from, as far as browsers and programs tell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum From {
    Ours,
    Elsewhere,
    NotTold,
}

const ORIGINS: [(&[(&str, &str)], From); 7] = [
    (&[("sec-fetch-site", "same-origin")], From::Ours),
    (&[("sec-fetch-site", "none")], From::Ours),
    (&[("origin", "https://sendo.example.com")], From::Ours),
    (&[("sec-fetch-site", "cross-site")], From::Elsewhere),
    (&[("sec-fetch-site", "same-site")], From::Elsewhere),
    (&[("origin", "https://evil.example")], From::Elsewhere),
    (&[], From::NotTold),
];

/// The scope that a route asks for beyond its row: without an `access` section only an administrator
/// breaks the glass.
fn scope_of(route: &Listed, scope: Scope) -> Scope {
    if route.path.ends_with("/override") {
        Scope::Admin
    } else {
        scope
    }
}

/// Why a call is refused before its handler looks at it; empty when it is not.
fn expected(route: &Listed, who: &Who, from: From, open: bool) -> &'static str {
    use sendo_web::routes::Access::{Bearers, Everybody, Holders, Readers, Senders};
    let for_programs = ["/api/", "/webhooks/"];
    let for_programs = for_programs
        .iter()
        .any(|begin| route.path.starts_with(begin));
    let program = for_programs && !who.shows("cookie");
    let admitted = from == From::Ours || (from == From::NotTold && program);
    if route.method != "GET" && !admitted {
        return "cross_origin";
    }
    let bad_token = who.shows("authorization") && who.scope.is_none();
    let has = |scope| matches!(who.scope, Some(has) if has == scope || has == Scope::Admin);
    match (route.access, who.scope) {
        (Everybody | Senders, _) => "",
        _ if bad_token => "token_invalid",
        (Readers, None) if open => "",
        (Readers | Holders(_), None) => "token_missing",
        (Readers, Some(_)) if has(Scope::Read) => "",
        (Holders(scope), Some(_)) if has(scope_of(route, scope)) => "",
        (Readers | Holders(_), Some(_)) => "scope_missing",
        (Bearers, Some(_)) if who.shows("authorization") => "",
        (Bearers, _) => "token_missing",
    }
}

/// Every kind of caller, at a moment when some of what they show is over.
async fn callers(server: &Server) -> Vec<Who> {
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    let who = |name: &str, headers: Vec<(&'static str, String)>, scope| Who {
        name: name.to_owned(),
        headers,
        scope,
    };
    let mut all = vec![who("nobody", Vec::new(), None)];
    for scope in SCOPES {
        let token = server.token(&[scope], &[]).await;
        let cookie = sign_in(server, &token).await;
        let name = format!("a token to {scope}");
        all.push(who(&name, vec![bearer(&token)], Some(scope)));
        let name = format!("a session to {scope}");
        all.push(who(&name, vec![("cookie", cookie)], Some(scope)));
    }
    let admin = server.token(&[Scope::Admin], &[]).await;
    let good = ("cookie", sign_in(server, &admin).await);
    let revoked = server.token(&[Scope::Admin], &[]).await;
    let expired = server.short_token(&[Scope::Admin]).await;
    for (name, token) in [("revoked", &revoked), ("expired", &expired)] {
        let cookie = ("cookie", sign_in(server, token).await);
        let session = format!("a session of an {name} token");
        all.push(who(&session, vec![cookie], None));
        let name = format!("an {name} token");
        all.push(who(&name, vec![bearer(token)], None));
    }
    let path = format!("/api/v1/tokens/{}", &revoked[6..18]);
    let ended = server.delete(&path).token(&admin).send().await;
    assert_eq!(ended.status, 200, "{ended:?}");
    server.clock.advance(Span::from_secs(2));
    let out = ("cookie", sign_in(server, &admin).await);
    let call = Call::new(server.address, "POST", SIGN_OUT_PATH).form(&[]);
    assert_eq!(call.header("cookie", &out.1).send().await.status, 303);
    all.push(who("a session that ended", vec![out], None));
    let mut forged = admin.clone();
    let other = if &forged[20..24] == "0000" {
        "1111"
    } else {
        "0000"
    };
    forged.replace_range(20..24, other);
    all.push(who("a forged token", vec![bearer(&forged)], None));
    let name = "a forged token beside a good session";
    all.push(who(name, vec![bearer(&forged), good], None));
    let forged = ("cookie", format!("__Host-sendo={}", "0".repeat(64)));
    all.push(who("a forged session", vec![forged], None));
    all
}

/// A path with something that exists in the place of each parameter.
fn filled(path: &str) -> String {
    let path = path
        .replace("{application}", "example1")
        .replace("{environment}", "test")
        .replace("{number}", "1")
        .replace("{id}", "000000000000")
        .replace("{code}", &"0".repeat(64));
    assert!(!path.contains('{'), "a parameter nobody fills: {path}");
    path
}

/// Why the server refuses, if it does so before the handler looks.
async fn refusal(route: &Listed, call: Call, goes_on: bool) -> String {
    if route.path == EVENTS_PATH && goes_on {
        // What is told there never ends.
        let mut stream = call.open().await;
        read_until(&mut stream, "200 OK").await;
        return String::new();
    }
    let reply = call.send().await;
    assert!(
        reply.status < 500 && reply.status > 0,
        "{route:?} {reply:?}"
    );
    let code = reply.json()["error"]["reason_code"].clone();
    let ours = [
        "cross_origin",
        "token_missing",
        "token_invalid",
        "scope_missing",
    ];
    let code = code.as_str().filter(|code| ours.contains(code));
    code.unwrap_or_default().to_owned()
}

/// Tells every case of a server, on one open to reads those of readers only; gives how many there were,
/// and which went otherwise.
async fn go_through(server: &Server, open: bool) -> (usize, Vec<String>) {
    seeded(server, DeploymentState::Waiting).await;
    let everybody = callers(server).await;
    let (mut cases, mut wrong) = (0, Vec::new());
    // Signing out ends the sessions that the others use.
    let (last, mut listed): (Vec<_>, Vec<_>) = routes::list()
        .into_iter()
        .partition(|route| route.path == SIGN_OUT_PATH);
    listed.extend(last);
    listed.retain(|route| !open || route.access == routes::Access::Readers);
    for (route, who) in listed
        .iter()
        .flat_map(|route| everybody.iter().map(move |who| (route, who)))
    {
        for (headers, from) in ORIGINS {
            let method = ["GET", "POST", "DELETE"]
                .into_iter()
                .find(|name| route.method == *name);
            let method = method.expect("a method that is told");
            let mut call = Call::new(server.address, method, &filled(route.path));
            if method != "GET" && route.path.starts_with("/api/") {
                call = call.json("{}");
            } else if method != "GET" {
                call = call.header("content-type", "application/x-www-form-urlencoded");
            }
            let shown = who
                .headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()));
            for (name, value) in shown.chain(headers.iter().copied()) {
                call = call.header(name, value);
            }
            let should = expected(route, who, from, open);
            let does = refusal(route, call, should.is_empty()).await;
            cases += 1;
            if does != should {
                let (path, who) = (route.path, &who.name);
                wrong.push(format!(
                    "{method} {path} by {who} {headers:?}: {does:?}, not {should:?}"
                ));
            }
        }
    }
    (cases, wrong)
}

/// Deployment 1 of `example1/test`, which waits for people when it waits.
async fn seeded(server: &Server, state: DeploymentState) {
    let mut row = seed::deployment(&lane("example1", "test"), 1, "main");
    row.state = state;
    row.requested_by = None;
    row.waiting = (state == DeploymentState::Waiting).then(|| Waiting::People {
        needed: 1,
        have: Vec::new(),
        from: Vec::new(),
        backwards: false,
    });
    seed::write(server.store.as_ref(), row, "x").await;
}

#[tokio::test]
async fn every_route_admits_whom_its_row_names_and_nobody_else() {
    let mut cases = 0;
    for open in [false, true] {
        let server = if open {
            Server::start().await
        } else {
            Server::closed().await
        };
        let (told, wrong) = go_through(&server, open).await;
        assert!(
            wrong.is_empty(),
            "{} of {told}:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        cases += told;
        server.stop().await;
    }
    println!("{cases} cases of who may call which route from where");
    assert!(cases > 8_000, "{cases}");
}

/// A deployment that waits, and two successes to go back between.
async fn harbour(server: &Server) {
    for (ordinal, digit) in [(2, "2"), (3, "3")] {
        let mut row = seed::deployment(&lane("example1", "test"), ordinal, "main");
        row.revision = Revision::new(digit.repeat(40)).expect("a revision");
        row.state = DeploymentState::Succeeded;
        seed::write(server.store.as_ref(), row, "x").await;
    }
    seeded(server, DeploymentState::Waiting).await;
}

async fn deliveries(server: &Server) -> u64 {
    let backlog = server.get("/api/v1/backlog").send().await.json();
    backlog["deliveries"].as_u64().expect("a number")
}

/// What a route that asks for something takes; `None` where no one can be taken twice.
fn taken(path: &str) -> Option<&'static str> {
    match path.rsplit('/').next()? {
        "deployments" => Some(r#"{"application":"example1","environment":"test"}"#),
        "approve" | "cancel" | "retry" | "rollback" => Some("{}"),
        "override" => Some(r#"{"reason":"because"}"#),
        "locks" => Some(r#"{"area":"*","reason":"because"}"#),
        "freezes" => Some(r#"{"area":"*","reason":"because","seconds":60}"#),
        "images" => Some(
            r#"{"application":"web","revision":"0123456789abcdef0123456789abcdef01234567","tag":"1"}"#,
        ),
        // What is not locked is not unlocked, and here nobody decides about locks and freezes.
        "unlocks" | "unfreezes" => None,
        // A plan does nothing, and a replay is done once by where its delivery stands.
        "plan" | "replay" => None,
        // A new one is refused below, by its name, until it is told here what it takes.
        _ => Some(""),
    }
}

#[tokio::test]
async fn the_same_request_twice_is_taken_once_on_every_route_that_takes_one() {
    let server = Server::start().await;
    harbour(&server).await;
    let token = server.token(&[Scope::Admin], &[]).await;
    let asks = |route: &Listed| {
        let people = !matches!(route.access, routes::Access::Holders(Scope::Admin));
        let holders = matches!(route.access, routes::Access::Holders(_));
        route.method == "POST" && route.path.starts_with("/api/") && holders && people
    };
    for route in routes::list().iter().filter(|route| asks(route)) {
        let Some(body) = taken(route.path) else {
            continue;
        };
        let before = deliveries(&server).await;
        for time in ["first", "second"] {
            let call = server.post(&filled(route.path), body).token(&token);
            let reply = call.header("idempotency-key", "k").send().await;
            assert_eq!(reply.status, 202, "{} {time}: {reply:?}", route.path);
        }
        assert_eq!(deliveries(&server).await, before + 1, "{}", route.path);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_button_of_a_deployment_that_moved_on_does_nothing() {
    use DeploymentState::{Cancelled, Failed, Succeeded, Superseded};
    for state in [Succeeded, Superseded, Cancelled, Failed] {
        let server = Server::start().await;
        seeded(&server, DeploymentState::Waiting).await;
        let cookie = sign_in(&server, &server.token(&[Scope::Admin], &[]).await).await;
        let page = "/deployments/example1/test/1";
        let seen = server.get(page).header("cookie", &cookie).send().await.body;
        for act in ["approve", "cancel", "override"] {
            let path = format!("{page}/{act}");
            assert!(seen.contains(&path), "{path}");
            seeded(&server, state).await;
            let press = server.post(&path, "").form(&[("reason", "because")]);
            let reply = press.header("cookie", &cookie).send().await;
            assert_eq!(reply.status, 409, "{act} {state:?}: {reply:?}");
        }
        assert_eq!(deliveries(&server).await, 0);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_right_that_is_taken_away_between_page_and_click_is_gone() {
    let allowed = Arc::new(Mutex::new(Arc::from([rules("example1", "test")])));
    let lanes = Arc::clone(&allowed);
    let server = Server::with(Limits::default(), |web| {
        web.lanes = Arc::new(move || Arc::clone(&lanes.lock().expect("a lock")));
    })
    .await;
    seeded(&server, DeploymentState::Waiting).await;
    let token = server
        .token_of("local:aoi", &[Scope::Approve, Scope::Read])
        .await;
    let cookie = sign_in(&server, &token).await;
    let page = "/deployments/example1/test/1";
    let seen = server.get(page).header("cookie", &cookie).send().await.body;
    assert!(seen.contains("Approve</button>"), "{seen}");
    let press = || {
        let call = server.post(&format!("{page}/approve"), "").form(&[]);
        call.header("accept", "application/json")
            .header("cookie", &cookie)
    };
    let mut strict = rules("example1", "test");
    strict.access.grants = Some(vec![Grant {
        who: Some(vec![Principal::new("local:ren").expect("a principal")]),
        may: vec![Verb::Approve],
    }]);
    *allowed.lock().expect("a lock") = Arc::from([strict]);
    assert_eq!(press().send().await.reason(), "not_allowed");
    let admin = server.token(&[Scope::Admin], &[]).await;
    let path = format!("/api/v1/tokens/{}", &token[6..18]);
    assert_eq!(server.delete(&path).token(&admin).send().await.status, 200);
    assert_eq!(press().send().await.reason(), "token_missing");
    assert_eq!(deliveries(&server).await, 0);
    server.stop().await;
}
