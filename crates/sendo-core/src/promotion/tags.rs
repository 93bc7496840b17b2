//! Which tags a rule means, and which of two is newer.

use globset::GlobBuilder;
use regex::Regex;

use super::rules::{TagOrder, TagPattern};
use crate::effect::Found;
use crate::names::{Revision, TagName};

/// The pattern as it was written.
#[must_use]
pub fn pattern_text(pattern: &TagPattern) -> &str {
    match pattern {
        TagPattern::Glob(text) | TagPattern::Regex(text) => text,
    }
}

/// Whether a tag is one the pattern means. Both forms match the whole name or not at all.
#[must_use]
pub fn tag_matches(pattern: &TagPattern, tag: &TagName) -> bool {
    matcher(pattern)(tag.as_str())
}

/// The pattern, compiled once for many tags. One that cannot be compiled matches nothing.
pub(super) fn matcher(pattern: &TagPattern) -> Box<dyn Fn(&str) -> bool> {
    match pattern {
        TagPattern::Glob(glob) => match GlobBuilder::new(glob)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
        {
            Ok(glob) => {
                let glob = glob.compile_matcher();
                Box::new(move |tag| glob.is_match(tag))
            }
            Err(_) => Box::new(|_| false),
        },
        // It must be whole by itself: `a)|(?:b` would break out of the anchors.
        TagPattern::Regex(text) => match (Regex::new(text), Regex::new(&format!("^(?:{text})$"))) {
            (Ok(_), Ok(regex)) => Box::new(move |tag| regex.is_match(tag)),
            _ => Box::new(|_| false),
        },
    }
}

/// The text every matching tag starts with; empty when there is none.
#[must_use]
pub fn literal_prefix(pattern: &TagPattern) -> &str {
    let (text, special) = match pattern {
        TagPattern::Glob(text) => (text, "*?[{\\"),
        TagPattern::Regex(text) => (text, "\\.+*?()|[]{}^$"),
    };
    let end = text.find(|c| special.contains(c)).unwrap_or(text.len());
    let prefix = &text[..end];
    // A quantifier or alternative makes what stands before it optional.
    match (pattern, text[end..].chars().next()) {
        (TagPattern::Regex(_), Some('?' | '*' | '{')) => {
            let keep = prefix.char_indices().next_back().map_or(0, |(at, _)| at);
            &prefix[..keep]
        }
        (TagPattern::Regex(text), _) if text.contains('|') => "",
        _ => prefix,
    }
}

/// A tag as the order `pushed` remembers it; one that was moved is a new one.
pub(super) fn remembered(found: &Found) -> Option<String> {
    let tag = found.tag.as_ref()?;
    Some(format!("{tag} {}", found.revision))
}

/// The newest of the tags a pattern means. `known` are those remembered from the last look,
/// `considered` is the revision that was decided on then.
pub(super) fn newest(
    found: &[Found],
    pattern: &TagPattern,
    order: TagOrder,
    known: &[String],
    considered: Option<&Revision>,
) -> Option<Found> {
    let means = matcher(pattern);
    let prefix = literal_prefix(pattern);
    let meant = found
        .iter()
        .filter_map(|f| f.tag.as_ref().map(|tag| (f, tag.as_str())))
        .filter(|(_, tag)| means(tag));
    let by_date = |(f, tag): &(&Found, &str)| (f.created_at, (*tag).to_owned());
    let newest = match order {
        TagOrder::Date => meant.max_by_key(by_date),
        // What is no version cannot be newer than one.
        TagOrder::Semver => meant
            .filter_map(|(f, tag)| {
                let version = Version::read(tag.strip_prefix(prefix).unwrap_or(tag))?;
                Some((version, (f, tag)))
            })
            .max_by_key(|(version, meant)| (version.clone(), by_date(meant)))
            .map(|(_, meant)| meant),
        // Of those already heard of, the one decided on stays the newest, whatever its date.
        TagOrder::Pushed => {
            let fresh =
                |f: &Found| remembered(f).is_some_and(|tag| known.binary_search(&tag).is_err());
            meant
                .filter(|(f, _)| fresh(f) || considered == Some(&f.revision))
                .max_by_key(|meant| (fresh(meant.0), by_date(meant)))
        }
    };
    newest.map(|(f, _)| f.clone())
}

/// A semantic version, lenient about how many numbers it has and a leading `v`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: Vec<u64>,
    released: bool,
    pre: Vec<Part>,
}

/// A part of a pre-release: numbers come before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Version {
    fn read(text: &str) -> Option<Self> {
        let text = text.split('+').next().unwrap_or(text);
        let text = text.strip_prefix('v').unwrap_or(text);
        let (core, pre) = text
            .split_once('-')
            .map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut numbers = core
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<Vec<u64>>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let part = |p: &str| {
            p.parse()
                .map_or_else(|_| Part::Word(p.to_owned()), Part::Number)
        };
        Some(Self {
            numbers,
            released: pre.is_none(),
            pre: pre.map_or_else(Vec::new, |pre| pre.split('.').map(part).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_semantic_versions_do() {
        let inorder = [
            "0.9",
            "v1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "v1.0.1",
            "1.9.0",
            "1.10.0",
            "1.10.0.1",
            "2",
        ];
        for pair in inorder.windows(2) {
            assert!(Version::read(pair[0]) < Version::read(pair[1]), "{pair:?}");
        }
        assert_eq!(Version::read("1.2"), Version::read("1.2.0+build.7"));
        for none in ["", "latest", "1.x", "1..2", "99999999999999999999999"] {
            assert_eq!(Version::read(none), None, "{none}");
        }
    }

    #[test]
    fn a_pattern_matches_the_whole_tag_or_not_at_all() {
        let glob = |text: &str| TagPattern::Glob(text.into());
        let regex = |text: &str| TagPattern::Regex(text.into());
        for (pattern, tag, expected) in [
            (glob("release-*"), "release-1", true),
            (glob("release-*"), "not-a-release-x", false),
            (glob("release-*"), "release-1/x", false),
            (glob("release/*"), "release/1.2", true),
            (glob("release/**"), "release/1/2", true),
            (regex(r"v\d+"), "v12", true),
            (regex(r"v\d+"), "v12-rc", false),
            (regex(r"v\d+"), "dev12", false),
            (regex("a|b"), "b", true),
            (regex("a|b"), "ab", false),
            (regex("a)|(?:b"), "a-anything", false),
            (regex("("), "(", false),
            (glob("["), "[", false),
        ] {
            let tag = TagName::new(tag);
            assert_eq!(
                tag.map(|tag| tag_matches(&pattern, &tag)).unwrap_or(false),
                expected,
                "{pattern:?}"
            );
        }
    }

    #[test]
    fn the_literal_prefix_is_what_every_match_starts_with() {
        for (pattern, prefix) in [
            (TagPattern::Glob("release-*".into()), "release-"),
            (TagPattern::Glob("*".into()), ""),
            (TagPattern::Regex(r"app-v\d+".into()), "app-v"),
            (TagPattern::Regex("ab?c".into()), "a"),
            (TagPattern::Regex("éb*".into()), "é"),
            (TagPattern::Regex("ab+".into()), "ab"),
            (TagPattern::Regex("ab|c".into()), ""),
        ] {
            assert_eq!(literal_prefix(&pattern), prefix, "{pattern:?}");
        }
    }
}
