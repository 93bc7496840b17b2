//! The real parts, tried: each does what the product's tests rely on, and a run of the testbed
//! leaves nothing behind. Run by `cargo xtask test --only testbed`, which puts the parts around it.

mod argocd;
mod forge;
mod gitea;
#[path = "../../src/testbed/http.rs"]
mod http;
mod kubernetes;
mod runs;
mod wait;

use std::process::Command;

/// A variable that the testbed sets.
fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `cargo xtask test --only testbed`, or this under `cargo xtask testbed exec`")
    })
}

/// Runs a program to its end and gives what it wrote; it has to succeed.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let (out, err) = (output.stdout, output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {} {}",
        String::from_utf8_lossy(&out),
        String::from_utf8_lossy(&err)
    );
    String::from_utf8(out).unwrap()
}

#[test]
fn the_database_answers() {
    let answer = run("psql", &[&told("DATABASE_URL"), "-tAc", "select 6 * 7"]);
    assert_eq!(answer.trim(), "42");
}
