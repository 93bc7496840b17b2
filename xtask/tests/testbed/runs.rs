//! What a run of the testbed promises, whatever is in it. These runs take place inside another one,
//! which sees everything that they do.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::{told, wait};

/// A run with Postgres in it.
fn exec(command: &[&str]) -> Command {
    exec_with("postgres", command)
}

fn exec_with(part: &str, command: &[&str]) -> Command {
    let mut exec = Command::new(env!("CARGO_BIN_EXE_xtask"));
    exec.args(["testbed", "exec", "--with", part, "--"])
        .args(command)
        .stdin(Stdio::null());
    exec
}

/// A run whose command stays; returns when it is there.
fn staying(script: &str) -> (Child, PathBuf) {
    let mut child = exec(&["sh", "-c", &format!("readlink /proc/self/ns/pid; {script}")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut namespace = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut namespace)
        .unwrap();
    assert!(
        inhabitants(namespace.trim().as_ref()) > 1,
        "not even Postgres is in {namespace}"
    );
    (child, namespace.trim().into())
}

/// What Postgres logged in a run that failed; it is kept, and nobody else will look at it.
fn take_log(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let kept = said.split("are kept in ").nth(1).expect(&said).trim();
    let log = std::fs::read_to_string(Path::new(kept).join("postgres.log")).unwrap();
    std::fs::remove_dir_all(kept).unwrap();
    log
}

/// How many processes live in a namespace.
fn inhabitants(namespace: &Path) -> usize {
    let lives_there = |process: &std::fs::DirEntry| {
        std::fs::read_link(process.path().join("ns/pid")).is_ok_and(|found| found == namespace)
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(lives_there)
        .count()
}

fn is_empty(namespace: &Path) -> Option<()> {
    (inhabitants(namespace) == 0).then_some(())
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn an_exit_status_is_handed_through_and_a_failure_keeps_its_logs() {
    let output = exec(&["sh", "-c", "echo data; exit 42"]).output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(42), b"data\n".as_slice())
    );
    let log = take_log(&output);
    assert!(log.contains("ready to accept connections"), "{log}");
}

#[test]
fn a_command_that_is_not_there_reads_as_in_a_shell() {
    let output = exec(&["no-such-command"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    take_log(&output);
}

#[test]
fn when_the_command_ends_everything_does() {
    let temporary = tempfile::tempdir().unwrap();
    let output = exec(&[
        "sh",
        "-c",
        "readlink /proc/self/ns/pid; sleep 1000 & ls -d /dev/shm/testbed",
    ])
    .env("TMPDIR", temporary.path())
    .output()
    .unwrap();
    let (namespace, folder) = (
        String::from_utf8(output.stdout).unwrap(),
        "/dev/shm/testbed",
    );
    let mut lines = namespace.lines();
    assert_eq!(inhabitants(lines.next().unwrap().as_ref()), 0);
    // It had a folder there, and what we see there is that of the run around us.
    assert_eq!(lines.next(), Some(folder));
    let ours = std::fs::read_dir(folder).unwrap().flatten();
    let postgres = ours.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("sendo-postgres")
    });
    assert_eq!(postgres.count(), 1);
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    assert!(told("DATABASE_URL").contains("127.0.0.1"));
}

#[test]
fn a_killed_run_leaves_no_orphan() {
    let (mut child, namespace) = staying("sleep 1000 & sleep 1000");
    signal(&child, "KILL");
    wait::until("nobody is left", 20, || is_empty(&namespace));
    assert!(!child.wait().unwrap().success());
}

#[test]
fn signals_reach_the_command_which_may_take_its_time() {
    for (name, code) in [("TERM", 7), ("INT", 8)] {
        let script = "trap 'echo bye; exit 7' TERM; trap 'echo bye; exit 8' INT; while true; do sleep 0.1; done";
        let (child, namespace) = staying(script);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(code), b"bye\n".as_slice())
        );
        assert_eq!(inhabitants(&namespace), 0);
        take_log(&output);
    }
}

#[test]
fn runs_side_by_side_share_no_port() {
    let one_more = || {
        exec_with("gitea", &["sh", "-c", "echo $GITEA_URL"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let runs = [one_more(), one_more()];
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(
            String::from_utf8(output.stdout).unwrap().trim(),
            told("GITEA_URL")
        );
    }
}

#[test]
fn a_service_is_killed_and_started_again_by_name() {
    let script = r#"set -e
        gitea=$TESTBED_SERVICES/gitea; first=$(cat $gitea/pid)
        order() { touch $gitea/$1; while [ -e $gitea/$1 ]; do sleep 0.05; done; }
        order kill; test ! -e $gitea/pid; test ! -e /proc/$first
        order start; test $(cat $gitea/pid) != $first; ls $TESTBED_SERVICES"#;
    let output = exec_with("gitea", &["sh", "-c", script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("ended while"), "{said}");
    assert_eq!(output.stdout, b"gitea\n");
}
