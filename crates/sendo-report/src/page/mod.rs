//! Pages rendered on the server: what is where, the story of an application and of a deployment,
//! what came in, the audit trail, and signing in.
//!
//! A page is HTML without inline style or script, so it works under a policy that allows only the
//! server's own files; it reads well without either. The server publishes [`STYLE`] at
//! [`STYLE_PATH`], [`SCRIPT`] at [`SCRIPT_PATH`] and [`ICON`] at [`ICON_PATH`].

mod acts;
mod application;
mod audit;
mod board;
mod deliveries;
mod deployment;
mod diff;
mod gates;
mod labels;
mod locks;
mod river;
mod shown;
mod sign_in;

use sendo_core::deployment::DeploymentId;

pub use application::application;
pub use audit::audit;
pub use board::{Show, board};
pub use deliveries::deliveries;
pub use deployment::deployment;
pub use diff::diff;
pub use locks::locks;
pub use sign_in::{Reader, SIGN_IN_PATH, SIGN_OUT_PATH, sign_in, sign_in_once, sign_in_once_path};

use labels::Labels;
use shown::Shown;

use crate::Language;
use crate::wording::refusal::heading;

/// The one style sheet.
pub const STYLE: &str = include_str!("../../assets/sendo.css");

/// Fetches the page again when the server tells that something changed.
pub const SCRIPT: &str = include_str!("../../assets/sendo.js");

/// The boatman, for tabs and bookmarks.
pub const ICON: &str = include_str!("../../assets/sendo.svg");

/// Where pages look for [`STYLE`].
pub const STYLE_PATH: &str = "/assets/sendo.css";

/// Where pages look for [`SCRIPT`].
pub const SCRIPT_PATH: &str = "/assets/sendo.js";

/// Where pages look for [`ICON`], an `image/svg+xml`.
pub const ICON_PATH: &str = "/assets/sendo.svg";

/// Where the script listens: server-sent events of the default type, whatever their data.
pub const EVENTS_PATH: &str = "/events";

/// What is closed to deployments.
pub const LOCKS_PATH: &str = "/locks";

/// What came in.
pub const DELIVERIES_PATH: &str = "/deliveries";

/// The page of one deployment.
#[must_use]
pub fn deployment_path(deployment: &DeploymentId) -> String {
    format!("/deployments/{deployment}")
}

/// The page that shows what a deployment changes.
#[must_use]
pub fn diff_path(deployment: &DeploymentId) -> String {
    format!("{}/diff", deployment_path(deployment))
}

/// The page of one application.
#[must_use]
pub fn application_path(application: &str) -> String {
    format!("/applications/{application}")
}

/// The page for an address behind which there is nothing; `told` is what is missing there, and what
/// may have been meant.
#[must_use]
pub fn missing(told: Option<(&str, &str)>, reader: Reader<'_>, language: Language) -> String {
    finish(&Missing {
        labels: Labels::of(language),
        reader,
        told: told.map(|(message, next)| [message, next].map(Shown::words)),
    })
}

/// A request that was refused, for its page.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The status of the answer.
    pub status: u16,
    /// What is wrong.
    pub message: &'a str,
    /// What to do next.
    pub next: &'a str,
    /// The stable code.
    pub reason_code: &'a str,
    /// The page of ours that its reader came from.
    pub back: Option<&'a str>,
}

/// The page for a request that was refused: what is wrong, what to do next, the stable code, and the
/// way back.
#[must_use]
pub fn refused(refusal: &Refusal<'_>, reader: Reader<'_>, language: Language) -> String {
    let Refusal { message, next, .. } = refusal;
    finish(&Refused {
        labels: Labels::of(language),
        reader,
        heading: heading(refusal.status, language),
        message: Shown::words(message),
        next: (!next.is_empty()).then(|| Shown::words(next)),
        reason_code: refusal.reason_code,
        back: refusal.back.filter(|back| *back != "/"),
    })
}

#[derive(askama::Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    heading: &'a str,
    message: Shown,
    next: Option<Shown>,
    reason_code: &'a str,
    back: Option<&'a str>,
}

#[derive(askama::Template)]
#[template(path = "missing.html")]
struct Missing<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    told: Option<[Shown; 2]>,
}

/// Writing into a string fails only if a value's own formatting does.
fn finish(template: &impl askama::Template) -> String {
    template
        .render()
        .unwrap_or_else(|error| format!("<!doctype html><title>Sendo</title><p>{error}</p>"))
}
