//! Paths into a manifest.
//!
//! Owns the grammar and its text form. It does not know about files.

use std::fmt;
use std::str::FromStr;

use crate::error::EditError;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.key`: the value under a key of a mapping.
    Key(String),
    /// `[0]`: an item of a list, counted from 0.
    Index(usize),
    /// `[name=web]`: the one item of a list of mappings whose key has this value.
    Where {
        /// The key.
        key: String,
        /// Its value, compared as text.
        value: String,
    },
}

/// A place in a manifest, such as `.images[name=web].newTag`.
///
/// A path is a sequence of `.key`, `[index]` and `[key=value]`. Keys and values with other
/// characters than letters, digits, `_`, `-`, `/`, `$`, `@` and `+` are written in double quotes,
/// with `\"` and `\\` inside them: `."a.b"`, `[name="a]b"]`. Values may also contain `.` and `:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

impl Path {
    /// A path of the given steps, of which there must be at least one to be of use.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
        }
    }

    /// The steps from the root on.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The text of the first `count` steps.
    pub(crate) fn prefix(&self, count: usize) -> String {
        if count == 0 {
            return "the document".to_owned();
        }
        self.steps
            .iter()
            .take(count)
            .map(ToString::to_string)
            .collect()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| step.fmt(f))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, ".{}", Word(key, "")),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Where { key, value } => write!(f, "[{}={}]", Word(key, ""), Word(value, ".:")),
        }
    }
}

fn is_bare(c: char, extra: &str) -> bool {
    c.is_alphanumeric() || "_-/$@+".contains(c) || extra.contains(c)
}

/// A key or value, quoted where it must be.
struct Word<'a>(&'a str, &'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_empty() && self.0.chars().all(|c| is_bare(c, self.1)) {
            return f.write_str(self.0);
        }
        write!(
            f,
            "\"{}\"",
            self.0.replace('\\', "\\\\").replace('"', "\\\"")
        )
    }
}

impl FromStr for Path {
    type Err = EditError;

    fn from_str(text: &str) -> Result<Self, EditError> {
        let mut reader = Reader { text, at: 0 };
        let mut steps = Vec::new();
        while reader.at < text.len() {
            steps.push(reader.step()?);
        }
        if steps.is_empty() {
            Err(reader.invalid("it is empty"))
        } else {
            Ok(Self { steps })
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn invalid(&self, detail: &'static str) -> EditError {
        let column = self.text[..self.at].chars().count() + 1;
        EditError::InvalidPath {
            text: self.text.to_owned(),
            detail,
            column,
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn take(&mut self, mark: &str) -> bool {
        let taken = self.rest().starts_with(mark);
        if taken {
            self.at += mark.len();
        }
        taken
    }

    fn step(&mut self) -> Result<Step, EditError> {
        if self.take(".") {
            return Ok(Step::Key(self.word("")?));
        }
        if !self.take("[") {
            return Err(self.invalid("a step starts with `.` or `[`"));
        }
        let quoted = self.rest().starts_with('"');
        let key = self.word("")?;
        let step = if self.take("=") {
            Step::Where {
                key,
                value: self.word(".:")?,
            }
        } else if quoted {
            Step::Key(key)
        } else {
            let index = key
                .parse()
                .map_err(|_| self.invalid("an index is a number from 0 on"))?;
            Step::Index(index)
        };
        if self.take("]") {
            Ok(step)
        } else {
            Err(self.invalid("`]` is missing"))
        }
    }

    fn word(&mut self, extra: &str) -> Result<String, EditError> {
        if !self.take("\"") {
            let rest = self.rest();
            let len = rest.find(|c| !is_bare(c, extra)).unwrap_or(rest.len());
            let word = rest[..len].to_owned();
            self.at += len;
            return if word.is_empty() {
                Err(self.invalid("a key is missing"))
            } else {
                Ok(word)
            };
        }
        let mut word = String::new();
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices() {
            match c {
                '\\' if !escaped => escaped = true,
                '"' if !escaped => {
                    self.at += offset + 1;
                    return Ok(word);
                }
                c => {
                    word.push(c);
                    escaped = false;
                }
            }
        }
        Err(self.invalid("the closing quote is missing"))
    }
}
