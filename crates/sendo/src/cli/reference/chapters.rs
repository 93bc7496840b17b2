//! The chapters drawn from clap and from the configuration's schema.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, Command};
use serde_json::Value as Json;

/// Every command with its options.
pub(super) fn cli(root: &mut Command) -> String {
    root.build();
    let mut out = String::from(
        "# Commands\n\nPrinted by `sendo reference cli`.\n\nData goes to standard output, everything else to standard error. Exit codes are listed in\n[codes](codes.md).\n\n## Options of every command\n\n",
    );
    let globals: Vec<&Arg> = root
        .get_arguments()
        .filter(|arg| arg.is_global_set() && !arg.is_hide_set())
        .collect();
    out.push_str(&options(&globals));
    for verb in root.get_subcommands_mut() {
        command(verb, &mut out);
    }
    format!("{}\n", out.trim_end())
}

fn command(verb: &mut Command, out: &mut String) {
    if verb.is_hide_set() || verb.get_name() == "help" {
        return;
    }
    if verb.has_subcommands() {
        for inner in verb.get_subcommands_mut() {
            command(inner, out);
        }
        return;
    }
    let name = verb
        .get_bin_name()
        .unwrap_or_else(|| verb.get_name())
        .to_owned();
    out.push_str(&format!("## `{name}`\n\n"));
    if let Some(about) = verb.get_about() {
        out.push_str(&format!("{about}\n\n"));
    }
    let usage = verb.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    out.push_str(&format!("```\n{usage}\n```\n\n"));
    let arguments: Vec<&Arg> = verb
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help")
        .collect();
    if !arguments.is_empty() {
        out.push_str(&options(&arguments));
    }
    if let Some(after) = verb.get_after_help() {
        out.push_str(&format!("```\n{}\n```\n\n", after.to_string().trim_end()));
    }
}

fn options(arguments: &[&Arg]) -> String {
    let mut out = String::from("| Option | Meaning |\n|---|---|\n");
    for arg in arguments {
        let value = arg
            .get_value_names()
            .and_then(|names| names.first())
            .map_or_else(
                || arg.get_id().to_string().to_uppercase(),
                ToString::to_string,
            );
        let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        let mut name = match (arg.get_short(), arg.get_long()) {
            (Some(short), Some(long)) => format!("-{short}, --{long}"),
            (None, Some(long)) => format!("--{long}"),
            (Some(short), None) => format!("-{short}"),
            (None, None) => String::new(),
        };
        if takes {
            name = format!("{name} {value}").trim().to_owned();
        }
        let mut meaning = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let words: Vec<String> = arg
            .get_possible_values()
            .iter()
            .filter(|_| takes)
            .map(|word| format!("`{}`", word.get_name()))
            .collect();
        if !meaning.ends_with(['.', '!', '?']) && !meaning.is_empty() {
            meaning.push('.');
        }
        if !words.is_empty() {
            meaning.push_str(&format!(" One of {}.", words.join(", ")));
        }
        let defaults = arg.get_default_values();
        if let Some(default) = defaults.first().filter(|_| takes) {
            meaning.push_str(&format!(" Default: `{}`.", default.to_string_lossy()));
        }
        out.push_str(&format!("| `{}` | {} |\n", cell(&name), cell(&meaning)));
    }
    out.push('\n');
    out
}

/// Every key of the configuration, one table for each mapping, in the order they are met.
pub(super) fn configuration(schema: &Json) -> String {
    let mut out = String::from(
        "# Configuration\n\nPrinted by `sendo reference configuration`; the same as a schema: `sendo schema`.\n\nOne YAML file, and `sendo.d/*.yaml` beside it, which add to it. Unknown keys are refused. A secret\nis written `${env:NAME}` or `${file:PATH}`, in quotes; nothing else may refer to the environment.\n\n",
    );
    let mut seen = BTreeSet::new();
    table("The file", schema, schema, &mut seen, &mut out);
    format!("{}\n", out.trim_end())
}

fn table(title: &str, schema: &Json, root: &Json, seen: &mut BTreeSet<String>, out: &mut String) {
    let Some(keys) = schema.get("properties").and_then(Json::as_object) else {
        return;
    };
    out.push_str(&format!("## {title}\n\n"));
    if let Some(about) = text(schema) {
        out.push_str(&format!("{about}\n\n"));
    }
    out.push_str("| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
    let mut inner = Vec::new();
    for (key, value) in keys {
        let shown = shape(value, root, &mut inner);
        let default = match value.get("default") {
            None | Some(Json::Null) => String::new(),
            Some(default) if default.is_object() || default.is_array() => String::new(),
            Some(Json::String(default)) => format!("`{default}`"),
            Some(default) => format!("`{default}`"),
        };
        let meaning = text(value)
            .or_else(|| text(followed(value, root)))
            .unwrap_or_default();
        out.push_str(&format!(
            "| `{key}` | {} | {} | {} |\n",
            cell(&shown),
            cell(&default),
            cell(&meaning)
        ));
    }
    out.push('\n');
    for name in inner {
        if seen.insert(name.clone())
            && let Some(schema) = root.pointer(&format!("/$defs/{name}"))
        {
            table(&name, schema, root, seen, out);
        }
    }
}

fn followed<'a>(schema: &'a Json, root: &'a Json) -> &'a Json {
    schema
        .get("$ref")
        .and_then(Json::as_str)
        .and_then(|reference| root.pointer(reference.trim_start_matches('#')))
        .unwrap_or(schema)
}

/// What a value may be, in words; mappings are named and their names collected.
fn shape(schema: &Json, root: &Json, inner: &mut Vec<String>) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let there = followed(schema, root);
        if there.get("properties").is_some() {
            inner.push(name.to_owned());
            return format!("[{name}](#{})", name.to_lowercase());
        }
        return shape(there, root, inner);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(forms) = schema.get(key).and_then(Json::as_array) {
            let mut shown: Vec<String> = Vec::new();
            for form in forms
                .iter()
                .filter(|form| form.get("type") != Some(&Json::from("null")))
            {
                let form = shape(form, root, inner);
                if !shown.contains(&form) {
                    shown.push(form);
                }
            }
            return shown.join(" or ");
        }
    }
    if let Some(word) = schema.get("const").and_then(Json::as_str) {
        return format!("`{word}`");
    }
    if let Some(words) = schema.get("enum").and_then(Json::as_array) {
        let words: Vec<String> = words
            .iter()
            .filter_map(Json::as_str)
            .map(|word| format!("`{word}`"))
            .collect();
        return words.join(" or ");
    }
    if schema.get(crate::config::SECRET).is_some() {
        let open = schema.get("pattern").is_none();
        return if open { "text or secret" } else { "secret" }.to_owned();
    }
    let kind = match schema.get("type") {
        Some(Json::String(kind)) => kind.as_str(),
        Some(Json::Array(kinds)) => kinds
            .iter()
            .filter_map(Json::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or_default(),
        _ => "",
    };
    match kind {
        "array" => {
            let items = schema.get("items").unwrap_or(&Json::Null);
            format!("list of {}", shape(items, root, inner))
        }
        "object" => match schema.get("additionalProperties") {
            Some(values) if values.is_object() => {
                format!("mapping of names to {}", shape(values, root, inner))
            }
            _ => "mapping".to_owned(),
        },
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        other => other.to_owned(),
    }
}

fn text(schema: &Json) -> Option<String> {
    let text = schema.get("description").and_then(Json::as_str)?;
    Some(text.replace('\n', " "))
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
