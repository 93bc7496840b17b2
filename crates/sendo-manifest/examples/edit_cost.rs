//! Measures what an edit costs beside one parse of the same bytes; used by `cargo xtask bench edit`.
//!
//! Edit and parse take turns, so that what else the machine does falls on both; medians count.
//! Prints one JSON object a line.

#![expect(
    clippy::print_stdout,
    reason = "a program for another program, which reads its lines"
)]

use std::hint::black_box;
use std::time::Instant;

use granit_parser::Parser;
use sendo_manifest::{
    DocumentSelector, EditError, Format, ImageEdit, ImageMode, Value, set_images, set_values,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let small = kustomization();
    let edit = [ImageEdit::tag("app-50", "v2.0.0")];
    compare(
        "one image in a kustomization of 200 lines",
        &small,
        1000,
        || set_images(small.as_bytes(), &edit, ImageMode::Keep).map(drop),
    )?;

    let large = values();
    let edit = [(
        ".service-3600.image.tag".parse()?,
        Value::String("v2".to_owned()),
    )];
    compare("one scalar in a values file of 2 MB", &large, 15, || {
        let only = DocumentSelector::Only;
        set_values(large.as_bytes(), Format::Yaml, &only, &edit).map(drop)
    })
}

fn compare(
    case: &str,
    text: &str,
    rounds: usize,
    edit: impl Fn() -> Result<(), EditError>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut edits, mut parses) = (Vec::new(), Vec::new());
    // The first tenth only warms up.
    let warm = rounds / 10;
    for round in 0..rounds + warm {
        let start = Instant::now();
        parse(text)?;
        let parsed = start.elapsed();
        let start = Instant::now();
        edit()?;
        let edited = start.elapsed();
        if round >= warm {
            parses.push(parsed.as_secs_f64() * 1000.0);
            edits.push(edited.as_secs_f64() * 1000.0);
        }
    }
    let line = serde_json::json!({
        "case": case, "edit_ms": median(edits), "parse_ms": median(parses),
    });
    println!("{line}");
    Ok(())
}

/// The unavoidable: every event once, and nothing kept.
fn parse(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    for event in Parser::new_from_str(text) {
        black_box(event?);
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn kustomization() -> String {
    let entry = |n| format!("  - name: app-{n} # owned by team {n}\n    newTag: v1.{n}.0\n");
    let entries: String = (0..97).map(entry).collect();
    format!(
        "# 200 lines\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - a.yaml\nimages:\n{entries}"
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
