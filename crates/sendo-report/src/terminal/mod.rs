//! What the command line prints: timelines, the river of `sendo status`, histories.
//!
//! Shape and word carry the state; colour only repeats it and can be left out. Widths count
//! terminal columns, so Japanese text lines up too.

mod changes;
mod diff;
mod history;
mod objects;
mod paint;
mod plan;
mod river;
mod wide;

use sendo_core::deployment::{Held, Lock};
use sendo_core::freeze::Zone;
use sendo_core::notice::{Digest, Notice};
use sendo_core::view::{DeploymentView, Freezes};

pub use changes::{changes, is_same};
pub use diff::diff;
pub use history::{deployment, history};
pub use objects::{objects, objects_in_short};
pub use plan::plan;
pub use river::status;
pub use wide::{freezes_wide, history_wide, locks_wide, status_wide, table};

use crate::sentence::Sentence;
use crate::wording::digest as wording;
use crate::wording::{Context, closed, frozen, promotion, state};
use crate::{Language, time};
use paint::Ink;

/// The narrowest terminal anything is laid out for.
pub const NARROWEST: usize = 30;

/// How a screen that draws itself anew is left.
#[must_use]
pub const fn watch_ends(language: Language) -> &'static str {
    match language {
        Language::En => "Ctrl-C ends this",
        Language::Ja => "Ctrl-C で終わります",
    }
}

/// What stands below as many lines as a screen has room for.
#[must_use]
pub fn more_lines(lines: usize, language: Language) -> String {
    match language {
        Language::En => format!("… {lines} more lines"),
        Language::Ja => format!("… ほか {lines} 行"),
    }
}

/// One line of a timeline: clock time (UTC), a shape, what happened.
#[must_use]
pub fn turn(notice: &Notice, language: Language, color: bool) -> String {
    turn_in(notice, &Context::of_notice(notice), language, color)
}

/// The same with the commands and addresses the context knows.
#[must_use]
pub fn turn_in(notice: &Notice, context: &Context<'_>, language: Language, color: bool) -> String {
    let ink = Ink::of_turn(&notice.turn);
    format!(
        "{}  {}  {}",
        paint::paint(&time::clock(notice.at), Ink::Dim, color),
        paint::paint(state::turn_symbol(&notice.turn), ink, color),
        paint::sentence(&promotion::turn_in(notice, context, language), color)
    )
}

/// One line of several timelines together: when, which deployment, a shape, what happened.
#[must_use]
pub fn log_line(notice: &Notice, context: &Context<'_>, language: Language, color: bool) -> String {
    let happened = promotion::happened(notice, context, language).to_string();
    format!(
        "{}  {}  {}  {}",
        paint::paint(&time::date_time(notice.at), Ink::Dim, color),
        notice.deployment,
        state::turn_symbol(&notice.turn),
        paint::paint(&happened, Ink::of_quiet_turn(&notice.turn), color)
    )
}

/// A digest: its heading, and below it a line for each deployment.
#[must_use]
pub fn digest(digest: &Digest, server: Option<&str>, language: Language, color: bool) -> String {
    let mut out = format!(
        "{}  {}",
        paint::paint(&time::clock(digest.at), Ink::Dim, color),
        paint::sentence(&wording::heading(digest, language), color)
    );
    for notice in &digest.latest {
        let context = Context {
            server,
            ..Context::of_notice(notice)
        };
        out.push_str(&format!(
            "\n  {}",
            turn_in(notice, &context, language, color)
        ));
    }
    out
}

/// What is closed to deployments, one paragraph each.
#[must_use]
pub fn locks(locks: &[Lock], held: &[Held], language: Language, width: usize) -> String {
    let locks = locks.iter().map(|lock| closed::lock(lock, language));
    let held = held.iter().map(|held| closed::held(held, language));
    let none = match language {
        Language::En => "nothing is locked\n",
        Language::Ja => "ロックはありません\n",
    };
    paragraphs(locks.chain(held), none, width)
}

/// When nothing is merged, one paragraph for each freeze, by the clock of a zone.
#[must_use]
pub fn freezes(freezes: &Freezes, zone: &Zone, language: Language, width: usize) -> String {
    let announced = freezes.announced.iter();
    let announced = announced.map(|one| frozen::announced(one, freezes.at, zone, language));
    let configured = freezes.configured.iter();
    let configured = configured.map(|one| frozen::configured(one, freezes.at, zone, language));
    let none = match language {
        Language::En => "no freeze is announced or configured\n",
        Language::Ja => "フリーズ期間はありません\n",
    };
    paragraphs(announced.chain(configured), none, width)
}

fn paragraphs(all: impl Iterator<Item = Sentence>, none: &str, width: usize) -> String {
    let all: String = all
        .map(|sentence| format!("{}\n", paint::wrap(&sentence.to_string(), width, 2)))
        .collect();
    if all.is_empty() { none.to_owned() } else { all }
}

/// The timeline of a deployment, one line a turn, under its own heading.
fn timeline(view: &DeploymentView, language: Language, width: usize, color: bool) -> String {
    let context = Context::of_deployment(&view.deployment);
    view.timeline
        .iter()
        .map(|notice| {
            let line = format!(
                "  {}  {}  {}",
                time::clock(notice.at),
                state::turn_symbol(&notice.turn),
                promotion::happened(notice, &context, language)
            );
            let wrapped = paint::wrap(&line, width, 15);
            format!(
                "{}\n",
                paint::paint(&wrapped, Ink::of_quiet_turn(&notice.turn), color)
            )
        })
        .collect()
}
