//! What a running server keeps to, told against the real program: who may do what with which token,
//! and when it hears what.

use std::process::{Command, Output};
use std::time::Duration;

use sendo_testkit::stage::{Ended, Stage};
use sendo_testkit::{Server, http, story, wait};
use serde_json::Value;

/// Nothing here may depend on the sweep: it comes once an hour.
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
        APPROVAL
"#;
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

pub(crate) fn stage(approval: &str) -> Stage {
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    let kustomization = story::kustomization("shop");
    stage.repository(
        "manifests",
        "main",
        &[("shop/kustomization.yaml", kustomization.as_str())],
    );
    stage.configure(&CONFIGURATION.replace("APPROVAL", approval));
    stage
}

/// A verb that talks to this server, with the token of its file or with another.
pub(crate) fn ask(
    stage: &Stage,
    server: &mut Server,
    arguments: &[&str],
    token: Option<&str>,
) -> Ended {
    ended(asking(stage, server, arguments, token).output().unwrap())
}

/// The same verb, to be started beside others.
pub(crate) fn asking(
    stage: &Stage,
    server: &mut Server,
    arguments: &[&str],
    token: Option<&str>,
) -> Command {
    let url = format!("http://{}", server.address().unwrap());
    let mut command = stage.command(env!("CARGO_BIN_EXE_sendo").as_ref());
    command
        .args(arguments)
        .args(["--server", &url, "--config", "sendo.yaml"])
        .env("USER", "mei");
    if let Some(token) = token {
        command.env("SENDO_TOKEN", token);
    }
    command
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Waits until the newest deployment is in a state, or waits for something.
pub(crate) fn until(server: &mut Server, what: &str) -> Value {
    let found = wait::until(what, LONGEST, || {
        let listed = server.get("/api/v1/deployments?limit=1")?;
        let newest = &listed["deployments"][0];
        let is = newest["state"] == what || newest["waiting"]["for"] == what;
        is.then(|| newest.clone())
    });
    found.unwrap_or_else(|error| panic!("{error}\n{}", server.log()))
}

/// How many deliveries were stored so far.
fn deliveries(server: &mut Server) -> usize {
    let listed = server.get("/api/v1/deliveries?limit=1000");
    let listed = listed.unwrap_or_default();
    listed["deliveries"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_repository_that_is_made_after_the_start_is_heard() {
    let stage = stage("");
    let mut server = stage.served();
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let hook = stage.bare("shop").join("hooks/post-receive");
    wait::until("the hook is there", LONGEST, || {
        hook.is_file().then_some(())
    })
    .unwrap();
    let revision = stage.work("shop", "main", "Add a cart");
    let arrived = until(&mut server, "succeeded");
    assert_eq!(arrived["revision"], revision.as_str());
}

#[test]
fn a_repository_that_is_made_without_git_at_the_end_of_its_name_is_heard() {
    let stage = stage("");
    let mut server = stage.served();
    stage.repository("other", "main", &[("README.md", "# It sells things.\n")]);
    let plain = stage.folder().join("shop");
    std::fs::rename(stage.bare("other"), &plain).unwrap();
    let hook = plain.join("hooks/post-receive");
    wait::until("the hook is there", LONGEST, || {
        hook.is_file().then_some(())
    })
    .unwrap();
    stage.write("other", "README.md", "# It sells carts.\n");
    let revision = stage.commit("other", "mei", "Add a cart");
    let target = plain.to_string_lossy().into_owned();
    stage.git(
        &stage.clone_of("other"),
        "mei",
        &["push", "-q", &target, "HEAD:main"],
    );
    let arrived = until(&mut server, "succeeded");
    assert_eq!(arrived["revision"], revision.as_str());
}

#[test]
fn a_spool_is_read_where_the_hook_of_somebody_else_writes_it() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let shop = stage.bare("shop");
    stage.git(&shop, "setup", &["config", "core.hooksPath", "/nowhere"]);
    let mut server = stage.served();
    let before = stage.git(&shop, "setup", &["rev-parse", "main"]);
    let revision = stage.work("shop", "main", "Add a cart");
    std::fs::create_dir_all(shop.join("sendo-spool")).unwrap();
    let note = format!("{before} {revision} refs/heads/main\n");
    std::fs::write(shop.join("sendo-spool/1-1-0.push"), note).unwrap();
    let arrived = until(&mut server, "succeeded");
    assert_eq!(arrived["revision"], revision.as_str());
}

#[test]
fn a_push_of_two_thousand_tags_holds_nothing_up() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    let clone = stage.clone_of("shop");
    let head = stage.git(&clone, "mei", &["rev-parse", "HEAD"]);
    let packed: String = (0..2_000)
        .map(|n| format!("{head} refs/tags/build-{n:04}\n"))
        .collect();
    std::fs::write(clone.join(".git/packed-refs"), packed).unwrap();
    let bare = stage.bare("shop").to_string_lossy().into_owned();
    stage.git(&clone, "mei", &["push", "-q", "--tags", &bare]);
    let revision = stage.work("shop", "main", "Add a cart");
    let arrived = until(&mut server, "succeeded");
    assert_eq!(arrived["revision"], revision.as_str());
    assert_eq!(server.end(), Some(0));
}

#[test]
fn the_token_in_the_file_is_good_as_soon_as_the_server_listens() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    for _ in 0..10 {
        let mut server = stage.served();
        let listed = ask(&stage, &mut server, &["token", "list"], None);
        assert_eq!(listed.code, 0, "{}", listed.err);
        assert_eq!(server.end(), Some(0));
    }
}

#[test]
fn a_token_that_is_over_is_listed_as_expired() {
    let stage = stage("");
    let mut server = stage.served();
    let mine = std::fs::read_to_string(stage.folder().join("sendo.db.token")).unwrap();
    let bearer = format!("Bearer {}", mine.trim());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let wish = r#"{"name":"short","scopes":["read"],"ttl_seconds":1}"#;
    let made = http::request(
        server.address().unwrap(),
        "POST",
        "/api/v1/tokens",
        &headers,
        wish,
    );
    assert_eq!(made.unwrap().0, 201);
    let over = wait::until("it is over", LONGEST, || {
        let listed = ask(&stage, &mut server, &["token", "list"], None).out;
        let is_over = |line: &str| line.contains("short") && line.contains("expired");
        listed.lines().any(is_over).then_some(listed)
    });
    assert!(
        over.unwrap().contains("live"),
        "the token of the file is not over"
    );
}

#[test]
fn who_asked_for_a_deployment_cannot_approve_it() {
    let stage = stage("approval: { people: 1 }");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    let create = [
        "token",
        "create",
        "laptop",
        "--for",
        "local:aoi",
        "--scope",
        "deploy",
    ];
    let made = ask(&stage, &mut server, &create, None);
    assert_eq!(made.code, 0, "{}", made.err);
    let deploy = ["deploy", "shop", "production"];
    let asked = ask(&stage, &mut server, &deploy, Some(made.out.trim()));
    assert_eq!(asked.code, 0, "{}", asked.err);
    assert!(
        asked.out.contains("taken in as delivery"),
        "it may not look"
    );
    let waits = until(&mut server, "people");
    assert_eq!(waits["requested_by"], "local:aoi");
    let approve = |who: &str| {
        let review = [
            "change",
            "review",
            "manifests.git",
            "1",
            "--approve",
            "--as",
            who,
        ];
        let reviewed = stage.sendo(&review);
        assert_eq!(reviewed.code, 0, "{}", reviewed.err);
    };
    let heard = deliveries(&mut server);
    approve("aoi");
    wait::until("aoi's review is looked at", LONGEST, || {
        (deliveries(&mut server) > heard && story::is_at_rest(&mut server)).then_some(())
    })
    .unwrap();
    until(&mut server, "people");
    approve("bo");
    until(&mut server, "succeeded");
}

#[test]
fn the_token_of_the_file_goes_to_no_other_server() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    // The configuration lies in this folder, but the address is somebody's own.
    let url = format!("http://{}", server.address().unwrap());
    let refused = stage.sendo(&["token", "list", "--server", &url]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(refused.err.contains("next: "), "{}", refused.err);
    let listed = ask(&stage, &mut server, &["token", "list"], None);
    assert_eq!(listed.code, 0, "{}", listed.err);
}

#[test]
fn what_is_not_configured_is_not_found() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    let cases = [
        &["history", "shap"][..],
        &["history", "shop/prod"],
        &["history", "shop/production/7"],
        &["deploy", "shop", "prod"],
    ];
    let mut said = String::new();
    for arguments in cases {
        let ended = ask(&stage, &mut server, arguments, None);
        assert_eq!((ended.code, ended.out.as_str()), (5, ""), "{arguments:?}");
        said.push_str(&format!("$ sendo {}\n{}\n", arguments.join(" "), ended.err));
    }
    let empty = ask(&stage, &mut server, &["history", "shop/production"], None);
    assert_eq!(empty.code, 0, "{}", empty.err);
    insta::assert_snapshot!(said);
}

#[test]
fn a_server_with_an_address_for_people_shows_nothing_to_who_is_nobody() {
    let stage = stage("");
    let text = CONFIGURATION.replace("APPROVAL", "");
    let public = text.replace("lease: 1s", "lease: 1s, url: \"https://sendo.example.com\"");
    stage.configure(&public);
    let mut server = stage.served();
    assert!(
        server.get("/api/v1/board").is_none(),
        "reading takes a token"
    );
    let board = ask(&stage, &mut server, &["status", "-o", "json"], None);
    assert_eq!(board.code, 0, "{board:?}");
}

#[test]
fn a_quarantined_delivery_is_found_and_replayed_from_the_command_line() {
    let stage = stage("");
    left_behind(&stage.database().absolute_url());
    let mut server = stage.served();
    let mut sendo = |arguments: &[&str]| ask(&stage, &mut server, arguments, None);
    let quarantined = || ["delivery", "list", "--quarantined"];
    wait::until("it is quarantined", LONGEST, || {
        sendo(&quarantined())
            .out
            .contains("unknown_source")
            .then_some(())
    })
    .unwrap();
    let taken = sendo(&["delivery", "replay", "1", "-o", "json"]);
    assert_eq!((taken.code, taken.err.as_str()), (0, ""), "{}", taken.out);
    let taken: Value = serde_json::from_str(&taken.out).unwrap();
    assert_eq!(taken["delivery"], "000000000001");
    wait::until("it is read again, in vain", LONGEST, || {
        sendo(&quarantined())
            .out
            .contains("unknown_source")
            .then_some(())
    })
    .unwrap();
    let unknown = sendo(&["delivery", "replay", "99"]);
    assert_eq!(unknown.code, 5, "{}", unknown.err);
    assert!(
        unknown.err.contains("sendo delivery list"),
        "{}",
        unknown.err
    );
    let audit = server.get("/api/v1/audit").unwrap().to_string();
    assert_eq!(audit.matches("delivery.replayed").count(), 1, "{audit}");
}

#[test]
fn a_restart_ends_no_sign_in_and_replaces_a_token_that_was_revoked() {
    let stage = stage("");
    let token = || std::fs::read_to_string(stage.folder().join("sendo.db.token")).unwrap();
    let mut server = stage.served();
    let before = token();
    let form = format!("token={}", before.trim());
    let cookie = http::sign_in(server.address().unwrap(), "/sign-in", &form).unwrap();
    assert_eq!(server.end(), Some(0));
    let mut server = stage.served();
    let headers = [("Cookie", cookie.as_str()), ("Accept", "text/html")];
    let page = http::request(server.address().unwrap(), "GET", "/", &headers, "").unwrap();
    assert!(page.1.contains("/sign-out"), "{page:?}");
    assert_eq!(token(), before);
    let id = before.split('_').nth(1).unwrap();
    let revoked = ask(&stage, &mut server, &["token", "revoke", id], None);
    assert_eq!((revoked.code, server.end()), (0, Some(0)), "{revoked:?}");
    let _server = stage.served();
    assert_ne!(token(), before);
}

/// A delivery from a source that nobody configured any more.
fn left_behind(url: &str) {
    let delivery = sendo_store::NewDelivery {
        source: "elsewhere".to_owned(),
        dedup: "1".to_owned(),
        name: "push".to_owned(),
        body: b"{}".to_vec(),
        by: None,
    };
    let stored = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = sendo_store::open(url, sendo_store::Options::default())
            .await
            .unwrap();
        let stored = store.accept(delivery).await;
        store.close().await;
        stored
    });
    stored.unwrap();
}
