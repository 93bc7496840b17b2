//! The buttons of a deployment: what its reader may do to it now.

use sendo_core::act::ActKind;

use super::labels::Labels;

/// A form with one button.
pub(super) struct ActForm {
    /// The last part of where it is sent, and its class.
    pub(super) name: &'static str,
    /// What the button says.
    pub(super) label: &'static str,
    /// Whether it can be done only with a reason.
    pub(super) needs_reason: bool,
}

/// The forms of what may be done.
pub(super) fn forms(may: &[ActKind], labels: &'static Labels) -> Vec<ActForm> {
    let form = |kind: &ActKind| {
        let (name, label) = match kind {
            ActKind::Approve => ("approve", labels.approve),
            ActKind::Cancel => ("cancel", labels.cancel),
            ActKind::Retry => ("retry", labels.retry),
            ActKind::Override => ("override", labels.override_it),
        };
        ActForm {
            name,
            label,
            needs_reason: *kind == ActKind::Override,
        }
    };
    may.iter().map(form).collect()
}
