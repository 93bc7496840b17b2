//! Columns and colours: measuring, padding, wrapping and painting text for a terminal.

use sendo_core::deployment::DeploymentState;
use sendo_core::notice::Turn;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::sentence::{Part, Sentence};

/// What a colour means. The eight basic colours follow the reader's own theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// As the terminal writes.
    Plain,
    /// Headings.
    Bold,
    /// What is there and asks for nothing.
    Dim,
    /// On its way.
    Moving,
    /// Waits for somebody.
    Waiting,
    /// Arrived.
    Good,
    /// Ended without success.
    Bad,
}

impl Ink {
    pub(super) const fn of(state: DeploymentState) -> Self {
        match state {
            DeploymentState::Queued | DeploymentState::Running => Self::Moving,
            DeploymentState::Waiting => Self::Waiting,
            DeploymentState::Succeeded => Self::Good,
            DeploymentState::Superseded | DeploymentState::Cancelled => Self::Dim,
            DeploymentState::Failed => Self::Bad,
        }
    }

    pub(super) const fn of_turn(turn: &Turn) -> Self {
        match turn {
            Turn::Started { .. }
            | Turn::ChangeRequestOpened { .. }
            | Turn::Approved { .. }
            | Turn::PersonApproved { .. }
            | Turn::Merged { .. } => Self::Moving,
            Turn::Waits { .. } | Turn::Overridden { .. } | Turn::ActRefused { .. } => Self::Waiting,
            Turn::Succeeded { .. } => Self::Good,
            Turn::Superseded { .. } | Turn::Displaced { .. } | Turn::Cancelled { .. } => Self::Dim,
            Turn::Failed { .. } | Turn::Untold { .. } => Self::Bad,
        }
    }

    /// In a whole timeline only what ended or stopped it stands out.
    pub(super) const fn of_quiet_turn(turn: &Turn) -> Self {
        match Self::of_turn(turn) {
            Self::Moving => Self::Plain,
            other => other,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Moving => "36",
            Self::Waiting => "33",
            Self::Good => "32",
            Self::Bad => "31",
        }
    }
}

/// Paints each line by itself, so that a pager or a copied line keeps its colour and no other's.
pub(super) fn paint(text: &str, ink: Ink, color: bool) -> String {
    if !color || ink == Ink::Plain || text.is_empty() {
        return text.to_owned();
    }
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let body = line.trim_start_matches(' ');
            let indent = &line[..line.len() - body.len()];
            if body.is_empty() {
                line.to_owned()
            } else {
                format!("{indent}\u{1b}[{}m{body}\u{1b}[0m", ink.code())
            }
        })
        .collect();
    lines.join("\n")
}

/// A sentence whose commands stand out.
pub(super) fn sentence(sentence: &Sentence, color: bool) -> String {
    if !color {
        return sentence.to_string();
    }
    sentence
        .parts()
        .iter()
        .map(|part| match part {
            Part::Code(text) => paint(text, Ink::Bold, true),
            Part::Text(text) | Part::Link(text) => text.clone(),
        })
        .collect()
}

/// Columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Fills up with blanks on the right.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// At most `width` columns; what was cut ends in `…`.
pub(super) fn clip(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Breaks a line so that it fits, later lines indented. A command is never broken: one that does
/// not fit is left to the terminal, so that it can be copied whole. Japanese breaks between any two
/// characters except around marks that belong to a neighbour.
pub(super) fn wrap(line: &str, width: usize, indent: usize) -> String {
    let indent = if indent + 20 > width { 2 } else { indent };
    let mut out = String::new();
    let mut used = 0;
    for piece in pieces(line) {
        let wide = columns(piece.trim_end());
        if used > indent && used + wide > width {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
            out.push_str(piece.trim_start());
            used += columns(piece.trim_start());
        } else {
            out.push_str(piece);
            used += columns(piece);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The smallest parts of a line that stay together: words with the blank behind them, commands,
/// single wide characters with the closing marks behind them.
fn pieces(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '`' {
            quoted = !quoted;
        }
        let end = at + c.len_utf8();
        let next = chars.peek().map(|(_, next)| *next);
        let closes =
            next.is_some_and(|next| "、。」）,.:;) ".contains(next) || quoted && next == '`');
        let wide = c.width() == Some(2) && !"「（".contains(c);
        let before_wide = next.is_some_and(|next| next.width() == Some(2));
        if !quoted && !closes && (c == ' ' || wide || before_wide && !"「（".contains(c)) {
            out.extend(line.get(start..end));
            start = end;
        }
    }
    out.extend(line.get(start..).filter(|rest| !rest.is_empty()));
    out
}
