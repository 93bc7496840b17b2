//! People merge into the manifests themselves, and the engine follows.

use sendo_testkit::wait;

use crate::cluster::{Chain, Environment, kubectl, turns};
use crate::world::LONGEST;

#[test]
fn what_a_person_merges_is_followed_until_its_pods_run() {
    let chain = Chain::set(&[Environment {
        name: "test",
        rules: "",
        engine: "settle: 3s",
        automated: true,
    }]);
    let manifests = format!("acme:{}/{}", chain.world.owner, chain.world.manifests);
    chain.world.reconfigure(|text| {
        let (head, rest) = text.split_once("        on:").unwrap();
        let (_, engine) = rest.split_once("        engine:").unwrap();
        let (engine, _) = engine.split_once('\n').unwrap();
        format!(
            "{head}        engine:{engine}\n        deliver: {{ observe: {{ repository: {manifests}, base: main, paths: [web/test/**] }} }}\n"
        )
    });
    chain.world.hook();
    let mut server = chain.world.served();
    let kustomization = crate::cluster::KUSTOMIZATION.replace("newTag: v0", "newTag: v7");
    let merged = chain.world.push_file(
        &chain.world.manifests,
        "web/test/kustomization.yaml",
        &kustomization,
    );
    // Gitea may tell of what was pushed before the hook was there, so the first one need not be ours.
    let ours = wait::until("its deployment", LONGEST, || {
        let listed = server.get("/api/v1/deployments?limit=5")?;
        let mut all = listed["deployments"].as_array()?.iter();
        let ours = all.find(|one| one["revision"] == merged.as_str())?;
        ours["id"].as_str().map(str::to_owned)
    });
    let told = chain.until(&mut server, &ours.unwrap(), &["succeeded"]);
    assert_eq!(told["deployment"]["strategy"], "observe");
    assert_eq!(
        chain.images("test"),
        "registry.example.com/web:v7",
        "{told:#}"
    );
    let mut steps = turns(&told);
    steps.retain(|step| step != "waits");
    assert_eq!(steps, ["started", "succeeded"]);
    assert!(chain.world.changes().is_empty());
    // What Argo CD compared is the commit that was merged, or a later one.
    let application = chain.application_of("test");
    let synced = kubectl(&[
        "get",
        "application",
        &application,
        "-n=argocd",
        "-o=jsonpath={.status.sync.status}",
    ]);
    assert_eq!(synced, "Synced");
}
