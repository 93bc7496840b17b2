//! `sendo status --watch`: the river as it flows. At a terminal it is drawn anew in its place;
//! elsewhere each change is a line, and for programs a document.

use sendo_core::view::BoardView;
use sendo_report::terminal::{self, changes, is_same};

use super::super::follow::{Follow, follow};
use super::super::{Failure, Outcome};
use super::{drawn, language};
use crate::client::Client;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::{Out, Screen};

/// Shows the board at every change until Ctrl-C.
pub(super) fn run(client: &Client, out: &Out) -> Outcome {
    let mut watch = Watch {
        client,
        out,
        board: None,
        trouble: None,
        screen: None,
    };
    lifecycle::block_on(follow(client, &mut watch))?
}

struct Watch<'a> {
    client: &'a Client,
    out: &'a Out,
    /// What was shown last.
    board: Option<BoardView>,
    trouble: Option<String>,
    screen: Option<Screen>,
}

impl Follow for Watch<'_> {
    async fn look(&mut self) -> Result<Option<Exit>, Failure> {
        let board: BoardView = self.client.get("/api/v1/board").await?;
        let before = self.board.replace(board);
        if self.out.redraws() {
            self.draw();
            return Ok(None);
        }
        let Some(board) = &self.board else {
            return Ok(None);
        };
        if before.as_ref().is_some_and(|before| is_same(before, board)) {
            return Ok(None);
        }
        let is_read = if self.out.for_programs() {
            self.out.document(board)
        } else {
            let lines = changes(before.as_ref(), board, language(), self.out.colour());
            lines.iter().all(|line| self.out.next_line(line))
        };
        Ok((!is_read).then_some(Exit::Ok))
    }

    fn trouble(&mut self, why: Option<&str>) {
        self.trouble = why.map(ToOwned::to_owned);
        if self.out.redraws() {
            self.draw();
        } else {
            self.out.note(why.unwrap_or("the server is back"));
        }
    }

    fn resized(&mut self) {
        if self.out.redraws() {
            self.draw();
        }
    }
}

impl Watch<'_> {
    fn draw(&mut self) {
        let Some(board) = &self.board else {
            return;
        };
        let below = match &self.trouble {
            Some(why) => format!("✗ {why}"),
            None => terminal::watch_ends(language()).to_owned(),
        };
        let screen = self.screen.get_or_insert_with(|| self.out.screen());
        let more = |lines| terminal::more_lines(lines, language());
        screen.draw(&drawn(board, self.out), &below, more);
    }
}
