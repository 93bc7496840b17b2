//! Printing: data on standard output, everything else on standard error.
//!
//! The only file that writes to either. A reader that went away (a closed pipe) is not an error of
//! ours, so that is dropped here and nowhere else. Data that could not be written for another reason,
//! such as a full disk, is kept in mind: whoever ran the verb believes they have it.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use serde::Serialize;

/// Why data did not reach standard output, the first time. A process has one standard output, and
/// whichever verb wrote to it, it is the end of the process that tells.
static LOST: OnceLock<String> = OnceLock::new();

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

    /// Whether a person sees what is printed as it is.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
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

    /// Whether data can be drawn over what was drawn before.
    #[must_use]
    pub fn redraws(&self) -> bool {
        let moves = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        moves && !self.for_programs() && std::io::stdout().is_terminal()
    }

    /// A screen of its own, until it is dropped.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.data(ENTER);
        Screen { out: *self }
    }

    /// Prints data as it is.
    pub fn data(&self, text: &str) {
        self.reaches(text);
    }

    /// Prints a line of data.
    pub fn line(&self, text: &str) {
        self.data(&format!("{text}\n"));
    }

    /// Prints one of many lines of data; whether somebody still reads them.
    pub fn next_line(&self, text: &str) -> bool {
        self.reaches(&format!("{text}\n"))
    }

    fn reaches(&self, text: &str) -> bool {
        let mut to = std::io::stdout().lock();
        let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        written.map_err(note_lost).is_ok()
    }

    /// Why data that was to be printed is lost, if any is.
    #[must_use]
    pub fn lost(&self) -> Option<&'static str> {
        LOST.get().map(String::as_str)
    }

    /// Prints one of many values for programs: JSON on one line, YAML as a document; whether
    /// somebody still reads it.
    pub fn document<T: Serialize>(&self, value: &T) -> bool {
        let written = match self.output {
            Output::Yaml => yaml(value).map(|text| format!("---\n{}", text.trim_end_matches('\n'))),
            _ => serde_json::to_string(value).map_err(|error| error.to_string()),
        };
        match written {
            Ok(text) => self.next_line(&text),
            Err(error) => {
                self.unwritable(&error);
                true
            }
        }
    }

    /// Tells a story as it happens: to people on standard output, out of the way of data.
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
            Err(error) => self.unwritable(&error),
        }
    }

    fn unwritable(&self, error: &str) {
        self.error(&format!("this cannot be written: {error}"));
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

/// Another screen than the one with the command line, without a cursor, where what is too long for a
/// line ends with it; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/// The terminal's second screen. Dropping it leaves the first one as it was.
#[derive(Debug)]
pub struct Screen {
    out: Out,
}

impl Screen {
    /// Draws a text, as much of it as there is room for, and a line below it; `more` words how many
    /// lines there was no room for.
    pub fn draw(&self, text: &str, below: &str, more: impl FnOnce(usize) -> String) {
        let rows = match rustix::termios::tcgetwinsize(std::io::stdout()) {
            Ok(size) if size.ws_row > 1 => usize::from(size.ws_row),
            _ => 24,
        };
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let room = rows.saturating_sub(2);
        let mut frame = "\x1b[H".to_owned();
        for line in lines.iter().take(room) {
            frame += &format!("{line}\x1b[K\n");
        }
        let below: String = below.chars().take(self.out.width()).collect();
        let rest = lines.len().saturating_sub(room);
        let more = if rest > 0 { more(rest) } else { String::new() };
        frame += &format!("{more}\x1b[K\n{below}\x1b[J");
        self.out.data(&frame);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.out.data(LEAVE);
    }
}

/// What JSON would say, as YAML. Text is quoted and never folded, so that it is read back as it was.
pub(crate) fn yaml<T: Serialize>(value: &T) -> Result<String, String> {
    let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(&value, options).map_err(|error| error.to_string())
}

/// Keeps in mind that data did not reach its reader, unless the reader left.
pub(crate) fn note_lost(error: std::io::Error) {
    if error.kind() != ErrorKind::BrokenPipe {
        // Only the first counts.
        let _ = LOST.set(error.to_string());
    }
}

/// Writes lines to standard error.
pub(crate) fn write_error(text: &str) {
    let mut to = std::io::stderr().lock();
    let _ = writeln!(to, "{}", text.trim_end_matches('\n'));
}
