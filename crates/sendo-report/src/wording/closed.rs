//! What is closed to deployments, said by itself: who closed it, why, until when, and who opens it.

use sendo_core::deployment::{Held, Lock};

use crate::sentence::{Sentence, Slot};
use crate::wording::waiting::fragment;
use crate::{Language, time};

/// A lock.
#[must_use]
pub fn lock(lock: &Lock, language: Language) -> Sentence {
    let area = lock.area.to_string();
    Sentence::fill(
        match (language, lock.until) {
            (Language::En, None) => {
                "{area} is locked by {by} since {at}: {reason}. Next: `sendo unlock {typed}`."
            }
            (Language::En, Some(_)) => {
                "{area} is locked by {by} until {until}: {reason}. Next: `sendo unlock {typed}`."
            }
            (Language::Ja, None) => {
                "{area} は {at} から {by} がロックしています: {reason}。次の操作: `sendo unlock {typed}`"
            }
            (Language::Ja, Some(_)) => {
                "{area} は {until} まで {by} がロックしています: {reason}。次の操作: `sendo unlock {typed}`"
            }
        },
        &[
            ("area", Slot::Code(area.clone())),
            ("typed", Slot::Text(typed(area))),
            ("by", Slot::Code(lock.by.to_string())),
            ("reason", Slot::Text(fragment(&lock.reason))),
            ("at", Slot::Text(time::date_time(lock.at))),
            (
                "until",
                Slot::Text(lock.until.map(time::date_time).unwrap_or_default()),
            ),
        ],
    )
}

/// A lane that a rollback holds.
#[must_use]
pub fn held(held: &Held, language: Language) -> Sentence {
    Sentence::fill(
        match (language, &held.reason) {
            (Language::En, None) => {
                "{lane} is held by the rollback {deployment} of {by} since {at}. Next: `sendo unlock {lane}`."
            }
            (Language::En, Some(_)) => {
                "{lane} is held by the rollback {deployment} of {by} since {at}: {reason}. Next: `sendo unlock {lane}`."
            }
            (Language::Ja, None) => {
                "{lane} は {at} から {by} のロールバック {deployment} で止まっています。次の操作: `sendo unlock {lane}`"
            }
            (Language::Ja, Some(_)) => {
                "{lane} は {at} から {by} のロールバック {deployment} で止まっています: {reason}。次の操作: `sendo unlock {lane}`"
            }
        },
        &[
            ("lane", Slot::Text(held.deployment.lane().to_owned())),
            ("deployment", Slot::Text(held.deployment.to_string())),
            ("by", Slot::Code(held.by.to_string())),
            ("at", Slot::Text(time::date_time(held.at))),
            (
                "reason",
                Slot::Text(held.reason.as_deref().map(fragment).unwrap_or_default()),
            ),
        ],
    )
}

/// An area as a shell takes it: a star would mean files there.
pub(super) fn typed(area: String) -> String {
    if area.contains('*') {
        format!("'{area}'")
    } else {
        area
    }
}
