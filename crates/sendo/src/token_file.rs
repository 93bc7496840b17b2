//! The token file beside the database: what lets the command line on the same machine, under the
//! same user, talk to its server without further ado.
//!
//! A start keeps the token that is in the file while it has half a year to go: sessions that
//! `sendo login` opened end with their token, and replicas may share the file. Else a new one is
//! written with mode 0600, and the one that was in the file ends, and no other, as several servers may
//! share a database: deleting the file ends nothing, `sendo token revoke` does. It acts as the user of
//! the server.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use sendo_core::audit::AuditEntry;
use sendo_core::names::Principal;
use sendo_core::time::{Span, Timestamp};
use sendo_store::{Store, TokenRow};
use sendo_web::token::{Grant, LONGEST, Scope, hash_of, id_of, mint};

use crate::config::{Config, Database};
use crate::server::ServeError;

/// The name its tokens have in the table.
const NAME: &str = "this machine's command line";

/// A token with less time to go is replaced at the next start.
const KEPT: Span = Span::from_secs(183 * 24 * 60 * 60);

/// Where the file is: beside the SQLite file, else beside the configuration.
#[must_use]
pub fn path(config: &Config) -> PathBuf {
    match &config.server.database {
        Database::Sqlite(path) => {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".token");
            path.with_file_name(name)
        }
        Database::Postgres(_) => config.folder().join("sendo.token"),
    }
}

/// Keeps the token in the file if it is good for long; else writes a new one and ends that one.
///
/// # Errors
/// [`ServeError`] when the store refuses or the file cannot be written.
pub async fn renew(store: &dyn Store, path: &Path) -> Result<(), ServeError> {
    let setup = |why: String| ServeError::Setup {
        what: "the token file",
        why,
    };
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let user = this_user().and_then(|user| Principal::new(user).ok());
    let now = store.now().await?;
    if let Some(hash) = hash_of(before.trim())
        && let Some(row) = store.token_by_hash(&hash).await?
        && is_kept(&row, user.as_ref(), now)
        && is_private(path)
    {
        return Ok(());
    }
    let grant = Grant {
        name: NAME,
        principal: user,
        scopes: &[Scope::Admin],
        applications: &[],
        ttl: LONGEST,
    };
    let (row, secret) =
        mint(grant, now, rand::random()).map_err(|error| setup(error.to_string()))?;
    let id = row.id.clone();
    // A start that ends in between leaves a token whose secret nobody has.
    if let Some(old) = id_of(before.trim()) {
        store.revoke_token(old, audit("token.revoked", old)).await?;
    }
    store.add_token(row, audit("token.created", &id)).await?;
    if let Err(error) = write(path, secret.expose_secret()) {
        store.revoke_token(&id, audit("token.revoked", &id)).await?;
        return Err(setup(format!(
            "{}: {error}; make its folder writable, or remove what stands there",
            path.display()
        )));
    }
    Ok(())
}

/// Whether it is what a new one would be, and has time to go. The store gives live tokens only.
fn is_kept(row: &TokenRow, user: Option<&Principal>, now: Timestamp) -> bool {
    let ours = match user {
        Some(user) => row.principal == *user,
        None => row.principal.as_str() == format!("token:{}", row.id),
    };
    let is_whole = row.scopes == [Scope::Admin.as_str()] && row.applications.is_empty();
    ours && is_whole && row.expires_at > now + KEPT
}

/// Whether nobody else may have read the file.
fn is_private(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 == 0)
}

/// The principal of the user whose process this is, as on a local forge.
pub(crate) fn this_user() -> Option<String> {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty())?;
    Some(format!("local:{user}"))
}

fn audit(action: &str, id: &str) -> AuditEntry {
    AuditEntry {
        action: action.to_owned(),
        subject: None,
        actor: None,
        cause: "the server started".to_owned(),
        detail: serde_json::json!({"token": id}),
    }
}

/// Replaces the file whole, never readable by others.
pub(crate) fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // Replicas that share the file may write it at the same time.
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    let written = writeln!(file, "{text}")
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&fresh, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}
