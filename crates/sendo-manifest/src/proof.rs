//! The proof that an edited text means exactly what was asked for, and nothing else.
//!
//! Owns the comparison. The new text is parsed again from scratch, event by event, beside the old
//! tree patched with the [`Expectation`]: every untouched node must come back with the same value,
//! style, tag and anchor, every new one as it was meant, and every byte outside the splices must be
//! the old one. It never trusts how a splice was computed, so a mistake there becomes a refusal.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, ScalarStyle};

use crate::edited::Splice;
use crate::error::{EditError, Position};
use crate::fragment::{Fragment, NewScalar};
use crate::scalar;
use crate::tree::{Kind, NodeId, Tree, map_kind, parser, scalar_kind, seq_kind, settle, tag_text};

/// How the tree of the new text differs from that of the old.
#[derive(Debug, Default)]
pub(crate) struct Expectation {
    /// Nodes whose place is taken by new content. Their anchor and tag stay.
    pub(crate) replaced: BTreeMap<NodeId, Fragment>,
    /// Nodes that are gone, keys and values each.
    pub(crate) removed: BTreeSet<NodeId>,
    /// New children at the end of containers; keys and values alternate.
    appended: BTreeMap<NodeId, Vec<Fragment>>,
    claimed: BTreeSet<NodeId>,
}

impl Expectation {
    /// Takes a node for one edit; a second one for the same node is a conflict.
    pub(crate) fn claim(&mut self, id: NodeId, path: &str) -> Result<(), EditError> {
        if self.claimed.insert(id) {
            Ok(())
        } else {
            Err(EditError::Conflict {
                path: path.to_owned(),
            })
        }
    }

    /// Whether new children are already expected in a container.
    pub(crate) fn appends_to(&self, container: NodeId) -> bool {
        self.appended.contains_key(&container)
    }

    /// Expects new children at the end of a container; a key that was already added conflicts.
    pub(crate) fn append<const N: usize>(
        &mut self,
        container: NodeId,
        children: [Fragment; N],
        path: &str,
    ) -> Result<(), EditError> {
        let all = self.appended.entry(container).or_default();
        let is_pair = N == 2;
        if is_pair
            && all
                .iter()
                .step_by(2)
                .any(|key| Some(key) == children.first())
        {
            return Err(EditError::Conflict {
                path: path.to_owned(),
            });
        }
        all.extend(children);
        Ok(())
    }
}

/// Proves an edit, or says where and how the new text departs from what was expected.
pub(crate) fn prove(
    old: &Tree<'_>,
    expectation: &Expectation,
    splices: &[Splice],
    new: &str,
    json: bool,
) -> Result<(), EditError> {
    check_bytes(old.text, splices, new)?;
    if json {
        check_json(new, |detail| {
            let at = splices.first().map_or(0, |splice| splice.range.start);
            EditError::ProofFailed {
                at: Position::of(old.text, at),
                detail,
            }
        })?;
    }
    Comparison {
        old,
        new,
        events: parser(new),
        expectation,
        explicit: false,
    }
    .run()
}

/// Refuses a text that is not one JSON value.
pub(crate) fn check_json(
    text: &str,
    refuse: impl Fn(String) -> EditError,
) -> Result<(), EditError> {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| ())
        .map_err(|error| refuse(format!("not JSON: {error}")))
}

/// Every byte outside the splices is the old one, and every splice holds its replacement.
fn check_bytes(old: &str, splices: &[Splice], new: &str) -> Result<(), EditError> {
    let (old_bytes, mut rest) = (old.as_bytes(), new.as_bytes());
    let mut done = 0;
    let mut same = true;
    let mut expect = |part: &[u8]| match rest.strip_prefix(part) {
        Some(after) => rest = after,
        None => same = false,
    };
    for Splice { range, replacement } in splices {
        expect(old_bytes.get(done..range.start).unwrap_or(&[]));
        expect(replacement.as_bytes());
        done = range.end;
    }
    expect(old_bytes.get(done..).unwrap_or(&[]));
    if same && rest.is_empty() {
        return Ok(());
    }
    let detail = "bytes outside the replaced ranges changed".to_owned();
    Err(EditError::ProofFailed {
        at: Position::of(old, done),
        detail,
    })
}

struct Comparison<'c, 't, E> {
    old: &'c Tree<'t>,
    new: &'c str,
    events: E,
    expectation: &'c Expectation,
    /// Whether the document being read was started with `---`.
    explicit: bool,
}

type Events<'n> = Result<(Event<'n>, granit_parser::Span), granit_parser::ScanError>;

impl<'n, E: Iterator<Item = Events<'n>>> Comparison<'_, '_, E> {
    fn run(&mut self) -> Result<(), EditError> {
        let old = self.old;
        let mut open: Vec<NodeId> = Vec::new();
        let mut documents = old.documents.iter();
        let mut id: NodeId = 0;
        loop {
            while let Some(&container) = open.last().filter(|&&open| old[open].next == id) {
                for child in self
                    .expectation
                    .appended
                    .get(&container)
                    .into_iter()
                    .flatten()
                {
                    self.expect_new(child, 0, None, container)?;
                }
                self.expect_end(container)?;
                open.pop();
            }
            if id as usize == old.nodes.len() {
                break;
            }
            if self.expectation.removed.contains(&id) {
                id = old[id].next;
                continue;
            }
            let is_root = open.is_empty();
            if let Some(fragment) = self.expectation.replaced.get(&id) {
                self.expect_new(fragment, old[id].anchor, old.tag(id), id)?;
                id = old[id].next;
            } else {
                self.expect_same(id)?;
                if !old[id].kind.is_scalar() && old[id].kind != Kind::Alias {
                    open.push(id);
                }
                id += 1;
            }
            if is_root
                && documents
                    .next()
                    .is_some_and(|doc| doc.explicit != self.explicit)
            {
                return Err(self.differs(id, "a document starts elsewhere"));
            }
        }
        match self.next(0)? {
            None => Ok(()),
            Some(_) => Err(self.differs(0, "there is more content at the end")),
        }
    }

    /// The next event that is data.
    fn next(&mut self, at: NodeId) -> Result<Option<Event<'n>>, EditError> {
        for event in self.events.by_ref() {
            match event {
                Ok((Event::DocumentStart(explicit, _), _)) => self.explicit = explicit,
                Ok((
                    mut event @ (Event::Scalar(..)
                    | Event::Alias(_)
                    | Event::MappingStart(..)
                    | Event::MappingEnd
                    | Event::SequenceStart(..)
                    | Event::SequenceEnd),
                    span,
                )) => {
                    settle(self.new, &mut event, &span);
                    return Ok(Some(event));
                }
                Ok(_) => {}
                Err(error) => {
                    let detail = format!("it cannot be read again: {}", error.info());
                    return Err(self.differs(at, &detail));
                }
            }
        }
        Ok(None)
    }

    fn expect_same(&mut self, id: NodeId) -> Result<(), EditError> {
        let (old, node) = (self.old, self.old[id]);
        let same = match self.next(id)? {
            Some(Event::Scalar(value, style, anchor, tag)) => {
                scalar_kind(style) == node.kind
                    && value == old.value(id)
                    && anchor == node.anchor as usize
                    && tag_text(tag.as_deref()).as_deref() == old.tag(id)
            }
            Some(Event::Alias(anchor)) => {
                node.kind == Kind::Alias && anchor == node.anchor as usize
            }
            Some(Event::MappingStart(style, anchor, tag)) => {
                map_kind(style) == node.kind
                    && anchor == node.anchor as usize
                    && tag_text(tag.as_deref()).as_deref() == old.tag(id)
            }
            Some(Event::SequenceStart(style, anchor, tag)) => {
                seq_kind(style) == node.kind
                    && anchor == node.anchor as usize
                    && tag_text(tag.as_deref()).as_deref() == old.tag(id)
            }
            _ => false,
        };
        if same {
            Ok(())
        } else {
            Err(self.differs(id, "a value that was to stay would change"))
        }
    }

    fn expect_end(&mut self, container: NodeId) -> Result<(), EditError> {
        let ended = match self.next(container)? {
            Some(Event::MappingEnd) => self.old[container].kind.is_map(),
            Some(Event::SequenceEnd) => self.old[container].kind.is_seq(),
            _ => false,
        };
        if ended {
            Ok(())
        } else {
            Err(self.differs(container, "a mapping or list would grow"))
        }
    }

    fn expect_new(
        &mut self,
        fragment: &Fragment,
        anchor: u32,
        tag: Option<&str>,
        near: NodeId,
    ) -> Result<(), EditError> {
        let event = self.next(near)?;
        let found = match (&event, fragment) {
            (Some(Event::Scalar(value, style, found, tagged)), Fragment::Scalar(new)) => {
                reads_as(value, *style, new)
                    && *found == anchor as usize
                    && tag_text(tagged.as_deref()).as_deref() == tag
            }
            (Some(Event::MappingStart(_, found, None)), Fragment::Map(_))
            | (Some(Event::SequenceStart(_, found, None)), Fragment::Seq(_)) => {
                *found == anchor as usize && tag.is_none()
            }
            _ => false,
        };
        if !found {
            return Err(self.differs(near, "the new value would be read as something else"));
        }
        match fragment {
            Fragment::Scalar(_) => return Ok(()),
            Fragment::Map(pairs) => {
                for (key, value) in pairs {
                    let key = Fragment::Scalar(NewScalar::string(key.as_str()));
                    self.expect_new(&key, 0, None, near)?;
                    self.expect_new(value, 0, None, near)?;
                }
            }
            Fragment::Seq(items) => {
                for item in items {
                    self.expect_new(item, 0, None, near)?;
                }
            }
        }
        match (self.next(near)?, fragment) {
            (Some(Event::MappingEnd), Fragment::Map(_))
            | (Some(Event::SequenceEnd), Fragment::Seq(_)) => Ok(()),
            _ => Err(self.differs(near, "the new content would swallow what follows")),
        }
    }

    fn differs(&self, id: NodeId, detail: &str) -> EditError {
        let id = (id as usize).min(self.old.nodes.len().saturating_sub(1));
        let byte = self.old.nodes.get(id).map_or(0, |node| node.start as usize);
        let at = Position::of(self.old.text, byte);
        EditError::ProofFailed {
            at,
            detail: detail.to_owned(),
        }
    }
}

/// Whether a scalar is the one meant: same text, and a string or not to every reader.
fn reads_as(value: &str, style: ScalarStyle, new: &NewScalar) -> bool {
    let plain = style == ScalarStyle::Plain;
    value == new.text
        && if new.verbatim {
            plain
        } else {
            !plain || scalar::is_plain_string(value, false)
        }
}

#[cfg(test)]
mod tests;
