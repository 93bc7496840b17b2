//! Programs, and what the testbed tells.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// A variable that the testbed sets.
pub(crate) fn told(name: &str) -> String {
    let value = std::env::var(name);
    assert!(value.is_ok(), "{name} is not set: see the head of main.rs");
    value.unwrap()
}

/// Runs a program to its end and gives what it wrote; it has to succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn kubectl(arguments: &[&str]) -> String {
    run("kubectl", arguments)
}

/// Applies documents as the admin.
pub(crate) fn apply(documents: &str) {
    let mut kubectl = Command::new("kubectl")
        .args(["apply", "--server-side", "--force-conflicts", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = kubectl.stdin.take().unwrap();
    input.write_all(documents.as_bytes()).unwrap();
    drop(input);
    assert!(kubectl.wait().unwrap().success());
}
