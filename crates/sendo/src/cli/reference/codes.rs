//! The chapter of codes: every word and number that a program may depend on.

use sendo_core::deployment::DeploymentState;
use sendo_core::effect::Effect;
use sendo_core::promotion::matching::RefusalReason;

use crate::config::{Code, TURNS};
use crate::exit::Exit;

/// Where a deployment can stand.
const STATES: [DeploymentState; 7] = [
    DeploymentState::Queued,
    DeploymentState::Running,
    DeploymentState::Waiting,
    DeploymentState::Succeeded,
    DeploymentState::Superseded,
    DeploymentState::Cancelled,
    DeploymentState::Failed,
];

/// Why an edit of a manifest is refused; a test holds them against `sendo_manifest::EditError`.
const EDITS: [(&str, &str); 23] = [
    ("encoding", "The file is not UTF-8."),
    ("too_large", "The file is larger than 16 MiB."),
    (
        "too_many_nodes",
        "The file has more than a million keys and values.",
    ),
    ("too_deep", "The file is nested more than 64 deep."),
    ("parse_error", "The file is not YAML or JSON."),
    (
        "line_break",
        "A character ends a line for some readers and not for others.",
    ),
    ("duplicate_key", "A mapping holds a key twice."),
    ("alias", "The value is an alias or comes from a merge key."),
    ("image_not_found", "No entry of `images` has that name."),
    (
        "image_ambiguous",
        "Several entries of `images` have that name.",
    ),
    ("legacy_field", "The file uses an old spelling of `images`."),
    (
        "invalid_image",
        "The image does not follow the seven forms.",
    ),
    ("invalid_path", "The path does not follow its grammar."),
    ("path_not_found", "A part of the path does not exist."),
    (
        "path_ambiguous",
        "A selector in the path fits several items.",
    ),
    ("not_a_scalar", "The path leads to a mapping or a list."),
    ("unexpected_type", "A part of the path has another shape."),
    ("tagged", "The value carries a tag."),
    (
        "document_ambiguous",
        "The selector fits no document, or several.",
    ),
    ("empty_value", "A value is empty."),
    ("conflict", "Two edits touch the same place."),
    (
        "unsupported_layout",
        "The layout there is one that is not rewritten.",
    ),
    (
        "proof_failed",
        "The result could not be proved; nothing was written.",
    ),
];

pub(super) fn all() -> String {
    let exits: Vec<(String, &str)> = Exit::ALL
        .iter()
        .map(|(exit, meaning)| (exit.code().to_string(), *meaning))
        .collect();
    let coded = |rows: &[(&'static str, &'static str)]| -> Vec<(String, &'static str)> {
        rows.iter()
            .map(|(code, meaning)| (format!("`{code}`"), *meaning))
            .collect()
    };
    [
        "# Codes\n\nPrinted by `sendo reference codes`. Scripts may depend on all of them: a code never changes its\nmeaning.\n".to_owned(),
        table("Exit codes", "How a command ends.", &exits),
        list(
            "Reasons of `explain`",
            "Why a lane does not react to an event: `reason_code` in `sendo explain -o json`.",
            RefusalReason::CODES.into_iter(),
        ),
        table(
            "Problems of a configuration",
            "In brackets at the end of a message of `sendo validate`, and `reason_code` with `-o json`.",
            &coded(Code::ALL),
        ),
        table(
            "Refused edits",
            "Why an edit of a manifest was not made: `sendo manifest`, and promotions that are blocked by it.",
            &coded(&EDITS),
        ),
        list(
            "States of a deployment",
            "Where a deployment stands.",
            STATES.into_iter().map(DeploymentState::as_str),
        ),
        list(
            "Turns of a deployment",
            "What notices tell, for `notices[].turns`.",
            TURNS.into_iter(),
        ),
        list(
            "Kinds of effect",
            "What Sendo does outside, as tables and logs name it.",
            Effect::KINDS.into_iter(),
        ),
    ]
    .join("\n")
}

fn table(title: &str, about: &str, rows: &[(String, &str)]) -> String {
    let mut out = format!("## {title}\n\n{about}\n\n| Code | Meaning |\n|---|---|\n");
    for (code, meaning) in rows {
        out.push_str(&format!("| {code} | {} |\n", meaning.trim()));
    }
    out
}

fn list(title: &str, about: &str, codes: impl Iterator<Item = &'static str>) -> String {
    let mut out = format!("## {title}\n\n{about}\n\n");
    for code in codes {
        out.push_str(&format!("- `{code}`\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::EDITS;

    #[test]
    fn every_code_of_a_refused_edit_is_listed() {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../sendo-manifest/src/error.rs"
        );
        let source = std::fs::read_to_string(source).unwrap();
        let (_, from) = source.split_once("fn reason_code").unwrap();
        let (body, _) = from.split_once("fn position").unwrap();
        let given: Vec<&str> = body
            .lines()
            .filter_map(|line| line.split_once("=> \""))
            .filter_map(|(_, code)| code.split('"').next())
            .collect();
        let listed: Vec<&str> = EDITS.iter().map(|(code, _)| *code).collect();
        assert_eq!(given, listed);
    }
}
