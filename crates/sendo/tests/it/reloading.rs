//! A configuration that changes under a running server: taken over whole, or not at all.

use rustix::process::Signal;
use sendo_testkit::stage::Stage;
use sendo_testkit::{Server, wait};
use serde_json::Value;

use crate::serving::{LONGEST, stage, until};

const STAGING: &str = r#"
      staging:
        on: { merged_into: main }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: staging, image: shop, tag: "{sha}" }] } }
"#;

/// A stage on which the server is at rest, with room for one more environment.
fn begun() -> (Stage, Server) {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    stage.write(
        "manifests",
        "staging/kustomization.yaml",
        &sendo_testkit::story::kustomization("shop"),
    );
    stage.commit("manifests", "setup", "Make room for staging");
    stage.push("manifests", "main");
    let server = stage.served();
    (stage, server)
}

/// What the server says of its configuration, once that is so.
fn standing(server: &mut Server, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let found = wait::until(what, LONGEST, || {
        let board = server.get("/api/v1/board")?;
        is(&board["configuration"]).then(|| board["configuration"].clone())
    });
    found.unwrap_or_else(|error| panic!("{error}\n{}", server.log()))
}

fn text(stage: &Stage) -> String {
    std::fs::read_to_string(stage.configuration()).unwrap()
}

/// As editors do: never half of it.
fn write(stage: &Stage, text: &str) {
    let next = stage.folder().join("next.yaml");
    std::fs::write(&next, text).unwrap();
    std::fs::rename(&next, stage.configuration()).unwrap();
}

#[test]
fn an_environment_that_is_written_into_the_configuration_of_a_running_server_is_deployed_to() {
    let (stage, mut server) = begun();
    let text = text(&stage);
    write(&stage, &format!("{}{STAGING}", text.trim_end()));
    standing(&mut server, "loaded", |now| now["generation"] == 2);
    let revision = stage.work("shop", "main", "Add a cart");
    let arrived = wait::until("staging has it", LONGEST, || {
        let found = server.get("/api/v1/deployments?environment=staging&limit=1")?;
        let newest = found["deployments"][0].clone();
        (newest["state"] == "succeeded").then_some(newest)
    });
    assert_eq!(arrived.unwrap()["revision"], revision.as_str());
}

#[test]
fn a_configuration_with_a_mistake_changes_nothing_and_says_so_until_it_is_corrected() {
    let (stage, mut server) = begun();
    let right = text(&stage);
    write(
        &stage,
        &right.replace("merged_into: main", "merged_onto: main"),
    );
    let refused = standing(&mut server, "refused", |now| now["refused"].is_string());
    assert!(
        refused["refused"].as_str().unwrap().contains("merged_onto"),
        "{refused}"
    );
    let revision = stage.work("shop", "main", "Add a cart");
    assert_eq!(
        until(&mut server, "succeeded")["revision"],
        revision.as_str()
    );
    write(&stage, &right);
    let now = standing(&mut server, "corrected", |now| now["refused"].is_null());
    assert_eq!(now["generation"], 2);
    assert!(server.log().contains("the one before it still is"));
}

#[test]
fn a_hang_up_loads_the_configuration_and_ends_nothing() {
    let (_stage, mut server) = begun();
    for generation in 2..6 {
        server.signal(Signal::HUP);
        standing(&mut server, "loaded", |now| now["generation"] == generation);
    }
    assert_eq!(server.end(), Some(0));
}

#[test]
fn forty_broken_configurations_end_nothing() {
    let (stage, mut server) = begun();
    let right = text(&stage);
    let mut said = Value::Null;
    for n in 0..40 {
        let broken = match n % 4 {
            0 => format!("{right}\nbroken: true\n"),
            1 => format!("broken: [\n{right}"),
            2 => right.replace("here:shop", "broken:shop"),
            _ => right.replace("here: {", "broken: {}\n  here: {"),
        };
        // Each is found on another line than the one before.
        write(&stage, &format!("{}{broken}", "\n".repeat(n)));
        server.signal(Signal::HUP);
        let now = standing(&mut server, "refused", |now| {
            now["refused"].is_string() && now["refused"] != said
        });
        said = now["refused"].clone();
    }
    write(&stage, &right);
    standing(&mut server, "corrected", |now| now["refused"].is_null());
    let revision = stage.work("shop", "main", "Add a cart");
    assert_eq!(
        until(&mut server, "succeeded")["revision"],
        revision.as_str()
    );
}

#[test]
fn a_folder_of_links_that_is_swapped_is_noticed_as_kubernetes_swaps_one() {
    let (stage, mut server) = begun();
    let folder = stage.folder();
    let right = text(&stage);
    for (generation, text) in [
        ("..1", right.clone()),
        ("..2", format!("{}{STAGING}", right.trim_end())),
    ] {
        std::fs::create_dir(folder.join(generation)).unwrap();
        std::fs::write(folder.join(generation).join("sendo.yaml"), text).unwrap();
    }
    let point = |at: &str| {
        std::os::unix::fs::symlink(at, folder.join("..next")).unwrap();
        std::fs::rename(folder.join("..next"), folder.join("..data")).unwrap();
    };
    point("..1");
    std::os::unix::fs::symlink("..data/sendo.yaml", folder.join("..link")).unwrap();
    std::fs::rename(folder.join("..link"), stage.configuration()).unwrap();
    let before = standing(&mut server, "linked", |now| now["generation"] == 2);
    assert!(before["refused"].is_null());
    point("..2");
    standing(&mut server, "swapped", |now| now["generation"] == 3);
    let lanes = server.get("/api/v1/board").unwrap()["lanes"].clone();
    assert_eq!(lanes.as_array().unwrap().len(), 2);
}

#[test]
fn what_only_counts_after_a_restart_is_named() {
    let (stage, mut server) = begun();
    write(&stage, &text(&stage).replace("sweep: 1h", "sweep: 2h"));
    let now = standing(&mut server, "loaded", |now| now["generation"] == 2);
    assert_eq!(now["restart"][0], "server.sweep");
    let said = crate::serving::ask(&stage, &mut server, &["status"], None);
    assert!(
        said.out.contains("only after a restart: server.sweep"),
        "{}",
        said.out
    );
}

#[test]
fn a_pipe_in_place_of_the_configuration_is_refused_and_not_waited_for() {
    let (stage, mut server) = begun();
    let right = text(&stage);
    std::fs::remove_file(stage.configuration()).unwrap();
    let mut pipe = std::process::Command::new("mkfifo");
    assert!(pipe.arg(stage.configuration()).status().unwrap().success());
    standing(&mut server, "refused", |now| {
        now["refused"].to_string().contains("a pipe stands")
    });
    write(&stage, &right);
    standing(&mut server, "corrected", |now| now["refused"].is_null());
}
