//! What is wrong with a configuration, where, why, and what to do about it.
//!
//! Owns the error type of the whole folder and how it is shown: `file:line:column`, the line
//! itself with the culprit underlined, the reason and the fix.

use std::fmt::{self, Write as _};

use super::source::{FileId, Sources};

/// A place in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// Which file.
    pub(crate) file: FileId,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// First byte.
    pub(crate) start: usize,
    /// Length in bytes; 0 when unknown.
    pub(crate) len: usize,
}

impl Span {
    /// The start of a file, for what concerns all of it.
    pub(crate) const fn start_of(file: FileId) -> Self {
        Self {
            file,
            line: 1,
            column: 1,
            start: 0,
            len: 0,
        }
    }

    /// The text at this place.
    pub(crate) fn slice(self, text: &str) -> Option<&str> {
        text.get(self.start..self.start + self.len)
            .filter(|slice| !slice.is_empty())
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident => $code:literal,)*) => {
        /// What kind of problem, for machines.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[doc = $doc])+ $name,)* }

        impl Code {
            /// The stable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Every code with its meaning, for the reference.
            pub const ALL: &'static [(&'static str, &'static str)] =
                &[$(($code, concat!($($doc),+)),)*];
        }
    };
}

codes! {
    /// There is no such file.
    MissingFile => "missing_file",
    /// The file cannot be read.
    Unreadable => "unreadable",
    /// The file is not UTF-8.
    Encoding => "encoding",
    /// The file is too large or too repetitive.
    TooLarge => "too_large",
    /// The file is not YAML.
    Syntax => "syntax",
    /// A key is there twice, in one file or in two.
    DuplicateKey => "duplicate_key",
    /// A key nobody knows.
    UnknownKey => "unknown_key",
    /// A key is missing.
    MissingKey => "missing_key",
    /// A value of another type is needed.
    WrongType => "wrong_type",
    /// The value is not one of those allowed.
    UnknownValue => "unknown_value",
    /// A name does not follow its rules.
    InvalidName => "invalid_name",
    /// A value is out of its range or badly written.
    InvalidValue => "invalid_value",
    /// A name that is defined nowhere.
    UnknownName => "unknown_name",
    /// Environments wait for each other.
    Cycle => "cycle",
    /// Two rules claim the same lane.
    LaneTwice => "lane_twice",
    /// Two lanes write the same value.
    SameTarget => "same_target",
    /// A glob that is wrong or can match nothing.
    Glob => "glob",
    /// A regular expression that is wrong.
    Regex => "regex",
    /// A template that is wrong or empty.
    Template => "template",
    /// A reference to a secret where none may be.
    Interpolation => "interpolation",
    /// A secret written in the open.
    PlainSecret => "plain_secret",
    /// A secret that is not there.
    MissingSecret => "missing_secret",
    /// Two settings contradict each other.
    Contradiction => "contradiction",
    /// A listener others can reach, without sign-in.
    OpenListener => "open_listener",
    /// Something this version does not do.
    Unsupported => "unsupported",
}

/// One problem.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) at: Span,
    what: String,
    why: Option<String>,
    fix: Option<String>,
    related: Option<(Span, String)>,
}

impl Problem {
    /// What is wrong, and where.
    pub(crate) fn new(code: Code, at: Span, what: impl Into<String>) -> Self {
        Self {
            code,
            at,
            what: what.into(),
            why: None,
            fix: None,
            related: None,
        }
    }

    /// Why it is wrong.
    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// What to do about it.
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Another place that has to do with it.
    pub(crate) fn related(mut self, at: Span, what: impl Into<String>) -> Self {
        self.related = Some((at, what.into()));
        self
    }

    /// The problem as it leaves this folder, with the names and lines of files written out.
    pub(crate) fn shown(self, sources: &Sources) -> ConfigError {
        let file = |id: FileId| {
            sources
                .files
                .get(id.0)
                .map_or_else(String::new, |file| file.path.display().to_string())
        };
        let line = |at: Span| {
            sources
                .files
                .get(at.file.0)
                .and_then(|file| file.text.lines().nth(at.line - 1))
                .map(str::to_owned)
        };
        let width = sources
            .files
            .get(self.at.file.0)
            .and_then(|file| self.at.slice(&file.text))
            .map_or(1, |slice| {
                slice
                    .lines()
                    .next()
                    .map_or(1, |l| l.trim_end().chars().count().max(1))
            });
        ConfigError {
            code: self.code,
            file: file(self.at.file),
            line: self.at.line,
            column: self.at.column,
            what: self.what,
            why: self.why,
            fix: self.fix,
            excerpt: line(self.at),
            width,
            related: self
                .related
                .map(|(at, what)| (format!("{}:{}:{}", file(at.file), at.line, at.column), what)),
        }
    }
}

/// One problem of a configuration, ready to be shown.
#[derive(Debug, Clone)]
pub struct ConfigError {
    /// What kind.
    pub code: Code,
    /// In which file.
    pub file: String,
    /// On which line, from 1.
    pub line: usize,
    /// At which character, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// Why.
    pub why: Option<String>,
    /// What to do.
    pub fix: Option<String>,
    excerpt: Option<String>,
    width: usize,
    related: Option<(String, String)>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}:{}:{}: {} [{}]",
            self.file,
            self.line,
            self.column,
            self.what,
            self.code.as_str()
        )?;
        if let Some(excerpt) = self
            .excerpt
            .as_deref()
            .filter(|line| !line.trim().is_empty())
        {
            let (excerpt, column) = windowed(excerpt, self.column);
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let room = excerpt.chars().count().saturating_sub(column - 1).max(1);
            writeln!(f, " {number} | {excerpt}")?;
            let mut pad = String::new();
            for c in excerpt.chars().take(column - 1) {
                // Wide characters take two columns on a terminal.
                pad.push_str(if c == '\t' {
                    "\t"
                } else if c > '\u{2e7f}' {
                    "  "
                } else {
                    " "
                });
            }
            writeln!(f, " {gutter} | {pad}{}", "^".repeat(self.width.min(room)))?;
        }
        if let Some(why) = &self.why {
            writeln!(f, "  why: {why}")?;
        }
        if let Some((place, what)) = &self.related {
            writeln!(f, "  see: {place}: {what}")?;
        }
        if let Some(fix) = &self.fix {
            writeln!(f, "  fix: {fix}")?;
        }
        Ok(())
    }
}

/// The part of a long line around a column, and the column in it.
fn windowed(line: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 120;
    if line.chars().count() <= WIDTH {
        return (line.to_owned(), column);
    }
    let from = column.saturating_sub(WIDTH / 3);
    let cut: String = line.chars().skip(from).take(WIDTH).collect();
    (cut, column - from)
}

/// Everything that is wrong with a configuration, in the order of the files.
#[derive(Debug, Clone)]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// How many problems does a person want to read at once?
const SHOWN: usize = 50;

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for error in self.0.iter().take(SHOWN) {
            writeln!(out, "{error}")?;
        }
        if self.0.len() > SHOWN {
            writeln!(out, "… and {} more", self.0.len() - SHOWN)?;
        }
        f.write_str(out.trim_end())
    }
}

impl std::error::Error for ConfigErrors {}

impl ConfigErrors {
    /// Orders the problems, says once what is said at the same place twice.
    pub(crate) fn from_problems(mut problems: Vec<Problem>, sources: &Sources) -> Self {
        problems.sort_by_key(|problem| (problem.at.file, problem.at.line, problem.at.column));
        problems.dedup_by(|b, a| {
            (a.at, a.code) == (b.at, b.code) && (a.what == b.what || a.fix == b.fix)
        });
        Self(
            problems
                .into_iter()
                .map(|problem| problem.shown(sources))
                .collect(),
        )
    }
}
