//! The board in text: one river for each application, its environments as piers.
//!
//! ```text
//! example1  ~~~~[test ◉ e4f5a6b]~~◦ e4f5a6b~~[prod ◉ a1b2c3d]
//!                               ◦ prod: e4f5a6b waits for a person's approval. …
//! ```
//!
//! Piers of one column line up if all rivers have the room; a river that does not fit even by
//! itself runs downwards.

use sendo_core::deployment::Deployment;
use sendo_core::view::BoardView;

use super::NARROWEST;
use super::paint::{Ink, clip, columns, pad, paint, wrap};
use crate::board::{Pier, River, rivers};
use crate::wording::amiss::amiss;
use crate::wording::standing::standing;
use crate::wording::{Context, state};
use crate::{Language, time};

/// Water on each side of a boat, and between two piers without one.
const WATER: usize = 2;

/// A note needs this much room under its boat, else it moves to the left.
const NOTE_ROOM: usize = 44;

/// The river of `sendo status`.
#[must_use]
pub fn status(view: &BoardView, language: Language, width: usize, color: bool) -> String {
    let width = width.max(NARROWEST);
    let rivers = rivers(view);
    let amiss: String = amiss(view, language)
        .iter()
        .map(|line| format!("{}\n", paint(&wrap(line, width, 0), Ink::Bad, color)))
        .collect();
    if rivers.is_empty() {
        let none = match language {
            Language::En => "no applications are configured\n",
            Language::Ja => "アプリケーションが設定されていません\n",
        };
        return format!("{none}{amiss}");
    }
    // A river that is too long for the terminal does not set the columns of the others.
    let name = rivers
        .iter()
        .map(|river| columns(river.application))
        .max()
        .unwrap_or_default();
    let fits = |river: &&River<'_>| Layout::of([*river], name, language).total() <= width;
    let together = Layout::of(rivers.iter().filter(fits), name, language);
    let body: String = rivers
        .iter()
        .map(|river| {
            if !fits(&river) {
                return downwards(river, language, width, color);
            }
            let alone = Layout::of([river], name, language);
            let layout = if together.total() <= width {
                &together
            } else {
                &alone
            };
            across(river, layout, language, width, color)
        })
        .collect();
    let legend = wrap(&legend(view, language), width, 0);
    format!("{body}\n{amiss}{}\n", paint(&legend, Ink::Dim, color))
}

/// What the shapes mean. No-break spaces keep each shape with its word.
fn legend(view: &BoardView, language: Language) -> String {
    let at = time::date_time(view.at);
    match language {
        Language::En => {
            format!("{at}   ◉\u{a0}runs  ▸\u{a0}on\u{a0}its\u{a0}way  ◦\u{a0}waits  ✗\u{a0}failed")
        }
        Language::Ja => format!("{at}   ◉\u{a0}稼働中  ▸\u{a0}進行中  ◦\u{a0}待機中  ✗\u{a0}失敗"),
    }
}

/// The widths of all columns, so that piers line up.
struct Layout {
    name: usize,
    /// For each column of piers: its water and its pier.
    reaches: Vec<(usize, usize)>,
}

impl Layout {
    fn of<'a>(
        rivers: impl IntoIterator<Item = &'a River<'a>>,
        name: usize,
        language: Language,
    ) -> Self {
        let rivers: Vec<&River<'_>> = rivers.into_iter().collect();
        let count = rivers
            .iter()
            .map(|river| river.piers.len())
            .max()
            .unwrap_or_default();
        let reaches = (0..count)
            .map(|column| {
                let piers = || rivers.iter().filter_map(|river| river.piers.get(column));
                let water = piers().map(|pier| columns(&boat(pier)) + 2 * WATER).max();
                let wood = piers().map(|pier| columns(&wood(pier, language))).max();
                (water.unwrap_or_default(), wood.unwrap_or_default())
            })
            .collect();
        Self { name, reaches }
    }

    fn total(&self) -> usize {
        let reaches: usize = self.reaches.iter().map(|(water, wood)| water + wood).sum();
        self.name + 2 + reaches
    }
}

fn boat(pier: &Pier<'_>) -> String {
    pier.boat.map_or_else(String::new, |deployment| {
        format!(
            "{} {}",
            state::symbol(deployment.state),
            deployment.revision.short()
        )
    })
}

fn wood(pier: &Pier<'_>, language: Language) -> String {
    let closed = pier.closed.map(|closed| closed.word(language));
    let closed = closed.map_or_else(String::new, |word| format!(" × {word}"));
    match (pier.running, language) {
        (Some(running), _) => {
            let revision = running.revision.short();
            format!("[{} ◉ {revision}{closed}]", pier.environment)
        }
        (None, Language::En) => format!("[{}  empty{closed}]", pier.environment),
        (None, Language::Ja) => format!("[{}  なし{closed}]", pier.environment),
    }
}

const fn wood_ink(pier: &Pier<'_>) -> Ink {
    match (pier.closed, pier.running) {
        (Some(_), _) => Ink::Waiting,
        (None, Some(_)) => Ink::Good,
        (None, None) => Ink::Dim,
    }
}

fn across(
    river: &River<'_>,
    layout: &Layout,
    language: Language,
    width: usize,
    color: bool,
) -> String {
    let name = pad(river.application, layout.name);
    let mut line = format!("{}  ", paint(name.trim_end(), Ink::Bold, color));
    line.push_str(&" ".repeat(columns(&name) - columns(name.trim_end())));
    let mut at = layout.name + 2;
    let mut notes = String::new();
    let last = river.piers.len().saturating_sub(1);
    for (column, (pier, (water, room))) in river.piers.iter().zip(&layout.reaches).enumerate() {
        let boat = boat(pier);
        let before = WATER.min(water.saturating_sub(columns(&boat)));
        let after = water.saturating_sub(before + columns(&boat));
        line.push_str(&paint(&"~".repeat(before), Ink::Dim, color));
        if let Some(deployment) = pier.boat {
            line.push_str(&paint(&boat, Ink::of(deployment.state), color));
            let here = at + before;
            let indent = if width.saturating_sub(here) >= NOTE_ROOM {
                here
            } else {
                2
            };
            notes.push_str(&note(pier, deployment, indent, language, width, color));
        }
        line.push_str(&paint(&"~".repeat(after), Ink::Dim, color));
        let wood = wood(pier, language);
        line.push_str(&paint(&wood, wood_ink(pier), color));
        if column < last {
            let rest = room.saturating_sub(columns(&wood));
            line.push_str(&paint(&"~".repeat(rest), Ink::Dim, color));
        }
        at += water + room;
    }
    format!("{line}\n{notes}")
}

fn downwards(river: &River<'_>, language: Language, width: usize, color: bool) -> String {
    let mut out = format!(
        "{}\n",
        paint(&clip(river.application, width), Ink::Bold, color)
    );
    for pier in &river.piers {
        if let Some(deployment) = pier.boat {
            let water = paint("~~", Ink::Dim, color);
            let boat = paint(&boat(pier), Ink::of(deployment.state), color);
            out.push_str(&format!("  {water}{boat}{water}\n"));
            out.push_str(&note(pier, deployment, 4, language, width, color));
        }
        let wood = clip(&wood(pier, language), width - 2);
        out.push_str(&format!("  {}\n", paint(&wood, wood_ink(pier), color)));
    }
    out
}

/// Why it lies there and who can move it, and what is stranded behind it.
fn note(
    pier: &Pier<'_>,
    boat: &Deployment,
    indent: usize,
    language: Language,
    width: usize,
    color: bool,
) -> String {
    [Some(boat), pier.stranded]
        .into_iter()
        .flatten()
        .map(|deployment| {
            let words = standing(deployment, &Context::of_deployment(deployment), language);
            let symbol = state::symbol(deployment.state);
            let line = format!(
                "{}{symbol} {}: {words}",
                " ".repeat(indent),
                pier.environment
            );
            let text = wrap(&line, width, indent + 2);
            format!("{}\n", paint(&text, Ink::of(deployment.state), color))
        })
        .collect()
}
