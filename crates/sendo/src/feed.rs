//! Follows a server's feed: says when to look again, through lost connections and restarts.
//!
//! The feed never says what changed, so changes that follow each other before somebody asks are one.

use std::time::Duration;

use reqwest::Response;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::cli::Failure;
use crate::client::Client;
use crate::exit::Exit;

/// How long to wait after a connection was lost, at first and at most.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// A line of the feed is shorter; more than that is no feed.
const LIMIT: usize = 64 * 1024;

/// What is heard of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something may have changed.
    Changed,
    /// The connection is gone, and is tried again after a while.
    Lost {
        /// Why.
        why: String,
        /// How long that is.
        wait: Duration,
    },
    /// The connection is back; what changed in between was not heard.
    Back,
}

/// A connection to a server's feed that is made again when it is lost.
pub struct Feed {
    news: mpsc::Receiver<Result<News, Failure>>,
}

impl Feed {
    /// Begins to listen, on the runtime this is called on, until it is dropped. The first news is
    /// that something may have changed: what was looked at before may be older.
    #[must_use]
    pub fn follow(client: &Client) -> Self {
        let (tell, news) = mpsc::channel(1);
        let client = client.clone();
        tokio::spawn(async move {
            tokio::select! { () = listen(&client, &tell) => {}, () = tell.closed() => {} }
        });
        Self { news }
    }

    /// Waits for what is heard next.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses, and would do so again.
    pub async fn next(&mut self) -> Result<News, Failure> {
        match self.news.recv().await {
            Some(news) => news,
            // After a refusal nothing more is heard.
            None => std::future::pending().await,
        }
    }
}

async fn listen(client: &Client, tell: &mpsc::Sender<Result<News, Failure>>) {
    let mut wait = FIRST;
    let mut heard = News::Changed;
    loop {
        let why = match client.events().await {
            Ok(response) => {
                wait = FIRST;
                if tell.send(Ok(heard)).await.is_err() {
                    return;
                }
                read(response, tell).await
            }
            Err(failure) if passes(&failure) => failure.what().to_owned(),
            Err(failure) => {
                // Nobody listens any more, if this cannot be told.
                let _ = tell.send(Err(failure)).await;
                return;
            }
        };
        heard = News::Back;
        if tell.send(Ok(News::Lost { why, wait })).await.is_err() {
            return;
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
}

/// Whether the same may go well a little later.
#[must_use]
pub fn passes(failure: &Failure) -> bool {
    matches!(
        failure.exit(),
        Exit::Unreachable | Exit::RateLimited | Exit::Failed
    )
}

/// Reads until the connection ends; gives why.
async fn read(mut response: Response, tell: &mpsc::Sender<Result<News, Failure>>) -> String {
    let mut line: Vec<u8> = Vec::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return "the server ended the connection".to_owned(),
            Err(_) => return "the connection to the server broke".to_owned(),
        };
        for byte in chunk {
            if byte != b'\n' {
                line.push(byte);
                continue;
            }
            // An event without data only greets. One that is not taken yet stands for this one, too.
            if line.starts_with(b"data:") {
                let _ = tell.try_send(Ok(News::Changed));
            }
            line.clear();
        }
        if line.len() > LIMIT {
            return "what answers there is not the feed of Sendo".to_owned();
        }
    }
}
