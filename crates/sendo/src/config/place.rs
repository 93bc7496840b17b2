//! Where in the files a value of the typed configuration came from.

use super::problem::{Code, Problem, Span};
use super::tree::{Node, Value};

/// A position in a tree that may lead to nowhere: a key that is not written has its parent's place.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    node: Option<&'a Node>,
    at: Span,
}

impl<'a> Place<'a> {
    /// The place of a whole tree.
    pub(crate) const fn new(node: &'a Node, at: Span) -> Self {
        Self {
            node: Some(node),
            at,
        }
    }

    /// The place of a key's value; of the key itself where the value is a mapping or a list.
    pub(crate) fn key(self, key: &str) -> Self {
        let Some(entry) = self.node.and_then(|node| node.get(key)) else {
            return Self {
                node: None,
                at: self.at,
            };
        };
        Self {
            at: match entry.node.value {
                Value::Map(_) | Value::List(_) | Value::Null => entry.key_at,
                _ => entry.node.at,
            },
            node: Some(&entry.node),
        }
    }

    /// The place of a key, not of its value.
    pub(crate) fn name(self, key: &str) -> Span {
        self.node
            .and_then(|node| node.get(key))
            .map_or(self.at, |entry| entry.key_at)
    }

    /// The place of a list's item.
    pub(crate) fn index(self, index: usize) -> Self {
        match self.node.map(|node| &node.value) {
            Some(Value::List(items)) => items.get(index).map_or(
                Self {
                    node: None,
                    at: self.at,
                },
                |item| Self {
                    node: Some(item),
                    // A flow mapping is shown at its brace, a block mapping at its first key.
                    at: item.at,
                },
            ),
            _ => Self {
                node: None,
                at: self.at,
            },
        }
    }

    /// Whether something is written here, right or wrong.
    pub(crate) fn is_written(self) -> bool {
        self.node
            .is_some_and(|node| !matches!(node.value, Value::Null))
    }

    /// The keys written here.
    pub(crate) fn keys(self) -> impl Iterator<Item = (&'a str, Span)> {
        self.node
            .into_iter()
            .flat_map(Node::entries)
            .map(|entry| (entry.key.as_str(), entry.key_at))
    }

    /// Where it is.
    pub(crate) const fn at(self) -> Span {
        self.at
    }

    /// A problem here.
    pub(crate) fn problem(self, code: Code, what: impl Into<String>) -> Problem {
        Problem::new(code, self.at, what)
    }
}
