//! New content: a value, a mapping or a list that is not in the text yet.
//!
//! Owns writing such content in block or flow style. The same fragments are what the proof expects
//! to find again, so that writing and checking cannot drift apart.

use crate::scalar::{double_quoted, write_string};
use crate::tree::Kind;

/// One value as it shall be read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewScalar {
    pub(crate) text: String,
    /// Written as it is, so that readers see a number, a boolean or null; else it is a string.
    pub(crate) verbatim: bool,
}

impl NewScalar {
    pub(crate) fn string(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            verbatim: false,
        }
    }

    /// Writes the value on one line.
    pub(crate) fn write(&self, before: Option<Kind>, flow: bool, json: bool) -> String {
        if self.verbatim {
            self.text.clone()
        } else if json {
            double_quoted(&self.text)
        } else {
            write_string(&self.text, before, flow)
        }
    }
}

/// Content to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fragment {
    Scalar(NewScalar),
    Map(Vec<(String, Fragment)>),
    Seq(Vec<Fragment>),
}

/// How block content is laid out.
#[derive(Clone, Debug)]
pub(crate) struct BlockStyle {
    pub(crate) newline: &'static str,
    /// What list items are indented by, relative to the key that holds the list.
    pub(crate) list_indent: String,
    /// The dash and the blanks after it.
    pub(crate) dash: String,
}

/// How flow content is laid out.
#[derive(Clone, Debug)]
pub(crate) struct FlowStyle {
    /// Every string is double-quoted, keys included.
    pub(crate) quoted: bool,
    /// The colon and the blanks after it.
    pub(crate) colon: String,
}

impl Fragment {
    /// Writes the fragment between braces or brackets, on one line.
    pub(crate) fn write_flow(&self, style: &FlowStyle) -> String {
        match self {
            Self::Scalar(value) => value.write(None, true, style.quoted),
            Self::Map(pairs) => {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(key, value)| write_flow_pair(key, value, style))
                    .collect();
                format!("{{{}}}", pairs.join(", "))
            }
            Self::Seq(items) => {
                let items: Vec<_> = items.iter().map(|item| item.write_flow(style)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    /// Writes the items of a list as lines, each ended by the caller's newline except the last.
    pub(crate) fn write_item(&self, indent: &str, style: &BlockStyle) -> String {
        let inner = format!("{indent}{}", " ".repeat(style.dash.len()));
        let body = match self {
            Self::Map(pairs) => {
                let lines: Vec<_> = pairs
                    .iter()
                    .map(|(key, value)| value.write_pair(key, &inner, style))
                    .collect();
                let lines = lines.join(style.newline);
                lines.get(inner.len()..).unwrap_or_default().to_owned()
            }
            other => other.write_flow(&FlowStyle {
                quoted: false,
                colon: ": ".to_owned(),
            }),
        };
        format!("{indent}{}{body}", style.dash)
    }

    /// Writes `key: value` as lines, without a final newline.
    pub(crate) fn write_pair(&self, key: &str, indent: &str, style: &BlockStyle) -> String {
        let key = write_string(key, None, false);
        match self {
            Self::Scalar(value) => format!("{indent}{key}: {}", value.write(None, false, false)),
            Self::Seq(items) if !items.is_empty() => {
                let item_indent = format!("{indent}{}", style.list_indent);
                let mut out = format!("{indent}{key}:");
                for item in items {
                    out.push_str(style.newline);
                    out.push_str(&item.write_item(&item_indent, style));
                }
                out
            }
            other => {
                let flow = other.write_flow(&FlowStyle {
                    quoted: false,
                    colon: ": ".to_owned(),
                });
                format!("{indent}{key}: {flow}")
            }
        }
    }
}

/// Writes `key: value` for use between braces.
pub(crate) fn write_flow_pair(key: &str, value: &Fragment, style: &FlowStyle) -> String {
    let key = if style.quoted {
        double_quoted(key)
    } else {
        write_string(key, None, true)
    };
    format!("{key}{}{}", style.colon, value.write_flow(style))
}
