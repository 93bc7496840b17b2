//! Repositories that mean no good.

use crate::stage::{Commit, Machine, kustomize, plain};
use sendo_core::rendering::Rendering;

async fn refused(rendering: &Rendering, commit: &Commit) -> (String, String) {
    // Whoever is refused here is refused before anything runs.
    let machine = Machine::with("kustomize", "echo ran > KEPT");
    let refused = machine
        .compare(rendering, commit, commit)
        .await
        .unwrap_err();
    assert_eq!(machine.kept(), "");
    (refused.reason_code().to_owned(), refused.to_string())
}

#[tokio::test]
async fn nothing_outside_is_read_and_nothing_is_fetched() {
    for (entry, code) in [
        ("../../../etc/passwd", "outside_repository"),
        ("/etc/passwd", "outside_repository"),
        ("../.git/config", "outside_repository"),
        ("https://example.com/a.yaml", "remote_resource"),
        ("git@example.com:a/b.git", "remote_resource"),
        ("example.com/a/b", "file_not_found"),
        ("link.yaml", "symlink"),
    ] {
        let text = format!("resources: ['{entry}']");
        let commit = Commit::of(&[
            ("web/kustomization.yaml", &text),
            ("web/link.yaml", "->/etc/passwd"),
        ]);
        let (found, said) = refused(&kustomize("web"), &commit).await;
        assert_eq!(found, code, "{said}");
    }
    let (code, _) = refused(&kustomize("../web"), &Commit::default()).await;
    assert_eq!(code, "outside_repository");
}

#[tokio::test]
async fn a_plugins_own_files_are_found_and_may_not_lie_elsewhere() {
    let mut commit = Commit::of(&[
        ("web/kustomization.yaml", "transformers: [t]"),
        ("web/t/kustomization.yaml", "resources: [p.yaml]"),
        (
            "web/t/p.yaml",
            "kind: PatchTransformer\npath: patch.yaml\nfieldSpecs: [{path: metadata/name}]",
        ),
        ("web/t/patch.yaml", "x"),
    ]);
    let machine = Machine::with("kustomize", "/usr/bin/find . -type f > KEPT");
    machine
        .compare(&kustomize("web"), &commit, &commit)
        .await
        .unwrap();
    assert!(
        machine.kept().contains("./t/patch.yaml"),
        "{}",
        machine.kept()
    );
    for path in [
        "https://example.com/p.yaml",
        "http://169.254.169.254/latest",
    ] {
        let text = format!("kind: PatchTransformer\npath: {path}");
        commit.add("web/t/p.yaml".to_owned(), text.into_bytes());
        assert_eq!(
            refused(&kustomize("web"), &commit).await.0,
            "remote_resource"
        );
    }
}

#[tokio::test]
async fn what_has_no_end_ends() {
    // Two that name each other are each read once; the program says the rest.
    let commit = Commit::of(&[
        ("a/kustomization.yaml", "resources: [../b]"),
        ("b/kustomization.yaml", "resources: [../a]"),
    ]);
    let machine = Machine::with("kustomize", "");
    machine
        .compare(&kustomize("a"), &commit, &commit)
        .await
        .unwrap();
    assert_eq!(commit.asked.lock().unwrap().len(), 8);

    let mut chain = Commit::default();
    for n in 0..100 {
        let text = format!("resources: [../{}]", n + 1);
        chain.add(format!("{n}/kustomization.yaml"), text.into_bytes());
    }
    assert_eq!(refused(&kustomize("0"), &chain).await.0, "too_large");
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_a_large_repository_is_not_read() {
    let mut many = Commit::default();
    for n in 0..5_000 {
        many.add(format!("all/{n}.yaml"), Vec::new());
    }
    let (code, said) = refused(&plain("all"), &many).await;
    assert_eq!(code, "too_large");
    assert!(said.contains("2000 files"), "{said}");

    let mut huge = Commit::default();
    for n in 0..5 {
        huge.add(format!("all/{n}.yaml"), vec![b'#'; 8 << 20]);
    }
    assert!(
        refused(&plain("all"), &huge)
            .await
            .1
            .contains("32 MiB of files")
    );

    let mut far = Commit::of(&[
        ("web/kustomization.yaml", "resources: [a.yaml]"),
        ("web/a.yaml", "x"),
    ]);
    for n in 0..100_000 {
        far.add(format!("other/{}/{n}.yaml", n % 100), Vec::new());
    }
    let machine = Machine::with("kustomize", "");
    machine
        .compare(&kustomize("web"), &far, &far)
        .await
        .unwrap();
    let asked = far.asked.lock().unwrap();
    assert_eq!(asked.len(), 6);
    assert!(
        asked.iter().all(|path| path.starts_with("web")),
        "{asked:?}"
    );
}
