//! `sendo login`: a link that signs a browser in as whoever has this token.

use sendo_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo login
  sendo login --server https://sendo.example.com
  sendo login -o json

The link is good once, for five minutes, and whoever opens it acts as you: give it to nobody.")]
pub(super) struct Args {
    #[command(flatten)]
    connect: Connect,
}

/// A link as the server tells it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) url: String,
    principal: String,
    expires_at: Timestamp,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let link = lifecycle::block_on(ask(&client))??;
    if out.for_programs() {
        out.value(&link);
    } else {
        out.line(&link.url);
        out.note(&format!(
            "open it in a browser: it signs in as {}, once, within five minutes",
            link.principal
        ));
    }
    Ok(Exit::Ok)
}

/// Asks the server for a link.
///
/// # Errors
/// [`Failure`] when the server does not answer or knows no such token.
pub(super) async fn ask(client: &Client) -> Result<Link, Failure> {
    client.post("/api/v1/sign-in-links", &json!({}), None).await
}
