//! What ails, by an Application alone. Pure.

use sendo_core::engine::{Attempt, Cause, Health, Phase};
use sendo_core::names::EngineApplication;

use super::seen::Seen;
use crate::ailing::{Found, Weight};

/// What an Application says of itself: its conditions that are errors, what could not be applied, and
/// where it keeps the health of its objects, those that are degraded.
///
/// Warnings are no causes. What failed in an attempt at another commit is none either: it is over.
pub(super) fn of(
    seen: &Seen,
    application: &EngineApplication,
    attempt: Option<&Attempt>,
    at_compared: bool,
) -> Vec<Found> {
    let mut found = Vec::new();
    let failed = attempt.is_some_and(|attempt| attempt.phase == Phase::Failed);
    for condition in &seen.conditions {
        // What it says of a failed attempt is that attempt's message once more.
        let told = condition.kind == "SyncError" && failed && at_compared;
        if condition.kind.ends_with("Error") && !told {
            found.push(Found {
                weight: Weight::Engine,
                owner: String::new(),
                cause: Cause {
                    object: format!("Application {application}"),
                    reason: condition.kind.clone(),
                    message: condition.message.clone(),
                },
            });
        }
    }
    let failures = seen.tried.iter().filter(|_| at_compared);
    for failure in failures.flat_map(|tried| &tried.failures) {
        found.push(Found {
            weight: Weight::Apply,
            owner: String::new(),
            cause: Cause {
                object: format!("{} {}", failure.kind, failure.name),
                reason: if failure.hook {
                    "HookFailed"
                } else {
                    "SyncFailed"
                }
                .to_owned(),
                message: failure.message.clone(),
            },
        });
    }
    for object in &seen.objects {
        if let Some((Health::Degraded, message)) = &object.health {
            found.push(Found {
                weight: Weight::Object,
                owner: String::new(),
                cause: Cause {
                    object: format!("{} {}", object.kind, object.name),
                    reason: "Degraded".to_owned(),
                    message: message.clone(),
                },
            });
        }
    }
    found
}
