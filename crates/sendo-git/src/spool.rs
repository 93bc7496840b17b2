//! The spool: one file in the repository's `sendo-spool` folder for every push.
//!
//! Owns the format, which the hook script and [`BareRepository::spool`] both write: lines of
//! `OLD NEW REF`, in a file that appears whole under a name that sorts by time. A lost file costs
//! time, not truth: refs are what counts, the spool only says when to look. Does not watch the
//! folder.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::GitError;
use crate::oid::Oid;
use crate::ref_name::RefName;
use crate::repository::BareRepository;

/// The folder, inside the repository's own.
pub const SPOOL_FOLDER: &str = "sendo-spool";
/// Largest file that is read whole, in bytes: about 30,000 refs in one push.
const MAX_ENTRY: u64 = 4 * 1024 * 1024;

static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// One ref that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefMove {
    /// Where it was; `None` when it was created.
    pub old: Option<Oid>,
    /// Where it is; `None` when it was deleted.
    pub new: Option<Oid>,
    /// The ref.
    pub name: RefName,
}

/// One file of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolEntry {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub content: SpoolContent,
}

/// What a file of the spool says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpoolContent {
    /// The refs one push moved, in git's order.
    Moves(Vec<RefMove>),
    /// It cannot be read: quarantine it with the reason.
    Malformed {
        /// What is wrong with it.
        reason: String,
        /// Its bytes, the first 4 MiB of them.
        raw: Vec<u8>,
    },
}

impl BareRepository {
    /// Notes moves as the hook would, for whoever moves refs other than by a push. `at` is in
    /// microseconds since 1970.
    ///
    /// # Errors
    /// `io` when the folder cannot be written. The refs have moved all the same, so a caller logs
    /// this and goes on.
    pub fn spool(&self, moves: &[RefMove], at: i64) -> Result<(), GitError> {
        let folder = self.path().join(SPOOL_FOLDER);
        let failed = |source| GitError::Io {
            what: "write to",
            path: folder.clone(),
            source,
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let mut file = tempfile::Builder::new()
            .prefix("tmp.")
            // As the hook's files: the reader may be another user than the writer.
            .permissions(std::fs::Permissions::from_mode(0o666))
            .tempfile_in(&folder)
            .map_err(failed)?;
        for RefMove { old, new, name } in moves {
            let (old, new) = (old.unwrap_or(Oid::ZERO), new.unwrap_or(Oid::ZERO));
            writeln!(file, "{old} {new} {name}").map_err(failed)?;
        }
        let (nanoseconds, process) = (i128::from(at.max(0)) * 1000, std::process::id());
        loop {
            let n = WRITTEN.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{nanoseconds:019}-{process}-{n}.push"));
            // Two processes may have one id, in two containers: never replace a file.
            match file.persist_noclobber(path) {
                Ok(_) => return Ok(()),
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                    file = error.file;
                }
                Err(error) => return Err(failed(error.error)),
            }
        }
    }

    /// The spool's oldest files, at most `limit`, sorted by name. Files still being written are not
    /// seen.
    ///
    /// # Errors
    /// `io` when the folder cannot be read; a missing folder is an empty spool.
    pub fn read_spool(&self, limit: usize) -> Result<Vec<SpoolEntry>, GitError> {
        let folder = self.path().join(SPOOL_FOLDER);
        let failed = |source| GitError::Io {
            what: "read",
            path: folder.clone(),
            source,
        };
        let files = match std::fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut paths = Vec::new();
        for file in files {
            let file = file.map_err(failed)?;
            let path = file.path();
            let is_ours = path.extension().is_some_and(|suffix| suffix == "push");
            // A folder cannot be removed as a file is, and would be found at every look.
            if is_ours && file.file_type().is_ok_and(|kind| !kind.is_dir()) {
                paths.push(path);
            }
        }
        paths.sort();
        paths.truncate(limit);
        let read = |path: PathBuf| read_entry(&path).map(|content| SpoolEntry { path, content });
        Ok(paths.into_iter().filter_map(read).collect())
    }
}

impl SpoolEntry {
    /// Removes the file. One that is gone already is no error: two readers may have met.
    ///
    /// # Errors
    /// `io`.
    pub fn remove(&self) -> Result<(), GitError> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(GitError::Io {
                what: "remove",
                path: self.path.clone(),
                source,
            }),
            _ => Ok(()),
        }
    }
}

/// `None` when another reader has removed it meanwhile. One file that cannot be read must not hide
/// the others, so whatever is wrong with it is part of the answer.
fn read_entry(path: &Path) -> Option<SpoolContent> {
    let mut raw = Vec::new();
    let read = std::fs::symlink_metadata(path).and_then(|known| {
        if !known.is_file() {
            return Err(std::io::Error::other("it is not a plain file"));
        }
        std::fs::File::open(path)?
            .take(MAX_ENTRY)
            .read_to_end(&mut raw)?;
        Ok(known.len())
    });
    let moves = match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => Err(error.to_string()),
        Ok(size) if size > MAX_ENTRY => Err("it is larger than 4 MiB".to_owned()),
        Ok(_) => parse(&raw),
    };
    Some(match moves {
        Ok(moves) => SpoolContent::Moves(moves),
        Err(reason) => SpoolContent::Malformed { reason, raw },
    })
}

fn parse(raw: &[u8]) -> Result<Vec<RefMove>, String> {
    let text = std::str::from_utf8(raw).map_err(|_| "it is not UTF-8".to_owned())?;
    let read = |(n, line): (usize, &str)| {
        let wrong = |what: &str| format!("line {}: {what}", n + 1);
        let mut words = line.splitn(3, ' ');
        let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) else {
            return Err(wrong("it is not OLD NEW REF"));
        };
        let oid = |word: &str| {
            word.parse::<Oid>()
                .map_err(|error| wrong(&error.to_string()))
        };
        let name = RefName::new(name).map_err(|error| wrong(&error.to_string()))?;
        Ok(RefMove {
            old: oid(old)?.non_zero(),
            new: oid(new)?.non_zero(),
            name,
        })
    };
    let moves: Vec<RefMove> = text
        .lines()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()?;
    if moves.is_empty() {
        Err("it is empty".to_owned())
    } else {
        Ok(moves)
    }
}
