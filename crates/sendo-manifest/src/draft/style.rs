//! How the text around is laid out, so that new content looks like it.
//!
//! Owns guessing separators, quotes and list indentation from the neighbours. A wrong guess costs
//! looks, never meaning.

use super::Draft;
use crate::fragment::{BlockStyle, FlowStyle};
use crate::layout;
use crate::tree::{Kind, NodeId};

impl Draft<'_, '_> {
    /// The separator of a one-line flow container with a single child.
    pub(super) fn flow_gap(&self, container: NodeId) -> String {
        let spaced = !self
            .flow_style(container)
            .colon
            .trim_end()
            .eq(&self.flow_style(container).colon);
        if spaced {
            ", ".to_owned()
        } else {
            ",".to_owned()
        }
    }

    /// The style of the flow content around, as far as there is any to look at.
    pub(super) fn flow_style(&self, container: NodeId) -> FlowStyle {
        let tree = self.tree;
        let mut pairs = (container..tree[container].next)
            .filter(|&id| tree[id].kind == Kind::FlowMap)
            .filter_map(|id| tree.pairs(id).next());
        let first = pairs.next();
        let quoted = self.json || first.is_some_and(|(key, _)| tree[key].kind == Kind::Double);
        let colon = first
            .and_then(|(key, value)| {
                tree.text
                    .get(tree[key].end as usize..tree[value].start as usize)
            })
            .filter(|gap| quoted && gap.trim() == ":" && !gap.contains('\n'))
            .unwrap_or(": ");
        FlowStyle {
            quoted,
            colon: colon.to_owned(),
        }
    }

    /// The style of the block content around: how the first list in the mapping is indented.
    pub(super) fn block_style(&self, map: NodeId) -> BlockStyle {
        let tree = self.tree;
        let indent = |at: usize| layout::indent_of(tree.text, at);
        let list_indent = tree
            .pairs(map)
            .filter(|&(_, value)| {
                tree[map].kind == Kind::BlockMap && tree[value].kind == Kind::BlockSeq
            })
            .find_map(|(key, list)| {
                let item = tree.children(list).next()?;
                let dash = layout::dash_before(tree.text, tree[item].start as usize)?;
                let key = indent(tree[key].start as usize);
                indent(dash).strip_prefix(key.as_str()).map(str::to_owned)
            });
        BlockStyle {
            newline: layout::newline(tree.text),
            list_indent: list_indent.unwrap_or_default(),
            dash: "- ".to_owned(),
        }
    }
}

/// Puts a new child on a line of its own if its sibling has one.
pub(super) fn own_line_separator(text: &str, sibling: usize) -> String {
    if layout::starts_line(text, sibling) {
        format!(
            ",{}{}",
            layout::newline(text),
            layout::indent_of(text, sibling)
        )
    } else {
        ", ".to_owned()
    }
}
