//! The audit trail: its lines, and the proof that none was changed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sendo_store::{AuditRow, AuditVerdict};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::query::{self, Params};
use crate::state::App;

/// What can be asked of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Listed {
    rows: Vec<AuditRow>,
    /// What to ask for `after` next; the same as asked when there was nothing more.
    next: i64,
}

/// Lines after one, oldest first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Answer<Json<Listed>> {
    caller.require_all()?;
    let limit = query::limit(asked.limit)?;
    let rows = app.web.store.audit_rows(asked.after, limit).await?;
    let next = rows.last().map_or(asked.after, |row| row.seq);
    Ok(Json(Listed { rows, next }))
}

/// Recomputes the whole chain.
pub(crate) async fn verify(State(app): State<App>, caller: Caller) -> Answer<Json<AuditVerdict>> {
    caller.require_all()?;
    let _turn = app.verifying.try_acquire().map_err(|_| {
        Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "already_verifying",
            "the audit trail is being verified for somebody else",
            "ask again in a moment",
        )
    })?;
    Ok(Json(app.web.store.verify_audit().await?))
}
