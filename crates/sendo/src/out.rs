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
    /// For people with room: tables have every column, and nothing is cut off.
    Wide,
    /// For programs: one JSON document.
    Json,
    /// For programs: the same value as YAML.
    Yaml,
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
    pub const fn for_programs(&self) -> bool {
        matches!(self.output, Output::Json | Output::Yaml)
    }

    /// Whether tables are to have every column.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        matches!(self.output, Output::Wide)
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

    /// Tells a story as it happens: to people on standard output, out of the way of data for programs.
    pub fn tell(&self, text: &str) {
        if self.for_programs() {
            self.note(text);
        } else {
            self.line(text);
        }
    }

    /// Prints a value for programs: as YAML where that is asked for, else as JSON.
    pub fn value<T: Serialize>(&self, value: &T) {
        let written = match self.output {
            Output::Yaml => yaml(value),
            _ => serde_json::to_string_pretty(value).map_err(|error| error.to_string()),
        };
        match written {
            Ok(text) => self.line(text.trim_end_matches('\n')),
            Err(error) => self.error(&format!("this cannot be written: {error}")),
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

/// What JSON would say, as YAML. Text is quoted and never folded, so that it is read back as it was.
pub(crate) fn yaml<T: Serialize>(value: &T) -> Result<String, String> {
    let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(&value, options).map_err(|error| error.to_string())
}

/// Writes lines to standard error.
pub(crate) fn write_error(text: &str) {
    let mut to = std::io::stderr().lock();
    let _ = writeln!(to, "{}", text.trim_end_matches('\n'));
}
