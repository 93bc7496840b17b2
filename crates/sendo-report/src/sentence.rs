//! A sentence, worded once and escaped for each surface it appears on.
//!
//! Wording is written as a template: `{name}` takes a value, back-quotes mark what a person would
//! type or copy. Values from outside can fill a slot and never become wording themselves.

use std::fmt;

use crate::escape;

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Text(String),
    /// A command, a revision or a name: shown as it would be typed.
    Code(String),
    /// An address a person can open.
    Link(String),
}

/// One or more sentences on one line, without markup.
///
/// [`Display`](fmt::Display) is the plain form: commands stand between back-quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sentence {
    parts: Vec<Part>,
}

/// What fills a slot of a template.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    /// Words or words from outside.
    Text(String),
    /// The words of another program, in which back-quotes mark what would be typed.
    Words(String),
    /// Shown as it would be typed.
    Code(String),
    /// A list of names, each shown as it would be typed.
    Codes(Vec<String>, &'static str),
    /// An address.
    Link(String),
    /// A sentence worded elsewhere.
    Sentence(Sentence),
}

impl Sentence {
    /// Fills a template. A slot nobody fills stays visible, so that a test finds it.
    pub(crate) fn fill(template: &'static str, slots: &[(&str, Slot)]) -> Self {
        let mut sentence = Self::default();
        for (index, segment) in template.split('`').enumerate() {
            if index % 2 == 0 {
                sentence.fill_words(segment, slots);
            } else {
                let mut typed = Self::default();
                typed.fill_words(segment, slots);
                sentence.push(Part::Code(typed.raw()));
            }
        }
        sentence
    }

    fn fill_words(&mut self, segment: &str, slots: &[(&str, Slot)]) {
        let mut rest = segment;
        while let Some((before, after)) = rest.split_once('{') {
            self.push(Part::Text(before.to_owned()));
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            match slots.iter().find(|(slot, _)| *slot == name) {
                Some((_, slot)) => self.push_slot(slot),
                None => self.push(Part::Text(format!("{{{name}}}"))),
            }
            rest = after;
        }
        self.push(Part::Text(rest.to_owned()));
    }

    fn push_slot(&mut self, slot: &Slot) {
        match slot {
            Slot::Text(text) => self.push(Part::Text(escape::one_line(text))),
            Slot::Words(text) => self.push_words(&escape::one_line(text)),
            Slot::Code(text) => self.push(Part::Code(escape::one_line(text))),
            Slot::Link(url) => self.push(Part::Link(escape::one_line(url))),
            Slot::Sentence(sentence) => {
                sentence
                    .parts
                    .iter()
                    .cloned()
                    .for_each(|part| self.push(part));
            }
            Slot::Codes(names, between) => {
                for (index, name) in names.iter().enumerate() {
                    if index > 0 {
                        self.push(Part::Text((*between).to_owned()));
                    }
                    self.push(Part::Code(escape::one_line(name)));
                }
            }
        }
    }

    /// An odd number of back-quotes marks nothing.
    fn push_words(&mut self, words: &str) {
        if words.matches('`').count() % 2 == 1 {
            self.push(Part::Text(words.to_owned()));
            return;
        }
        for (index, piece) in words.split('`').enumerate() {
            match index % 2 {
                0 => self.push(Part::Text(piece.to_owned())),
                _ => self.push(Part::Code(piece.to_owned())),
            }
        }
    }

    fn push(&mut self, part: Part) {
        match (self.parts.last_mut(), part) {
            (_, Part::Text(text)) if text.is_empty() => {}
            (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
            (_, part) => self.parts.push(part),
        }
    }

    /// Adds another sentence behind this one.
    #[must_use]
    pub(crate) fn then(mut self, other: Self) -> Self {
        other.parts.into_iter().for_each(|part| self.push(part));
        self
    }

    /// The pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The words alone, without any marks.
    #[must_use]
    pub fn raw(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) | Part::Code(text) | Part::Link(text) => text.as_str(),
            })
            .collect()
    }

    /// For a comment or body on a forge.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => keep_edges(text, escape::markdown),
                Part::Code(text) => escape::code_span(text),
                Part::Link(url) if is_web(url) => format!("<{url}>"),
                Part::Link(url) => escape::code_span(url),
            })
            .collect()
    }

    /// For a Slack message.
    #[must_use]
    pub fn slack(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => keep_edges(text, escape::slack),
                Part::Link(url) if is_web(url) => {
                    format!("<{}>", escape::slack(url).replace('|', "%7C"))
                }
                Part::Code(text) | Part::Link(text) => {
                    format!("`{}`", escape::slack(text).replace('`', "'"))
                }
            })
            .collect()
    }
}

/// Escapes the words and keeps the blanks around them, which join the pieces.
fn keep_edges(text: &str, escape: impl Fn(&str) -> String) -> String {
    let blank = |present: bool| if present { " " } else { "" };
    if text.trim().is_empty() {
        return blank(!text.is_empty()).to_owned();
    }
    format!(
        "{}{}{}",
        blank(text.starts_with(' ')),
        escape(text),
        blank(text.ends_with(' '))
    )
}

/// Whether an address can be a link: `https` or `http`, and nothing that ends one early.
pub(crate) fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && !url.contains(|c: char| c.is_whitespace() || "<>\"`\\".contains(c))
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) | Part::Link(text) => f.write_str(text)?,
                Part::Code(text) => write!(f, "`{text}`")?,
            }
        }
        Ok(())
    }
}
