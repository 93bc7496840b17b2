//! The one HTTP client: no redirects, short time-outs. Only Slack's Web API has its answers read.

use std::time::Duration;

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
