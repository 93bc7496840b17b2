//! How programs are run, and how they end when they do not.

use std::time::{Duration, Instant};

use sendo_core::rendering::{Becomes, Rendering};

use crate::stage::{Commit, Machine, kustomize, plain};

/// Prints what is in the folder it runs in.
const PRINTS: &str = "/bin/cat *.out";

fn commit(object: &str) -> Commit {
    Commit::of(&[
        ("web/kustomization.yaml", "resources: [a.out]"),
        ("web/a.out", object),
    ])
}

const OLD: &str =
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1}}";
const NEW: &str =
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2}}";

#[tokio::test]
async fn both_sides_are_rendered_and_compared() {
    let machine = Machine::with("kustomize", PRINTS);
    let found = machine
        .compare(&kustomize("web"), &commit(OLD), &commit(NEW))
        .await
        .unwrap();
    assert_eq!((found.same, found.changes.len()), (0, 1));
    let field = &found.changes[0].fields[0];
    assert_eq!(field.path, "spec.replicas");
    assert_eq!(
        (field.old.as_deref(), field.new.as_deref()),
        (Some("1"), Some("2"))
    );
}

#[tokio::test]
async fn a_folder_that_comes_is_added_and_one_that_is_nowhere_is_named() {
    let machine = Machine::with("kustomize", PRINTS);
    let none = Commit::default();
    let found = machine
        .compare(&kustomize("web"), &none, &commit(NEW))
        .await
        .unwrap();
    assert_eq!(found.changes[0].becomes, Becomes::Added);
    let refused = machine
        .compare(&kustomize("web"), &none, &none)
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("`web` is not in the repository"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_program_is_given_nothing_of_ours_and_only_what_is_named() {
    let script = "/usr/bin/env | /usr/bin/sort > KEPT; echo \"$PWD: $*\" >> KEPT; /usr/bin/find .. -type f >> KEPT; /bin/cat *.out";
    let machine = Machine::with("kustomize", script);
    let mut head = commit(NEW);
    head.add("web/unnamed.yaml".to_owned(), b"x".to_vec());
    head.add("other/file.yaml".to_owned(), b"x".to_vec());
    machine
        .compare(&kustomize("web/kustomization.yaml/.."), &head, &head)
        .await
        .unwrap();
    let kept = machine.kept();
    let keys: Vec<&str> = kept
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key)
        .collect();
    for key in ["CARGO_MANIFEST_DIR", "USER", "SSH_AUTH_SOCK"] {
        assert!(!keys.contains(&key), "{kept}");
    }
    assert!(kept.contains("/files/web: build .\n"), "{kept}");
    assert!(
        kept.contains("a.out") && !kept.contains("unnamed") && !kept.contains("other"),
        "{kept}"
    );
    // The folder is gone.
    let home = kept
        .lines()
        .find_map(|line| line.strip_prefix("HOME="))
        .unwrap();
    let gone = || !std::path::Path::new(home).exists();
    for _ in 0..200 {
        if gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(gone(), "{home}");
}

#[tokio::test]
async fn helm_is_given_a_release_a_namespace_and_its_values() {
    let machine = Machine::with("helm", "echo \"$*\" > KEPT");
    let files = [
        ("charts/web/Chart.yaml", "name: web"),
        ("charts/web/templates/deep/a.yaml", "x"),
        ("env/test.yaml", "a: b"),
    ];
    let rendering = Rendering::Helm {
        chart: "charts/web".to_owned(),
        values: vec!["env/test.yaml".to_owned()],
        release: "web".to_owned(),
        namespace: "test".to_owned(),
    };
    let commit = Commit::of(&files);
    let found = machine.compare(&rendering, &commit, &commit).await.unwrap();
    assert_eq!(found.same, 0);
    let said =
        "template web ./charts/web --namespace=test --include-crds --values=./env/test.yaml\n";
    assert_eq!(machine.kept(), said);
}

#[tokio::test]
async fn one_that_hangs_is_ended_with_all_it_started() {
    let mut machine = Machine::with(
        "kustomize",
        "(/bin/sleep 300; /bin/true) & echo $! > KEPT; /bin/sleep 300",
    );
    machine.limits.time = Duration::from_millis(500);
    let began = Instant::now();
    let refused = machine
        .compare(&kustomize("web"), &commit(OLD), &commit(NEW))
        .await
        .unwrap_err();
    assert_eq!(refused.reason_code(), "renderer_slow");
    assert!(began.elapsed() < Duration::from_secs(5));
    let child = machine.kept().trim().to_owned();
    for _ in 0..100 {
        // A zombie that nobody waits for runs no more.
        let status = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        if status.is_empty() || status.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("{child} is still there in {}", machine.folder().display());
}

#[tokio::test]
async fn one_that_floods_or_fails_or_is_missing_is_told_as_such() {
    for (script, code, said) in [
        (
            "while :; do echo '# more and more and more'; done",
            "too_large",
            "64 KiB of output",
        ),
        (
            "echo 'Error: no such thing' >&2; echo second >&2; exit 3",
            "renderer_refused",
            "kustomize refused: Error: no such thing; second",
        ),
        ("exit 3", "renderer_refused", "exit status: 3"),
        (
            "/usr/bin/yes more | /usr/bin/head -c 3000000 >&2; exit 1",
            "renderer_refused",
            "more; more; more; more; more",
        ),
        (
            "echo \"Error: in $PWD/a.out\" >&2; exit 1",
            "renderer_refused",
            "Error: in web/a.out",
        ),
        ("echo 'a: [b'", "unreadable", "what kustomize printed"),
    ] {
        let machine = Machine::with("kustomize", script);
        let refused = machine
            .compare(&kustomize("web"), &commit(OLD), &commit(NEW))
            .await
            .unwrap_err();
        assert_eq!(refused.reason_code(), code, "{refused}");
        assert!(refused.to_string().contains(said), "{refused}");
    }
    let refused = Machine::with("helm", "")
        .compare(&kustomize("web"), &commit(OLD), &commit(NEW))
        .await
        .unwrap_err();
    assert_eq!(refused.reason_code(), "renderer_missing");
    assert!(
        refused.to_string().contains("no `kustomize` on the PATH"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_plain_folder_needs_no_program_and_means_its_own_files() {
    let machine = Machine::with("none", "");
    let old = Commit::of(&[
        ("all/a.yaml", OLD),
        ("all/README.md", "x"),
        ("all/sub/b.yaml", "no object"),
    ]);
    let new = Commit::of(&[
        ("all/a.yaml", NEW),
        (
            "all/c.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"s\"}}",
        ),
    ]);
    let found = machine.compare(&plain("all"), &old, &new).await.unwrap();
    assert_eq!(found.changes.len(), 2);
    let file = machine
        .compare(&plain("all/a.yaml"), &old, &old)
        .await
        .unwrap();
    assert_eq!((file.same, file.changes.len()), (1, 0));
}
