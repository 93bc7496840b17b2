//! The first day: a configuration from a manifests repository that somebody else began.

use std::path::Path;

use sendo_testkit::stage::Stage;
use sendo_testkit::wait;
use serde_json::Value;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A manifests repository in which everybody did it their own way, and the repositories beside it.
struct Inherited {
    stage: Stage,
    files: Vec<(String, String)>,
    repositories: Vec<String>,
}

impl Inherited {
    fn begin() -> Self {
        Self {
            stage: Stage::set(env!("CARGO_BIN_EXE_sendo")),
            files: Vec::new(),
            repositories: Vec::new(),
        }
    }

    fn file(&mut self, path: String, text: String) {
        self.files.push((path, text));
    }

    /// A kustomization for each environment, set to a whole revision.
    fn overlays(&mut self, name: &str) {
        for environment in ["test", "production"] {
            let text = format!(
                "# {name} の{environment}\nresources: [../../base]\nimages:\n- name: {name}\n  newTag: {SHA} # by bot\n"
            );
            self.file(
                format!("{name}/overlays/{environment}/kustomization.yaml"),
                text,
            );
        }
        self.repositories.push(name.to_owned());
    }

    /// A Helm values file for each environment, set to a tag of the application.
    fn values(&mut self, name: &str) {
        for environment in ["staging", "prod"] {
            let text = format!(
                "replicas: 2\nimage:\n  repository: registry.example.com/{name}\n  tag: \"v1.2.3\"\ncache:\n  image: {{ repository: redis, tag: 7.0 }}\n"
            );
            self.file(format!("charts/{name}/values-{environment}.yaml"), text);
        }
        self.repositories.push(name.to_owned());
    }

    /// Plain manifests of several documents, with a short revision behind a word.
    fn plain(&mut self, name: &str) {
        let text = format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{ name: {name} }}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: registry.example.com:5000/team/{name}:main-be76264\n"
        );
        self.file(format!("k8s/prod/{name}.yaml"), text);
        self.repositories.push(format!("team/{name}"));
    }

    /// One kustomization for all of an environment, with a digest.
    fn shared(&mut self, names: &[String]) {
        let digest = format!("sha256:{}", "ab".repeat(32));
        for environment in ["dev", "live"] {
            let images: String = names
                .iter()
                .map(|name| format!("  - name: {name}\n    newName: registry.example.com/{name}\n    digest: {digest}\n"))
                .collect();
            self.file(
                format!("envs/{environment}/kustomization.yaml"),
                format!("images:\n{images}"),
            );
        }
        self.repositories.extend(names.iter().cloned());
    }

    /// Makes the repositories: that of an application is a copy of one.
    fn laid_out(self) -> Stage {
        let Self {
            stage,
            files,
            repositories,
        } = self;
        stage.repository("model", "trunk", &[("README.md", "# It sells things.\n")]);
        stage.git(&stage.clone_of("model"), "mei", &["tag", "v1.2.3"]);
        let bare = stage.bare("model").to_string_lossy().into_owned();
        stage.git(
            &stage.clone_of("model"),
            "mei",
            &["push", "-q", &bare, "v1.2.3"],
        );
        for name in repositories {
            copy(&stage.bare("model"), &stage.bare(&name));
        }
        std::fs::remove_dir_all(stage.bare("model")).unwrap();
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        stage.repository("manifests", "main", &files);
        stage
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn init(stage: &Stage, more: &[&str]) -> sendo_testkit::stage::Ended {
    stage.sendo(&[&["init", "--root", ".", "--manifests", "manifests"], more].concat())
}

#[test]
fn two_hundred_applications_of_mixed_styles_become_a_configuration_that_plans_nothing() {
    let mut inherited = Inherited::begin();
    (0..80).for_each(|n| inherited.overlays(&format!("shop-{n:03}")));
    (0..60).for_each(|n| inherited.values(&format!("api-{n:03}")));
    (0..30).for_each(|n| inherited.plain(&format!("job-{n:03}")));
    let shared: Vec<String> = (0..30).map(|n| format!("tool-{n:03}")).collect();
    inherited.shared(&shared);
    let stage = inherited.laid_out();
    let proposed = init(&stage, &["-o", "json"]);
    assert_eq!(proposed.code, 0, "{}", proposed.err);
    let told: Value = serde_json::from_str(&proposed.out).unwrap();
    assert_eq!(
        told["proposal"]["applications"].as_object().unwrap().len(),
        200
    );
    let valid = stage.sendo(&["validate", "--config", "sendo.yaml"]);
    assert_eq!(valid.code, 0, "{}{}", valid.out, valid.err);
    let planned = stage.sendo(&["plan", "--config", "sendo.yaml", "--offline", "-o", "json"]);
    let plan: Value = serde_json::from_str(&planned.out).unwrap();
    assert_eq!(planned.code, 0, "{}", planned.out);
    assert_eq!(plan["lanes"].as_array().unwrap().len(), 370);
}

#[test]
fn two_hundred_applications_of_one_style_take_fewer_than_forty_lines() {
    let mut inherited = Inherited::begin();
    (0..200).for_each(|n| inherited.overlays(&format!("shop-{n:03}")));
    let stage = inherited.laid_out();
    let proposed = init(&stage, &[]);
    assert_eq!(proposed.code, 0, "{}", proposed.err);
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    assert!(text.lines().count() < 40, "{text}");
    let planned = stage.sendo(&["plan", "--config", "sendo.yaml", "--offline"]);
    assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
}

#[test]
fn what_is_proposed_reads_what_stands_there() {
    let mut inherited = Inherited::begin();
    inherited.overlays("shop");
    inherited.values("api");
    inherited.plain("job");
    inherited.shared(&["tool".to_owned(), "saw".to_owned()]);
    let stage = inherited.laid_out();
    let proposed = init(&stage, &["--dry-run"]);
    insta::assert_snapshot!(format!("{}\n{}", proposed.out, proposed.err));
    assert!(!stage.configuration().exists());
}

#[test]
fn what_others_have_open_on_the_same_files_is_named() {
    let mut inherited = Inherited::begin();
    inherited.overlays("shop");
    let stage = inherited.laid_out();
    let clone = stage.clone_of("manifests");
    for (branch, file) in [
        ("bot/shop-1", "shop/overlays/test/kustomization.yaml"),
        ("docs", "README.md"),
    ] {
        stage.git(&clone, "bot", &["checkout", "-q", "-b", branch, "main"]);
        stage.write(
            "manifests",
            file,
            "images: [{ name: shop, newTag: other }]\n",
        );
        stage.commit("manifests", "bot", &format!("Work on {branch}"));
        stage.push("manifests", branch);
    }
    let proposed = init(&stage, &["-o", "json"]);
    let told: Value = serde_json::from_str(&proposed.out).unwrap();
    let open = told["proposal"]["open"].as_array().unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["branch"], "bot/shop-1");
}

#[test]
fn a_first_merge_after_init_is_the_first_thing_that_is_deployed() {
    let mut inherited = Inherited::begin();
    inherited.overlays("shop");
    let stage = inherited.laid_out();
    assert_eq!(init(&stage, &[]).code, 0);
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    stage.configure(&text.replace("127.0.0.1:8787", "127.0.0.1:0"));
    let mut server = stage.served();
    assert_eq!(
        server.get("/api/v1/deployments").unwrap()["deployments"],
        Value::Array(Vec::new())
    );
    let clone = stage.folder().join("mine");
    let bare = stage.bare("shop").to_string_lossy().into_owned();
    stage.git(stage.folder(), "mei", &["clone", "-q", &bare, "mine"]);
    std::fs::write(clone.join("cart"), "1").unwrap();
    stage.git(&clone, "mei", &["add", "."]);
    stage.git(&clone, "mei", &["commit", "-q", "-m", "Add a cart"]);
    stage.git(&clone, "mei", &["push", "-q", "origin", "trunk"]);
    let revision = stage.git(&clone, "mei", &["rev-parse", "HEAD"]);
    let arrived = wait::until(
        "production waits for people",
        crate::serving::LONGEST,
        || {
            let found = server.get("/api/v1/deployments?environment=production")?;
            let newest = found["deployments"][0].clone();
            (newest["waiting"]["for"] == "people").then_some(newest)
        },
    );
    let arrived = arrived.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    assert_eq!(arrived["revision"], revision.as_str());
    let file = stage.file("manifests", "main", "shop/overlays/test/kustomization.yaml");
    assert!(
        file.contains(&format!("newTag: {revision} # by bot")),
        "{file}"
    );
}

#[test]
fn wrong_words_are_answered_with_what_to_do() {
    let mut inherited = Inherited::begin();
    inherited.overlays("shop");
    let stage = inherited.laid_out();
    let nowhere = stage.sendo(&["init", "--root", "nowhere", "--manifests", "manifests"]);
    let missing = stage.sendo(&["init", "--root", ".", "--manifests", "manifest"]);
    let branch = init(&stage, &["--base", "trunk"]);
    let builder = init(&stage, &["--repository", "shop=nowhere"]);
    assert!(builder.err.contains("`nowhere`"), "{}", builder.err);
    stage.configure("# mine\n");
    let there = init(&stage, &[]);
    let codes = [&nowhere, &missing, &branch, &builder, &there].map(|ended| ended.code);
    assert_eq!(codes, [5, 5, 3, 3, 7]);
    for ended in [nowhere, missing, branch, builder, there] {
        assert!(ended.err.contains("next: "), "{}", ended.err);
    }
}

#[test]
fn what_has_no_name_or_no_sense_is_left_out_with_why_and_the_rest_is_proposed() {
    let mut inherited = Inherited::begin();
    inherited.overlays("shop");
    let text = format!("images: [{{ name: shop, newTag: {SHA} }}]\n");
    inherited.file("shop/prod-東京/kustomization.yaml".to_owned(), text);
    inherited.file(
        "odd/kustomization.yaml".to_owned(),
        "images: [\n".to_owned(),
    );
    let stage = inherited.laid_out();
    let proposed = init(&stage, &[]);
    assert_eq!(proposed.code, 0, "{}", proposed.err);
    for said in [
        "`prod-東京` cannot be the name of an environment",
        "odd/kustomization.yaml: it cannot be read as YAML",
    ] {
        assert!(proposed.err.contains(said), "{}", proposed.err);
    }
}

#[test]
fn whatever_names_an_image_is_proposed_or_left_out_with_why() {
    let mut inherited = Inherited::begin();
    inherited.overlays("shop");
    inherited.plain("ledger");
    let (path, text) = inherited.files.pop().expect("the manifest");
    // A mark with a comment begins a document, too.
    inherited.file(path, text.replace("---", "--- # ledger"));
    for (name, image) in [
        ("pinned", "image: reg.example.com/api@sha256:0a"),
        ("template", "image: {{ .x }}\nfoo: {{ if .y }}"),
        ("compose", "services: { db: { image: postgres:17 } }"),
    ] {
        inherited.file(format!("odd/{name}.yaml"), format!("{image}\n"));
    }
    let proposed = init(&inherited.laid_out(), &[]);
    assert_eq!(proposed.code, 0, "{}", proposed.err);
    for said in [
        "ledger",
        "odd/pinned.yaml",
        "odd/template.yaml",
        "odd/compose.yaml",
    ] {
        assert!(proposed.err.contains(said), "{said}: {}", proposed.err);
    }
    assert!(!proposed.err.contains("ledger.yaml:"), "{}", proposed.err);
}

#[test]
fn a_title_of_somebody_else_cannot_move_the_cursor() {
    let mut inherited = Inherited::begin();
    inherited.overlays("shop");
    let stage = inherited.laid_out();
    let clone = stage.clone_of("manifests");
    stage.git(&clone, "bot", &["checkout", "-q", "-b", "bot/shop", "main"]);
    let file = "shop/overlays/test/kustomization.yaml";
    stage.write("manifests", file, "images: []\n");
    stage.commit("manifests", "bot", "Clear \u{1b}[2J it");
    stage.push("manifests", "bot/shop");
    let proposed = init(&stage, &[]);
    assert!(proposed.err.contains("Clear  [2J it"), "{}", proposed.err);
}
