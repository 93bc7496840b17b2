//! The token file beside the database: what lets the command line on the same machine, under the
//! same user, talk to its server without further ado.
//!
//! Written at each start with mode 0600; the token of the start before ends then.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use sendo_core::audit::AuditEntry;
use sendo_core::time::Span;
use sendo_store::Store;
use sendo_web::token::{Scope, mint};

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

/// Makes a new token, writes it, and ends the one of the start before.
///
/// # Errors
/// [`ServeError`] when the store refuses or the file cannot be written.
pub async fn renew(store: &dyn Store, path: &Path) -> Result<(), ServeError> {
    let setup = |why: String| ServeError::Setup {
        what: "the token file",
        why,
    };
    for old in store
        .tokens()
        .await?
        .iter()
        .filter(|token| token.name == NAME && token.revoked_at.is_none())
    {
        store
            .revoke_token(&old.id, audit("token.revoked", &old.id))
            .await?;
    }
    let now = store.now().await?;
    let ttl = Span::from_secs(365 * 24 * 60 * 60);
    let (row, secret) = mint(NAME, &[Scope::Admin], &[], now, ttl, rand::random())
        .map_err(|error| setup(error.to_string()))?;
    let id = row.id.clone();
    store.add_token(row, audit("token.created", &id)).await?;
    write(path, secret.expose_secret())
        .map_err(|error| setup(format!("{}: {error}", path.display())))
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
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}
