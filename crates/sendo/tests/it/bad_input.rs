//! What cannot be read or carried out stays visible, and says what to do.

use std::time::Duration;

use sendo_testkit::stage::Stage;
use sendo_testkit::{story, wait};
use serde_json::Value;

const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:0", database: "DATABASE", lease: 1s, sweep: 2s }
forges: { here: { kind: local, root: . } }
applications:
  example1:
    repository: here:example1
    environments:
      test:
        on: { merged_into: main }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: example1/test, image: IMAGE, tag: "{sha}" }] } }
"#;
const LONGEST: Duration = Duration::from_secs(60);

fn stage(image: &str) -> Stage {
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    stage.repository("example1", "main", &[("README.md", "# Hello\n")]);
    let file = story::kustomization("example1");
    stage.repository(
        "manifests",
        "main",
        &[("example1/test/kustomization.yaml", &file)],
    );
    stage.configure(&CONFIGURATION.replace("IMAGE", image));
    stage
}

#[test]
fn a_note_of_a_push_that_cannot_be_read_is_kept_where_people_see_it() {
    let stage = stage("example1");
    let mut server = stage.served();
    let spool = stage.bare("example1").join("sendo-spool");
    // As the hook does: a note is whole when it has its name.
    let leave = |name: &str, text: &str| {
        let draft = stage.folder().join(name);
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, spool.join(name)).unwrap();
    };
    leave("1-1-0.push", "not a push at all\n");
    let kept = wait::until("quarantine", LONGEST, || {
        let listed = server.get("/api/v1/deliveries?outcome=quarantined")?;
        listed["deliveries"].as_array()?.first().cloned()
    })
    .unwrap();
    assert_eq!(kept["outcome"]["outcome"], "quarantined", "{kept}");
    assert_eq!(kept["outcome"]["reason_code"], "spool_unreadable", "{kept}");
    let why = kept["outcome"]["message"].as_str().unwrap_or_default();
    assert!(why.contains("line 1"), "{kept}");
    // What looks like a payload is none: a spool speaks of its own repository only.
    let forged = r#"{"ref":"refs/heads/main","after":"0123456789012345678901234567890123456789","repository":{"full_name":"example1"}}"#;
    leave("1-2-0.push", forged);
    let quarantined = wait::until("the forged one", LONGEST, || {
        let listed = server.get("/api/v1/deliveries?outcome=quarantined")?;
        (listed["deliveries"].as_array()?.len() == 2).then_some(())
    });
    assert_eq!(quarantined, Ok(()));
    let revision = stage.work("example1", "main", "After it");
    let arrived = wait::until("the next push", LONGEST, || {
        let board = server.get("/api/v1/board")?;
        (board["lanes"][0]["running"]["revision"] == *revision).then_some(())
    });
    assert_eq!(arrived, Ok(()));
    assert_eq!(server.end(), Some(0));
}

#[test]
fn an_image_that_is_not_in_the_kustomization_fails_with_its_place_and_a_fix() {
    let stage = stage("exmaple1");
    let mut server = stage.served();
    stage.work("example1", "main", "Work");
    let failed: Value = wait::until("the failure", LONGEST, || {
        let board = server.get("/api/v1/board")?;
        Some(board["lanes"][0]["failed"].clone()).filter(|failed| !failed.is_null())
    })
    .unwrap();
    let message = failed["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("example1/test/kustomization.yaml:"),
        "{failed}"
    );
    assert!(
        message.contains("`exmaple1`") && message.contains("example1"),
        "{failed}"
    );
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_template_that_gives_an_empty_tag_is_refused_before_anything_starts() {
    let stage = stage("example1");
    stage.configure(
        &CONFIGURATION
            .replace("IMAGE", "example1")
            .replace("{sha}", ""),
    );
    let ended = stage.sendo(&["serve", "--config", "sendo.yaml"]);
    assert_eq!(ended.code, 3, "{} {}", ended.out, ended.err);
    let said = format!("{}{}", ended.out, ended.err);
    assert!(
        said.contains("sendo.yaml:") && said.contains("tag"),
        "{said}"
    );
}
