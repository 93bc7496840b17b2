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
