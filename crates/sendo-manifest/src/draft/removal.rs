//! Taking pairs and items out of the text.
//!
//! Owns which bytes go with a removed child: whole lines in block style, the comma in flow style.
//! Comments on lines of their own stay.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Draft, Pending, Slot};
use crate::edited::Splice;
use crate::error::EditError;
use crate::layout;
use crate::tree::{Kind, NodeId};

impl Draft<'_, '_> {
    /// Removes the `ordinal`th pair or item of a container; `path` names it.
    pub(crate) fn remove(
        &mut self,
        container: &Slot,
        ordinal: usize,
        path: &str,
    ) -> Result<(), EditError> {
        let (tree, width) = (self.tree, self.width(container.node));
        let ids: Vec<_> = tree
            .children(container.node)
            .skip(ordinal * width)
            .take(width)
            .collect();
        for &id in &ids {
            self.expectation.claim(id, path)?;
            let anchored = |id: NodeId| tree[id].anchor != 0 && tree[id].kind != Kind::Alias;
            if let Some(id) = (id..tree[id].next).find(|&id| anchored(id)) {
                let (at, path) = (tree.position(id), path.to_owned());
                let detail = "an anchor that aliases may use would go with it".to_owned();
                return Err(EditError::Alias { at, path, detail });
            }
            self.expectation.removed.insert(id);
        }
        self.removals
            .entry(container.node)
            .or_default()
            .insert(ordinal);
        if let Some(&value) = ids.last() {
            let old = tree[value]
                .kind
                .is_scalar()
                .then(|| tree.value(value).to_owned());
            self.note(container, path, Some(old.unwrap_or_default()), None, value);
        }
        Ok(())
    }

    fn width(&self, container: NodeId) -> usize {
        if self.tree[container].kind.is_map() {
            2
        } else {
            1
        }
    }

    /// First byte and end of each child of a container: pairs with their key, items with their dash.
    pub(super) fn extents(&self, container: NodeId) -> Vec<(usize, usize)> {
        let (tree, kind) = (self.tree, self.tree[container].kind);
        if kind.is_map() {
            let extent = |(key, value)| (tree[key].start as usize, self.pair_end(key, value));
            return tree.pairs(container).map(extent).collect();
        }
        let item = |item: NodeId| {
            let start = tree[item].start as usize;
            let dash = layout::dash_before(tree.text, start).filter(|_| kind == Kind::BlockSeq);
            (dash.unwrap_or(start), self.content_end(item))
        };
        tree.children(container).map(item).collect()
    }

    /// Where the content of a node ends.
    ///
    /// A block scalar reaches to the next node; the blank lines at its end belong to what follows,
    /// unless they are part of its value.
    pub(super) fn content_end(&self, id: NodeId) -> usize {
        let tree = self.tree;
        let (start, end) = (tree[id].start as usize, tree[id].end as usize);
        let last = tree[id].next - 1;
        let block = matches!(tree[last].kind, Kind::Literal | Kind::Folded);
        let value = tree.value(last);
        let value = value.strip_suffix('\n').unwrap_or(value);
        if block && !value.ends_with(char::is_whitespace) {
            start + layout::between(tree.text, start, end).trim_end().len()
        } else if block && end < tree.text.len() && layout::starts_line(tree.text, end) {
            // Without the indentation of what follows.
            layout::line_start(tree.text, end)
        } else {
            end
        }
    }

    fn pair_end(&self, key: NodeId, value: NodeId) -> usize {
        let tree = self.tree;
        let colon = tree
            .is_unwritten(value)
            .then(|| layout::after_colon(tree.text, tree[key].end as usize));
        colon.flatten().unwrap_or_else(|| self.content_end(value))
    }

    /// Turns the children to remove into splices, one for each run of neighbours.
    pub(super) fn splice_removals(&mut self, container: NodeId, ordinals: &BTreeSet<usize>) {
        let extents = self.extents(container);
        let flow = self.tree[container].kind.is_flow();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for &ordinal in ordinals {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == ordinal => *last = ordinal,
                _ => runs.push((ordinal, ordinal)),
            }
        }
        for (first, last) in runs {
            let range = if flow {
                flow_run(&extents, first, last)
            } else {
                self.block_run(&extents, first, last)
            };
            let splice = Splice {
                range,
                replacement: String::new(),
            };
            self.pending.push(Pending { splice, container });
        }
    }

    /// Whole lines; or, where the run starts behind a dash, up to the next key.
    fn block_run(&self, extents: &[(usize, usize)], first: usize, last: usize) -> Range<usize> {
        let text = self.tree.text;
        let (start, end) = (extents[first].0, extents[last].1);
        if !layout::starts_line(text, start) {
            return match extents.get(last + 1) {
                Some(&(next, _)) if layout::between(text, end, next).trim().is_empty() => {
                    start..next
                }
                // A comment in between stays, so the dash keeps its line.
                _ if layout::between(text, end, text.len())
                    .trim_start_matches([' ', '\t'])
                    .starts_with(['\r', '\n']) =>
                {
                    layout::between(text, 0, start)
                        .trim_end_matches([' ', '\t'])
                        .len()..end
                }
                _ => start..end,
            };
        }
        let line = layout::line_start(text, start);
        match layout::next_line(text, end) {
            Some(next) => line..next,
            // The last line has no line ending, so the one before it loses its own.
            None => {
                layout::between(text, 0, line)
                    .trim_end_matches(['\r', '\n'])
                    .len()..text.len()
            }
        }
    }
}

/// From the end of the child before; or, for the first, up to the next child.
fn flow_run(extents: &[(usize, usize)], first: usize, last: usize) -> Range<usize> {
    let before = first.checked_sub(1).map(|before| extents[before].1);
    match (before, extents.get(last + 1)) {
        (Some(before), _) => before..extents[last].1,
        (None, Some(next)) => extents[first].0..next.0,
        (None, None) => extents[first].0..extents[last].1,
    }
}
