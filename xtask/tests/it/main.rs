//! `cargo xtask` on workspaces made for it: small enough to build in a second, no dependencies.

mod support;

use support::Scene;

#[test]
fn what_the_machine_has_is_run_and_added_up() {
    let scene = Scene::new();
    let run = scene.xtask(&[
        "test", "--only", "layers", "--only", "docs", "--only", "unit",
    ]);
    assert_eq!(run.last_line(), "4 passed, 0 failed, 1 skipped");
    assert!(run.says("skipped: unit: later (needs a cluster)"));
    assert_eq!(run.code, 0);
}

#[test]
fn what_is_missing_is_left_out_by_name_and_reason() {
    let scene = Scene::new();
    let run = scene.xtask(&["test", "--only", "docs", "--only", "crash-sqlite"]);
    assert!(run.says("left out: crash-sqlite (sendo has no integration test named crash)"));
    assert_eq!(run.last_line(), "1 passed, 0 failed, 1 skipped");
    assert_eq!(run.code, 0);
}

#[test]
fn all_refuses_before_it_runs_anything() {
    let scene = Scene::new();
    let run = scene.xtask(&["test", "--all", "--only", "docs", "--only", "crash-sqlite"]);
    assert!(run.says("crash-sqlite    sendo has no integration test named crash"));
    assert!(!run.says("docs            "), "docs was run");
    assert_eq!(run.code, 1);
}

#[test]
fn all_bears_no_ignored_test() {
    let scene = Scene::new();
    let run = scene.xtask(&["test", "--all", "--only", "unit"]);
    assert!(run.says("--all leaves nothing out, so this run failed"));
    assert_eq!(run.last_line(), "2 passed, 0 failed, 1 skipped");
    assert_eq!(run.code, 1);
}

#[test]
fn a_failing_test_is_shown_and_counted() {
    let scene = Scene::new();
    scene.write(
        "crates/sendo-core/tests/it.rs",
        "#[test] fn a() { panic!(\"it rains\") }\n",
    );
    let run = scene.xtask(&["test", "--only", "unit"]);
    assert!(run.says("it rains"));
    assert_eq!(run.last_line(), "0 passed, 1 failed, 0 skipped");
    assert_eq!(run.code, 1);
}

#[test]
fn tests_that_do_not_build_are_a_failure() {
    let scene = Scene::new();
    scene.write(
        "crates/sendo-core/tests/it.rs",
        "#[test] fn a() { nonsense() }\n",
    );
    let run = scene.xtask(&["test", "--only", "unit"]);
    assert!(run.says("cannot find function `nonsense`"));
    assert_eq!(run.last_line(), "0 passed, 1 failed, 0 skipped");
}

#[test]
fn a_suite_that_runs_no_test_failed() {
    let scene = Scene::new();
    scene.write("crates/sendo-core/tests/it.rs", "//! Nothing.\n");
    let run = scene.xtask(&["test", "--only", "unit"]);
    assert!(run.says("ran no test"));
    assert_eq!(run.code, 1);
}

#[test]
fn a_snapshot_that_no_test_looks_at_is_found() {
    let scene = Scene::new();
    scene.write("crates/sendo-core/src/snapshots/old.snap", "");
    let alone = scene.xtask(&["test", "--only", "snapshots"]);
    assert!(alone.says("1 snapshots were not looked at, but not every test was run and passed"));
}

#[test]
fn a_breach_of_the_layers_fails() {
    let scene = Scene::new();
    scene.write("crates/sendo-core/src/utils.rs", "//! Odds and ends.\n");
    let run = scene.xtask(&["check-layers"]);
    assert!(run.says("breach: crates/sendo-core/src/utils.rs: the name utils tells nothing"));
    assert_eq!(run.code, 1);
}

#[test]
fn an_unknown_suite_names_the_known_ones() {
    let run = Scene::new().xtask(&["test", "--only", "units"]);
    assert!(run.says("no suite is named units: there are format, layers, docs"));
    assert_eq!(run.code, 1);
}
