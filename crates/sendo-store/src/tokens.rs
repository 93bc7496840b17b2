//! API tokens, by the hash of their secret. The secret itself is never stored.

use sendo_core::audit::AuditEntry;
use sendo_core::time::Timestamp;

use crate::audit::append;
use crate::boundary::place;
use crate::codec::json;
use crate::db::statement::{INSERT_TOKEN, REVOKE_TOKEN, TOKEN_BY_HASH, TOKENS, TOUCH_TOKEN};
use crate::db::{Db, Kind, Row, args, transact};
use crate::store::{Result, TokenRow};

/// A token's last use is written to the minute, so that reading stays reading.
const MINUTE: i64 = 60_000_000;

pub(crate) async fn add(db: &Db, token: &TokenRow, entry: &AuditEntry) -> Result<()> {
    transact!(db, Kind::Write(place::TOKEN), tx => {
        let scopes = json("scopes", &token.scopes)?;
        let applications = json("applications", &token.applications)?;
        tx.run(&INSERT_TOKEN, args![
            token.id.as_str(),
            token.name.as_str(),
            token.principal.as_str(),
            token.hash.as_str(),
            scopes,
            applications,
            token.created_at,
            token.expires_at,
            token.last_used_at,
            token.revoked_at,
        ])
        .await?;
        append(&mut tx, entry).await
    })
}

pub(crate) async fn by_hash(db: &Db, hash: &str) -> Result<Option<TokenRow>> {
    let (found, now) = transact!(db, Kind::Read, tx => {
        let now = tx.now;
        let row = tx.row(&TOKEN_BY_HASH, args![hash, now]).await?;
        Ok((row.as_ref().map(token).transpose()?, now))
    })?;
    let Some(mut token) = found else {
        return Ok(None);
    };
    let minute = minute(now);
    if token.last_used_at.is_none_or(|used| used < minute) {
        token.last_used_at = Some(minute);
        transact!(db, Kind::Write(place::TOKEN), tx => {
            tx.run(&TOUCH_TOKEN, args![token.id.as_str(), minute]).await?;
            Ok(())
        })?;
    }
    Ok(Some(token))
}

pub(crate) async fn all(db: &Db) -> Result<Vec<TokenRow>> {
    transact!(db, Kind::Read, tx => {
        let rows = tx.rows(&TOKENS, args![]).await?;
        rows.iter().map(token).collect()
    })
}

pub(crate) async fn revoke(db: &Db, id: &str, entry: &AuditEntry) -> Result<bool> {
    transact!(db, Kind::Write(place::TOKEN), tx => {
        let now = tx.now;
        if tx.run(&REVOKE_TOKEN, args![id, now]).await? == 0 {
            tx.abandon();
            return Ok(false);
        }
        append(&mut tx, entry).await?;
        Ok(true)
    })
}

/// The minute a time lies in.
pub(crate) const fn minute(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(MINUTE))
}

pub(crate) fn token(row: &Row) -> Result<TokenRow> {
    Ok(TokenRow {
        id: row.text("id")?,
        name: row.text("name")?,
        principal: row.principal("principal")?,
        hash: row.text("hash")?,
        scopes: row.json("scopes")?,
        applications: row.json("applications")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}
