//! Putting pairs, items and lists into the text.
//!
//! Owns where new content goes: behind the last child, in block style on lines of its own.

use super::{Draft, Pending, Slot, style};
use crate::edited::Splice;
use crate::error::EditError;
use crate::fragment::{Fragment, NewScalar, write_flow_pair};
use crate::layout;
use crate::tree::{Kind, NodeId};

impl Draft<'_, '_> {
    /// Adds a pair at the end of a mapping that has at least one, or is written `{}`.
    pub(crate) fn append_pair(
        &mut self,
        map: &Slot,
        path: &str,
        key: &str,
        value: Fragment,
    ) -> Result<(), EditError> {
        let tree = self.tree;
        if tree[map.node].kind == Kind::FlowMap {
            let open = tree[map.node].start as usize;
            if layout::between(tree.text, open, open + 1) != "{" {
                return Err(self.unsupported(map.node, path, "a mapping without braces in a list"));
            }
            let style = self.flow_style(map.node);
            let text = write_flow_pair(key, &value, &style);
            self.append_flow(map.node, &text);
        } else {
            let start =
                |key: NodeId| layout::before_properties(tree.text, tree[key].start as usize);
            let keys = || tree.pairs(map.node).map(|(key, _)| start(key));
            let column = keys()
                .find(|&at| layout::starts_line(tree.text, at))
                .or(keys().next());
            let indent = layout::indent_of(tree.text, column.unwrap_or_default());
            if indent.contains('\t') {
                return Err(self.unsupported(map.node, path, "a tab stands before its keys"));
            }
            let text = value.write_pair(key, &indent, &self.block_style(map.node));
            self.append_lines(map.node, &text);
        }
        if let Fragment::Scalar(new) = &value {
            self.note(map, path, None, Some(new.text.clone()), map.node);
        }
        let key = Fragment::Scalar(NewScalar::string(key));
        self.expectation.append(map.node, [key, value], path)
    }

    /// Adds an item at the end of a list that has at least one, or is written `[]`.
    pub(crate) fn append_item(
        &mut self,
        list: &Slot,
        path: &str,
        item: Fragment,
    ) -> Result<(), EditError> {
        let tree = self.tree;
        if tree[list.node].kind == Kind::FlowSeq {
            let text = item.write_flow(&self.flow_style(list.node));
            self.append_flow(list.node, &text);
        } else {
            let dash = |item: NodeId| layout::dash_before(tree.text, tree[item].start as usize);
            let last = tree
                .children(list.node)
                .filter_map(|item| Some((item, dash(item)?)))
                .last();
            let Some((sibling, dash)) = last else {
                return Err(self.unsupported(list.node, path, "a list whose dashes are not found"));
            };
            let mut style = self.block_style(list.node);
            let gap = layout::between(tree.text, dash + 1, tree[sibling].start as usize);
            if tree[sibling].kind == Kind::BlockMap && gap.bytes().all(|b| b == b' ') {
                style.dash = format!("-{gap}");
            }
            let text = item.write_item(&layout::indent_of(tree.text, dash), &style);
            self.append_lines(list.node, &text);
        }
        self.expectation.append(list.node, [item], path)
    }

    /// Writes a list where a null is.
    pub(crate) fn fill_list(
        &mut self,
        slot: &Slot,
        parent: NodeId,
        path: &str,
        items: Vec<Fragment>,
    ) -> Result<(), EditError> {
        let (tree, node) = (self.tree, self.tree[slot.node]);
        self.expectation.claim(slot.node, path)?;
        let (Some(key), 0) = (slot.key, node.anchor) else {
            return Err(self.unsupported(slot.node, path, "an empty list with an anchor"));
        };
        if tree.is_unwritten(slot.node) && tree[parent].kind == Kind::BlockMap {
            let style = self.block_style(parent);
            let indent =
                layout::indent_of(tree.text, tree[key].start as usize) + &style.list_indent;
            let lines: Vec<_> = items
                .iter()
                .map(|item| item.write_item(&indent, &style))
                .collect();
            self.insert_lines(
                tree[key].end as usize,
                slot.node,
                &lines.join(style.newline),
            );
        } else {
            let text = Fragment::Seq(items.clone()).write_flow(&self.flow_style(parent));
            let (start, replacement) = match layout::after_colon(tree.text, tree[key].end as usize)
            {
                Some(at) if tree.is_unwritten(slot.node) => (at, format!(" {text}")),
                _ => (node.start as usize, text),
            };
            let end = start.max(node.end as usize);
            let splice = Splice {
                range: start..end,
                replacement,
            };
            self.pending.push(Pending {
                splice,
                container: slot.node,
            });
        }
        self.expectation
            .replaced
            .insert(slot.node, Fragment::Seq(items));
        Ok(())
    }

    fn append_flow(&mut self, container: NodeId, new: &str) {
        let tree = self.tree;
        let text = tree.text;
        let extents = self.extents(container);
        let open = tree[container].start as usize + 1;
        let (at, separator) = match extents.as_slice() {
            [] if self.expectation.appends_to(container) => (open, ", ".to_owned()),
            [] => (open, String::new()),
            [.., before, (start, end)] => {
                let gap = layout::between(text, before.1, *start);
                let bare = gap.trim() == ",";
                (
                    *end,
                    if bare {
                        gap.to_owned()
                    } else {
                        style::own_line_separator(text, *start)
                    },
                )
            }
            [(start, end)] => {
                let same_line = !layout::between(text, open, *start).contains('\n');
                let separator = if same_line {
                    self.flow_gap(container)
                } else {
                    style::own_line_separator(text, *start)
                };
                (*end, separator)
            }
        };
        let splice = Splice {
            range: at..at,
            replacement: format!("{separator}{new}"),
        };
        self.pending.push(Pending { splice, container });
    }

    fn append_lines(&mut self, container: NodeId, lines: &str) {
        let after = self.content_end(container);
        self.insert_lines(after, container, lines);
    }

    /// Inserts whole lines after the line that holds `after`.
    fn insert_lines(&mut self, after: usize, container: NodeId, lines: &str) {
        let text = self.tree.text;
        let newline = layout::newline(text);
        let (at, replacement) = match layout::next_line(text, after) {
            Some(at) => (at, format!("{lines}{newline}")),
            None => (text.len(), format!("{newline}{lines}")),
        };
        self.pending.push(Pending {
            splice: Splice {
                range: at..at,
                replacement,
            },
            container,
        });
    }
}
