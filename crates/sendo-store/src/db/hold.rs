//! The lock that keeps a second process away from a SQLite file.
//!
//! A side file `<db>.lock` is locked with `flock`, holds the process id of whoever has it, and is
//! emptied by an orderly end. So it also tells whether the last process stopped in order. The lock
//! goes with the process, whatever kills it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::error::StoreError;
use crate::store::Result;

/// How often a waiting process looks whether the file was handed over.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The lock, as long as it is held.
#[derive(Debug)]
pub(crate) struct Hold {
    file: Mutex<Option<File>>,
    /// Whether the process before this one ended without letting go.
    pub(crate) unclean: bool,
}

impl Hold {
    /// Takes the lock of a database, waiting for another process to hand it over.
    pub(crate) async fn take(database: &Path, wait: Duration) -> Result<Self> {
        let path = beside(database);
        let failed = |what| {
            let path = path.clone();
            move |source| StoreError::File { what, path, source }
        };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed("opening the lock file"))?;
        let since = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::WOULDBLOCK) if since.elapsed() < wait => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(StoreError::Busy {
                        path: database.to_owned(),
                        holder: read(&mut file)
                            .ok()
                            .and_then(|text| text.trim().parse().ok()),
                    });
                }
                Err(errno) => return Err(failed("locking")(errno.into())),
            }
        }
        let unclean = !read(&mut file)
            .map_err(failed("reading the lock file"))?
            .is_empty();
        write(&mut file, &format!("{}\n", std::process::id()))
            .map_err(failed("writing the lock file"))?;
        Ok(Self {
            file: Mutex::new(Some(file)),
            unclean,
        })
    }

    /// Whether somebody has the lock of a database. Looking makes no file.
    pub(crate) fn is_taken(database: &Path) -> bool {
        File::open(beside(database)).is_ok_and(|file| {
            let tried = flock(&file, FlockOperation::NonBlockingLockShared);
            tried == Err(rustix::io::Errno::WOULDBLOCK)
        })
    }

    /// Ends in order: the next process needs no check.
    pub(crate) fn let_go(&self) {
        let Ok(mut file) = self.file.lock() else {
            return;
        };
        if let Some(mut file) = file.take()
            && let Err(error) = write(&mut file, "")
        {
            tracing::warn!(%error, "the lock file could not be emptied; the next start checks the database");
        }
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

fn read(file: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

fn write(file: &mut File, text: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}
