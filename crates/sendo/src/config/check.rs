//! Checks a tree against the schema of its type, and turns it into that type.
//!
//! The schema that `sendo schema` prints is the one that is applied here, so that an editor and
//! the server never disagree. What fits is kept and what does not is left out, so that one wrong
//! key does not hide the problems after it.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::problem::{Code, Problem, Span};
use super::suggest::{did_you_mean, list};
use super::tree::{Node, Value};

/// The schema extension of a text that may be a reference to a secret.
pub(crate) const SECRET: &str = "x-sendo-secret";

/// The checked form of a tree, as far as it could be read.
pub(crate) fn typed<T>(node: &Node, at: Span, problems: &mut Vec<Problem>) -> Option<T>
where
    T: JsonSchema + DeserializeOwned,
{
    let schema = schemars::schema_for!(T).to_value();
    let mut walk = Walk {
        root: &schema,
        problems,
    };
    let json = walk.value(node, at, "the configuration", &schema)?;
    match serde_json::from_value(json) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(
                Problem::new(Code::WrongType, at, "this cannot be read")
                    .why(error.to_string())
                    .fix("compare it with what `sendo schema` prints"),
            );
            None
        }
    }
}

struct Walk<'a, 'p> {
    root: &'a Json,
    problems: &'p mut Vec<Problem>,
}

static ANYTHING: Json = Json::Bool(true);

impl<'a> Walk<'a, '_> {
    /// `at` is where a problem with the whole value is shown: its key, or the value itself.
    fn value(&mut self, node: &Node, at: Span, name: &str, schema: &'a Json) -> Option<Json> {
        let forms = self.forms(schema);
        let words: Vec<&str> = forms.iter().flat_map(|form| words(form)).collect();
        if let Value::Text(text) = &node.value {
            let free = forms.iter().any(|form| accepts(form, &node.value));
            if !free && !words.is_empty() {
                return self.word(node, name, text, &words, &keys(&forms));
            }
        }
        let Some(form) = forms.iter().find(|form| accepts(form, &node.value)) else {
            self.wrong_type(node, at, name, &forms, &words);
            return None;
        };
        match &node.value {
            Value::Null if kinds(form).any(|kind| kind == "object") => {
                Some(Json::Object(Map::new()))
            }
            Value::Null => Some(Json::Null),
            Value::Bool(value) => Some(Json::Bool(*value)),
            Value::Integer(value) => self.integer(node, name, *value, form),
            Value::Float(value) => serde_json::Number::from_f64(*value).map(Json::Number),
            Value::Text(text) => self.text(node, name, text, form),
            Value::List(items) => {
                let inner = form.get("items").unwrap_or(&ANYTHING);
                let values: Vec<_> = items
                    .iter()
                    .map(|item| self.value(item, item.at, name, inner))
                    .collect();
                // All or nothing, so that an index means the same in the tree and in the type.
                values
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Json::Array)
            }
            Value::Map(_) => Some(Json::Object(self.mapping(node, name, form))),
        }
    }

    fn mapping(&mut self, node: &Node, name: &str, form: &'a Json) -> Map<String, Json> {
        let known = form.get("properties").and_then(Json::as_object);
        let rest = form.get("additionalProperties");
        let mut out = Map::new();
        for entry in node.entries() {
            let schema = known
                .and_then(|known| known.get(&entry.key))
                .or_else(|| rest.filter(|rest| **rest != Json::Bool(false)))
                .or_else(|| (known.is_none() && rest.is_none()).then_some(&ANYTHING));
            let Some(schema) = schema else {
                let keys: Vec<&str> = known
                    .into_iter()
                    .flat_map(Map::keys)
                    .map(String::as_str)
                    .collect();
                self.problems
                    .push(unknown_key(&entry.key, entry.key_at, name, &keys));
                continue;
            };
            let named = known.is_some_and(|known| known.contains_key(&entry.key));
            // An optional key without a value is one that was not written.
            if named && matches!(entry.node.value, Value::Null) {
                continue;
            }
            let at = match entry.node.value {
                Value::Map(_) | Value::List(_) | Value::Null => entry.key_at,
                _ => entry.node.at,
            };
            if let Some(value) = self.value(&entry.node, at, &format!("`{}`", entry.key), schema) {
                out.insert(entry.key.clone(), value);
            }
        }
        out
    }

    fn text(&mut self, node: &Node, name: &str, text: &str, form: &'a Json) -> Option<Json> {
        if text.contains("${") && form.get(SECRET).is_none() && *form != ANYTHING {
            self.problems.push(
                Problem::new(
                    Code::Interpolation,
                    node.at,
                    format!("{name} cannot refer to a secret or to the environment"),
                )
                .why("`${…}` is read in fields that hold a secret, and nowhere else")
                .fix("write the value itself; variables of templates have no `$`, as in \"{sha}\""),
            );
            return None;
        }
        Some(Json::String(text.to_owned()))
    }

    fn integer(&mut self, node: &Node, name: &str, value: i64, form: &'a Json) -> Option<Json> {
        let least = form.get("minimum").and_then(Json::as_i64);
        let most = form.get("maximum").and_then(Json::as_i64);
        if least.is_some_and(|least| value < least) || most.is_some_and(|most| value > most) {
            let range = match (least, most) {
                (Some(least), Some(most)) => format!("from {least} to {most}"),
                (Some(least), None) => format!("{least} or more"),
                _ => "smaller".to_owned(),
            };
            self.problems.push(
                Problem::new(
                    Code::InvalidValue,
                    node.at,
                    format!("{name} cannot be {value}"),
                )
                .fix(format!("write a whole number, {range}")),
            );
            return None;
        }
        Some(Json::from(value))
    }

    fn word(
        &mut self,
        node: &Node,
        name: &str,
        text: &str,
        words: &[&str],
        keys: &[&str],
    ) -> Option<Json> {
        if words.contains(&text) {
            return Some(Json::String(text.to_owned()));
        }
        self.problems.push(
            Problem::new(
                Code::UnknownValue,
                node.at,
                format!("{name} cannot be `{text}`"),
            )
            .why(if keys.is_empty() {
                format!("it is one of {}", list(words))
            } else {
                format!("it is {}, or a mapping with {}", list(words), list(keys))
            })
            .fix(did_you_mean(text, words).unwrap_or_else(|| "write one of these".to_owned())),
        );
        None
    }

    fn wrong_type(
        &mut self,
        node: &Node,
        at: Span,
        name: &str,
        forms: &[&'a Json],
        words: &[&str],
    ) {
        let mut wanted: Vec<String> = Vec::new();
        for form in forms {
            for kind in kinds(form).filter(|kind| *kind != "null") {
                let kind = described(kind, form);
                if !wanted.contains(&kind) {
                    wanted.push(kind);
                }
            }
        }
        if !words.is_empty() {
            wanted.push(list(words));
        }
        let texts = forms
            .iter()
            .any(|form| kinds(form).any(|kind| kind == "string"));
        let fix = match &node.value {
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) if texts => {
                "put the value in quotes".to_owned()
            }
            Value::Map(entries) if texts && entries.len() == 1 => format!(
                "put the value in quotes, as in \"{{{}}}\": without them YAML reads a mapping",
                entries[0].key
            ),
            Value::Text(text) if wanted.iter().any(|kind| kind == "a list") => {
                format!("write a list: [{text}]")
            }
            _ => match keys(forms).as_slice() {
                [] => format!("write {}", wanted.join(" or ")),
                keys => format!("write a mapping with {}", list(keys)),
            },
        };
        self.problems.push(
            Problem::new(
                Code::WrongType,
                at,
                format!("{name} is {}, not {}", node.describe(), wanted.join(" or ")),
            )
            .fix(fix),
        );
    }

    /// The forms a value may take, with references and alternatives followed.
    fn forms(&self, schema: &'a Json) -> Vec<&'a Json> {
        let mut open = vec![schema];
        let mut forms = Vec::new();
        while let Some(schema) = open.pop() {
            if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
                let pointer = reference.trim_start_matches('#');
                open.extend(self.root.pointer(pointer));
            } else if let Some(alternatives) = ["anyOf", "oneOf"]
                .iter()
                .find_map(|key| schema.get(*key).and_then(Json::as_array))
            {
                open.extend(alternatives.iter().rev());
            } else {
                forms.push(schema);
            }
        }
        forms
    }
}

/// A key nobody knows, with the one that was probably meant.
pub(crate) fn unknown_key(key: &str, at: Span, owner: &str, known: &[&str]) -> Problem {
    Problem::new(Code::UnknownKey, at, format!("unknown key `{key}`"))
        .why(format!("{owner} has {}", list(known)))
        .fix(
            did_you_mean(key, known).unwrap_or_else(|| "remove it, or use one of these".to_owned()),
        )
}

fn kinds(form: &Json) -> impl Iterator<Item = &str> {
    let kind = form.get("type");
    let several = kind.and_then(Json::as_array).into_iter().flatten();
    kind.into_iter().chain(several).filter_map(Json::as_str)
}

/// The words a form allows, when it is a choice of words.
fn words(form: &Json) -> Vec<&str> {
    let several = form
        .get("enum")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    form.get("const")
        .into_iter()
        .chain(several)
        .filter_map(Json::as_str)
        .collect()
}

fn keys<'a>(forms: &[&'a Json]) -> Vec<&'a str> {
    forms
        .iter()
        .filter_map(|form| form.get("properties").and_then(Json::as_object))
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect()
}

fn accepts(form: &Json, value: &Value) -> bool {
    if form.get("type").is_none() {
        return words(form).is_empty();
    }
    let one_of = |wanted: &[&str]| kinds(form).any(|kind| wanted.contains(&kind));
    match value {
        Value::Null => one_of(&["null", "object"]),
        Value::Bool(_) => one_of(&["boolean"]),
        Value::Integer(_) => one_of(&["integer", "number"]),
        Value::Float(_) => one_of(&["number"]),
        Value::Text(_) => one_of(&["string"]) && words(form).is_empty(),
        Value::List(_) => one_of(&["array"]),
        Value::Map(_) => one_of(&["object"]),
    }
}

fn described(kind: &str, form: &Json) -> String {
    match kind {
        "string" if !words(form).is_empty() => list(&words(form)),
        "string" => "text".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "a mapping".to_owned(),
        other => other.to_owned(),
    }
}
