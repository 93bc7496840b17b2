//! `sendo diff`: what a deployment changes, told against the real program.

use serde_json::Value;

use crate::acting::Shop;
use crate::serving::{ask, stage, until};

const LINES: [&str; 2] = ["\n-    newTag: ", "\n+    newTag: "];

#[test]
fn a_change_is_shown_before_and_after_it_is_merged_and_git_can_apply_it() {
    let mut shop = Shop::open();
    let revision = shop.merge("Add a cart");
    let proposed = shop.mei(&["diff", "shop/production"]);
    assert_eq!(proposed.code, 0, "{}", proposed.err);
    assert!(
        proposed
            .out
            .starts_with("diff --git a/shop/kustomization.yaml")
    );
    for line in LINES {
        assert_eq!(proposed.out.matches(line).count(), 1, "{}", proposed.out);
    }
    assert!(proposed.out.contains(&revision));
    assert!(
        proposed.err.contains("is about to change"),
        "{}",
        proposed.err
    );
    shop.applies(&proposed.out);

    assert_eq!(shop.aoi(&["approve", "shop/production/1"]).code, 0);
    shop.until_newest_is(&revision, "succeeded");
    let merged = shop.mei(&["diff", "shop/production/1"]);
    assert_eq!(merged.out, proposed.out);
    assert!(merged.err.contains("` changed in `"), "{}", merged.err);
    let told = shop.mei(&["diff", "shop/production/1", "-o", "json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["text"], merged.out);
    assert_eq!(told["state"], "succeeded");
}

#[test]
fn what_has_no_change_is_told_with_what_to_type_next() {
    let mut shop = Shop::open();
    for (what, code, said) in [
        ("shop", 3, "sendo diff APPLICATION/ENVIRONMENT"),
        ("shop/production", 5, "sendo deploy shop production"),
        ("shop/production/7", 5, "sendo history shop/production"),
        ("shop/nowhere", 5, "production"),
        ("a b", 3, "sendo diff"),
        ("shop/../1", 3, "sendo diff"),
    ] {
        let ended = shop.mei(&["diff", what]);
        assert_eq!(ended.code, code, "{what}: {}", ended.err);
        assert!(ended.err.contains(said), "{what}: {}", ended.err);
        assert_eq!(ended.out, "");
    }
}

#[test]
fn a_commit_that_went_to_the_base_is_shown_wherever_the_base_is_now() {
    let stage = stage("");
    let direct = std::fs::read_to_string(stage.configuration()).unwrap();
    stage.configure(&direct.replace("base: main,", "base: main, mode: commit,"));
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    let revision = stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let first = ["diff", "shop/production/1"];
    let shown = ask(&stage, &mut server, &first, None);
    for tag in ["0000000", &revision] {
        assert_eq!(shown.out.matches(tag).count(), 1, "{}", shown.out);
    }
    stage.work("shop", "main", "Add a till");
    while until(&mut server, "succeeded")["id"] != "shop/production/2" {}
    assert_eq!(ask(&stage, &mut server, &first, None).out, shown.out);
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: web:0\n---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\n";
const EDIT: &str = "edits: [{ file: plain/web.yaml, set: '.spec.template.spec.containers[name=web].image', value: \"web:{sha}\", document: 0 }]";

/// A stage whose files are applied as they are.
fn plain(render: &str) -> (sendo_testkit::stage::Stage, sendo_testkit::Server) {
    let stage = stage("");
    stage.write("manifests", "plain/web.yaml", WEB);
    stage.commit("manifests", "mei", "Add plain files");
    stage.push("manifests", "main");
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    let edits = "edits: [{ kustomization: shop, image: shop, tag: \"{sha}\" }]";
    assert!(text.contains(edits));
    stage.configure(&text.replace(edits, &format!("{EDIT}{render}")));
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let server = stage.served();
    (stage, server)
}

#[test]
fn what_a_cluster_would_see_is_told_object_by_object() {
    let (stage, mut server) = plain(", render: [{ plain: plain }, { plain: nowhere }]");
    let revision = stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let diff = ["diff", "shop/production/1", "--objects"];
    let shown = ask(&stage, &mut server, &diff, None);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let field = format!("spec.template.spec.containers[web].image: web:0 → web:{revision}\n");
    assert!(
        shown.out.contains("~ apps/Deployment web\n"),
        "{}",
        shown.out
    );
    assert!(shown.out.contains(&field), "{}", shown.out);
    assert!(
        shown.out.contains("`nowhere` is not in the repository"),
        "{}",
        shown.out
    );

    let json = ["diff", "shop/production/1", "-o", "json"];
    let told: Value = serde_json::from_str(&ask(&stage, &mut server, &json, None).out).unwrap();
    let objects = &told["objects"];
    assert_eq!(objects[0]["state"], "compared", "{objects}");
    assert_eq!(objects[0]["same"], 1, "{objects}");
    assert_eq!(objects[0]["changes"][0]["kind"], "Deployment", "{objects}");
    assert_eq!(objects[1]["reason_code"], "file_not_found", "{objects}");
    // What nobody looks at is not rendered.
    let bare = server.get("/api/v1/deployments/shop/production/1/diff?objects=false");
    assert!(bare.unwrap().get("objects").is_none());
}

#[test]
fn a_lane_that_renders_nothing_says_so() {
    let (stage, mut server) = plain("");
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let diff = ["diff", "shop/production/1", "--objects"];
    let shown = ask(&stage, &mut server, &diff, None);
    assert!(
        shown.out.contains("`render` under its `promotion`"),
        "{}",
        shown.out
    );
}

#[test]
fn a_plan_shows_what_a_cluster_would_see_of_what_would_begin() {
    let (stage, mut server) = plain(", render: [{ plain: plain }]");
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let clone = stage.clone_of("shop");
    stage.git(&clone, "mei", &["checkout", "-q", "-b", "next"]);
    stage.write("shop", "README.md", "# It sells hats.\n");
    let revision = stage.commit("shop", "mei", "Sell hats");
    stage.push("shop", "next");
    let before = stage.refs("manifests");
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    let next = text.replace("merged_into: main", "pushed_to: next");
    std::fs::write(stage.folder().join("next.yaml"), next).unwrap();
    let url = format!("http://{}", server.address().unwrap());
    let plan = ["plan", "--config", "next.yaml", "--server", &url];
    let planned = stage.sendo(&[&plan[..], &["--objects"]].concat());
    assert_eq!(planned.code, 2, "{}{}", planned.out, planned.err);
    assert!(
        planned.out.contains("  ~ apps/Deployment web\n"),
        "{}",
        planned.out
    );
    assert!(
        planned.out.contains(&format!("→ web:{revision}\n")),
        "{}",
        planned.out
    );
    assert!(!stage.sendo(&plan).out.contains("apps/Deployment"));
    assert_eq!(stage.refs("manifests"), before);
}
