//! Secrets that are planted wherever one can stand, and looked for everywhere else afterwards.
//!
//! Size: one list of where each is planted, and one evening that looks for all of them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sendo_testkit::stage::Stage;
use sendo_testkit::{Server, http, story, wait};
use serde_json::Value;

use crate::serving::{LONGEST, until};

/// Slack and webhooks behind addresses at which nobody listens.
const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:0", database: "DATABASE", lease: 1s, sweep: 1h }
forges: { here: { kind: local, root: . } }
applications:
  shop:
    repository: here:shop
    environments:
      production:
        on: { merged_into: main }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: shop, image: shop, tag: "{sha}" }] } }
notices:
  - { name: a, slack: { webhook: "${env:SLACK}" } }
  - { name: b, slack: { webhook: "${file:slack.txt}" } }
  - { name: c, webhook: { url: "${env:HOOK}", secret: "${env:HOOK_KEY}" } }
  - { name: d, webhook: { url: "${file:hook.txt}", secret: "${file:hook-key.txt}" } }
"#;

/// As a browser says that a form is of this server's own page.
const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Texts nobody may find again, by where they were planted.
#[derive(Default)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    /// A text with characters that an address has to write otherwise.
    fn plant(&mut self, place: &'static str) -> String {
        self.known(
            place,
            format!("k{}+q/Zz~{:08x}", self.0.len(), rand::random::<u32>()),
        )
    }

    /// A text of the form that tokens, sessions and links have.
    fn plant_hex(&mut self, place: &'static str) -> String {
        let drawn = || format!("{:016x}", rand::random::<u64>());
        self.known(place, [drawn(), drawn(), drawn(), drawn()].concat())
    }

    fn known(&mut self, place: &'static str, text: String) -> String {
        self.0.push((place, text.clone()));
        text
    }

    /// The places whose text stands in what was found, however it is written.
    fn found_in(&self, haystack: &[u8]) -> Vec<&'static str> {
        let haystack = String::from_utf8_lossy(haystack);
        let holds = |text: &str| haystack.contains(text);
        let stands = |text: &String| {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let address = text
                .replace('+', "%2B")
                .replace('/', "%2F")
                .replace('~', "%7E");
            let lower = address.replace("%2B", "%2b").replace("%2F", "%2f");
            let slashed = text.replace('/', "\\/");
            [
                text.clone(),
                escaped,
                address,
                lower,
                slashed,
                STANDARD.encode(text),
                URL_SAFE_NO_PAD.encode(text),
            ]
            .iter()
            .any(|written| holds(written))
        };
        let found = self.0.iter().filter(|(_, text)| stands(text));
        found.map(|(place, _)| *place).collect()
    }
}

fn served(stage: &Stage, canaries: &mut Canaries, format: &str) -> Server {
    let at = |secret: String| format!("http://u:{secret}@127.0.0.1:1/services/");
    let mut address = |user: &'static str, path: &'static str, query: &'static str| {
        let (user, path, query) = (
            canaries.plant_hex(user),
            canaries.plant_hex(path),
            canaries.plant_hex(query),
        );
        format!("{}{path}?key={query}", at(user))
    };
    let slack = address(
        "slack, by env: user",
        "slack, by env: path",
        "slack, by env: query",
    );
    let file = address(
        "slack, by file: user",
        "slack, by file: path",
        "slack, by file: query",
    );
    let hook = address(
        "webhook, by env: user",
        "webhook, by env: path",
        "webhook, by env: query",
    );
    let other = address(
        "webhook, by file: user",
        "webhook, by file: path",
        "webhook, by file: query",
    );
    std::fs::write(stage.folder().join("slack.txt"), file).unwrap();
    std::fs::write(stage.folder().join("hook.txt"), other).unwrap();
    let key = canaries.plant("webhook, by file: key");
    std::fs::write(stage.folder().join("hook-key.txt"), key).unwrap();
    let mut command = stage.command(env!("CARGO_BIN_EXE_sendo").as_ref());
    command
        .args(["serve", "--config", "sendo.yaml"])
        .envs([
            ("SLACK", slack),
            ("HOOK", hook),
            ("HOOK_KEY", canaries.plant("webhook, by env: key")),
        ])
        .envs([("SENDO_LOG", "trace"), ("SENDO_LOG_FORMAT", format)]);
    let mut server = Server::start(command, &stage.folder().join("serve.log"));
    assert!(server.came_up(), "{}", server.log());
    server
}

/// Every way in that can carry a secret, with one that is not good there. Gives what was answered.
fn refused(at: SocketAddr, canaries: &mut Canaries) -> String {
    let token = |secret: &str| format!("Bearer sendo_0123456789ab_{secret}");
    let json = ("content-type", "application/json");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let mut answers = String::new();
    let mut call = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let (status, body) = http::request(at, method, path, headers, body).unwrap();
        assert!(
            (300..500).contains(&status),
            "{method} {path}: {status} {body}"
        );
        answers.push_str(&body);
    };
    let forged = token(&canaries.plant_hex("a forged token"));
    call("GET", "/api/v1/board", &[("authorization", &forged)], "");
    let basic = format!("Basic {}", STANDARD.encode(canaries.plant("a password")));
    call("GET", "/api/v1/board", &[("authorization", &basic)], "");
    let strange = format!("Bearer {}", canaries.plant("a token of another kind"));
    call(
        "POST",
        "/api/v1/deployments",
        &[("authorization", &strange), json],
        "{}",
    );
    let cookie = format!("__Host-sendo={}", canaries.plant_hex("a forged session"));
    call(
        "POST",
        "/locks",
        &[("cookie", &cookie), form, SAME],
        "area=*&reason=x",
    );
    let field = format!("token={}", canaries.plant_hex("a wrong token in the form"));
    call("POST", "/sign-in", &[form, SAME], &field);
    let link = format!(
        "/sign-in/once/{}",
        canaries.plant_hex("a link that is none")
    );
    call("POST", &link, &[form, SAME], "");
    let token_of = canaries.plant_hex("a query");
    call(
        "GET",
        &format!("/api/v1/deliveries?access_token={token_of}"),
        &[],
        "",
    );
    let key = canaries.plant_hex("an idempotency key");
    let headers = [
        ("authorization", forged.as_str()),
        json,
        ("idempotency-key", &key),
    ];
    call("POST", "/api/v1/deployments", &headers, "{}");
    let body = format!(
        "{{\"password\":\"{}\"}}",
        canaries.plant("a field that is unknown")
    );
    call(
        "POST",
        "/api/v1/deployments",
        &[("authorization", &forged), json],
        &body,
    );
    let broken = format!("{{{}", canaries.plant("a body that is no JSON"));
    call(
        "POST",
        "/api/v1/images",
        &[("authorization", &forged), json],
        &broken,
    );
    let hidden = canaries.plant_hex("a header of a proxy");
    call(
        "GET",
        "/api/v1/nothing",
        &[("x-forwarded-access-token", &hidden)],
        "",
    );
    let referer = format!(
        "http://{at}/?code={}",
        canaries.plant_hex("an address one came from")
    );
    call("GET", "/api/v1/nothing", &[("referer", &referer)], "");
    let other = format!("other={}", canaries.plant_hex("a cookie of somebody else"));
    call("GET", "/api/v1/nothing", &[("cookie", &other)], "");
    answers
}

/// Signs in by the form; gives the session's secret, which stands in a header only.
fn signed_in(at: SocketAddr, token: &str) -> String {
    let body = format!("token={token}");
    let mut stream = TcpStream::connect(at).unwrap();
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, cookie) = answer.split_once("__Host-sendo=").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// What people who may come by: a token, a session and a link, each used.
fn admitted(stage: &Stage, at: SocketAddr, canaries: &mut Canaries) {
    let mine = std::fs::read_to_string(stage.folder().join("sendo.db.token")).unwrap();
    let mine = mine.trim().to_owned();
    let bearer = format!("Bearer {mine}");
    let json = ("content-type", "application/json");
    let wish = r#"{"name":"aoi","principal":"local:aoi","scopes":["read","deploy"]}"#;
    let call = |path: &str, headers: &[(&str, &str)], body: &str| {
        let (status, body) = http::request(at, "POST", path, headers, body).unwrap();
        assert!((200..400).contains(&status), "{path}: {status} {body}");
        serde_json::from_str::<Value>(&body).unwrap_or_default()
    };
    let made = call("/api/v1/tokens", &[("authorization", &bearer), json], wish);
    let theirs = made["secret"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {theirs}");
    let link = call("/api/v1/sign-in-links", &[("authorization", &bearer)], "");
    let link = link["url"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let session = signed_in(at, &theirs);
    call(&format!("/sign-in/once/{link}"), &[form, SAME], "");
    let secret = |token: &str| token.rsplit('_').next().unwrap().to_owned();
    canaries.known("the token of this machine", secret(&mine));
    canaries.known("a token that was made", secret(&theirs));
    canaries.known("a link that was used", link);
    canaries.known("a session", session);
}

/// What anybody can read of a server afterwards.
fn shown(at: SocketAddr) -> String {
    let paths = [
        "/",
        "/applications/shop",
        "/deployments/shop/production/1",
        "/deliveries",
        "/audit",
        "/locks",
        "/metrics",
        "/api/v1/board",
        "/api/v1/deployments",
        "/api/v1/deployments/shop/production/1",
        "/api/v1/deliveries",
        "/api/v1/audit",
        "/api/v1/locks",
        "/api/v1/backlog",
    ];
    paths
        .map(|path| http::request(at, "GET", path, &[], "").unwrap().1)
        .concat()
}

/// Every byte of the database, whatever it belongs to.
fn stored(folder: &Path) -> Vec<u8> {
    let files = ["sendo.db", "sendo.db-wal"].map(|name| std::fs::read(folder.join(name)));
    files.into_iter().flatten().flatten().collect()
}

fn nothing_leaks(format: &str) {
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    let kustomization = story::kustomization("shop");
    let files = [("shop/kustomization.yaml", kustomization.as_str())];
    stage.repository("manifests", "main", &files);
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    stage.configure(CONFIGURATION);
    let mut canaries = Canaries::default();
    let mut server = served(&stage, &mut canaries, format);
    let at = server.address().unwrap();
    let answers = refused(at, &mut canaries);
    admitted(&stage, at, &mut canaries);
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    wait::until("all four targets were tried", LONGEST, || {
        let log = server.log();
        let tried = |name: &str| log.contains(&format!("the notice target `{name}` "));
        ["a", "b", "c", "d"].into_iter().all(tried).then_some(())
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    let pages = shown(at);
    let log = server.log();
    assert!(
        log.contains("TRACE") && pages.contains("sendo_deploy_total"),
        "it was looked closely"
    );
    assert_eq!(server.end(), Some(0));
    assert_eq!(canaries.0.len(), 31);
    for (what, text) in [
        ("answers to who was refused", answers.as_bytes()),
        (
            "pages, answers, metrics and the audit trail",
            pages.as_bytes(),
        ),
        ("the log", log.as_bytes()),
        ("the database", &stored(stage.folder())),
    ] {
        assert!(text.len() > 500, "{what} is hardly there");
        assert_eq!(canaries.found_in(text), [""; 0], "in {what}");
    }
}

#[test]
fn no_secret_is_told_where_people_read_the_log() {
    nothing_leaks("pretty");
}

#[test]
fn no_secret_is_told_where_programs_read_the_log() {
    nothing_leaks("json");
}

#[test]
fn a_password_of_a_database_that_cannot_be_reached_is_not_told() {
    let mut canaries = Canaries::default();
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    let mut told = String::new();
    let by_file = canaries.plant_hex("by file");
    let url =
        |secret: &str| format!("postgres://sendo:{secret}@127.0.0.1:1/sendo?application_name=x");
    std::fs::write(stage.folder().join("url.txt"), url(&by_file)).unwrap();
    for reference in ["${env:URL}", "${file:url.txt}"] {
        stage.configure(&CONFIGURATION.replace("DATABASE", reference));
        let mut command = stage.command(env!("CARGO_BIN_EXE_sendo").as_ref());
        command
            .args(["serve", "--config", "sendo.yaml"])
            .env("SENDO_LOG", "trace");
        command.envs([
            ("SLACK", "x"),
            ("HOOK", "http://127.0.0.1:1"),
            ("HOOK_KEY", "x"),
        ]);
        let output = command
            .env("URL", url(&canaries.plant_hex("by env")))
            .output()
            .unwrap();
        assert!(!output.status.success());
        told.push_str(&String::from_utf8_lossy(&output.stderr));
        told.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    assert!(told.matches("sendo: ").count() >= 2, "{told}");
    assert_eq!(canaries.found_in(told.as_bytes()), [""; 0], "{told}");
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    let mut canaries = Canaries::default();
    let text = canaries.plant("here");
    let address = text
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('~', "%7E");
    let json = serde_json::to_string(&format!("x{text}")).unwrap();
    for written in [text.clone(), address, json, STANDARD.encode(&text)] {
        assert_eq!(
            canaries.found_in(format!("a{written}b").as_bytes()),
            ["here"]
        );
    }
    assert_eq!(canaries.found_in(b"nothing of it"), [""; 0]);
}
