//! Sessions of browsers, and the links that open one. Only hashes of secrets are kept.
//!
//! A session is no more than its token: every look joins the two, so one that is revoked or over ends
//! its sessions at once, and what a session may do is what its token may do now.

use sendo_core::audit::AuditEntry;
use sendo_core::time::{Span, Timestamp};

use crate::audit::append;
use crate::boundary::place;
use crate::db::statement::{
    END_SESSION, INSERT_LINK, INSERT_SESSION, LINK, SESSION, TOUCH_SESSION, TOUCH_TOKEN, USE_LINK,
};
use crate::db::{Db, Kind, args, transact};
use crate::store::{NewSession, Result, TokenRow};
use crate::tokens::{minute, token};

/// How long a session lives at most.
pub const SESSION_LIFE: Span = Span::from_secs(24 * 60 * 60);
/// How long a session lives without being used; to the minute, like its last use.
pub const SESSION_IDLE: Span = Span::from_secs(8 * 60 * 60);
/// How long a link opens a session.
pub const LINK_LIFE: Span = Span::from_secs(5 * 60);

pub(crate) async fn open(db: &Db, session: &NewSession, entry: &AuditEntry) -> Result<bool> {
    transact!(db, Kind::Write(place::TOKEN), tx => {
        let now = tx.now;
        let id = session.token.as_str();
        if let Some(link) = &session.link {
            // Of two that come together the later one finds no row.
            if tx.run(&USE_LINK, args![link.as_str(), id, now - LINK_LIFE]).await? == 0 {
                tx.abandon();
                return Ok(false);
            }
        }
        tx.run(&INSERT_SESSION, args![session.hash.as_str(), id, now, minute(now)]).await?;
        append(&mut tx, entry).await?;
        Ok(true)
    })
}

pub(crate) async fn by_hash(db: &Db, hash: &str) -> Result<Option<TokenRow>> {
    let (found, now) = transact!(db, Kind::Read, tx => {
        let now = tx.now;
        let row = tx.row(&SESSION, args![hash, now - SESSION_LIFE, now - SESSION_IDLE, now]).await?;
        let found = row.map(|row| Ok((token(&row)?, row.time("last_seen_at")?))).transpose()?;
        Ok((found, now))
    })?;
    let Some((mut token, seen)) = found else {
        return Ok(None);
    };
    let minute = minute(now);
    if seen < minute {
        token.last_used_at = Some(minute);
        transact!(db, Kind::Write(place::TOKEN), tx => {
            tx.run(&TOUCH_SESSION, args![hash, minute]).await?;
            tx.run(&TOUCH_TOKEN, args![token.id.as_str(), minute]).await?;
            Ok(())
        })?;
    }
    Ok(Some(token))
}

pub(crate) async fn end(db: &Db, hash: &str, entry: &AuditEntry) -> Result<bool> {
    transact!(db, Kind::Write(place::TOKEN), tx => {
        let now = tx.now;
        if tx.run(&END_SESSION, args![hash, now]).await? == 0 {
            tx.abandon();
            return Ok(false);
        }
        append(&mut tx, entry).await?;
        Ok(true)
    })
}

pub(crate) async fn add_link(db: &Db, hash: &str, token: &str) -> Result<Timestamp> {
    transact!(db, Kind::Write(place::TOKEN), tx => {
        let now = tx.now;
        tx.run(&INSERT_LINK, args![hash, token, now]).await?;
        Ok(now + LINK_LIFE)
    })
}

pub(crate) async fn link(db: &Db, hash: &str) -> Result<Option<TokenRow>> {
    transact!(db, Kind::Read, tx => {
        let now = tx.now;
        let row = tx.row(&LINK, args![hash, now - LINK_LIFE, now]).await?;
        row.as_ref().map(token).transpose()
    })
}
