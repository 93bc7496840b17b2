//! Printing: data on standard output, everything else on standard error.
//!
//! The only file that writes to either. A reader that went away (a closed pipe) is not an error of
//! ours, so failures to write are dropped here and nowhere else.

use std::io::{IsTerminal, Write};

use serde::Serialize;

/// How data is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document.
    Json,
}

/// Where lines go, and how much of them.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    output: Output,
    quiet: bool,
    colour: bool,
}

impl Out {
    /// For these wishes of a person, and what the terminal can do.
    #[must_use]
    pub fn new(output: Output, quiet: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            output,
            quiet,
            colour: !plain && std::io::stdout().is_terminal(),
        }
    }

    /// Whether programs read along.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    /// Whether data may be coloured.
    #[must_use]
    pub const fn colour(&self) -> bool {
        self.colour
    }

    /// How many columns there are for data; 100 where nobody says.
    #[must_use]
    pub fn width(&self) -> usize {
        let columns = std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok());
        columns.unwrap_or_else(|| match rustix::termios::tcgetwinsize(std::io::stdout()) {
            Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
            _ => 100,
        })
    }

    /// Prints data as it is.
    pub fn data(&self, text: &str) {
        let mut to = std::io::stdout().lock();
        let _ = to.write_all(text.as_bytes());
        let _ = to.flush();
    }

    /// Prints a line of data.
    pub fn line(&self, text: &str) {
        self.data(&format!("{text}\n"));
    }

    /// Tells a story as it happens: to people on standard output, out of the way of JSON.
    pub fn tell(&self, text: &str) {
        if self.is_json() {
            self.note(text);
        } else {
            self.line(text);
        }
    }

    /// Prints one JSON document.
    pub fn json<T: Serialize>(&self, value: &T) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(&text),
            Err(error) => self.error(&format!("this cannot be written as JSON: {error}")),
        }
    }

    /// Tells a person something that is neither data nor an error; not with `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            write_error(text);
        }
    }

    /// Tells a person at a terminal how far something is, on a line that the next word replaces.
    pub fn passing(&self, text: &str) {
        if self.shows_passing() {
            let mut to = std::io::stderr().lock();
            let _ = write!(to, "\r\x1b[K{text}");
            let _ = to.flush();
        }
    }

    /// Clears that line.
    pub fn passed(&self) {
        self.passing("");
    }

    fn shows_passing(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Tells a person what went wrong.
    pub fn error(&self, text: &str) {
        write_error(text);
    }
}

/// Writes lines to standard error.
pub(crate) fn write_error(text: &str) {
    let mut to = std::io::stderr().lock();
    let _ = writeln!(to, "{}", text.trim_end_matches('\n'));
}
