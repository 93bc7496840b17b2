//! A configuration file as a tree in which every key and value knows its place.
//!
//! Owns reading YAML within budgets. It knows nothing of what the keys mean; types are the ones
//! YAML infers, so that a later step can say "this is a number, quote it".

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::problem::{Code, Problem, Span};
use super::source::FileId;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Where it is written.
    pub(crate) at: Span,
    /// What it is.
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order written.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key is written.
    pub(crate) key_at: Span,
    /// Its value.
    pub(crate) node: Node,
}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; nothing for any other value.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// What this is, for people.
    pub(crate) const fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// How deep, wide and repetitive a configuration may be. A real one of 1,000 applications stays
/// under a tenth of this.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 400_000,
            max_events: 1_000_000,
            max_aliases: 5_000,
            max_anchors: 1_000,
            max_documents: 1,
            max_total_scalar_bytes: super::source::LIMIT,
            max_merge_keys: 5_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 400_000,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: 5_000,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// Reads one file.
///
/// # Errors
/// The first thing that is not YAML, is repeated, or exceeds a budget.
pub(crate) fn parse(text: &str, file: FileId) -> Result<Node, Box<Problem>> {
    let tree: Spanned<Raw> = serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| Box::new(refused(text, file, &error)))?;
    Ok(node(tree, file))
}

fn refused(text: &str, file: FileId, error: &serde_saphyr::Error) -> Problem {
    let error = error.without_snippet();
    let at = error
        .location()
        .map_or_else(|| Span::start_of(file), |location| span(location, file));
    let said = first_sentence(&error.to_string());
    let line = text
        .lines()
        .nth(at.line.saturating_sub(1))
        .unwrap_or_default();
    if said.contains("duplicate mapping key") {
        let key = at.slice(text).unwrap_or("a key").to_owned();
        let first = text
            .lines()
            .take(at.line.saturating_sub(1))
            .enumerate()
            .filter(|(_, earlier)| earlier.trim_start().starts_with(&key))
            .last();
        let problem = Problem::new(
            Code::DuplicateKey,
            at,
            format!("`{key}` is here a second time"),
        )
        .fix("keep one of the two");
        return match first {
            Some((index, _)) => problem.why(format!("it is also on line {}", index + 1)),
            None => problem,
        };
    }
    if said.contains("Documents") {
        return Problem::new(Code::Syntax, at, "a second document begins here")
            .why("a file is one document")
            .fix("put it into a file of its own under `sendo.d`");
    }
    if said.contains("budget") || said.contains("limit") || said.contains("exceed") {
        return Problem::new(
            Code::TooLarge,
            at,
            "the file is too large or too repetitive to read",
        )
        .why(said)
        .fix("write fewer anchors and aliases, or split the file into `sendo.d/*.yaml`");
    }
    let problem = Problem::new(Code::Syntax, at, "this is not YAML").why(said);
    if line.contains("${") {
        problem.fix("quote the reference: \"${env:NAME}\"; inside `{ }` or `[ ]` YAML reads a bare brace as its own")
    } else if line.contains('\t') {
        problem.fix("indent with spaces; YAML does not allow tabs")
    } else {
        problem
            .fix("correct the line, or quote the value; the place given is where reading stopped")
    }
}

/// The parser's message without its own rendering of the place.
fn first_sentence(message: &str) -> String {
    let line = message.lines().next().unwrap_or(message);
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let end = line.find(" at line ").unwrap_or(line.len());
    line[..end].trim_end_matches([':', ' ']).to_owned()
}

fn span(location: Location, file: FileId) -> Span {
    let spot = location.span();
    Span {
        file,
        line: usize::try_from(location.line()).unwrap_or(1).max(1),
        column: usize::try_from(location.column()).unwrap_or(1).max(1),
        start: spot
            .byte_offset()
            .and_then(|at| usize::try_from(at).ok())
            .unwrap_or(0),
        len: spot
            .byte_len()
            .and_then(|len| usize::try_from(len).ok())
            .unwrap_or(0),
    }
}

enum Raw {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, file: FileId) -> Node {
    let at = span(raw.defined, file);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Integer(value) => Value::Integer(value),
        Raw::Float(value) => Value::Float(value),
        Raw::Text(value) => Value::Text(value),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, file)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_at: span(key.defined, file),
                    key: key.value,
                    node: node(value, file),
                })
                .collect(),
        ),
    };
    Node { at, value }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape)
    }
}

struct Shape;

impl<'de> Visitor<'de> for Shape {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
