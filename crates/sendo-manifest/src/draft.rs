//! An edit in the making: splices of the text and, beside them, what the result must mean.
//!
//! Owns the five things an edit can do: set a value, add a pair, add an item, remove a child, and
//! fill an empty list. Each is noted twice, as bytes to replace and as an expectation on the tree,
//! and [`Draft::finish`] hands both to the proof. It does not resolve paths or know about images.

mod addition;
mod removal;
mod style;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::edited::{Change, Edited, Splice};
use crate::error::{EditError, Position};
use crate::fragment::{Fragment, NewScalar};
use crate::layout;
use crate::proof::{self, Expectation};
use crate::scalar;
use crate::tree::{Kind, MAX_BYTES, NodeId, Tree};

/// A value and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) node: NodeId,
    /// The key, if the value is in a mapping.
    pub(crate) key: Option<NodeId>,
    /// Whether it lies between braces or brackets.
    pub(crate) in_flow: bool,
    /// The anchors on the way, this value's own included.
    pub(crate) anchors: Vec<u32>,
}

impl Slot {
    pub(crate) fn root(tree: &Tree<'_>, node: NodeId) -> Self {
        Self {
            node,
            key: None,
            in_flow: false,
            anchors: Vec::new(),
        }
        .with_own_anchor(tree)
    }

    /// The slot of a child of this one.
    pub(crate) fn child(&self, tree: &Tree<'_>, key: Option<NodeId>, node: NodeId) -> Self {
        let in_flow = self.in_flow || tree[self.node].kind.is_flow();
        Self {
            node,
            key,
            in_flow,
            anchors: self.anchors.clone(),
        }
        .with_own_anchor(tree)
    }

    fn with_own_anchor(mut self, tree: &Tree<'_>) -> Self {
        let node = tree[self.node];
        if node.anchor != 0 && node.kind != Kind::Alias {
            self.anchors.push(node.anchor);
        }
        self
    }
}

struct Pending {
    splice: Splice,
    /// Orders insertions at one byte: those of inner containers come first.
    container: NodeId,
}

pub(crate) struct Draft<'a, 't> {
    tree: &'a Tree<'t>,
    json: bool,
    pending: Vec<Pending>,
    /// Ordinals of the children to remove, by container.
    removals: BTreeMap<NodeId, BTreeSet<usize>>,
    expectation: Expectation,
    changes: Vec<Change>,
}

impl<'a, 't> Draft<'a, 't> {
    pub(crate) fn new(tree: &'a Tree<'t>, json: bool) -> Self {
        Self {
            tree,
            json,
            pending: Vec::new(),
            removals: BTreeMap::new(),
            expectation: Expectation::default(),
            changes: Vec::new(),
        }
    }

    /// Replaces a value, unless it already is the one wanted.
    pub(crate) fn set(&mut self, slot: &Slot, path: &str, new: NewScalar) -> Result<(), EditError> {
        let (tree, node) = (self.tree, self.tree[slot.node]);
        self.expectation.claim(slot.node, path)?;
        if let Some(tag) = tree
            .tag(slot.node)
            .filter(|tag| new.verbatim || !is_string_tag(tag))
        {
            let (at, path, tag) = (tree.position(slot.node), path.to_owned(), tag.to_owned());
            return Err(EditError::Tagged { at, path, tag });
        }
        let unwritten = tree.is_unwritten(slot.node);
        let old = (!unwritten).then(|| tree.value(slot.node).to_owned());
        if old.as_deref() == Some(&*new.text) && self.reads_as_string(slot.node) != new.verbatim {
            return Ok(());
        }
        let splice = match node.kind {
            _ if unwritten => self.splice_unwritten(slot, path, &new)?,
            Kind::Literal | Kind::Folded => self.splice_block_scalar(slot, path, &new)?,
            kind => Splice {
                range: node.start as usize..node.end as usize,
                replacement: new.write(Some(kind), slot.in_flow, self.json),
            },
        };
        self.note(slot, path, old, Some(new.text.clone()), slot.node);
        self.pending.push(Pending {
            splice,
            container: slot.node,
        });
        self.expectation
            .replaced
            .insert(slot.node, Fragment::Scalar(new));
        Ok(())
    }

    fn reads_as_string(&self, id: NodeId) -> bool {
        self.tree[id].kind != Kind::Plain
            || self.tree.tag(id).is_some()
            || !scalar::reads_as_something_else(self.tree.value(id))
    }

    fn splice_unwritten(
        &self,
        slot: &Slot,
        path: &str,
        new: &NewScalar,
    ) -> Result<Splice, EditError> {
        let (tree, node) = (self.tree, self.tree[slot.node]);
        let at = match slot.key {
            Some(key) => layout::after_colon(tree.text, tree[key].end as usize),
            None => layout::dash_before(tree.text, node.start as usize).map(|dash| dash + 1),
        };
        let at = at.filter(|_| node.anchor == 0 && tree.tag(slot.node).is_none());
        let detail = "an empty value with an anchor, a tag or no indicator of its own";
        let at = at.ok_or_else(|| self.unsupported(slot.node, path, detail))?;
        let text = new.write(None, slot.in_flow, self.json);
        Ok(Splice {
            range: at..at,
            replacement: format!(" {text}"),
        })
    }

    fn splice_block_scalar(
        &self,
        slot: &Slot,
        path: &str,
        new: &NewScalar,
    ) -> Result<Splice, EditError> {
        let (text, node) = (self.tree.text, self.tree[slot.node]);
        let (start, end) = (node.start as usize, node.end as usize);
        let from = match slot.key {
            Some(key) => self.tree[key].end as usize,
            None => layout::line_start(
                text,
                layout::between(text, 0, layout::line_start(text, start))
                    .trim_end()
                    .len(),
            ),
        };
        let header = layout::lead(text, from).content;
        if header >= end || !layout::between(text, header, end).starts_with(['|', '>']) {
            return Err(self.unsupported(
                slot.node,
                path,
                "a block scalar whose header is not found",
            ));
        }
        let end = layout::between(text, header, self.content_end(slot.node));
        let end = header + end.trim_end_matches(['\r', '\n']).len();
        // At the very end of a text a literal block cannot end in a line ending.
        let fits = end < text.len() || !new.text.ends_with('\n');
        let block = (node.kind == Kind::Literal && !new.verbatim && fits)
            .then(|| layout::indent_of(text, start))
            .and_then(|indent| scalar::literal_block(&new.text, &indent, layout::newline(text)));
        let replacement = block.unwrap_or_else(|| new.write(None, slot.in_flow, self.json));
        Ok(Splice {
            range: header..end,
            replacement,
        })
    }

    /// Records a change for the report.
    fn note(
        &mut self,
        slot: &Slot,
        path: &str,
        old: Option<String>,
        new: Option<String>,
        at: NodeId,
    ) {
        let tree = self.tree;
        let uses = |node: &&crate::tree::Node| {
            node.kind == Kind::Alias && slot.anchors.contains(&node.anchor)
        };
        let aliases = if slot.anchors.is_empty() {
            0
        } else {
            tree.nodes.iter().filter(uses).count()
        };
        let line = tree.position(at).line;
        self.changes.push(Change {
            path: path.to_owned(),
            old,
            new,
            line,
            aliases,
        });
    }

    /// Records a new entry made of several values, for the report.
    pub(crate) fn note_new(&mut self, slot: &Slot, path: &str, new: &str) {
        self.note(slot, path, None, Some(new.to_owned()), slot.node);
    }

    /// Applies the splices and proves the result.
    pub(crate) fn finish(mut self) -> Result<Edited, EditError> {
        for (container, ordinals) in std::mem::take(&mut self.removals) {
            self.splice_removals(container, &ordinals);
        }
        self.pending.sort_by_key(|Pending { splice, container }| {
            (splice.range.start, splice.range.end, Reverse(*container))
        });
        let at_end = |pending: &Pending| pending.splice.range.start == self.tree.text.len();
        if let Some(added) = self
            .pending
            .iter()
            .find(|p| at_end(p))
            .filter(|_| self.tree.unended)
        {
            let detail = "the text ends in a block scalar that would gain a line ending";
            return Err(self.unsupported(added.container, "the end of the text", detail));
        }
        let splices: Vec<_> = self
            .pending
            .into_iter()
            .map(|pending| pending.splice)
            .collect();
        let text = apply(self.tree.text, &splices)?;
        if !splices.is_empty() {
            proof::prove(self.tree, &self.expectation, &splices, &text, self.json)?;
        }
        Ok(Edited {
            text,
            splices,
            changes: self.changes,
        })
    }

    fn unsupported(&self, id: NodeId, path: &str, detail: &'static str) -> EditError {
        EditError::Unsupported {
            at: self.tree.position(id),
            path: path.to_owned(),
            detail,
        }
    }
}

fn is_string_tag(tag: &str) -> bool {
    matches!(tag, "tag:yaml.org,2002:str" | "!")
}

fn apply(old: &str, splices: &[Splice]) -> Result<String, EditError> {
    let added: usize = splices.iter().map(|splice| splice.replacement.len()).sum();
    let removed: usize = splices.iter().map(|splice| splice.range.len()).sum();
    let bytes = (old.len() + added).saturating_sub(removed);
    if bytes > MAX_BYTES {
        return Err(EditError::TooLarge {
            bytes,
            limit: MAX_BYTES,
        });
    }
    let mut text = String::with_capacity(bytes);
    let mut done = 0;
    for Splice { range, replacement } in splices {
        let Some(kept) = old
            .get(done..range.start)
            .filter(|_| range.start <= range.end)
        else {
            let at = Position::of(old, range.start);
            let detail = "two replacements overlap".to_owned();
            return Err(EditError::ProofFailed { at, detail });
        };
        text.push_str(kept);
        text.push_str(replacement);
        done = range.end;
    }
    text.push_str(old.get(done..).unwrap_or_default());
    Ok(text)
}
