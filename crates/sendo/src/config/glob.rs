//! Globs, checked for what would make them match nothing.

use globset::GlobBuilder;

use super::Reading;
use super::place::Place;
use super::problem::Code;

/// Checks a glob over tag names.
pub(crate) fn check_tag(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> bool {
    if let Some(short) = text.strip_prefix("refs/tags/") {
        return refuse(
            place,
            reading,
            text,
            "tags are named without `refs/tags/`",
            &format!("write `{short}`"),
        );
    }
    let literal: String = text
        .chars()
        .filter(|c| !"*?[]{}\\!^,".contains(*c))
        .collect();
    let impossible = literal.contains([' ', '~', ':'])
        || literal.chars().any(char::is_control)
        || literal.contains("..")
        || literal.contains("@{")
        || text.starts_with(['/', '-'])
        || text.ends_with(['/', '.'])
        || text.ends_with(".lock");
    if impossible {
        return refuse(
            place,
            reading,
            text,
            "no tag can have such a name: git allows no spaces, `~`, `:`, `..`, `.lock` or `/` at an end",
            "write a glob over whole tag names, such as `release-*` or `v[0-9]*`",
        );
    }
    compiles(text, place, reading)
}

/// Checks a glob over paths in a repository.
pub(crate) fn check_path(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> bool {
    if text.starts_with('/') || text.starts_with("./") || text.split('/').any(|part| part == "..") {
        return refuse(
            place,
            reading,
            text,
            "paths are counted from the root of the repository and start with a name",
            &format!(
                "write `{}`",
                text.replace("../", "")
                    .trim_start_matches("./")
                    .trim_start_matches('/')
            ),
        );
    }
    if text.ends_with('/') {
        return refuse(
            place,
            reading,
            text,
            "it names a folder, and changes touch files",
            &format!("write `{text}**`"),
        );
    }
    if let Some(rest) = text.strip_prefix('!') {
        return refuse(
            place,
            reading,
            text,
            "a glob cannot exclude",
            &format!("list what counts instead of excluding `{rest}`"),
        );
    }
    compiles(text, place, reading)
}

/// The names that exist, for patterns to match.
pub(crate) struct Known<'a> {
    /// Applications.
    pub(crate) applications: Vec<&'a str>,
    /// Environments of any application.
    pub(crate) environments: Vec<&'a str>,
}

impl Known<'_> {
    /// The checked globs of the key `applications`; none is all.
    pub(crate) fn applications(
        &self,
        globs: Option<&[String]>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Vec<String> {
        checked(
            globs,
            &self.applications,
            place.key("applications"),
            reading,
        )
    }

    /// The checked globs of the key `environments`; none is all.
    pub(crate) fn environments(
        &self,
        globs: Option<&[String]>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Vec<String> {
        checked(
            globs,
            &self.environments,
            place.key("environments"),
            reading,
        )
    }
}

fn checked(
    globs: Option<&[String]>,
    names: &[&str],
    list: Place<'_>,
    reading: &mut Reading<'_>,
) -> Vec<String> {
    let globs = globs.unwrap_or_default();
    for (index, glob) in globs.iter().enumerate() {
        check_name(glob, names, list.index(index), reading);
    }
    globs.to_vec()
}

/// Checks a glob over names of applications or environments; at least one must match.
fn check_name(text: &str, names: &[&str], place: Place<'_>, reading: &mut Reading<'_>) -> bool {
    if !compiles(text, place, reading) {
        return false;
    }
    // As routes match it: names have no separators.
    let matcher = globset::Glob::new(text).map(|glob| glob.compile_matcher());
    if matcher.is_ok_and(|matcher| names.iter().any(|name| matcher.is_match(name))) {
        return true;
    }
    let known = super::suggest::list(names);
    let fix = super::suggest::did_you_mean(text, names)
        .unwrap_or_else(|| "correct the pattern, or leave it out".to_owned());
    refuse(place, reading, text, &format!("there are {known}"), &fix)
}

/// Whether a text is a glob at all.
pub(crate) fn compiles(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> bool {
    if text.is_empty() {
        return refuse(
            place,
            reading,
            text,
            "it is empty",
            "write a pattern, such as `*`",
        );
    }
    match GlobBuilder::new(text).literal_separator(true).build() {
        Ok(_) => true,
        Err(error) => {
            let why = error.kind().to_string();
            reading.problems.push(
                place
                    .problem(Code::Glob, format!("`{text}` is not a glob"))
                    .why(why)
                    .fix("close the bracket or brace, or put a backslash before it"),
            );
            false
        }
    }
}

fn refuse(place: Place<'_>, reading: &mut Reading<'_>, text: &str, why: &str, fix: &str) -> bool {
    reading.problems.push(
        place
            .problem(Code::Glob, format!("`{text}` can match nothing"))
            .why(why)
            .fix(fix),
    );
    false
}
