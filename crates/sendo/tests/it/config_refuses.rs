//! Every message of `sendo validate`: where, what, why, and what to do.

use std::fmt::Write as _;

use crate::sendo::Folder;

/// A valid configuration with one line or block replaced.
fn with(old: &str, new: &str) -> String {
    assert!(VALID.contains(old), "{old:?} is not in the valid one");
    VALID.replacen(old, new, 1)
}

const VALID: &str = r#"server: { listen: "127.0.0.1:8787" }
forges:
  acme: { kind: local, root: repositories }
applications:
  web:
    repository: acme:acme/web
    environments:
      test:
        on: { merged_into: develop }
        deliver:
          promotion:
            repository: acme:acme/manifests
            base: main
            edits:
              - { kustomization: web/test, image: web, tag: "{sha}" }
      production:
        on: { tag: "release-*" }
        after: test
        approval: { people: 1, from: ["local:alice"] }
        deliver:
          promotion:
            repository: acme:acme/manifests
            base: main
            edits:
              - { kustomization: web/production, image: web, tag: "{tag}" }
notices:
  - terminal: true
"#;

/// What `sendo validate` says to each of these; one snapshot for each group.
fn refused(cases: &[(&str, String)]) -> String {
    let mut all = String::new();
    for (name, text) in cases {
        let files = [
            ("sendo.yaml", text.as_str()),
            ("one.txt", "1"),
            ("two.txt", "2"),
        ];
        let folder = Folder::with(&files);
        let ended = folder.run(&["validate", "--config", "sendo.yaml"]);
        assert_eq!(ended.code, 3, "{name}: {ended:?}");
        assert_eq!(ended.out, "", "{name}");
        assert!(
            ended.err.contains("fix: "),
            "{name} names no fix: {}",
            ended.err
        );
        writeln!(all, "── {name}\n{}", ended.err).unwrap();
    }
    all
}

macro_rules! golden {
    ($($name:literal: $text:expr,)*) => {
        let said = refused(&[$(($name, $text.to_string()),)*]);
        insta::assert_snapshot!(said);
    };
}

#[test]
fn the_valid_one_is_valid() {
    let folder = Folder::with(&[("sendo.yaml", VALID)]);
    let ended = folder.run(&["validate", "--config", "sendo.yaml"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(ended.out, "sendo.yaml: valid, 1 application and 2 lanes\n");
}

#[test]
fn what_is_not_yaml() {
    golden! {
        "not closed": "applications: [",
        "a tab": "applications:\n\tweb: {}\n",
        "not a mapping": "- applications\n",
        "nothing": "",
        "a bare reference in a flow mapping":
            with("terminal: true", "slack: { webhook: ${env:HOOK} }"),
        "a key twice": with("    repository: acme:acme/web\n", "    repository: acme:acme/web\n    repository: acme:acme/api\n"),
        "an unknown tag": with("acme:acme/web", "!ref acme:acme/web"),
        "two documents": format!("{VALID}---\n{VALID}"),
        "aliases of aliases": bomb(),
    }
}

fn bomb() -> String {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f", "g"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f"])
    {
        let many = vec![format!("*{of}"); 10].join(", ");
        writeln!(text, "{name}: &{name} [{many}]").unwrap();
    }
    text
}

#[test]
fn what_does_not_fit_the_schema() {
    golden! {
        "an unknown section": with("applications:", "aplications:"),
        "an unknown key": with("repository: acme:acme/web", "repo: acme:acme/web"),
        "a key nobody would guess": with("terminal: true", "terminal: true, colour: blue").replace("terminal: true, colour: blue", "{ terminal: true, colour: blue }"),
        "a number for text": with("base: main", "base: 1.10"),
        "text for a list": with(r#"from: ["local:alice"]"#, r#"from: "local:alice""#),
        "a list for a mapping": with("  web:\n    repository", "  api: []\n  web:\n    repository"),
        "a template without quotes": with(r#""{sha}""#, "{sha}"),
        "a word that is not one": with("approval: { people: 1, from: [\"local:alice\"] }", "approval: automatc"),
        "a tier that is not one": with("        after: test", "        tier: prod\n        after: test"),
        "a negative number": with("people: 1", "people: -1"),
        "a missing repository": with("    repository: acme:acme/web\n", ""),
        "a missing trigger": with("        on: { merged_into: develop }\n", ""),
        "a missing base": with("            base: main\n", ""),
        "no environments": with("  web:\n", "  api: { repository: acme:acme/api }\n  web:\n"),
    }
}

#[test]
fn what_is_not_a_name() {
    golden! {
        "an application": with("  web:\n", "  Web:\n"),
        "an environment": with("      test:\n", "      test env:\n").replace("after: test", "after: test env"),
        "a repository without its forge": with("repository: acme:acme/web", "repository: acme/web"),
        "a repository with a URL's end": with("repository: acme:acme/web", "repository: acme:acme/web.git"),
        "an unknown forge": with("repository: acme:acme/web", "repository: akme:acme/web"),
        "a branch": with("develop", "\"my branch\""),
        "a branch by its full name": with("develop", "refs/heads/develop"),
        "a branch pattern": with("develop", "\"feature/*\""),
        "a principal": with("local:alice", "alice"),
        "an unknown environment": with("after: test", "after: tets"),
    }
}

#[test]
fn what_starts_nothing() {
    golden! {
        "two triggers": with("{ merged_into: develop }", "{ merged_into: develop, image: true }"),
        "no trigger": with("{ merged_into: develop }", "{}"),
        "a trigger that is off": with("{ merged_into: develop }", "{ image: false }"),
        "a glob that is not closed": with("release-*", "release-["),
        "a glob that no tag can match": with("release-*", "release *"),
        "a tag by its full name": with("release-*", "refs/tags/release-*"),
        "an expression that is wrong": with("tag: \"release-*\"", "tag: { regex: \"v(\\\\d+\" }"),
        "an empty expression": with("tag: \"release-*\"", "tag: { regex: \"\" }"),
        "a glob and an expression": with("tag: \"release-*\"", "tag: { glob: a, regex: b }"),
        "an order without a pattern": with("tag: \"release-*\"", "tag: { order: semver }"),
        "a path that begins with a slash": with("        on: { merged", "        paths: [/services/web/**]\n        on: { merged"),
        "a path that is a folder": with("        on: { merged", "        paths: [services/web/]\n        on: { merged"),
        "a path that excludes": with("        on: { merged", "        paths: [\"!docs/**\"]\n        on: { merged"),
    }
}

#[test]
fn what_cannot_be_written() {
    golden! {
        "an unknown variable": with("{sha}", "{commit}"),
        "a brace left open": with("{sha}", "{sha"),
        "an empty template": with("{sha}", ""),
        "a variable that never has a value": with("{sha}", "{tag}"),
        "a digest of a tag": with("{tag}", "{digest}"),
        "no edits": with("            edits:\n              - { kustomization: web/test, image: web, tag: \"{sha}\" }\n", "            edits: []\n"),
        "an edit of nothing": with("kustomization: web/test, image: web, tag: \"{sha}\"", "tag: \"{sha}\""),
        "an edit of two files": with("kustomization: web/test, ", "kustomization: web/test, file: values.yaml, "),
        "an image with its tag": with("image: web,", "image: \"web:latest\","),
        "keys of the other kind": with("kustomization: web/test, image: web, tag: \"{sha}\"", "file: web/values.yaml, set: .image.tag, tag: \"{sha}\""),
        "a value without its path": with("kustomization: web/test, image: web, tag: \"{sha}\"", "helm_values: web/values.yaml"),
        "a path that is not one": with("kustomization: web/test, image: web, tag: \"{sha}\"", "file: web/values.yaml, set: image.tag"),
        "a path that leaves the repository": with("web/test", "../web/test"),
        "a value written twice": with("web/production", "web/test/kustomization.yaml"),
        "a direct commit that people approve": with("            base: main\n            edits:\n              - { kustomization: web/production", "            base: main\n            mode: commit\n            edits:\n              - { kustomization: web/production"),
        "a direct commit with checks": with("            base: main\n", "            base: main\n            mode: commit\n            checks: [ci/build]\n"),
    }
}

#[test]
fn what_means_nothing_where_people_merge_themselves() {
    let observe = "observe: { repository: acme:acme/manifests, base: main, paths: [web/**] }";
    let test = |deliver: &str, rest: &str| {
        let (head, tail) = VALID.split_once("      test:\n").unwrap();
        let (_, tail) = tail.split_once("      production:\n").unwrap();
        format!(
            "{head}      test:\n        deliver: {{ {deliver} }}\n{rest}      production:\n{tail}"
        )
    };
    golden! {
        "a lane that waits for it": test(observe, ""),
        "everything that Sendo would do": test(observe, "        on: { merged_into: main }\n        paths: [src/**]\n        after: production\n        approval: { people: 1 }\n"),
        "nothing named": test("observe: {}", ""),
        "no paths": test("observe: { repository: acme:acme/manifests, base: main, paths: [] }", ""),
        "both": test(&format!("{observe}, promotion: {{ repository: acme:acme/manifests, base: main, edits: [] }}"), "        on: command\n"),
        "a way back": test(observe, "        engine: { argocd: { cluster: hub, applications: [web], on_degraded: roll_back } }\n"),
    }
}

#[test]
fn what_could_never_begin_or_end() {
    golden! {
        "a circle": with("        on: { merged_into: develop }\n", "        on: { merged_into: develop }\n        after: production\n"),
        "after itself": with("after: test", "after: production"),
        "nobody": with("people: 1", "people: 0"),
        "more people than there are": with("people: 1", "people: 2"),
        "no number of people": with("people: 1, ", ""),
    }
}

#[test]
fn what_a_server_cannot_do() {
    golden! {
        "listen to everybody": with("127.0.0.1:8787", "0.0.0.0:8787"),
        "listen to nothing": with("127.0.0.1:8787", "localhost"),
        "an unknown database": with("listen: \"127.0.0.1:8787\"", "database: mysql://db/sendo"),
        "a span without its unit": with("listen: \"127.0.0.1:8787\"", "sweep: \"300\", lease: 0s"),
        "an unknown language": with("listen: \"127.0.0.1:8787\"", "language: jp"),
        "a URL that is not one": with("listen: \"127.0.0.1:8787\"", "url: sendo.example.com"),
        "another kind of forge": with("kind: local, root: repositories", "kind: github, webhook_secret: x"),
        "an unknown kind of forge": with("kind: local", "kind: bitbucket"),
        "a forge without its folder": with(", root: repositories", ""),
        "a local forge with more": with("root: repositories", "root: repositories, token: x"),
    }
}

#[test]
fn what_is_no_gitea() {
    const GITEA: &str = "kind: gitea, url: \"https://git.example.com\", webhook_secret: \"${file:one.txt}\", proposer: { token: \"${file:one.txt}\" }, approver: { token: \"${file:two.txt}\" }";
    let but = |old: &str, new: &str| {
        assert!(GITEA.contains(old), "{old:?}");
        with(
            "kind: local, root: repositories",
            &GITEA.replacen(old, new, 1),
        )
    };
    golden! {
        "nothing but its kind": with("kind: local, root: repositories", "kind: gitea"),
        "a folder": but("kind: gitea,", "kind: gitea, root: git,"),
        "an address with a password": but("https://git", "https://me:secret@git"),
        "an address that is none": but("https://git.example.com", "git.example.com"),
        "a key in the open": but("webhook_secret: \"${file:one.txt}\"", "webhook_secret: hush"),
        "no key at all": but("webhook_secret: \"${file:one.txt}\"", "webhook_secret: []"),
        "one user for both": but("${file:two.txt}", "${file:one.txt}"),
        "a user without a token": but("{ token: \"${file:two.txt}\" }", "{}"),
        "a token in the open": but("{ token: \"${file:two.txt}\" }", "{ token: abc }"),
        "a user by name": but("{ token: \"${file:two.txt}\" }", "sendo-approver"),
        "a user with more": but("{ token: \"${file:two.txt}\" }", "{ token: \"${file:two.txt}\", app_id: 7 }"),
        "another address with a password": but("kind: gitea,", "kind: gitea, also_at: [\"ssh://git:hush@git.example.com\"],"),
        "a label that is none": but("kind: gitea,", "kind: gitea, labels: [\"\"],"),
    }
}

#[test]
fn what_is_no_cluster_and_no_engine() {
    let cluster = |keys: &str| {
        with(
            "applications:",
            &format!("clusters:\n  hub: {keys}\napplications:"),
        )
    };
    let engine = |keys: &str| {
        let named = "        after: test\n";
        let engine = format!("{named}        engine: {keys}\n");
        cluster("{ kubeconfig: \"${file:one.txt}\" }").replacen(named, &engine, 1)
    };
    let argocd = |keys: &str| engine(&format!("{{ argocd: {{ {keys} }} }}"));
    golden! {
        "a cluster nobody can get at": cluster("{}"),
        "a kubeconfig in the open": cluster("{ kubeconfig: /root/.kube/config }"),
        "two ways to a cluster": cluster("{ kubeconfig: \"${file:one.txt}\", in_cluster: true }"),
        "a context of a pod": cluster("{ in_cluster: true, context: hub }"),
        "a namespace that is none": cluster("{ in_cluster: true, argocd_namespace: Argo_CD }"),
        "a cluster that is no name": cluster("{ in_cluster: true }").replace("hub:", "Hub:"),
        "an engine of no kind": engine("{}"),
        "an engine of another kind": engine("{ flux: { cluster: hub } }"),
        "a cluster that is not there": argocd("cluster: hab, applications: [web]"),
        "no cluster": argocd("applications: [web]"),
        "no applications": argocd("cluster: hub"),
        "none of them": argocd("cluster: hub, applications: []"),
        "an application that is no name": argocd("cluster: hub, applications: [web_test]"),
        "an application twice": argocd("cluster: hub, applications: [web, web]"),
        "a deadline without its unit": argocd("cluster: hub, applications: [web], deadline: \"10\""),
        "manifests on a local forge": argocd("cluster: hub, applications: [web]"),
        "a word nobody knows": argocd("cluster: hub, applications: [web], on_degraded: rollback"),
    }
}

#[test]
fn what_is_secret_and_what_is_not() {
    golden! {
        "a secret in the open": with("terminal: true", "slack: { webhook: \"https://hooks.example.com/x\" }"),
        "a variable that is not set": with("terminal: true", "slack: { webhook: \"${env:SLACK_WEBHOOK}\" }"),
        "a file that is not there": with("terminal: true", "slack: { webhook: \"${file:secrets/hook}\" }"),
        "a store this version does not read": with("terminal: true", "slack: { webhook: \"${ssm:/sendo/hook}\" }"),
        "a reference to something else": with("terminal: true", "slack: { webhook: \"${HOOK}\" }"),
        "a reference where none may be": with("base: main", "base: \"${env:BASE}\""),
        "a template like a shell's": with("{sha}", "${sha}"),
    }
}

#[test]
fn notices_that_would_wait_for_ever_or_for_nothing() {
    let told = |keys: &str| {
        with(
            "  - terminal: true",
            &format!("  - {{ terminal: true, {keys} }}"),
        )
    };
    let quiet = |keys: &str| told(&format!("quiet: {{ {keys} }}"));
    golden! {
        "no span": told("digest: often"),
        "seconds": told("digest: 30s"),
        "more than a day": told("digest: 2d"),
        "nothing to hurry": told("urgent: [failed]"),
        "an urgent turn there is not": told("digest: 15m, urgent: [fail]"),
        "quiet without times": quiet("zone: UTC"),
        "quiet without a zone": quiet("from: \"22:00\", to: \"08:00\""),
        "quiet at no time of day": quiet("from: \"22\", to: \"08:00\", zone: UTC"),
        "quiet in no zone": quiet("from: \"22:00\", to: \"08:00\", zone: Tokyo"),
        "quiet on no day": quiet("from: \"22:00\", to: \"08:00\", zone: UTC, days: []"),
        "quiet for ever": quiet("from: \"08:00\", to: \"08:00\", zone: UTC"),
        "a webhook and a bot": with("terminal: true", "slack: { webhook: \"${file:a}\", token: \"${file:b}\", channel: C0123 }"),
        "a bot without a channel": with("terminal: true", "slack: { token: \"${file:b}\" }"),
        "a channel without a bot": with("terminal: true", "slack: { channel: C0123 }"),
        "a channel by its name": with("terminal: true", "slack: { token: \"${file:b}\", channel: \"#deploys\" }"),
        "an author without an address": told("authors: [mei]"),
        "an author that is no glob": told("authors: [\"[mei@example.com\"]"),
    }
}

#[test]
fn what_nobody_would_hear() {
    golden! {
        "two places": with("terminal: true", "{ terminal: true, webhook: { url: \"http://localhost/x\" } }"),
        "no place": with("terminal: true", "language: ja"),
        "a terminal that is off": with("terminal: true", "terminal: false"),
        "an unknown turn": with("terminal: true", "{ terminal: true, turns: [suceeded] }"),
        "an application there is not": with("terminal: true", "{ terminal: true, applications: [wep] }"),
        "two of one name": with("  - terminal: true", "  - { name: a, terminal: true }\n  - { name: a, terminal: true }"),
    }
}

#[test]
fn who_could_do_nothing() {
    let rule = |rule: &str| with("notices:", &format!("access:\n  - {rule}\nnotices:"));
    golden! {
        "nobody": rule("{ may: [deploy] }"),
        "nothing": rule("{ who: [everybody] }"),
        "a verb there is not": rule("{ who: [everybody], may: [aprove] }"),
        "no principal": rule("{ who: [alice], may: [approve] }"),
        "an environment there is not": rule("{ who: [everybody], may: [approve], environments: [prd] }"),
    }
}

#[test]
fn when_nothing_would_be_frozen_or_everything() {
    let rule = |rule: &str| with("notices:", &format!("freezes:\n  - {rule}\nnotices:"));
    let once = |when: &str| rule(&format!("{{ name: books, zone: Asia/Tokyo, {when} }}"));
    golden! {
        "no name": rule("{ zone: UTC, dates: [2026-11-23] }"),
        "an empty name": rule("{ name: \"\", zone: UTC, dates: [2026-11-23] }"),
        "no zone": rule("{ name: books, dates: [2026-11-23] }"),
        "a city for a zone": rule("{ name: books, zone: Tokyo, dates: [2026-11-23] }"),
        "a zone with a slip": rule("{ name: books, zone: Amercia/New_York, dates: [2026-11-23] }"),
        "an offset for a zone": rule("{ name: books, zone: \"+09:00\", dates: [2026-11-23] }"),
        "no time at all": rule("{ name: books, zone: UTC }"),
        "two kinds of times": once("dates: [2026-11-23], days: [mon]"),
        "no last day": once("from: 2026-12-28"),
        "an end before its beginning": once("from: 2026-12-28, to: 2026-12-27"),
        "an end at its beginning": once("from: 2026-12-28T09:00, to: 2026-12-28T09:00"),
        "a day there is not": once("from: 2026-12-28, to: 2027-02-29"),
        "a date the other way round": once("dates: [2026-11-23, 23.11.2026]"),
        "a date with a zone": once("from: 2026-12-28T09:00Z, to: 2026-12-29"),
        "no days": once("days: []"),
        "no dates": once("dates: []"),
        "a day of the week there is not": once("days: [monday]"),
        "one time": once("days: [mon], between: [\"09:00\"]"),
        "an hour there is not": once("days: [mon], between: [\"18:00\", \"25:00\"]"),
        "the same time twice": once("days: [mon], between: [\"09:00\", \"09:00\"]"),
        "all of every day": once("days: [mon, tue, wed, thu, fri, sat, sun]"),
        "all of the week together": once("days: [sat, sun] }\n  - { name: work, zone: Asia/Tokyo, days: [mon, tue, wed, thu, fri]"),
        "an environment there is not": once("days: [sat], environments: [prd]"),
    }
}

#[test]
fn files_that_cannot_be_read() {
    let mut all = String::new();
    let mut said = |name: &str, folder: &Folder| {
        let ended = folder.run(&["validate", "--config", "sendo.yaml"]);
        assert_eq!(ended.code, 3, "{name}: {ended:?}");
        writeln!(all, "── {name}\n{}", ended.err).unwrap();
    };
    said("no file", &Folder::with(&[]));
    said("a folder", &Folder::with(&[("sendo.yaml/x", "")]));
    let folder = Folder::with(&[]);
    folder.write("sendo.yaml", b"server: {}\nforges: { acme: caf\xe9 }\n");
    said("not UTF-8", &folder);
    folder.write("sendo.yaml", &vec![b'#'; 2 * 1024 * 1024]);
    said("2 MB", &folder);
    insta::assert_snapshot!(all);
}

#[test]
fn all_problems_are_told_at_once_and_as_json() {
    let text = with("acme:acme/web", "nope:acme/web")
        .replace("after: test", "after: tets")
        .replace("{tag}", "{tga}");
    let folder = Folder::with(&[("sendo.yaml", &text)]);
    let ended = folder.run(&["validate", "--config", "sendo.yaml", "-o", "json"]);
    let found: Vec<_> = ended.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            format!(
                "{}:{} {}",
                error["line"], error["column"], error["reason_code"]
            )
        })
        .collect();
    assert_eq!(ended.code, 3);
    assert_eq!(
        found,
        [
            r#"6:17 "unknown_name""#,
            r#"18:16 "unknown_name""#,
            r#"25:67 "template""#
        ]
    );
}

#[test]
fn renderings_are_read_with_care() {
    let edits = "              - { kustomization: web/test, image: web, tag: \"{sha}\" }\n";
    let render = |text: &str| with(edits, &format!("{edits}            render:\n{text}"));
    let helm = |text: &str| render(&format!("              - helm: {{ {text} }}\n"));
    insta::assert_snapshot!(refused(&[
        ("of nothing", render("              - {}\n")),
        (
            "of two things",
            render("              - { kustomize: a, plain: b }\n")
        ),
        ("outside", render("              - kustomize: ../a\n")),
        ("of a chart without a name", helm("chart: charts/web")),
        (
            "of a chart with names that no cluster takes",
            helm("chart: charts/web, release: -web, namespace: Web, values: [/etc/passwd]"),
        ),
        ("by another word", render("              - kustomise: a\n")),
        ("too many", render(&"              - plain: a\n".repeat(11))),
    ]));
}
