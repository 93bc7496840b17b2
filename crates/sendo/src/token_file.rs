//! The token file beside the database: what lets the command line on the same machine, under the
//! same user, talk to its server without further ado.
//!
//! Written at each start with mode 0600; the token that was in the file ends then, and no other, as
//! several servers may share a database: deleting the file ends nothing, `sendo token revoke` does.
//! It acts as the user of the server.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use sendo_core::audit::AuditEntry;
use sendo_core::names::Principal;
use sendo_store::Store;
use sendo_web::token::{Grant, LONGEST, Scope, id_of, mint};

use crate::config::{Config, Database};
use crate::server::ServeError;

/// The name its tokens have in the table.
const NAME: &str = "this machine's command line";

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

/// Makes a new token, writes it, and ends the one that was in the file.
///
/// # Errors
/// [`ServeError`] when the store refuses or the file cannot be written.
pub async fn renew(store: &dyn Store, path: &Path) -> Result<(), ServeError> {
    let setup = |why: String| ServeError::Setup {
        what: "the token file",
        why,
    };
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let grant = Grant {
        name: NAME,
        principal: this_user().and_then(|user| Principal::new(user).ok()),
        scopes: &[Scope::Admin],
        applications: &[],
        ttl: LONGEST,
    };
    let (row, secret) = mint(grant, store.now().await?, rand::random())
        .map_err(|error| setup(error.to_string()))?;
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
fn write(path: &Path, secret: &str) -> std::io::Result<()> {
    let fresh = path.with_extension("token.new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    let written = writeln!(file, "{secret}")
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&fresh, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}
