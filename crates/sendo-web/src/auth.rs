//! Who calls, and what they may do.
//!
//! Each route of the table names its [`Access`]; the layer made here enforces it before the handler
//! runs, so a handler cannot forget. A token that is presented must be good even where none is
//! needed; a session that is over is as none. Tokens are never logged, and refusals are logged once a second at most.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sendo_core::names::Principal;
use sendo_report::page::Reader;
use sendo_report::wording::refusal::Refused;
use sendo_store::TokenRow;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use crate::error::{Answer, Refusal};
use crate::session;
use crate::state::{App, Reads, Shared};
use crate::token::{self, Scope};

/// The code of a refusal that a token would avert; a browser is led to where it signs in.
pub(crate) const MISSING: &str = "token_missing";

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody: it tells nothing about what is deployed.
    Everybody,
    /// Who may read: the scope `read`, or anybody where the listener is open to reads.
    Readers,
    /// Holders of any token, who show it themselves: a session is not enough.
    Bearers,
    /// Holders of a token with this scope.
    Holders(Scope),
    /// Forges, which sign what they send: whoever takes it checks that.
    Senders,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::Readers => f.write_str("readers"),
            Self::Bearers => f.write_str("bearers"),
            Self::Holders(scope) => scope.fmt(f),
            Self::Senders => f.write_str("senders"),
        }
    }
}

/// Who calls. Handlers get one after the route's [`Access`] was checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    token: Option<TokenRow>,
    /// Whether the token was shown itself, and not a session of it.
    is_bearer: bool,
}

impl Caller {
    /// The principal of a caller with a token.
    pub(crate) fn principal(&self) -> Answer<Principal> {
        let token = self.token.as_ref().ok_or_else(missing)?;
        Ok(token.principal.clone())
    }

    /// The id of the token of a caller with one.
    pub(crate) fn token_id(&self) -> Answer<&str> {
        let token = self.token.as_ref().ok_or_else(missing)?;
        Ok(&token.id)
    }

    /// The caller as pages know them.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            principal: self.token.as_ref().map(|token| token.principal.as_str()),
        }
    }

    /// The applications the caller is limited to; `None` is all.
    pub(crate) fn limited_to(&self) -> Option<&[String]> {
        self.token
            .as_ref()
            .map(|token| token.applications.as_slice())
            .filter(|applications| !applications.is_empty())
    }

    /// Whether the caller's token covers an application.
    pub(crate) fn covers(&self, application: &str) -> bool {
        self.limited_to()
            .is_none_or(|covered| covered.iter().any(|name| name == application))
    }

    /// Refuses an application the caller's token does not cover.
    pub(crate) fn require(&self, application: &str) -> Answer<()> {
        if self.covers(application) {
            return Ok(());
        }
        let application = application.to_owned();
        let why = Refused::ApplicationNotCovered { application };
        Err(Refusal::told(StatusCode::FORBIDDEN, why))
    }

    /// Refuses a caller whose token covers only some applications: what is asked concerns them all.
    pub(crate) fn require_all(&self) -> Answer<()> {
        if self.limited_to().is_none() {
            return Ok(());
        }
        Err(Refusal::told(StatusCode::FORBIDDEN, Refused::TokenLimited))
    }

    /// Whether the caller's token has a scope.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.token.as_ref().is_some_and(|token| {
            let has = |scope: Scope| token.scopes.iter().any(|name| name == scope.as_str());
            has(scope) || has(Scope::Admin)
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        // Only the layer puts a caller here; without it nobody is let in.
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

/// The layer of a route: identifies the caller and checks its [`Access`].
pub(crate) async fn authorise(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Answer<Response> {
    let caller = if matches!(access, Access::Everybody | Access::Senders) {
        Caller::default()
    } else {
        let checked = identify(&app, request.headers())
            .await
            .and_then(|caller| check(&app, access, &caller).map(|()| caller));
        checked.inspect_err(|refusal| {
            app.web.store.meter().refused();
            app.refusals.note(refusal, request.uri().path());
        })?
    };
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn check(app: &Shared, access: Access, caller: &Caller) -> Answer<()> {
    let scope = match access {
        Access::Everybody | Access::Senders => return Ok(()),
        Access::Readers if caller.token.is_none() && app.web.reads == Reads::Open => return Ok(()),
        Access::Readers => Scope::Read,
        Access::Bearers if caller.is_bearer => return Ok(()),
        Access::Bearers => return Err(missing()),
        Access::Holders(scope) => scope,
    };
    if caller.token.is_none() {
        return Err(missing());
    }
    if caller.may(scope) {
        return Ok(());
    }
    let scope = scope.to_string();
    let why = Refused::ScopeMissing { scope };
    Err(Refusal::told(StatusCode::FORBIDDEN, why))
}

/// Who sends these headers. A token that is shown wins over a session.
pub(crate) async fn identify(app: &Shared, headers: &HeaderMap) -> Answer<Caller> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let Some(first) = given.next() else {
        let token = match session::shown(headers) {
            Some(hash) => app.web.store.session_by_hash(&hash).await?,
            None => None,
        };
        return Ok(Caller {
            token,
            is_bearer: false,
        });
    };
    let text = first
        .to_str()
        .ok()
        .filter(|_| given.next().is_none())
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, text)| text.trim())
        .ok_or_else(invalid)?;
    Ok(Caller {
        token: Some(believe(app, text).await?),
        is_bearer: true,
    })
}

/// The live token of this text.
pub(crate) async fn believe(app: &Shared, text: &str) -> Answer<TokenRow> {
    let presented = token::parse(text).ok_or_else(invalid)?;
    let row = app
        .web
        .store
        .token_by_hash(&presented.hash)
        .await?
        .ok_or_else(invalid)?;
    let same = row.hash.as_bytes().ct_eq(presented.hash.as_bytes())
        & row.id.as_bytes().ct_eq(presented.id.as_bytes());
    // The store gives live tokens only. Its clock is not asked again: on Postgres that is one more
    // transaction for every request.
    if bool::from(same) && row.revoked_at.is_none() {
        Ok(row)
    } else {
        Err(invalid())
    }
}

fn missing() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        MISSING,
        "this needs a token",
        "send `Authorization: Bearer TOKEN`; the `sendo` command reads it from SENDO_TOKEN; in a browser, sign in",
    )
}

fn invalid() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "token_invalid",
        "this token is unknown, expired or revoked",
        "ask an administrator for a new one: `sendo token create`",
    )
}

/// Logs refused callers without letting them fill the log.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    state: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    unlogged: u64,
    logged_at: Option<Instant>,
}

impl Refusals {
    pub(crate) fn note(&self, refusal: &Refusal, path: &str) {
        let Ok(mut noted) = self.state.lock() else {
            return;
        };
        noted.unlogged += 1;
        let now = Instant::now();
        if noted
            .logged_at
            .is_some_and(|at| now - at < Duration::from_secs(1))
        {
            return;
        }
        let count = std::mem::take(&mut noted.unlogged);
        noted.logged_at = Some(now);
        drop(noted);
        tracing::warn!(
            refusal.reason_code = refusal.reason_code,
            http.path = path,
            refusal.count = count,
            "refused {count} calls, the last with {} on {path}",
            refusal.reason_code
        );
    }
}
