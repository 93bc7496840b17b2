//! A compact tree of a YAML or JSON text: every node with its byte range, in document order.
//!
//! Owns reading and its limits (16 MiB, depth 64, a million nodes) and the refusal of duplicate
//! keys. Aliases stay aliases, so that nothing is ever expanded. Comments and white space are not
//! in the tree; they live on in the text between the nodes.

mod kind;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::error::{EditError, Position};
use crate::layout;

pub(crate) use kind::{Kind, map_kind, scalar_kind, seq_kind};

/// Largest text read or written, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Deepest nesting of mappings and lists.
pub const MAX_DEPTH: usize = 64;
/// Most keys, values and containers in one text.
pub const MAX_NODES: usize = 1_000_000;

/// Index of a node in its [`Tree`].
pub(crate) type NodeId = u32;

/// One node. Nodes lie in document order, so that the descendants of `i` are `i + 1 .. next`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// First byte of the node, properties such as anchors left out.
    pub(crate) start: u32,
    /// One past the last byte; for block containers, of the last descendant.
    pub(crate) end: u32,
    /// Index of the first node after this one and its descendants.
    pub(crate) next: NodeId,
    value: (u32, u32),
    /// The anchor defined here (or, for an alias, used here), numbered from 1; 0 for none.
    pub(crate) anchor: u32,
    tag: u32,
    pub(crate) kind: Kind,
    decoded: bool,
}

/// One document of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document {
    pub(crate) root: NodeId,
    pub(crate) explicit: bool,
}

/// A parsed text.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    pub(crate) text: &'t str,
    pub(crate) nodes: Vec<Node>,
    pub(crate) documents: Vec<Document>,
    /// Values whose text differs from their source, one after the other.
    decoded: String,
    tags: Vec<String>,
    /// The text ends within a block scalar that would gain a line ending if the text went on.
    pub(crate) unended: bool,
}

/// Takes the last line ending from a block scalar that ends with the text and has none there.
///
/// The parser adds one that other readers do not see. Without this, adding a line behind such a
/// scalar would change its value for them. Says whether there was one to take.
pub(crate) fn settle(text: &str, event: &mut Event<'_>, span: &Span) -> bool {
    let Event::Scalar(value, ScalarStyle::Literal | ScalarStyle::Folded, ..) = event else {
        return false;
    };
    let Some(range) = span.byte_range().filter(|range| range.end >= text.len()) else {
        return false;
    };
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    let indent = layout::indent_of(text, range.start).len();
    if last_line.len() <= indent || !value.ends_with('\n') {
        return false;
    }
    value.to_mut().pop();
    true
}

/// The parser, with the limits of this crate and without comment events.
pub(crate) fn parser(text: &str) -> Parser<'_, granit_parser::StrInput<'_>> {
    let options = granit_parser::options! {
        emit_comments: false,
        // One more than ours, so that the refusal is ours and says the limit.
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    Parser::new_from_str_with_options(text, options)
}

pub(crate) fn tag_text(tag: Option<&Tag>) -> Option<String> {
    tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()))
}

/// Byte offsets fit in 32 bits because texts are at most [`MAX_BYTES`] long.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl<'t> Tree<'t> {
    /// Reads a text.
    pub(crate) fn parse(text: &'t str) -> Result<Self, EditError> {
        if text.len() > MAX_BYTES {
            return Err(EditError::TooLarge {
                bytes: text.len(),
                limit: MAX_BYTES,
            });
        }
        let mut tree = Self {
            text,
            nodes: Vec::with_capacity(text.len() / 16),
            documents: Vec::new(),
            decoded: String::new(),
            tags: Vec::new(),
            unended: false,
        };
        let mut open: Vec<NodeId> = Vec::new();
        let mut explicit = false;
        for event in parser(text) {
            let (mut event, span) = event.map_err(|error| parse_error(text, &error))?;
            tree.unended |= settle(text, &mut event, &span);
            let range = span.byte_range().unwrap_or(0..0);
            if open.is_empty() && tree.starts_node(&event) {
                tree.documents.push(Document {
                    root: narrow(tree.nodes.len()),
                    explicit,
                });
            }
            match event {
                Event::DocumentStart(is_explicit, _) => explicit = is_explicit,
                Event::Scalar(value, style, anchor, tag) => {
                    let value = tree.hold(value, &range);
                    tree.push(scalar_kind(style), &range, value, anchor, tag.as_deref())?;
                    tree.extend(&open, range.end);
                }
                Event::Alias(anchor) => {
                    tree.push(Kind::Alias, &range, (0, 0, false), anchor, None)?;
                    tree.extend(&open, range.end);
                }
                Event::MappingStart(style, anchor, tag) => {
                    let kind = map_kind(style);
                    tree.open(&mut open, kind, &span, anchor, tag.as_deref())?;
                }
                Event::SequenceStart(style, anchor, tag) => {
                    let kind = seq_kind(style);
                    tree.open(&mut open, kind, &span, anchor, tag.as_deref())?;
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    if let Some(id) = open.pop() {
                        tree.close(id, &range)?;
                        tree.extend(&open, tree[id].end as usize);
                    }
                }
                _ => {}
            }
        }
        Ok(tree)
    }

    fn starts_node(&self, event: &Event<'_>) -> bool {
        matches!(
            event,
            Event::Scalar(..)
                | Event::Alias(..)
                | Event::MappingStart(..)
                | Event::SequenceStart(..)
        )
    }

    /// Keeps a value as a range: of the text where it stands there as it is, else of `decoded`.
    fn hold(&mut self, value: Cow<'_, str>, range: &Range<usize>) -> (u32, u32, bool) {
        let source = self.text.get(range.clone()).unwrap_or_default();
        let inner = source
            .get(1..source.len().saturating_sub(1))
            .unwrap_or_default();
        if *value == *source {
            (narrow(range.start), narrow(range.end), false)
        } else if *value == *inner {
            (narrow(range.start + 1), narrow(range.end - 1), false)
        } else {
            let start = self.decoded.len();
            self.decoded.push_str(&value);
            (narrow(start), narrow(self.decoded.len()), true)
        }
    }

    fn push(
        &mut self,
        kind: Kind,
        range: &Range<usize>,
        (value_start, value_end, decoded): (u32, u32, bool),
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<NodeId, EditError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(EditError::TooManyNodes { limit: MAX_NODES });
        }
        let id = narrow(self.nodes.len());
        let tag = tag_text(tag).map_or(0, |tag| {
            self.tags.push(tag);
            narrow(self.tags.len())
        });
        self.nodes.push(Node {
            start: narrow(range.start),
            end: narrow(range.end),
            next: id + 1,
            value: (value_start, value_end),
            anchor: narrow(anchor),
            tag,
            kind,
            decoded,
        });
        Ok(id)
    }

    fn open(
        &mut self,
        open: &mut Vec<NodeId>,
        kind: Kind,
        span: &Span,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), EditError> {
        let range = span.byte_range().unwrap_or(0..0);
        if open.len() >= MAX_DEPTH {
            let at = Position::of(self.text, range.start);
            return Err(EditError::TooDeep {
                at,
                limit: MAX_DEPTH,
            });
        }
        let id = self.push(kind, &range, (0, 0, false), anchor, tag)?;
        open.push(id);
        Ok(())
    }

    /// Lets the innermost open container reach to the end of its newest child.
    fn extend(&mut self, open: &[NodeId], end: usize) {
        if let Some(&parent) = open.last() {
            self.nodes[parent as usize].end = narrow(end);
        }
    }

    fn close(&mut self, id: NodeId, range: &Range<usize>) -> Result<(), EditError> {
        let next = narrow(self.nodes.len());
        let node = &mut self.nodes[id as usize];
        node.next = next;
        if node.kind.is_flow() {
            node.end = narrow(range.end);
        }
        if node.kind.is_map() {
            self.refuse_duplicates(id)
        } else {
            Ok(())
        }
    }

    fn refuse_duplicates(&self, map: NodeId) -> Result<(), EditError> {
        const FEW: usize = 12;
        let keys = || {
            self.pairs(map)
                .map(|(key, _)| key)
                .filter(|&key| self[key].kind.is_scalar())
        };
        let mut seen_few: [&str; FEW] = [""; FEW];
        let mut seen_many: HashSet<&str> = HashSet::new();
        for (count, key) in keys().enumerate() {
            let text = self.value(key);
            let repeated = if count < FEW {
                let repeated = seen_few[..count].contains(&text);
                seen_few[count] = text;
                repeated
            } else {
                if count == FEW {
                    seen_many.extend(seen_few);
                }
                !seen_many.insert(text)
            };
            if repeated {
                let first = keys()
                    .find(|&other| self.value(other) == text)
                    .unwrap_or(key);
                return Err(EditError::DuplicateKey {
                    at: self.position(key),
                    key: text.to_owned(),
                    first_line: self.position(first).line,
                });
            }
        }
        Ok(())
    }

    /// The value of a scalar, escapes resolved. Empty for everything else.
    pub(crate) fn value(&self, id: NodeId) -> &str {
        let Node {
            value: (start, end),
            decoded,
            ..
        } = self[id];
        let source = if decoded {
            self.decoded.as_str()
        } else {
            self.text
        };
        source.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The resolved tag of a node.
    pub(crate) fn tag(&self, id: NodeId) -> Option<&str> {
        let index = (self[id].tag as usize).checked_sub(1)?;
        self.tags.get(index).map(String::as_str)
    }

    /// Where a node starts.
    pub(crate) fn position(&self, id: NodeId) -> Position {
        Position::of(self.text, self[id].start as usize)
    }

    /// The direct children of a container; keys and values alternate in a mapping.
    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        let end = self[id].next;
        let first = id + 1;
        std::iter::successors((first < end).then_some(first), move |&child| {
            let next = self[child].next;
            (next < end).then_some(next)
        })
    }

    /// The pairs of a mapping.
    pub(crate) fn pairs(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let end = self[id].next;
        self.children(id).step_by(2).filter_map(move |key| {
            let value = self[key].next;
            (value < end).then_some((key, value))
        })
    }

    /// The value under a key, compared as text.
    pub(crate) fn get(&self, map: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.pairs(map)
            .find(|&(k, _)| self[k].kind.is_scalar() && self.value(k) == key)
    }

    /// Whether a node is the null value, written or left out.
    pub(crate) fn is_null(&self, id: NodeId) -> bool {
        self[id].kind == Kind::Plain
            && self[id].tag == 0
            && matches!(self.value(id), "" | "~" | "null" | "Null" | "NULL")
    }

    /// Whether the text writes nothing at all for this node, as in `key:`.
    pub(crate) fn is_unwritten(&self, id: NodeId) -> bool {
        self[id].kind == Kind::Plain && self[id].start == self[id].end
    }
}

impl std::ops::Index<NodeId> for Tree<'_> {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }
}

pub(crate) fn parse_error(text: &str, error: &granit_parser::ScanError) -> EditError {
    let byte = error.marker().byte_offset().unwrap_or(0);
    let at = Position::of(text, byte);
    match error.kind() {
        granit_parser::ErrorKind::RecursionLimitExceeded => EditError::TooDeep {
            at,
            limit: MAX_DEPTH,
        },
        kind => EditError::Parse {
            at,
            detail: kind.to_string(),
        },
    }
}
