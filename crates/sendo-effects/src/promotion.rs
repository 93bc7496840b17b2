//! The effects of promotions, carried out on a forge.
//!
//! Each arm is one call. Adopting what an earlier attempt did is the forge's own duty, because only
//! it can look; `again` tells it that there was one.

use sendo_core::effect::{Effect, Outcome, Source};
use sendo_core::fact::Fact;
use sendo_core::names::Repository;
use sendo_core::subject::SubjectId;
use sendo_core::time::Timestamp;
use sendo_forge::{Forge, ForgeError, Forges, MaySend, Open};
use sendo_report::{Language, change_request};
use sendo_store::ClaimedEffect;
use serde_json::{Value, json};

/// What an effect needs to know besides itself.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Its subject.
    pub subject: &'a SubjectId,
    /// When it was planned: the date of what it makes, so that a repetition makes the same.
    pub planned_at: Timestamp,
    /// The store's clock at the claim: when an observation began.
    pub now: Timestamp,
    /// Whether an earlier attempt wrote an intent and may have gone through.
    pub again: bool,
    /// The language of what people read on the forge.
    pub language: Language,
    /// Whether a commit may still be sent, asked right before it is.
    pub may_send: MaySend<'a>,
}

/// Carries out an effect of a promotion; `None` if it is of another family.
///
/// # Errors
/// [`ForgeError`].
pub async fn perform(
    forges: &Forges,
    effect: &Effect,
    attempt: Attempt<'_>,
) -> Option<Result<(Outcome, Vec<Fact>), ForgeError>> {
    let repository = match effect {
        Effect::ObserveSource { repository, .. }
        | Effect::ObserveChange { repository, .. }
        | Effect::OpenChangeRequest { repository, .. }
        | Effect::ApproveChangeRequest { repository, .. }
        | Effect::MergeChangeRequest { repository, .. }
        | Effect::CloseChangeRequest { repository, .. }
        | Effect::DeleteBranch { repository, .. } => repository,
        Effect::PublishBranch(publish) | Effect::PublishCommit(publish) => &publish.repository,
        Effect::RefreshEngine { .. }
        | Effect::SyncEngine { .. }
        | Effect::ObserveEngine { .. }
        | Effect::PostNotice { .. }
        | Effect::PostDigest { .. }
        | Effect::PostToThread { .. } => {
            return None;
        }
    };
    Some(match forges.of(repository) {
        Ok(forge) => on(forge, repository, effect, attempt).await,
        Err(error) => Err(error),
    })
}

async fn on(
    forge: &Forge,
    repository: &Repository,
    effect: &Effect,
    attempt: Attempt<'_>,
) -> Result<(Outcome, Vec<Fact>), ForgeError> {
    let Attempt {
        planned_at: at,
        language,
        ..
    } = attempt;
    let outcome = match effect {
        Effect::ObserveSource {
            fact,
            look,
            since,
            succeeded,
            with_paths,
            ..
        } => {
            let source: Source = forge
                .source(
                    repository,
                    look,
                    since.as_ref(),
                    succeeded.as_ref(),
                    *with_paths,
                )
                .await?;
            return Ok((Outcome::Observed, vec![attempt.fact(fact, json!(source))]));
        }
        Effect::ObserveChange {
            fact,
            number,
            edits,
            ..
        } => {
            let change = forge.change_request(repository, *number, edits).await?;
            return Ok((Outcome::Observed, vec![attempt.fact(fact, json!(change))]));
        }
        Effect::PublishBranch(publish) | Effect::PublishCommit(publish) => {
            let message =
                change_request::commit_message(&publish.story, &publish.deployment, language);
            let may_send = attempt.may_send;
            forge
                .publish(publish, &message, attempt.again, may_send)
                .await?
        }
        Effect::OpenChangeRequest {
            branch,
            base,
            head,
            deployment,
            story,
            ..
        } => {
            let open = Open {
                repository: repository.clone(),
                branch: branch.clone(),
                base: base.clone(),
                head: head.clone(),
                title: change_request::title(story, language),
                body: change_request::body(
                    story,
                    deployment,
                    forge.local_name(repository).as_deref(),
                    language,
                ),
                at,
            };
            forge.open(&open).await?
        }
        Effect::ApproveChangeRequest { number, head, .. } => {
            forge.approve(repository, *number, head, at).await?
        }
        Effect::MergeChangeRequest { number, head, .. } => {
            forge.merge(repository, *number, head, at).await?
        }
        Effect::CloseChangeRequest { number, why, .. } => {
            forge
                .close(
                    repository,
                    *number,
                    &change_request::close_comment(why, language),
                    at,
                )
                .await?
        }
        Effect::DeleteBranch { branch, head, .. } => {
            forge.delete_branch(repository, branch, head, at).await?
        }
        Effect::RefreshEngine { .. } | Effect::SyncEngine { .. } => Outcome::Asked,
        Effect::ObserveEngine { .. } => Outcome::Observed,
        Effect::PostNotice { .. } | Effect::PostDigest { .. } | Effect::PostToThread { .. } => {
            Outcome::Posted
        }
    };
    Ok((outcome, Vec::new()))
}

impl<'a> Attempt<'a> {
    /// The attempt that a claim allows.
    pub(crate) fn of(effect: &'a ClaimedEffect, language: Language, may_send: MaySend<'a>) -> Self {
        Self {
            subject: &effect.subject,
            planned_at: effect.planned_at,
            now: effect.now,
            again: effect.intent.is_some(),
            language,
            may_send,
        }
    }

    fn fact(&self, key: &str, value: Value) -> Fact {
        Fact {
            subject: self.subject.clone(),
            key: key.to_owned(),
            value,
            observed_at: self.now,
        }
    }
}
