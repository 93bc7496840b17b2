//! `sendo doctor`: what lacks is named with what to do about it.

use serde_json::Value;

use crate::serving::{ask, stage, until};

#[test]
fn of_a_server_at_work_nothing_lacks() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let looked = ask(&stage, &mut server, &["doctor", "--audit"], None);
    assert_eq!(looked.code, 0, "{}{}", looked.out, looked.err);
    assert!(looked.out.contains("nothing lacks"), "{}", looked.out);
}

#[test]
fn what_lacks_is_named_with_what_to_do() {
    let stage = stage("");
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    stage.configure(&text.replace("image: shop", "image: shoop"));
    let looked = stage.sendo(&["doctor", "--offline", "-o", "json"]);
    assert_eq!(looked.code, 1, "{}", looked.err);
    let told: Value = serde_json::from_str(&looked.out).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let lacks: Vec<&Value> = checks.iter().filter(|check| check["ok"] == false).collect();
    let all = format!("{lacks:?}");
    for expected in ["here:shop", "no hook of Sendo", "shoop"] {
        assert!(all.contains(expected), "{expected}: {all}");
    }
    assert!(lacks.iter().all(|check| check["next"].is_string()), "{all}");
}

#[test]
fn a_server_that_is_not_there_and_an_invalid_configuration_are_named() {
    let stage = stage("");
    stage.configure("applications: {}\n");
    let looked = stage.sendo(&["doctor", "--server", "http://127.0.0.1:9"]);
    assert_eq!(looked.code, 1, "{}", looked.err);
    assert!(
        looked.out.contains("sendo validate --config sendo.yaml"),
        "{}",
        looked.out
    );
    assert!(looked.out.contains("cannot be reached"), "{}", looked.out);
}

#[test]
fn a_program_that_only_shows_things_may_be_missing_and_is_named() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let programs = stage.folder().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let git = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
        .unwrap();
    std::os::unix::fs::symlink(git, programs.join("git")).unwrap();
    let looked = |said: &str| {
        let mut command = stage.command(env!("CARGO_BIN_EXE_sendo").as_ref());
        command.args(["doctor", "--offline"]).env("PATH", &programs);
        let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(out.contains(said), "{out}");
    };
    looked("! there is no kustomize on the path");
    let kustomize = programs.join("kustomize");
    std::os::unix::fs::symlink("/bin/sh", &kustomize).unwrap();
    looked(&format!("✓ {}, for 1 lanes", kustomize.display()));
}
