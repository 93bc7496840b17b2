//! Two sides of a rendering, object by object and field by field. Pure; says no secret.

use std::collections::HashSet;

use sendo_core::rendering::{Becomes, Comparison, FieldChange, ObjectChange, ObjectId};
use serde_json::{Map, Value};

use crate::parse::ObjectSet;

/// Objects that are listed at the most.
const MOST_OBJECTS: usize = 200;
/// Fields of one object at the most.
const MOST_FIELDS: usize = 50;
/// Fields of all objects at the most.
const MOST_IN_ALL: usize = 1_000;
/// Characters of a value at the most.
const LONGEST: usize = 300;

/// How `new` differs from `old`.
pub(crate) fn compare(old: &ObjectSet, new: &ObjectSet) -> Comparison {
    let mut found = Comparison::default();
    let mut listed = 0;
    let ids: std::collections::BTreeSet<&ObjectId> = old.keys().chain(new.keys()).collect();
    for id in ids {
        let (becomes, mut fields) = match (old.get(id), new.get(id)) {
            (Some(old), Some(new)) if old == new => {
                found.same += 1;
                continue;
            }
            (Some(old), Some(new)) => (Becomes::Changed, fields(id, old, new)),
            (Some(_), None) => (Becomes::Removed, Vec::new()),
            (None, _) => (Becomes::Added, Vec::new()),
        };
        if found.changes.len() == MOST_OBJECTS {
            found.more += 1;
            continue;
        }
        let all = fields.len();
        fields.truncate(MOST_FIELDS.min(MOST_IN_ALL - listed));
        listed += fields.len();
        found.changes.push(ObjectChange {
            object: id.clone(),
            becomes,
            more_fields: all - fields.len(),
            fields,
        });
    }
    found
}

fn fields(id: &ObjectId, old: &Value, new: &Value) -> Vec<FieldChange> {
    let mut walk = Walk {
        // Annotations may hold a copy of all of it.
        secret: id.group.is_empty() && id.kind == "Secret",
        found: Vec::new(),
    };
    walk.differ(&mut Vec::new(), Some(old), Some(new));
    walk.found
}

struct Walk {
    secret: bool,
    found: Vec<FieldChange>,
}

impl Walk {
    fn differ(&mut self, at: &mut Vec<String>, old: Option<&Value>, new: Option<&Value>) {
        if old == new {
            return;
        }
        match (old, new) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => self.objects(at, old, new),
            (Some(Value::Array(old)), Some(Value::Array(new))) => self.arrays(at, old, new),
            _ => self.say(at, old, new),
        }
    }

    fn objects(
        &mut self,
        at: &mut Vec<String>,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) {
        let added = new.keys().filter(|key| !old.contains_key(*key));
        for key in old.keys().chain(added) {
            at.push(step(key));
            self.differ(at, old.get(key), new.get(key));
            at.pop();
        }
    }

    /// Entries with names of their own are told apart by them, as Kubernetes does.
    fn arrays(&mut self, at: &mut Vec<String>, old: &[Value], new: &[Value]) {
        let (Some(were), Some(are)) = (names(old), names(new)) else {
            for index in 0..old.len().max(new.len()) {
                at.push(format!("[{index}]"));
                self.differ(at, old.get(index), new.get(index));
                at.pop();
            }
            return;
        };
        let of = |names: &[&str], values: &'_ [Value], name: &str| {
            let index = names.iter().position(|is| *is == name)?;
            values.get(index).cloned()
        };
        let added = are.iter().filter(|name| !were.contains(name));
        for name in were.iter().chain(added) {
            at.push(format!("[{name}]"));
            let (old, new) = (of(&were, old, name), of(&are, new, name));
            self.differ(at, old.as_ref(), new.as_ref());
            at.pop();
        }
        let kept = |names: &[&str], others: &[&str]| -> Vec<String> {
            let both = names.iter().filter(|name| others.contains(name));
            both.map(|name| (*name).to_owned()).collect()
        };
        let (before, after) = (kept(&were, &are), kept(&are, &were));
        if before != after {
            // The order counts for some lists, such as variables that use earlier ones.
            self.say(at, Some(&before.into()), Some(&after.into()));
        }
    }

    fn say(&mut self, at: &[String], old: Option<&Value>, new: Option<&Value>) {
        let path = at.concat();
        let path = path.strip_prefix('.').unwrap_or(&path).to_owned();
        let secret = self.secret && !is_open(at);
        let said = |value: Option<&Value>| value.filter(|_| !secret).map(text);
        self.found.push(FieldChange {
            path,
            old: said(old),
            new: said(new),
            secret,
        });
    }
}

/// Whether a field of a Secret may be said.
fn is_open(at: &[String]) -> bool {
    match at.first().map(String::as_str) {
        Some(".type" | ".immutable" | ".apiVersion") => true,
        Some(".metadata") => at.get(1).is_some_and(|second| second == ".labels"),
        _ => false,
    }
}

fn step(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(plain) {
        format!(".{key}")
    } else {
        format!("[{}]", Value::from(key))
    }
}

/// The names of a list's entries, if each has one of its own.
fn names(values: &[Value]) -> Option<Vec<&str>> {
    let names: Option<Vec<&str>> = values
        .iter()
        .map(|value| value.get("name")?.as_str())
        .collect();
    let names = names?;
    let distinct: HashSet<&&str> = names.iter().collect();
    (distinct.len() == names.len()).then_some(names)
}

/// A value in a line. Text that could be taken for something else is quoted.
fn text(value: &Value) -> String {
    let plain = |text: &str| {
        !text.is_empty()
            && text.trim() == text
            && !text.chars().any(char::is_control)
            && serde_json::from_str::<Value>(text).is_err()
    };
    let whole = match value {
        Value::String(text) if plain(text) => text.clone(),
        value => value.to_string(),
    };
    if whole.chars().nth(LONGEST).is_none() {
        return whole;
    }
    whole.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn set(text: &str) -> ObjectSet {
        let mut set = ObjectSet::new();
        parse::objects("side", text.as_bytes(), &mut set).unwrap();
        set
    }

    fn said(old: &str, new: &str) -> Vec<String> {
        let found = compare(&set(old), &set(new));
        let mut lines = Vec::new();
        for change in found.changes {
            lines.push(format!(
                "{:?} {} {}",
                change.becomes, change.object.kind, change.object.name
            ));
            for field in change.fields {
                let word = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
                lines.push(format!(
                    "{}: {} > {}{}",
                    field.path,
                    word(field.old),
                    word(field.new),
                    if field.secret { " secret" } else { "" }
                ));
            }
        }
        lines
    }

    #[test]
    fn objects_come_go_and_change_and_named_entries_keep_their_names() {
        let old = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: {a.b/c: x}}, spec: {replicas: 1, template: {spec: {containers: [{name: side, image: s}, {name: web, image: 'web:1', args: [a, b]}]}}}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: gone}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: same}}\n";
        let new = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: {a.b/c: y}}, spec: {replicas: '2', template: {spec: {containers: [{name: web, image: 'web:2', args: [a, c]}, {name: new, image: n}]}}}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: here}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: same}}\n";
        let lines = said(old, new);
        let expected = [
            "Removed Service gone",
            "Added Service here",
            "Changed Deployment web",
            "metadata.annotations[\"a.b/c\"]: x > y",
            "spec.replicas: 1 > \"2\"",
            "spec.template.spec.containers[side]: {\"name\":\"side\",\"image\":\"s\"} > -",
            "spec.template.spec.containers[web].image: web:1 > web:2",
            "spec.template.spec.containers[web].args[1]: b > c",
            "spec.template.spec.containers[new]: - > {\"name\":\"new\",\"image\":\"n\"}",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn no_value_of_a_secret_is_said() {
        let secret = |value: &str| {
            format!(
                "{{apiVersion: v1, kind: Secret, type: {value}, metadata: {{name: s, labels: {{l: {value}}}, annotations: {{last: '{value}'}}}}, data: {{k: {value}}}, stringData: {{k: {value}, {value}: x}}}}"
            )
        };
        let lines = said(&secret("hush"), &secret("quiet"));
        let hidden = lines
            .iter()
            .filter(|line| line.ends_with("- > - secret"))
            .count();
        assert_eq!(hidden, 5, "{lines:?}");
        assert!(lines.contains(&"metadata.labels.l: hush > quiet".to_owned()));
        let whole = said(
            "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: hush}",
            "{apiVersion: v1, kind: Secret, metadata: {name: s}}",
        );
        assert_eq!(whole[1], "data: - > - secret");
    }

    #[test]
    fn an_order_that_differs_is_told() {
        let env = |order: &str| {
            format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, env: [{order}]}}")
        };
        let lines = said(&env("{name: A}, {name: B}"), &env("{name: B}, {name: A}"));
        assert_eq!(lines[1], "env: [\"A\",\"B\"] > [\"B\",\"A\"]");
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let object = |n: usize| {
            format!("---\n{{apiVersion: v1, kind: Service, metadata: {{name: s{n}}}}}\n")
        };
        let many: String = (0..205).map(object).collect();
        let found = compare(&ObjectSet::new(), &set(&many));
        assert_eq!((found.changes.len(), found.more), (200, 5));
        let wide = |value: &str| {
            let fields: String = (0..80).map(|n| format!("f{n}: {value}, ")).collect();
            format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c}}, data: {{{fields}}}}}"
            )
        };
        let found = compare(&set(&wide("a")), &set(&wide(&"b".repeat(1_000))));
        assert_eq!(
            (found.changes[0].fields.len(), found.changes[0].more_fields),
            (50, 30)
        );
        assert_eq!(
            found.changes[0].fields[0]
                .new
                .as_ref()
                .unwrap()
                .chars()
                .count(),
            301
        );
    }
}
