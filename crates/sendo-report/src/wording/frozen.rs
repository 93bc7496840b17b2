//! When nothing is merged, said by itself: what the freeze is called, what it closes and when, why, and
//! who ends it.

use sendo_core::freeze::{Announced, Configured, Holding, Zone};
use sendo_core::subject::LaneId;
use sendo_core::time::Timestamp;

use crate::sentence::{Sentence, Slot};
use crate::wording::waiting::{fragment, names};
use crate::{Language, escape, time};

/// A freeze that somebody announced, by the clock of a zone.
#[must_use]
pub fn announced(freeze: &Announced, now: Timestamp, zone: &Zone, language: Language) -> Sentence {
    Sentence::fill(
        match (language, freeze.from <= now) {
            (Language::En, true) => {
                "The freeze {name} closes {area} until {to}, announced by {by}: {reason}. Next: `sendo unfreeze {typed}`."
            }
            (Language::En, false) => {
                "The freeze {name} will close {area} from {from} to {to}, announced by {by}: {reason}. Next: `sendo unfreeze {typed}`."
            }
            (Language::Ja, true) => {
                "フリーズ期間 {name} のため、{area} は {to} まで止まっています（{by} が告知）: {reason}。次の操作: `sendo unfreeze {typed}`"
            }
            (Language::Ja, false) => {
                "フリーズ期間 {name} のため、{area} は {from} から {to} まで止まります（{by} が告知）: {reason}。次の操作: `sendo unfreeze {typed}`"
            }
        },
        &[
            ("name", Slot::Code(freeze.name.clone())),
            ("typed", Slot::Text(freeze.name.clone())),
            ("area", Slot::Code(freeze.area.to_string())),
            ("from", Slot::Text(time::local(freeze.from, zone))),
            ("to", Slot::Text(time::local(freeze.to, zone))),
            ("by", Slot::Code(freeze.by.to_string())),
            ("reason", Slot::Text(fragment(&freeze.reason))),
        ],
    )
}

/// A freeze that closes a lane now.
#[must_use]
pub fn holding(freeze: &Holding, lane: &LaneId, language: Language) -> Sentence {
    Sentence::fill(
        match language {
            Language::En => "{lane} is frozen until {until} ({name}).",
            Language::Ja => "{lane} は {until} までフリーズ中です（{name}）。",
        },
        &[
            ("lane", Slot::Text(lane.to_string())),
            ("until", Slot::Text(time::date_time(freeze.until))),
            ("name", Slot::Code(escape::cut(&freeze.name, 80))),
        ],
    )
}

/// A freeze of the configuration, by the clock of a zone.
#[must_use]
pub fn configured(
    freeze: &Configured,
    now: Timestamp,
    zone: &Zone,
    language: Language,
) -> Sentence {
    let reason = if freeze.reason.is_some() {
        ": {reason}"
    } else {
        ""
    };
    let said = freeze.reason.as_deref().map(fragment).unwrap_or_default();
    let reason = Sentence::fill(reason, &[("reason", Slot::Text(said))]);
    Sentence::fill(
        match (language, freeze.from <= now) {
            (Language::En, true) => {
                "The freeze {name} of the configuration closes {lanes} until {to}{why}."
            }
            (Language::En, false) => {
                "The freeze {name} of the configuration will close {lanes} from {from} to {to}{why}."
            }
            (Language::Ja, true) => {
                "設定にあるフリーズ期間 {name} のため、{lanes} は {to} まで止まっています{why}。"
            }
            (Language::Ja, false) => {
                "設定にあるフリーズ期間 {name} のため、{lanes} は {from} から {to} まで止まります{why}。"
            }
        },
        &[
            ("name", Slot::Code(escape::cut(&freeze.name, 80))),
            ("lanes", names(&freeze.lanes, language)),
            ("from", Slot::Text(time::local(freeze.from, zone))),
            ("to", Slot::Text(time::local(freeze.to, zone))),
            ("why", Slot::Sentence(reason)),
        ],
    )
}
