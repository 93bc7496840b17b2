//! Printing: whole lines, and on a terminal one passing line of progress.
//!
//! The only file that writes to standard output or standard error. A reader that went away (a closed pipe) is not
//! an error of ours, so failures to write are dropped here and nowhere else.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};

/// Where lines go, knowing whether a person looks at it.
pub(crate) struct Out {
    terminal: bool,
    to: RefCell<Box<dyn Write>>,
}

impl Out {
    pub(crate) fn stdout() -> Self {
        let stdout = std::io::stdout();
        Self {
            terminal: stdout.is_terminal(),
            to: RefCell::new(Box::new(stdout)),
        }
    }

    /// For a verb whose standard output is another program's.
    pub(crate) fn stderr() -> Self {
        let stderr = std::io::stderr();
        Self {
            terminal: stderr.is_terminal(),
            to: RefCell::new(Box::new(stderr)),
        }
    }

    /// Nobody reads along.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self {
            terminal: false,
            to: RefCell::new(Box::new(std::io::sink())),
        }
    }

    /// Writes a line that stays.
    pub(crate) fn line(&self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// Shows a line until the next one is written; nothing where nobody looks.
    pub(crate) fn passing(&self, text: &str) {
        if self.terminal {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
            self.write(&shown);
        }
    }

    fn write(&self, text: &str) {
        let mut to = self.to.borrow_mut();
        let over = if self.terminal { "\r\x1b[K" } else { "" };
        let _ = write!(to, "{over}{text}");
        let _ = to.flush();
    }
}
