//! What an edit costs beside one parse of the same bytes.

use std::time::{Duration, Instant};

use sendo_manifest::{
    DocumentSelector, Format, ImageEdit, ImageMode, Value, set_images, set_values,
};

/// The fastest of several runs.
fn fastest(runs: u32, mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..runs).map(time).min().unwrap_or_default()
}

fn parse(text: &str) -> usize {
    sendo_manifest::parse_only(text).expect("it can be read")
}

fn kustomization() -> String {
    let entry = |n| format!("  - name: app-{n} # owned by team {n}\n    newTag: v1.{n}.0\n");
    let entries: String = (0..95).map(entry).collect();
    format!(
        "# 200 lines\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\nresources:\n  - a.yaml\nimages:\n{entries}"
    )
}

fn values() -> String {
    let block = |n| {
        format!(
            "service-{n}:\n  image:\n    repository: example.org/team/service-{n}\n    tag: \"v{n}\" # set by a robot\n  replicas: {n}\n  env: {{LOG: info, REGION: ap-northeast-1}}\n  args: [serve, --port, \"80\"]\n  # a comment\n  resources:\n    limits:\n      cpu: 100m\n      memory: 128Mi\n\n"
        )
    };
    (0..7200).map(block).collect()
}

#[test]
#[ignore = "a measurement: run it in release mode"]
fn edit_costs_at_most_three_parses() {
    let small = kustomization();
    let edit = [ImageEdit::tag("app-50", "v2.0.0")];
    let one = fastest(2000, || {
        parse(&small);
    });
    let ours = fastest(2000, || {
        set_images(small.as_bytes(), &edit, ImageMode::Keep).expect("edit");
    });
    println!(
        "{} lines: parse {one:?}, edit {ours:?}, ratio {:.2}",
        small.lines().count(),
        ours.as_secs_f64() / one.as_secs_f64()
    );

    let large = values();
    let edit = [(
        ".service-3600.image.tag".parse().expect("path"),
        Value::String("v2".to_owned()),
    )];
    let one = fastest(15, || {
        parse(&large);
    });
    let ours = fastest(15, || {
        set_values(
            large.as_bytes(),
            Format::Yaml,
            &DocumentSelector::Only,
            &edit,
        )
        .expect("edit");
    });
    println!(
        "{} bytes: parse {one:?}, edit {ours:?}, ratio {:.2}",
        large.len(),
        ours.as_secs_f64() / one.as_secs_f64()
    );
}
