//! What the configuration freezes, as people list it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Announced, Freeze, When, closed};
use crate::names::Principal;
use crate::promotion::LaneRules;
use crate::subject::LaneId;
use crate::time::Timestamp;

/// A freeze of the configuration with its lanes and its next window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configured {
    /// What people call it.
    pub name: String,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The lanes it means, `APPLICATION/ENVIRONMENT`.
    pub lanes: Vec<String>,
    /// When the window begins that holds now, or the next one.
    pub from: Timestamp,
    /// When that ends, with its own windows that follow it without a gap.
    pub to: Timestamp,
}

/// A freeze that closes a lane now, as a board marks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// What people call it.
    pub name: String,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Until when, with all that follow it without a gap.
    pub until: Timestamp,
    /// Who announced it; `None` when the configuration says it.
    pub by: Option<Principal>,
}

/// The freeze that closes a lane now: of the configuration, or announced for an area it is in.
#[must_use]
pub fn holding(rules: &LaneRules, announced: &[Announced], now: Timestamp) -> Option<Holding> {
    let around = announced.iter().filter(|one| one.area.covers(&rules.lane));
    let announced = around.cloned().map(Freeze::from);
    let freezes: Vec<Freeze> = rules.freezes.iter().cloned().chain(announced).collect();
    let (freeze, until) = closed(&freezes, now)?;
    Some(Holding {
        name: freeze.name.clone(),
        reason: freeze.reason.clone(),
        until,
        by: freeze.by.clone(),
    })
}

/// The freezes of some lanes that are not over, in the order of the configuration.
#[must_use]
pub fn configured(lanes: &[LaneRules], now: Timestamp) -> Vec<Configured> {
    let mut all: Vec<(&Freeze, Vec<&LaneId>)> = Vec::new();
    for rules in lanes {
        for freeze in &rules.freezes {
            match all.iter_mut().find(|(other, _)| *other == freeze) {
                Some((_, of)) => of.push(&rules.lane),
                None => all.push((freeze, vec![&rules.lane])),
            }
        }
    }
    all.into_iter()
        .filter_map(|(freeze, of)| {
            let (from, to) = freeze.next_window(now)?;
            Some(Configured {
                name: freeze.name.clone(),
                reason: freeze.reason.clone(),
                lanes: of.into_iter().map(ToString::to_string).collect(),
                from,
                to,
            })
        })
        .collect()
}

impl Freeze {
    /// The window that holds a point in time, or the first one after it; those that follow it without a
    /// gap are taken as one with it.
    #[must_use]
    pub fn next_window(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let later = match &self.when {
            When::Weekly { .. } => 8,
            When::Period { .. } => 0,
            // As far as the last of them.
            When::Dates(dates) => {
                let today = self.zone.local(now)?.date();
                let days = |last: &Date| i64::from((*last - today).get_days());
                dates.iter().max().map_or(0, days).max(0)
            }
        };
        let windows = self.windows_until(now, later);
        let (from, _) = windows.into_iter().filter(|(_, to)| *to > now).min()?;
        let to = self.closed_until(from.max(now))?;
        Some((from, to))
    }
}
