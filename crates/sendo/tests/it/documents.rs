//! What the documents tell people to type is typed: every block of shell in them, each on a stage of its
//! own where a server runs and a change request is open.
//!
//! A block that cannot run here is preceded by `<!-- not run: WHY -->`, and there are few of those.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sendo_testkit::stage::Stage;
use sendo_testkit::{Server, story, wait};

use crate::serving::LONGEST;

/// How many blocks may say that they cannot run.
const NOT_RUN: usize = 10;
/// How many are typed at the same time: most of their time they wait.
const AT_ONCE: usize = 4;

const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:PORT", database: "DATABASE", lease: 1s }
forges: { acme: { kind: local, root: git } }
applications:
  web:
    repository: acme:web
    environments:
      test:
        on: { merged_into: main }
        deliver: { promotion: { repository: acme:manifests, base: main, checks: [ci/validate, never],
          edits: [{ kustomization: web/overlays/test, image: web }] } }
  shop:
    repository: acme:shop
    environments:
      production:
        on: { merged_into: main }
        deliver: { promotion: { repository: acme:manifests, base: main, mode: commit,
          edits: [{ kustomization: shop, image: shop, tag: "{sha}" }] } }
"#;

/// The command line, except that `serve` goes on beside what is typed next, as in a terminal of its
/// own.
const SENDO: &str = r#"#!/bin/sh
[ "$1" = serve ] || exec PROGRAM "$@"
PROGRAM "$@" >serve.log 2>&1 &
echo $! >serve.pid
until grep -q 'listening on' serve.log; do kill -0 $! || exit 1; sleep 0.05; done
"#;

/// A block of shell in a document.
pub(crate) struct Block {
    place: String,
    pub(crate) text: String,
    not_run: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every block of shell in a document.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let starts = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.trim() == "```sh");
    let block = |(at, _): (usize, &&str)| {
        let body = lines[at + 1..]
            .iter()
            .take_while(|line| line.trim() != "```");
        let before = lines[..at].iter().rev().find(|line| !line.is_empty());
        Block {
            place: format!("{document}:{}", at + 1),
            text: body.map(|line| format!("{line}\n")).collect(),
            not_run: before.is_some_and(|line| line.trim().starts_with("<!-- not run: ")),
        }
    };
    starts.map(block).collect()
}

fn documents() -> Vec<String> {
    let of = |folder: &str| -> Vec<String> {
        let pages = std::fs::read_dir(root().join(folder)).unwrap();
        let names = pages.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| format!("{folder}/{name}")).collect()
    };
    let mut all = [of("docs/guides"), of("docs/how-to")].concat();
    all.sort();
    all.insert(0, "README.md".to_owned());
    all
}

/// Repositories with something to deploy, a clone at `~/web`, and the command line on the path.
fn stage() -> Stage {
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    let (web, shop) = (story::kustomization("web"), story::kustomization("shop"));
    let files = [
        ("web/overlays/test/kustomization.yaml", web.as_str()),
        ("shop/kustomization.yaml", shop.as_str()),
    ];
    stage.repository("git/manifests", "main", &files);
    for name in ["git/web", "git/shop"] {
        stage.repository(name, "main", &[("README.md", "It sells things.\n")]);
    }
    stage.push("git/web", "refs/tags/v1.4.2");
    stage.work("git/manifests", "fix-limits", "Raise the limits");
    stage.git(
        stage.folder(),
        "mei",
        &["clone", "-q", "git/web.git", "web"],
    );
    let web = stage.folder().join("web");
    stage.git(
        &web,
        "mei",
        &["commit", "-q", "--allow-empty", "-m", "Add a cart"],
    );
    let port = sendo_testkit::stage::free_port().to_string();
    stage.configure(&CONFIGURATION.replace("PORT", &port));
    let example = root().join("sendo.example.yaml");
    std::fs::copy(example, stage.folder().join("sendo.example.yaml")).unwrap();
    put_on_path(&stage);
    stage
}

/// Puts the command line on the path of [`shell`].
pub(crate) fn put_on_path(stage: &Stage) {
    let program = SENDO.replace("PROGRAM", env!("CARGO_BIN_EXE_sendo"));
    std::fs::create_dir(stage.folder().join("bin")).unwrap();
    std::fs::write(stage.folder().join("bin/sendo"), program).unwrap();
    let executable = ["+x", "bin/sendo"];
    let made = stage.command("chmod".as_ref()).args(executable).status();
    assert!(made.unwrap().success());
}

/// A shell in the stage's folder that types this.
pub(crate) fn shell(stage: &Stage, text: &str) -> Command {
    let path = std::env::var("PATH").unwrap();
    let bin = stage.folder().join("bin");
    let mut shell = stage.command("sh".as_ref());
    shell
        .args(["-eu", "-c", text])
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("USER", "mei")
        .stdin(Stdio::null());
    shell
}

/// Ends the server that a block started, if one did.
pub(crate) fn end_what_serves(stage: &Stage) -> Result<(), String> {
    let Ok(process) = std::fs::read_to_string(stage.folder().join("serve.pid")) else {
        return Ok(());
    };
    let _ = stage.command("kill".as_ref()).arg(process.trim()).status();
    let gone = || (!Path::new("/proc").join(process.trim()).exists()).then_some(());
    wait::until("the server ends", LONGEST, gone)
}

/// A server with two successes in `shop/production`, and change request 1 of `web/test` open.
fn evening(stage: &Stage) -> Server {
    let mut server = stage.served();
    let settled = |server: &mut Server| {
        wait::until("all is at rest", LONGEST, || {
            story::is_at_rest(server).then_some(())
        })
        .unwrap();
    };
    settled(&mut server);
    for title in ["Sell gift cards", "Round half to even"] {
        let revision = stage.work("git/shop", "main", title);
        let runs = || {
            let listed = server.get("/api/v1/deployments?limit=1")?;
            let newest = &listed["deployments"][0];
            let is = newest["revision"] == revision.as_str() && newest["state"] == "succeeded";
            is.then_some(())
        };
        wait::until("it succeeds", LONGEST, runs).unwrap();
    }
    stage.git(
        &stage.folder().join("web"),
        "mei",
        &["push", "-q", "origin", "main"],
    );
    let opened = || {
        stage
            .refs("git/manifests")
            .contains_key("refs/sendo/changes/1/head")
            .then_some(())
    };
    wait::until("a change request is open", LONGEST, opened).unwrap();
    settled(&mut server);
    server
}

/// Types a block; gives what went wrong.
fn typed(block: &Block) -> Result<(), String> {
    let stage = stage();
    // A block that starts the server finds none.
    let server = (!block.text.contains("sendo serve")).then(|| evening(&stage));
    let refs = stage.refs("git/manifests");
    let head = refs.get("refs/sendo/changes/1/head").cloned();
    let text = block.text.replace("/var/backups/", "./");
    let output = shell(&stage, &text)
        .env("SHA", head.unwrap_or_default())
        .output()
        .unwrap();
    end_what_serves(&stage)?;
    if let Some(server) = server {
        server.end();
    }
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!(
        "{} ended with {}: {said}",
        block.place, output.status
    ))
}

#[test]
fn every_command_in_the_documents_works_as_it_is_written() {
    let all: Vec<Block> = documents().iter().flat_map(|name| blocks(name)).collect();
    let (left, run): (Vec<_>, Vec<_>) = all.iter().partition(|block| block.not_run);
    let wrong = std::thread::scope(|scope| {
        let some = |blocks: &[&Block]| -> Vec<String> {
            let wrong = blocks.iter().filter_map(|block| typed(block).err());
            wrong.collect()
        };
        let parts = run.chunks(run.len().div_ceil(AT_ONCE));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || some(part))).collect();
        let ended = parts.into_iter().flat_map(|part| part.join().unwrap());
        ended.collect::<Vec<_>>()
    });
    println!("{} blocks were typed, {} were not", run.len(), left.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        run.len() > 12 && left.len() <= NOT_RUN,
        "{} not run",
        left.len()
    );
}

/// What has to be the same in every language: blocks without comments, and where links lead.
fn same(document: &str) -> (Vec<String>, Vec<String>) {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let mut blocks = vec![String::new()];
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside && line.len() > 3;
            blocks.push(String::new());
        } else if inside {
            let typed = line.split("  #").next().unwrap_or_default().trim_end();
            blocks.extend(["".to_owned(), typed.to_owned()]);
        }
    }
    blocks.retain(|line| !line.is_empty());
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let mut links: Vec<String> = links.map(ToOwned::to_owned).collect();
    links.retain(|link| !link.starts_with("README"));
    links.sort();
    (blocks, links)
}

#[test]
fn the_japanese_readme_has_the_commands_and_links_of_the_english_one() {
    assert_eq!(same("README.ja.md"), same("README.md"));
    assert!(same("README.md").0.len() > 40);
}

#[test]
fn a_block_that_is_wrong_is_found_out() {
    let block = |text: &str| Block {
        place: "here".to_owned(),
        text: text.to_owned(),
        not_run: false,
    };
    for wrong in ["sendo statsu\n", "sendo approve shop/production/99\ntrue\n"] {
        assert!(typed(&block(wrong)).is_err(), "{wrong}");
    }
}
