//! A SQLite file that takes the place of another in one step.
//!
//! It is filled under the name `NAME.restoring` and renamed when it is whole. A log that the old
//! file still has must not be read into the new one, so the old file is first made to need none,
//! and is locked until it has lost its name. One that cannot be read any more is kept aside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::Result;
use super::error::CopyError;
use super::format::failed;
use super::partial::sync_folder;
use super::target::{refuse_filled, refuse_newer};
use crate::db::{Db, Hold, Kind};
use crate::error::StoreError;
use crate::open::Address;

/// What SQLite keeps beside a file, by the end of its name.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How long a reader may take to go.
const PATIENCE: Duration = Duration::from_secs(1);

/// The file, new and old.
pub(super) struct File {
    path: PathBuf,
    new: PathBuf,
    hold: Hold,
}

impl File {
    /// Clears away what an attempt that was killed has left.
    pub(super) fn prepare(path: &Path, hold: Hold) -> Result<Self> {
        let new = with(path, ".restoring");
        let left = BESIDE.iter().map(|end| with(&new, end));
        for left in left.chain([new.clone()]) {
            match std::fs::remove_file(&left) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("removing", &left, source));
                }
                _ => {}
            }
        }
        Ok(Self {
            path: path.to_owned(),
            new,
            hold,
        })
    }

    /// Where the copy is made.
    pub(super) fn filled_at(&self) -> &Path {
        &self.new
    }

    /// Whether there is a file whose place it takes.
    pub(super) fn is_there(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|meta| meta.len() > 0)
    }

    /// Refuses to take the place of a file that has rows, or may have some.
    pub(super) async fn refuse_filled(&self, at: &str) -> Result<()> {
        match self.look(at).await {
            Err(CopyError::Store(StoreError::Database { source, .. })) if is_damaged(&source) => {
                Err(StoreError::Damaged {
                    path: self.path.clone(),
                    found: source.to_string(),
                }
                .into())
            }
            looked => looked,
        }
    }

    async fn look(&self, at: &str) -> Result<()> {
        let db = Db::open_to_read(Address::Sqlite(self.path.clone())).await?;
        let mut tx = db.begin(Kind::Read).await?;
        refuse_newer(&mut tx).await?;
        refuse_filled(&mut tx, at).await?;
        tx.finish().await?;
        db.close().await;
        Ok(())
    }

    /// Renames the new file, which is closed by now, over the old one.
    pub(super) async fn publish(self) -> Result<()> {
        let synced = std::fs::File::open(&self.new).and_then(|file| file.sync_all());
        synced.map_err(|source| failed("syncing", &self.new, source))?;
        let old = if self.is_there() {
            self.retire().await?
        } else {
            None
        };
        if let Ok(meta) = std::fs::metadata(&self.path) {
            let kept = std::fs::set_permissions(&self.new, meta.permissions());
            kept.map_err(|source| failed("keeping the mode of", &self.path, source))?;
        }
        let renamed = std::fs::rename(&self.new, &self.path);
        renamed.map_err(|source| failed("replacing", &self.path, source))?;
        sync_folder(&self.path)?;
        if let Some(old) = old {
            // It has no name any more; whatever it says on closing concerns nobody.
            let _ = old.close().await;
        }
        self.hold.let_go();
        Ok(())
    }

    /// Makes the old file whole in itself and keeps everybody from it until the connection ends.
    async fn retire(&self) -> Result<Option<SqliteConnection>> {
        match self.lock().await {
            Ok(connection) => Ok(Some(connection)),
            Err(error) if is_busy(&error) => Err(CopyError::InUse {
                at: self.path.display().to_string(),
            }),
            Err(error) if is_damaged(&error) => self.keep_aside().map(|()| None),
            Err(source) => Err(StoreError::Database {
                what: "closing the old file",
                in_commit: false,
                source,
            }
            .into()),
        }
    }

    async fn lock(&self) -> std::result::Result<SqliteConnection, sqlx::Error> {
        let mut connection = SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(PATIENCE)
            .connect()
            .await?;
        connection.execute("PRAGMA journal_mode = DELETE").await?;
        connection.execute("BEGIN EXCLUSIVE").await?;
        Ok(connection)
    }

    /// Gives the old file a second name, which it keeps once the new one has taken its first. What lies
    /// beside it goes first, so that nothing is read into the new one, and at no moment is there no
    /// database under the name: a server would begin an empty one.
    fn keep_aside(&self) -> Result<()> {
        let aside = self.free_name();
        for end in BESIDE {
            let (from, to) = (with(&self.path, end), with(&aside, end));
            match std::fs::rename(&from, &to) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("keeping aside", &from, source));
                }
                _ => {}
            }
        }
        let linked = std::fs::hard_link(&self.path, &aside);
        // A file system without second names has to do with a copy.
        linked
            .or_else(|_| std::fs::copy(&self.path, &aside).map(|_| ()))
            .map_err(|source| failed("keeping aside", &self.path, source))
    }

    /// `NAME.damaged`, or with a number where that is taken: what was kept before is kept.
    fn free_name(&self) -> PathBuf {
        let numbered = |n: u32| with(&self.path, &format!(".damaged-{n}"));
        let mut names = std::iter::once(with(&self.path, ".damaged")).chain((2..).map(numbered));
        let free = names.find(|name| std::fs::symlink_metadata(name).is_err());
        free.unwrap_or_else(|| with(&self.path, ".damaged"))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.new);
        if !self.hold.unclean {
            self.hold.let_go();
        }
    }
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    // The low byte is the kind; the rest says more about it.
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// `SQLITE_BUSY`, `SQLITE_LOCKED`.
fn is_busy(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(5 | 6))
}

/// `SQLITE_CORRUPT`, `SQLITE_NOTADB`.
fn is_damaged(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(11 | 26))
}
