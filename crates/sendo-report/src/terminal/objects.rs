//! What a change does to the objects of a cluster, as a terminal shows it.

use sendo_core::rendering::{Objects, Rendered};

use super::NARROWEST;
use super::diff::ink;
use super::paint::{Ink, paint, wrap};
use crate::Language;
use crate::objects::lines;
use crate::wording::objects::{heading, none};

/// Every rendering with the objects that differ.
#[must_use]
pub fn objects(all: &[Objects], language: Language, width: usize, color: bool) -> String {
    told(all, true, (0, width), language, color)
}

/// A sentence for each rendering.
#[must_use]
pub fn objects_in_short(all: &[Objects], language: Language, width: usize, color: bool) -> String {
    told(all, false, (0, width), language, color)
}

/// As [`objects`], so many columns from the left.
pub(super) fn told(
    all: &[Objects],
    fully: bool,
    (indent, width): (usize, usize),
    language: Language,
    color: bool,
) -> String {
    let pad = " ".repeat(indent);
    let width = width.max(NARROWEST);
    let sentence = |text: &str, ink: Ink| {
        let text = wrap(&format!("{pad}{text}"), width, indent + 2);
        format!("{}\n", paint(&text, ink, color))
    };
    if all.is_empty() {
        return sentence(&none(language).to_string(), Ink::Dim);
    }
    let mut out = String::new();
    for (index, objects) in all.iter().enumerate() {
        let ink = match &objects.rendered {
            Rendered::Cannot { .. } => Ink::Waiting,
            Rendered::Compared(_) => Ink::Bold,
        };
        if fully && indent == 0 && index > 0 {
            out.push('\n');
        }
        out += &sentence(&heading(objects, language).to_string(), ink);
        if let (true, Rendered::Compared(comparison)) = (fully, &objects.rendered) {
            out += &body(comparison, &pad, language, color);
        }
    }
    out
}

fn body(
    comparison: &sendo_core::rendering::Comparison,
    pad: &str,
    language: Language,
    color: bool,
) -> String {
    let lines = lines(comparison, language).into_iter();
    let painted = lines.map(|(kind, line)| {
        let line = format!("{pad}{line}");
        format!("{}\n", paint(&line, ink(kind), color))
    });
    painted.collect()
}
