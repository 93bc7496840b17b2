//! The one HTTP client: no redirects, short time-outs, answers read up to a limit.

use std::time::Duration;

/// An answer's body is read up to this many bytes; the rest is dropped.
const MOST_BODY: usize = 64 * 1024;

/// Makes the client.
///
/// # Errors
/// When the TLS roots of this machine cannot be read.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(15))
        .user_agent(concat!("sendo/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The beginning of an answer's body, for an error message.
pub async fn excerpt(mut response: reqwest::Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MOST_BODY {
            break;
        }
    }
    String::from_utf8_lossy(&body)
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}
