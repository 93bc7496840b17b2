//! Several files, and defaults under hundreds of applications.

use std::fmt::Write as _;

use crate::sendo::Folder;

const MAIN: &str = r#"forges:
  acme: { kind: local, root: repositories }
defaults:
  repository: "acme:acme/{application}"
  environments:
    test:
      on: { merged_into: main }
      deliver:
        promotion:
          repository: acme:acme/manifests
          base: main
          edits: [{ kustomization: "{application}/{environment}", image: "{application}" }]
    production:
      on: { tag: "v*" }
      after: test
      approval: { people: 1 }
      deliver:
        promotion:
          repository: acme:acme/manifests
          base: main
          edits: [{ kustomization: "{application}/{environment}", image: "{application}", tag: "{tag}" }]
"#;

const WEB: &str = "applications:
  web: {}
";

fn validate(folder: &Folder) -> crate::sendo::Ended {
    folder.run(&["validate", "--config", "sendo.yaml"])
}

#[test]
fn two_hundred_applications_are_two_hundred_lines() {
    let mut text = format!("{MAIN}applications:\n");
    for number in 0..200 {
        writeln!(text, "  service-{number}: {{}}").unwrap();
    }
    let folder = Folder::with(&[("sendo.yaml", &text)]);
    let ended = validate(&folder);
    assert_eq!(
        ended.out,
        "sendo.yaml: valid, 200 applications and 400 lanes\n"
    );
}

#[test]
fn a_mistake_in_the_defaults_is_told_once() {
    let text = format!(
        "{}applications: {{ a: {{}}, b: {{}}, c: {{}} }}\n",
        MAIN.replace("v*", "v[")
    );
    let folder = Folder::with(&[("sendo.yaml", &text)]);
    let ended = validate(&folder);
    assert_eq!(ended.err.matches("[glob]").count(), 1, "{}", ended.err);
}

#[test]
fn a_path_that_forgets_the_application_is_told() {
    let text = format!(
        "{}applications: {{ a: {{}}, b: {{}} }}\n",
        MAIN.replace("image: \"{application}\"", "image: app")
            .replace("{application}/{environment}", "all/{environment}")
    );
    let folder = Folder::with(&[("sendo.yaml", &text)]);
    insta::assert_snapshot!(validate(&folder).err);
}

#[test]
fn an_application_wins_over_the_defaults_key_by_key_and_choice_by_choice() {
    let text = format!(
        "{MAIN}applications:
  web:
    environments:
      production:
        on: command
        approval: automatic
        deliver: {{ promotion: {{ base: release }} }}
"
    );
    let folder = Folder::with(&[("sendo.yaml", &text)]);
    assert_eq!(validate(&folder).code, 0);
    let asked = r#"{"application": "web", "environment": "production", "reference": "v1"}"#;
    let explain = [
        "explain",
        "--config",
        "sendo.yaml",
        "--event",
        "deploy",
        "-",
        "-o",
        "json",
    ];
    let told = folder.run_with(&explain, &[], asked).json();
    assert_eq!(told["deployments"][0]["approval"], "automatic");
    assert_eq!(told["deployments"][0]["after"], "test");
}

#[test]
fn files_beside_add_to_the_first_one() {
    let folder = Folder::with(&[
        ("sendo.yaml", MAIN),
        ("sendo.d/web.yaml", WEB),
        (
            "sendo.d/api.yaml",
            "applications: { api: {} }\nnotices: [{ terminal: true }]\n",
        ),
        ("sendo.d/notes.txt", "not: read"),
        ("sendo.d/.hidden.yaml", "not: read"),
    ]);
    assert_eq!(
        validate(&folder).out,
        "sendo.yaml: valid, 2 applications and 4 lanes\n"
    );
}

#[test]
fn what_two_files_say_is_refused_with_both_places() {
    let lane = "applications: { web: { environments: { test: { on: command } } } }\n";
    let folder = Folder::with(&[
        ("sendo.yaml", &format!("{MAIN}server: {{ sweep: 1m }}\n")),
        ("sendo.d/a.yaml", lane),
        ("sendo.d/b.yaml", lane),
        ("sendo.d/c.yaml", "server: { sweep: 2m, lease: 30s }\n"),
        (
            "sendo.d/d.yaml",
            "forges: { acme: { kind: local, root: other } }\n",
        ),
    ]);
    insta::assert_snapshot!(validate(&folder).err);
}
