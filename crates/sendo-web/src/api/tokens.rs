//! Tokens: listing, making and revoking them. A secret is told once, when it is made.
//!
//! Only a token that is not limited to applications may do this: a limited one could make itself a
//! wider one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret as _;
use sendo_core::audit::AuditEntry;
use sendo_core::names::{ApplicationName, Principal};
use sendo_core::time::{Span, Timestamp};
use sendo_store::TokenRow;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::accepted;
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::{Answer, Refusal};
use crate::names;
use crate::path::InPath;
use crate::state::App;
use crate::token::{self, Grant, MintError, Scope};

/// Thirty days.
const USUAL_LIFETIME: u32 = 30 * 24 * 60 * 60;

/// A token as it is told: everything but what it could be used or found by.
#[derive(Serialize)]
struct Told {
    id: String,
    name: String,
    principal: Principal,
    scopes: Vec<String>,
    applications: Vec<String>,
    created_at: Timestamp,
    expires_at: Timestamp,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl From<TokenRow> for Told {
    fn from(row: TokenRow) -> Self {
        let TokenRow {
            id,
            name,
            principal,
            hash: _,
            scopes,
            applications,
            created_at,
            expires_at,
            last_used_at,
            revoked_at,
        } = row;
        Self {
            id,
            name,
            principal,
            scopes,
            applications,
            created_at,
            expires_at,
            last_used_at,
            revoked_at,
        }
    }
}

/// A wish for a token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    name: String,
    /// Who will hold it.
    principal: Option<Principal>,
    scopes: Vec<String>,
    #[serde(default)]
    applications: Vec<String>,
    ttl_seconds: Option<u32>,
}

/// Every token, without secrets.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Answer<Response> {
    caller.require_all()?;
    let rows = app.web.store.tokens().await?;
    let tokens: Vec<Told> = rows.into_iter().map(Told::from).collect();
    Ok(Json(json!({ "tokens": tokens })).into_response())
}

/// Makes a token and tells its secret.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(wish): JsonBody<Wish>,
) -> Answer<Response> {
    caller.require_all()?;
    let by = caller.principal()?;
    let scopes: Vec<Scope> = wish
        .scopes
        .iter()
        .map(|scope| scope.parse())
        .collect::<Result<_, _>>()
        .map_err(refused)?;
    let mut applications = Vec::new();
    for name in &wish.applications {
        names::application(&app, &caller, name)?;
        applications.push(ApplicationName::new(name.as_str()).map_err(|error| {
            Refusal::bad("application_invalid", error.to_string(), "correct the name")
        })?);
    }
    let ttl = Span::from_secs(wish.ttl_seconds.unwrap_or(USUAL_LIFETIME));
    let now = app.web.store.now().await?;
    let random = accepted::random()?;
    let grant = Grant {
        name: &wish.name,
        principal: wish.principal,
        scopes: &scopes,
        applications: &applications,
        ttl,
    };
    let (row, secret) = token::mint(grant, now, random).map_err(refused)?;
    let detail = json!({
        "id": row.id,
        "name": row.name,
        "principal": row.principal,
        "scopes": row.scopes,
        "applications": row.applications,
        "expires_at": row.expires_at,
    });
    let entry = audit("token.created", by, detail);
    app.web.store.add_token(row.clone(), entry).await?;
    let told = json!({ "token": Told::from(row), "secret": secret.expose_secret() });
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// Revokes a token.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Answer<Response> {
    caller.require_all()?;
    let by = caller.principal()?;
    let entry = audit("token.revoked", by, json!({ "id": id }));
    if app.web.store.revoke_token(&id, entry).await? {
        app.web.feed.end(&id);
        return Ok(Json(json!({ "revoked": id })).into_response());
    }
    Err(Refusal::not_found(
        "token_unknown",
        format!("there is no token `{id}`"),
        "`sendo token list` shows those there are",
    ))
}

fn audit(action: &str, by: Principal, detail: serde_json::Value) -> AuditEntry {
    AuditEntry {
        action: action.to_owned(),
        subject: None,
        actor: Some(by),
        cause: "api".to_owned(),
        detail,
    }
}

fn refused(error: MintError) -> Refusal {
    let code = match error {
        MintError::UnknownScope(_) => "scope_unknown",
        MintError::NoScope => "scope_missing",
        MintError::Lifetime => "lifetime_invalid",
        MintError::Name => "name_invalid",
    };
    Refusal::bad(
        code,
        error.to_string(),
        "see `/api/v1/openapi.json` for what this route takes",
    )
}
