//! Joins several files into one tree, and lays defaults under each application.
//!
//! Files add to each other and never override: what two of them say is a problem that names both
//! places. Defaults are the other way round: the application wins.

use super::problem::{Code, Problem};
use super::tree::{Entry, Node, Value};

/// How deep files may add to the same mapping, by section. Deeper, a second one is a repetition.
fn depth(section: &str) -> usize {
    match section {
        // Applications, an application, its environments.
        "applications" => 3,
        "defaults" => 2,
        _ => 1,
    }
}

/// Adds another file's tree to the first one's.
pub(crate) fn add(into: &mut Node, other: Node, problems: &mut Vec<Problem>) {
    if matches!(into.value, Value::Null) {
        into.value = Value::Map(Vec::new());
    }
    let Value::Map(other) = other.value else {
        // Not a mapping: an empty file adds nothing, anything else was refused before.
        return;
    };
    for entry in other {
        let levels = depth(&entry.key);
        join(into, entry, levels, &[], problems);
    }
}

fn join(
    into: &mut Node,
    entry: Entry,
    levels: usize,
    path: &[String],
    problems: &mut Vec<Problem>,
) {
    let Value::Map(entries) = &mut into.value else {
        return;
    };
    let Some(there) = entries.iter_mut().find(|there| there.key == entry.key) else {
        entries.push(entry);
        return;
    };
    let mut path = path.to_vec();
    path.push(entry.key.clone());
    match (&mut there.node.value, entry.node.value) {
        (_, Value::Null) => {}
        (Value::Null, value) => {
            there.node = Node {
                at: entry.node.at,
                value,
            };
        }
        (Value::List(items), Value::List(more)) if path == ["notices"] => items.extend(more),
        (Value::Map(_), Value::Map(more)) if levels > 0 => {
            for entry in more {
                join(&mut there.node, entry, levels - 1, &path, problems);
            }
        }
        _ => problems.push(repeated(&path, there, &entry.key_at)),
    }
}

fn repeated(path: &[String], there: &Entry, again: &super::problem::Span) -> Problem {
    match path {
        [section, application, environments, environment]
            if section == "applications" && environments == "environments" =>
        {
            Problem::new(
                Code::LaneTwice,
                *again,
                format!("a second rule for `{application}/{environment}`"),
            )
            .why("one environment of one application is one lane, with one rule")
            .related(there.key_at, "the first one is here")
            .fix("keep one of the two, or give one another name")
        }
        _ => Problem::new(
            Code::DuplicateKey,
            *again,
            format!("`{}` is here a second time", path.join(".")),
        )
        .why("files add to each other, they never override")
        .related(there.key_at, "it is here first")
        .fix("keep one of the two"),
    }
}

/// Keys whose value is one choice: an application's own replaces the default whole.
const CHOICES: [&str; 3] = ["on", "after", "approval"];

/// The application with the defaults under it: its own value wins, mappings are joined.
pub(crate) fn inherit(own: &Node, defaults: &Node) -> Node {
    match (&own.value, &defaults.value) {
        (Value::Null, Value::Map(_)) => defaults.clone(),
        (Value::Map(mine), Value::Map(theirs)) => {
            let mut entries: Vec<Entry> = theirs
                .iter()
                .filter(|entry| own.get(&entry.key).is_none())
                .cloned()
                .collect();
            for entry in mine {
                let node = match defaults.get(&entry.key) {
                    Some(_) if CHOICES.contains(&entry.key.as_str()) => entry.node.clone(),
                    Some(default) => inherit(&entry.node, &default.node),
                    None => entry.node.clone(),
                };
                entries.push(Entry {
                    node,
                    ..entry.clone()
                });
            }
            Node {
                at: own.at,
                value: Value::Map(entries),
            }
        }
        _ => own.clone(),
    }
}

/// Writes an application's name, and those of its environments, into the placeholders below it.
pub(crate) fn name(application: &mut Node, name: &str) {
    fill(application, "{application}", name);
    let Value::Map(entries) = &mut application.value else {
        return;
    };
    for entry in entries
        .iter_mut()
        .filter(|entry| entry.key == "environments")
    {
        if let Value::Map(environments) = &mut entry.node.value {
            for environment in environments {
                fill(&mut environment.node, "{environment}", &environment.key);
            }
        }
    }
}

fn fill(node: &mut Node, placeholder: &str, name: &str) {
    match &mut node.value {
        Value::Text(text) if text.contains(placeholder) => *text = text.replace(placeholder, name),
        Value::List(items) => {
            for item in items {
                fill(item, placeholder, name);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                fill(&mut entry.node, placeholder, name);
            }
        }
        _ => {}
    }
}
