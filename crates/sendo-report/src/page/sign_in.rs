//! Who reads, and how somebody signs in: with a token, or by a link that is good once.
//!
//! These pages do not look again by themselves: what is typed and what was refused must stay.

use askama::Template;

use super::finish;
use super::labels::Labels;
use crate::Language;

/// Who reads a page; nobody in particular by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reader<'a> {
    /// Who is signed in.
    pub principal: Option<&'a str>,
}

/// Where somebody signs in with a token: the page, and what its form posts to.
pub const SIGN_IN_PATH: &str = "/sign-in";

/// Where the button of every page's header posts to.
pub const SIGN_OUT_PATH: &str = "/sign-out";

/// The page of a link that signs somebody in once, and what its form posts to.
#[must_use]
pub fn sign_in_once_path(code: &str) -> String {
    format!("{SIGN_IN_PATH}/once/{code}")
}

/// The page that asks for a token, and leads to the local path `next` afterwards. `is_wrong` says
/// that the last one was refused.
#[must_use]
pub fn sign_in(next: &str, is_wrong: bool, language: Language) -> String {
    finish(&SignIn {
        labels: Labels::of(language),
        reader: Reader::default(),
        next,
        is_wrong,
    })
}

/// The page with the one button of a link: opening it uses nothing up, so previews do no harm.
#[must_use]
pub fn sign_in_once(code: &str, principal: &str, language: Language) -> String {
    finish(&SignInOnce {
        labels: Labels::of(language),
        reader: Reader::default(),
        action: sign_in_once_path(code),
        principal,
    })
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    next: &'a str,
    is_wrong: bool,
}

#[derive(Template)]
#[template(path = "sign_in_once.html")]
struct SignInOnce<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    action: String,
    principal: &'a str,
}
