//! A board line by line, for whoever reads along without a terminal: where each lane stands, and
//! from then on what is different.

use sendo_core::view::{BoardView, LaneView};

use super::paint::{Ink, paint};
use crate::wording::amiss::amiss;
use crate::wording::standing::standing;
use crate::wording::{Context, closed, frozen, state};
use crate::{Language, time};

/// A line for each lane that stands elsewhere than before; for every lane where there is no before.
#[must_use]
pub fn changes(
    before: Option<&BoardView>,
    after: &BoardView,
    language: Language,
    color: bool,
) -> Vec<String> {
    let known: Vec<String> = before.map(|view| lines(view, language)).unwrap_or_default();
    let at = paint(&time::date_time(after.at), Ink::Dim, color);
    lines(after, language)
        .into_iter()
        .filter(|line| !known.contains(line))
        .map(|line| format!("{at}  {line}"))
        .collect()
}

/// Whether the same is said of both, whenever they were looked at.
#[must_use]
pub fn is_same(one: &BoardView, other: &BoardView) -> bool {
    one.lanes == other.lanes && one.configuration == other.configuration
}

fn lines(view: &BoardView, language: Language) -> Vec<String> {
    let lanes = view.lanes.iter().map(|lane| line(lane, language));
    lanes.chain(amiss(view, language)).collect()
}

fn line(lane: &LaneView, language: Language) -> String {
    let boat = lane.moving.as_ref().or(lane.failed.as_ref());
    let stands = match (boat, &lane.running) {
        (Some(row), _) | (None, Some(row)) => {
            let words = standing(row, &Context::of_deployment(row), language);
            format!("{}  {}: {words}", state::symbol(row.state), row.id)
        }
        (None, None) => {
            let nothing = match language {
                Language::En => "nothing runs here yet.",
                Language::Ja => "まだ何も稼働していません。",
            };
            format!("-  {}: {nothing}", lane.lane)
        }
    };
    let lock = lane.lock.as_ref().map(|lock| closed::lock(lock, language));
    let held = lane.held.as_ref().map(|held| closed::held(held, language));
    let frozen = lane.frozen.as_ref();
    let frozen = frozen.map(|freeze| frozen::holding(freeze, &lane.lane, language));
    let closed = [lock, held, frozen].into_iter().flatten();
    let closed: String = closed.map(|why| format!("  ×  {why}")).collect();
    format!("{stands}{closed}")
}
