//! The points at which a test can stop the process while an effect is carried out.
//!
//! Every kind of effect has the same three steps, and each of them two sides. The list is made from
//! the kinds themselves, so a new kind cannot be forgotten.

use sendo_core::effect::Effect;

/// The places of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// The kind, as in [`Effect::KINDS`].
    pub kind: &'static str,
    /// Around writing the intent. Observations have none.
    pub intent: &'static str,
    /// Around the call to the outside.
    pub send: &'static str,
    /// Around recording the outcome.
    pub record: &'static str,
}

macro_rules! places {
    ($($kind:literal),* $(,)?) => {
        [$(Places {
            kind: $kind,
            intent: concat!("effect.", $kind, ".intent"),
            send: concat!("effect.", $kind, ".send"),
            record: concat!("effect.", $kind, ".record"),
        }),*]
    };
}

/// The places of every kind.
pub const ALL: [Places; Effect::KINDS.len()] = places![
    "observe_source",
    "observe_change",
    "publish_branch",
    "publish_commit",
    "open_change_request",
    "approve_change_request",
    "merge_change_request",
    "close_change_request",
    "delete_branch",
    "post_notice",
    "post_digest",
    "post_to_thread",
    "refresh_engine",
    "sync_engine",
    "observe_engine",
];

/// The places of an effect.
#[must_use]
pub fn of(effect: &Effect) -> Places {
    let kind = effect.kind();
    ALL.iter()
        .find(|places| places.kind == kind)
        .copied()
        .unwrap_or(ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_places() {
        let kinds: Vec<_> = ALL.iter().map(|places| places.kind).collect();
        assert_eq!(kinds, Effect::KINDS);
    }
}
