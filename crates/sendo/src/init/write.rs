//! Writes a proposal as a configuration: what most applications have in common once, under
//! `defaults`, and of each application what it has besides.

use std::collections::{BTreeMap, BTreeSet};

use super::naming::{is_production, rank};
use super::propose::{Application, Edit, Environment, On};
use super::scan::Form;

/// Where a proposal's repositories lie.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The forge's name.
    pub(super) forge: String,
    /// Its folder.
    pub(super) root: String,
    /// The manifests repository.
    pub(super) manifests: String,
    /// Its base.
    pub(super) base: String,
}

/// The keys of an environment, each with its value as YAML.
type Keys = BTreeMap<&'static str, String>;

/// The longest line that applications of nothing but a name are put together on.
const WIDTH: usize = 116;

/// The configuration.
pub(super) fn write(applications: &BTreeMap<String, Application>, place: &Place) -> String {
    let all: BTreeMap<&str, (String, BTreeMap<String, Keys>)> = applications
        .iter()
        .map(|(name, application)| (name.as_str(), keys_of(name, application, place)))
        .collect();
    let common = common(&all);
    let repository = most(all.values().map(|(repository, _)| repository.clone()));
    let Place { forge, root, .. } = place;
    let mut out = format!(
        "# Proposed by `sendo init` from what `{}` says today. Every key: `sendo schema`.\nserver: {{ listen: \"127.0.0.1:8787\", database: \"sqlite:sendo.db\" }}\nforges: {{ {}: {{ kind: local, root: {} }} }}\n",
        place.manifests,
        quoted(forge),
        quoted(root)
    );
    out += "# What every application has unless it says otherwise.\ndefaults:\n";
    if let Some(repository) = &repository {
        out += &format!("  repository: {}\n", quoted(repository));
    }
    out += &environments(&common, "  ");
    out += "applications:\n";
    let mut plain = Vec::new();
    let mut own = String::new();
    for (name, (its, lanes)) in &all {
        let (_, plainly) = keys_of("", &applications[*name], place);
        let mut rest = String::new();
        if Some(its) != repository.as_ref() {
            rest += &format!("    repository: {}\n", quoted(its));
        }
        let differs: BTreeMap<String, Keys> = lanes
            .iter()
            .filter_map(|(environment, keys)| {
                let shared = common.get(environment);
                let differs: Keys = keys
                    .iter()
                    .filter(|(key, value)| shared.and_then(|keys| keys.get(*key)) != Some(*value))
                    .filter_map(|(key, _)| {
                        Some((*key, plainly.get(environment)?.get(key)?.clone()))
                    })
                    .collect();
                (!differs.is_empty()).then(|| (environment.clone(), differs))
            })
            .collect();
        rest += &environments(&differs, "    ");
        if rest.is_empty() {
            plain.push(quoted(name));
        } else {
            own += &format!("  {}:\n{rest}", quoted(name));
        }
    }
    if own.is_empty() && plain.len() > 8 {
        out.truncate(out.len() - 1);
        return out + " {\n" + &packed(&plain) + "}\n";
    }
    plain
        .iter()
        .for_each(|name| out += &format!("  {name}: {{}}\n"));
    out + &own
}

fn packed(names: &[String]) -> String {
    let mut lines = vec![String::from(" ")];
    for name in names {
        let piece = format!(" {name},");
        if lines
            .last()
            .is_some_and(|line| line.len() + piece.len() > WIDTH)
        {
            lines.push(String::from(" "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&piece);
        }
    }
    lines.join("\n") + "\n"
}

/// What every application has: its environments that all others have as well, each key with the
/// value that most give it. A key that could not be taken back is only there if all agree.
fn common(all: &BTreeMap<&str, (String, BTreeMap<String, Keys>)>) -> BTreeMap<String, Keys> {
    let mut lanes = all.values().map(|(_, lanes)| lanes);
    let mut shared: BTreeSet<&String> = match lanes.next() {
        Some(first) if all.len() > 1 => first.keys().collect(),
        _ => BTreeSet::new(),
    };
    for lanes in lanes {
        shared.retain(|environment| lanes.contains_key(*environment));
    }
    let keys_of = |environment: &String| {
        let each: Vec<&Keys> = all.values().map(|(_, lanes)| &lanes[environment]).collect();
        let mut keys = Keys::new();
        for key in ["on", "after", "approval", "deliver"] {
            let values: Vec<&String> = each.iter().filter_map(|keys| keys.get(key)).collect();
            let everywhere = values.len() == each.len();
            let agreed = values.windows(2).all(|pair| pair[0] == pair[1]);
            if everywhere && (key != "after" || agreed) {
                let value = most(values.into_iter().cloned());
                keys.extend(value.map(|value| (key, value)));
            }
        }
        keys
    };
    shared
        .into_iter()
        .map(|environment| (environment.clone(), keys_of(environment)))
        .collect()
}

fn most(values: impl Iterator<Item = String>) -> Option<String> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counted.entry(value).or_default() += 1;
    }
    counted
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(value, _)| value)
}

fn environments(lanes: &BTreeMap<String, Keys>, indent: &str) -> String {
    if lanes.is_empty() {
        return String::new();
    }
    let mut order: Vec<(&String, &Keys)> = lanes.iter().collect();
    order.sort_by_key(|(environment, _)| rank(environment));
    let mut out = format!("{indent}environments:\n");
    for (environment, keys) in order {
        out += &format!("{indent}  {}:\n", quoted(environment));
        for key in ["on", "after", "approval", "deliver"] {
            if let Some(value) = keys.get(key) {
                out += &format!("{indent}    {key}: {value}\n");
            }
        }
    }
    out
}

/// What a configuration says of an application. Its `name` and the environment's are left open where
/// they stand, for others to share; nothing is when `name` is empty.
fn keys_of(
    name: &str,
    application: &Application,
    place: &Place,
) -> (String, BTreeMap<String, Keys>) {
    let repository = format!(
        "{}:{}",
        place.forge,
        pattern(&application.repository, name, "")
    );
    let mut order: Vec<(&String, &Environment)> = application.environments.iter().collect();
    order.sort_by_key(|(environment, _)| rank(environment));
    let mut lanes = BTreeMap::new();
    let mut before: Option<(&String, &Environment)> = None;
    for (environment, lane) in order {
        let mut keys = Keys::new();
        keys.insert("on", on(&lane.on));
        if let Some((before, _)) = before.filter(|(name, previous)| {
            lane.on == previous.on && lane.on != On::Image && rank(name) < rank(environment)
        }) {
            keys.insert("after", quoted(before));
        }
        let approval = if is_production(environment) {
            "{ people: 1 }"
        } else {
            "automatic"
        };
        keys.insert("approval", approval.to_owned());
        let edits: Vec<String> = lane
            .edits
            .iter()
            .map(|edit| edit_of(edit, name, if name.is_empty() { name } else { environment }))
            .collect();
        let deliver = format!(
            "{{ promotion: {{ repository: {}, base: {}, edits: [{}] }} }}",
            quoted(&format!("{}:{}", place.forge, place.manifests)),
            quoted(&place.base),
            edits.join(", ")
        );
        keys.insert("deliver", deliver);
        lanes.insert(environment.clone(), keys);
        before = Some((environment, lane));
    }
    (repository, lanes)
}

fn on(on: &On) -> String {
    match on {
        On::Merged(branch) => format!("{{ merged_into: {} }}", quoted(branch)),
        On::Tag(glob) => format!("{{ tag: {} }}", quoted(glob)),
        On::Image => "image".to_owned(),
    }
}

fn edit_of(edit: &Edit, name: &str, environment: &str) -> String {
    let path = quoted(&pattern(&edit.site.path, name, environment));
    let template = quoted(&edit.template);
    match &edit.site.form {
        Form::Kustomization {
            name: image,
            digest,
        } => {
            let key = if *digest { "digest" } else { "tag" };
            let image = quoted(&pattern(image, name, ""));
            format!("{{ kustomization: {path}, image: {image}, {key}: {template} }}")
        }
        Form::Tag { at } => format!("{{ file: {path}, set: {}, value: {template} }}", quoted(at)),
        Form::Whole { at, document } => {
            let document = document.map_or_else(String::new, |n| format!(", document: {n}"));
            format!(
                "{{ file: {path}, set: {}, value: {template}{document} }}",
                quoted(at)
            )
        }
    }
}

/// A text with the names of its application and environment left open, where they stand by
/// themselves.
fn pattern(text: &str, application: &str, environment: &str) -> String {
    let opened = open(text, environment, "{environment}", |c| {
        c.is_ascii_alphanumeric()
    });
    open(&opened, application, "{application}", |c| {
        c.is_ascii_alphanumeric() || "-_{}".contains(c)
    })
}

fn open(text: &str, name: &str, with: &str, continues: impl Fn(char) -> bool) -> String {
    if name.is_empty() {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let alone = !before.ends_with(&continues) && !after.starts_with(&continues);
        out.push_str(before);
        out.push_str(if alone { with } else { name });
        rest = after;
    }
    out + rest
}

/// A text as YAML has it in a flow: plain where it can be.
fn quoted(text: &str) -> String {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
