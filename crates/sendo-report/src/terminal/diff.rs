//! A diff as a terminal shows it.

use super::paint::{Ink, paint};
use crate::diff::{Kind, lines};

/// A unified diff in colours, for eyes only: what a terminal would obey is replaced.
#[must_use]
pub fn diff(text: &str, color: bool) -> String {
    lines(text)
        .map(|(kind, line)| format!("{}\n", paint(&line, ink(kind), color)))
        .collect()
}

pub(super) const fn ink(kind: Kind) -> Ink {
    match kind {
        Kind::File => Ink::Bold,
        Kind::About => Ink::Dim,
        Kind::Hunk => Ink::Moving,
        Kind::Added => Ink::Good,
        Kind::Removed => Ink::Bad,
        Kind::Same => Ink::Plain,
    }
}
