//! `on:` what starts a deployment.

use regex::Regex;
use schemars::JsonSchema;
use sendo_core::names::BranchName;
use sendo_core::promotion::{TagOrder, TagPattern, Trigger};
use serde::Deserialize;

use super::Reading;
use super::glob;
use super::place::Place;
use super::problem::Code;

/// What starts a deployment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum OnShape {
    /// A word.
    Word(OnWord),
    /// One key.
    Map(Box<OnMap>),
}

/// What starts a deployment, in a word.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnWord {
    /// CI reports an image.
    Image,
    /// Only a person asks.
    Command,
}

/// What starts a deployment: exactly one key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "On")]
pub(crate) struct OnMap {
    /// A merge into this branch; a push, on a forge without pull requests.
    merged_into: Option<String>,
    /// Any push to this branch.
    pushed_to: Option<String>,
    /// A tag. A text is a glob that must match the whole name.
    tag: Option<TagShape>,
    /// CI reports an image.
    image: Option<bool>,
    /// Only a person asks.
    command: Option<bool>,
}

/// Which tags.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum TagShape {
    /// A glob, newest by the order pushed.
    Glob(String),
    /// A glob or a regular expression, with an order.
    Map(TagMap),
}

/// Which tags, and which of two is newer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Tag")]
pub(crate) struct TagMap {
    /// A glob that must match the whole name; `*` stops at `/`, `**` does not.
    glob: Option<String>,
    /// A regular expression that must match the whole name.
    regex: Option<String>,
    /// Which of two tags is newer.
    order: OrderShape,
}

/// Which of two tags is newer.
#[derive(Debug, Clone, Copy, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderShape {
    /// The higher semantic version, after the pattern's literal prefix.
    Semver,
    /// The later date of the tag, or of its commit.
    Date,
    /// The one Sendo heard of later.
    #[default]
    Pushed,
}

/// The keys of `on`.
const KEYS: &str = "`merged_into`, `pushed_to`, `tag`, `image` or `command`";

impl OnShape {
    /// The checked trigger.
    pub(crate) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Trigger> {
        let map = match self {
            Self::Word(OnWord::Image) => return Some(Trigger::Image),
            Self::Word(OnWord::Command) => return Some(Trigger::Command),
            Self::Map(map) => map,
        };
        let written = place.keys().count();
        if written != 1 {
            reading.problems.push(
                place
                    .problem(
                        Code::InvalidValue,
                        match written {
                            0 => "`on` says nothing".to_owned(),
                            _ => format!("`on` says {written} things"),
                        },
                    )
                    .why("a lane has one trigger, so that two of them never disagree about what is newest")
                    .fix(format!("keep exactly one of {KEYS}")),
            );
            return None;
        }
        if let Some(name) = &map.merged_into {
            return branch(name, place.key("merged_into"), reading).map(Trigger::MergedInto);
        }
        if let Some(name) = &map.pushed_to {
            return branch(name, place.key("pushed_to"), reading).map(Trigger::PushedTo);
        }
        if let Some(tag) = &map.tag {
            return tag.resolve(place.key("tag"), reading);
        }
        match (map.image, map.command) {
            (Some(true), _) => Some(Trigger::Image),
            (_, Some(true)) => Some(Trigger::Command),
            (Some(false), _) | (_, Some(false)) => {
                reading.problems.push(
                    place
                        .problem(
                            Code::InvalidValue,
                            "`on` says what does not start a deployment",
                        )
                        .fix(format!("say what does: {KEYS}")),
                );
                None
            }
            // The key was refused before.
            (None, None) => None,
        }
    }
}

/// A checked branch name.
pub(crate) fn branch(
    name: &str,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<BranchName> {
    if let Some(short) = name.strip_prefix("refs/heads/") {
        reading.problems.push(
            place
                .problem(Code::InvalidName, "a branch is named without `refs/heads/`")
                .fix(format!("write `{short}`")),
        );
        return None;
    }
    if name.contains(['*', '?', '[']) {
        reading.problems.push(
            place
                .problem(
                    Code::InvalidName,
                    format!("`{name}` is a pattern, not a branch"),
                )
                .why("a lane follows one branch, so that it has one newest revision")
                .fix("name the branch; for many branches with an environment each, use previews"),
        );
        return None;
    }
    reading.named(BranchName::new(name), place)
}

impl TagShape {
    fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Trigger> {
        let (pattern, order) = match self {
            Self::Glob(text) => (tag_glob(text, place, reading)?, OrderShape::default()),
            Self::Map(map) => (map.pattern(place, reading)?, map.order),
        };
        let order = match order {
            OrderShape::Semver => TagOrder::Semver,
            OrderShape::Date => TagOrder::Date,
            OrderShape::Pushed => TagOrder::Pushed,
        };
        Some(Trigger::Tag { pattern, order })
    }
}

impl TagMap {
    fn pattern(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<TagPattern> {
        match (&self.glob, &self.regex) {
            (Some(text), None) => tag_glob(text, place.key("glob"), reading),
            (None, Some(text)) => tag_regex(text, place.key("regex"), reading),
            (Some(_), Some(_)) => {
                reading.problems.push(
                    place
                        .problem(Code::Contradiction, "`tag` has both a `glob` and a `regex`")
                        .fix("keep one of the two"),
                );
                None
            }
            (None, None) => {
                if !place.key("glob").is_written() && !place.key("regex").is_written() {
                    reading.problems.push(
                        place
                            .problem(Code::MissingKey, "`tag` has neither a `glob` nor a `regex`")
                            .fix("add `glob: \"release-*\"`"),
                    );
                }
                None
            }
        }
    }
}

fn tag_glob(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<TagPattern> {
    glob::check_tag(text, place, reading).then(|| TagPattern::Glob(text.to_owned()))
}

fn tag_regex(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<TagPattern> {
    match Regex::new(&format!("^(?:{text})$")) {
        Ok(regex) if !text.is_empty() => {
            // A pattern that takes the empty text only would never match: tags have names.
            if regex.as_str() == "^(?:^$)$" {
                reading.problems.push(
                    place
                        .problem(Code::Regex, "this expression can match no tag")
                        .fix("write one that matches a whole tag name, such as `v\\d+`"),
                );
                return None;
            }
            Some(TagPattern::Regex(text.to_owned()))
        }
        Ok(_) => {
            reading.problems.push(
                place
                    .problem(Code::Regex, "an empty expression can match no tag")
                    .fix("write one that matches a whole tag name, such as `v\\d+`"),
            );
            None
        }
        Err(error) => {
            let said = error.to_string();
            let last = said.lines().last().unwrap_or(&said);
            reading.problems.push(
                place
                    .problem(Code::Regex, format!("`{text}` is not a regular expression"))
                    .why(last.trim_start_matches("error: "))
                    .fix("correct it; it is matched against the whole tag name"),
            );
            None
        }
    }
}
