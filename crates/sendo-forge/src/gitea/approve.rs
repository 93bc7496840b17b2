//! Approving as the second user: exactly one head, and nothing that took its place meanwhile.

use reqwest::Method;
use sendo_core::effect::Outcome;
use sendo_core::names::{Repository, Revision};
use serde_json::json;

use super::client::{Ask, Client};
use super::observe::reviews;
use super::pulls;
use super::shapes::{Review, User};
use crate::error::ForgeError;

/// Approves `head`, adopting an approval of it that is there.
pub(super) async fn approve(
    client: &Client,
    repository: &Repository,
    number: u64,
    head: &Revision,
) -> Result<Outcome, ForgeError> {
    if !is_at(client, repository, number, head).await? {
        return Ok(Outcome::HeadMoved);
    }
    let us = who(client).await?;
    let ours = |review: &&Review| {
        review.state == "APPROVED"
            && !review.dismissed
            && review.commit_id == head.as_str()
            && review.user.as_ref().is_some_and(|user| user.id == us.id)
    };
    let all = reviews(client, repository, number).await?;
    let review = match all.iter().rev().find(ours) {
        Some(review) => review.id,
        None => give(client, repository, number, head).await?,
    };
    // Whoever pushed while we approved is not approved with it.
    if is_at(client, repository, number, head).await? {
        return Ok(Outcome::Approved);
    }
    withdraw(client, repository, number, review).await?;
    Ok(Outcome::HeadMoved)
}

async fn is_at(
    client: &Client,
    repository: &Repository,
    number: u64,
    head: &Revision,
) -> Result<bool, ForgeError> {
    let pull = pulls::read(client, repository, number).await?;
    Ok(pull.is_open() && pull.branch_head()?.as_ref() == Some(head))
}

/// The user whose token we have.
pub(super) async fn who(client: &Client) -> Result<User, ForgeError> {
    let what = format!("read who the {} is", client.role().name());
    let ask = Ask::server(what, &["user"]);
    client.get(&ask).await?.accepted(&ask)?.json(&ask)
}

async fn give(
    client: &Client,
    repository: &Repository,
    number: u64,
    head: &Revision,
) -> Result<i64, ForgeError> {
    let ask = pulls::ask("approve", repository, number, &["reviews"])?;
    let body = json!({ "event": "APPROVED", "body": "", "commit_id": head });
    let answer = client.change(Method::POST, &ask, Some(body)).await?;
    if answer.status() == 422 {
        let said = answer.said().to_lowercase();
        if said.contains("own pull") {
            return Err(ForgeError::refused(
                "approver_is_proposer",
                format!(
                    "could not {}: whoever opened it cannot approve it; give `approver` the token of another user than `proposer`",
                    ask.what
                ),
            ));
        }
        if said.contains("closed") {
            // Closed since we looked: the next look says so.
            return Err(ForgeError::trouble(
                "change_request_closed",
                format!("could not {}: {}", ask.what, answer.said()),
            ));
        }
    }
    let review: Review = answer.accepted(&ask)?.json(&ask)?;
    Ok(review.id)
}

/// Takes an approval back. Dismissing leaves a word behind and is an administrator's right; deleting
/// one's own is everybody's.
async fn withdraw(
    client: &Client,
    repository: &Repository,
    number: u64,
    review: i64,
) -> Result<(), ForgeError> {
    let review = review.to_string();
    let path = ["reviews", &review, "dismissals"];
    let ask = pulls::ask("dismiss our approval of", repository, number, &path)?;
    let body = json!({ "message": "The branch moved while it was approved.", "priors": false });
    let answer = client.change(Method::POST, &ask, Some(body)).await?;
    if answer.is_success() || answer.status() == 404 {
        return Ok(());
    }
    let ask = pulls::ask("delete our approval of", repository, number, &path[..2])?;
    let answer = client.change(Method::DELETE, &ask, None).await?;
    match answer.status() {
        404 => Ok(()),
        _ => answer.accepted(&ask).map(drop),
    }
}
