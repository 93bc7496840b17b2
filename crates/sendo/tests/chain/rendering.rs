//! What a cluster would see, rendered by the real programs from the files of a real forge.

use sendo_testkit::stage::Ended;
use sendo_testkit::{Server, wait};
use serde_json::Value;

use crate::cluster::Turn;
use crate::world::{LONGEST, World};

/// An overlay on a base, with a Secret that kustomize generates.
const FILES: [(&str, &str); 8] = [
    (
        "web/base/kustomization.yaml",
        "resources: [deployment.yaml, service.yaml]\r\n",
    ),
    (
        "web/base/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers: [{name: web, image: web}]\n",
    ),
    (
        "web/base/service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n",
    ),
    (
        "web/test/kustomization.yaml",
        "resources: [../base]\nnamespace: web-test\npatches: [{path: replicas.yaml}]\nsecretGenerator:\n- name: token\n  envs: [token.env]\n  options: {disableNameSuffixHash: true}\nimages:\n- name: web\n  newName: registry.example.com/web\n  newTag: \"0000000\"\n",
    ),
    (
        "web/test/replicas.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2}\n",
    ),
    ("web/test/token.env", "TOKEN=hush\n"),
    (
        "charts/web/templates/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: \"web:{{ .Values.image.tag }}\"\n",
    ),
    (
        "charts/web/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    ),
];

fn world(edits: &str, render: &str) -> World {
    let world = World::set();
    for (path, text) in FILES {
        world.push_file(&world.manifests, path, text);
    }
    world.push_file(&world.manifests, "env/test.yaml", "image: {tag: \"0\"}\n");
    world.reconfigure(|text| {
        let written = "edits: [{ kustomization: web/test, image: web }]";
        assert!(text.contains(written), "{text}");
        text.replace(written, &format!("edits: [{edits}]{render}"))
    });
    world.hook();
    world
}

/// What `sendo diff` shows of the change that is proposed.
fn proposed(world: &World, server: &mut Server, arguments: &[&str]) -> Ended {
    world.change();
    let asked = wait::until("the deployment has a commit", LONGEST, || {
        let told = server.get("/api/v1/deployments/web/test/1")?;
        told["deployment"]["brings"].is_object().then_some(())
    });
    asked.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    let url = format!("http://{}", server.address().unwrap());
    let diff = ["diff", "web/test/1", "--server", &url];
    world.stage.sendo(&[&diff[..], arguments].concat())
}

#[test]
fn rendering_a_kustomization_shows_the_image_before_anybody_approves() {
    let _turn = Turn::beside();
    let world = world("{ kustomization: web/test, image: web }", "");
    let mut server = world.served();
    let revision = world.merge("Add a cart");
    let shown = proposed(&world, &mut server, &["--objects"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let expected = format!(
        "What a cluster sees of `web/test` (kustomize): 0 added, 1 changed, 0 removed, 2 the same.\n\
         ~ apps/Deployment web-test/web\n    \
         spec.template.spec.containers[web].image: registry.example.com/web:0000000 → registry.example.com/web:{revision}\n"
    );
    assert_eq!(shown.out, expected);
}

#[test]
fn rendering_a_chart_and_a_kustomization_with_a_secret_shows_no_value() {
    let edits = "{ helm_values: env/test.yaml, set: .image.tag }, { file: web/test/token.env.yaml, set: .stringData.token }";
    let render = ", render: [{ helm: { chart: charts/web, values: [env/test.yaml], release: web, namespace: web-test } }, { plain: web/test/token.env.yaml }, { kustomize: remote }]";
    let _turn = Turn::beside();
    let world = world(edits, render);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: hush}\ntoken: hush\n";
    world.push_file(&world.manifests, "web/test/token.env.yaml", secret);
    let remote = "resources: ['https://example.com/a.yaml']\n";
    world.push_file(&world.manifests, "remote/kustomization.yaml", remote);
    let mut server = world.served();
    let revision = world.merge("Add a cart");
    let shown = proposed(&world, &mut server, &["--objects"]);
    let image = format!("spec.template.spec.containers[web].image: web:0 → web:{revision}\n");
    assert!(shown.out.contains(&image), "{}", shown.out);
    assert!(
        shown
            .out
            .contains("`https://example.com/a.yaml`, which lies elsewhere"),
        "{}",
        shown.out
    );
    let told = proposed(&world, &mut server, &["-o", "json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    let objects = told["objects"].as_array().unwrap();
    let states: Vec<_> = objects
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["compared", "compared", "cannot"], "{told}");
    assert!(!told["objects"].to_string().contains("hush"), "{told}");
}
