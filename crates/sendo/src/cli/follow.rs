//! Looking again whenever a server's feed says so, for the verbs that go on until Ctrl-C.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::{Failure, Outcome};
use crate::client::Client;
use crate::exit::Exit;
use crate::feed::{Feed, News, passes};
use crate::lifecycle;

/// Looks are at least this far apart: at most four a second.
const PACE: Duration = Duration::from_millis(250);
/// A look that failed is tried again after this, even if the feed says nothing.
const AGAIN: Duration = Duration::from_secs(5);

/// What is followed.
pub(super) trait Follow {
    /// Looks at the server, and shows what is new; gives how to end once nothing more is to come.
    async fn look(&mut self) -> Result<Option<Exit>, Failure>;

    /// Says that the server is out of reach, and why, or that it is back.
    fn trouble(&mut self, why: Option<&str>);

    /// The terminal has another size.
    fn resized(&mut self) {}
}

/// Looks at once, and then at every change. Ctrl-C ends it with 130.
pub(super) async fn follow(client: &Client, what: &mut impl Follow) -> Outcome {
    let stop = lifecycle::stop_on_signals();
    tokio::select! {
        () = stop.cancelled() => Ok(Exit::Interrupted),
        ended = look_on(client, what) => ended,
    }
}

async fn look_on(client: &Client, what: &mut impl Follow) -> Outcome {
    if let Some(exit) = what.look().await? {
        return Ok(exit);
    }
    let mut feed = Feed::follow(client);
    let mut sizes = signal(SignalKind::window_change()).map_err(|error| {
        Failure::new(Exit::Failed, "signals", "this machine gives no signals")
            .why(error.to_string())
    })?;
    let mut failed = false;
    loop {
        let news = tokio::select! {
            _ = sizes.recv() => {
                what.resized();
                continue;
            }
            () = sleep(AGAIN), if failed => News::Changed,
            news = feed.next() => news?,
        };
        match news {
            News::Lost { why, wait } => {
                let seconds = wait.as_secs();
                what.trouble(Some(&format!("{why}; it is tried again in {seconds} s")));
                continue;
            }
            News::Back => what.trouble(None),
            News::Changed => {}
        }
        let looked = match what.look().await {
            Ok(Some(exit)) => return Ok(exit),
            Ok(None) => None,
            Err(failure) if passes(&failure) => Some(failure),
            Err(failure) => return Err(failure),
        };
        if let Some(failure) = &looked
            && !failed
        {
            let (why, seconds) = (failure.what(), AGAIN.as_secs());
            what.trouble(Some(&format!("{why}; it is tried again every {seconds} s")));
        } else if looked.is_none() && failed {
            what.trouble(None);
        }
        failed = looked.is_some();
        sleep(PACE).await;
    }
}
