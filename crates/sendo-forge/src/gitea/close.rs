//! Closing a change request with a last word.

use reqwest::Method;
use sendo_core::effect::Outcome;
use sendo_core::names::Repository;
use serde_json::json;

use super::approve::who;
use super::client::Client;
use super::pulls;
use super::shapes::{Pull, Turn};
use crate::error::ForgeError;

/// Says why, then closes. One that has ended stays as it is, and what was said is not said again.
pub(super) async fn close(
    client: &Client,
    repository: &Repository,
    number: u64,
    why: &str,
) -> Result<Outcome, ForgeError> {
    let pull = pulls::read(client, repository, number).await?;
    if !pull.is_open() {
        return Ok(Outcome::Closed);
    }
    if !why.trim().is_empty() && !is_said(client, repository, number, why).await? {
        let ask = pulls::ask_issue("comment on", repository, number, &["comments"])?;
        let body = json!({ "body": why });
        let answer = client.change(Method::POST, &ask, Some(body)).await?;
        answer.accepted(&ask)?.json::<Turn>(&ask)?;
    }
    let ask = pulls::ask("close", repository, number, &[])?;
    let body = json!({ "state": "closed" });
    let answer = client.change(Method::PATCH, &ask, Some(body)).await?;
    match answer.status() {
        // Merged since we looked.
        412 => Ok(Outcome::Closed),
        _ => {
            let pull: Pull = answer.accepted(&ask)?.json(&ask)?;
            if pull.is_open() {
                let what = &ask.what;
                return Err(ForgeError::trouble(
                    "not_closed",
                    format!("could not {what}: it says that it did, and shows it as open"),
                ));
            }
            Ok(Outcome::Closed)
        }
    }
}

/// Whether we said this already: an attempt that broke off did.
async fn is_said(
    client: &Client,
    repository: &Repository,
    number: u64,
    why: &str,
) -> Result<bool, ForgeError> {
    let us = who(client).await?;
    let turns = pulls::turns(client, repository, number).await?;
    let said = turns.iter().any(|turn| {
        turn.r#type == "comment"
            && turn.body.trim() == why.trim()
            && turn.user.as_ref().is_some_and(|user| user.id == us.id)
    });
    Ok(said)
}
