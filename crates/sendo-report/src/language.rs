//! The languages Sendo speaks, and how a reader's wish is read from a locale or a browser.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language of the reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// A language Sendo does not speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLanguage(pub String);

impl std::fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown language `{}`; use `en` or `ja`", self.0)
    }
}

impl std::error::Error for UnknownLanguage {}

impl Language {
    /// Every language, for tables and tests.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// The language's tag, as HTML and the configuration write it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// Of the same in both languages, the one that is read.
    #[must_use]
    pub fn choose<T>(self, en: T, ja: T) -> T {
        match self {
            Self::En => en,
            Self::Ja => ja,
        }
    }

    /// From a POSIX locale such as `ja_JP.UTF-8`; anything unknown is English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        Self::from_primary(locale.split(['_', '.', '@']).next().unwrap_or_default())
            .unwrap_or_default()
    }

    /// From an `Accept-Language` header: the best weighted language we speak, else English.
    #[must_use]
    pub fn from_accept(header: &str) -> Self {
        let mut best: Option<(u32, Self)> = None;
        for range in header.split(',').take(32) {
            let mut parts = range.trim().split(';');
            let tag = parts.next().unwrap_or_default();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1_000, thousandths);
            let primary = tag.split('-').next().unwrap_or_default();
            if let Some(language) = Self::from_primary(primary)
                && weight > 0
                && best.is_none_or(|(so_far, _)| weight > so_far)
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language).unwrap_or_default()
    }

    fn from_primary(tag: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| tag.trim().eq_ignore_ascii_case(language.tag()))
    }
}

/// A quality value such as `0.8` in thousandths; anything unreadable counts as zero.
fn thousandths(quality: &str) -> u32 {
    match quality.trim().parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => (value * 1_000.0).round() as u32,
        _ => 0,
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(value: &str) -> Result<Self, UnknownLanguage> {
        Self::from_primary(value).ok_or_else(|| UnknownLanguage(value.chars().take(40).collect()))
    }
}
