//! Objects that lie in files of their own, read without starting git.
//!
//! What was pushed or written lately lies so; starting git takes longer than reading it. Owns nothing but
//! the short way: whatever is not found here, or looks odd, git itself is asked for. Never writes an
//! object.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::bufread::ZlibDecoder;
use rustix::fs::{AtFlags, CWD, OFlags, Timespec, Timestamps, UTIME_NOW, utimensat};

use crate::objects::{Content, Object};
use crate::oid::Oid;

/// Longest `KIND SIZE\0` that there can be.
const MAX_HEADER: u64 = 32;

/// Reads one object; `None` when git has to be asked.
pub(crate) fn read(repository: &Path, oid: Oid, limit: u64) -> Option<Object> {
    if oid == Oid::EMPTY_TREE {
        // git knows it without a file.
        let (kind, content) = ("tree".to_owned(), Content::Bytes(Vec::new()));
        return Some(Object { oid, kind, content });
    }
    let file = BufReader::new(open(&file_of(repository, oid)).ok()?);
    let mut inflated = BufReader::with_capacity(4096, ZlibDecoder::new(file));
    let mut header = Vec::new();
    (&mut inflated)
        .take(MAX_HEADER)
        .read_until(0, &mut header)
        .ok()?;
    let header = std::str::from_utf8(header.strip_suffix(b"\0")?).ok()?;
    let (kind, size) = header.split_once(' ')?;
    let (kind, size) = (kind.to_owned(), size.parse::<u64>().ok()?);
    if size > limit {
        let content = Content::TooLarge(size);
        return Some(Object { oid, kind, content });
    }
    let mut bytes = Vec::new();
    // To the end, where the checksum is.
    inflated.take(size + 1).read_to_end(&mut bytes).ok()?;
    let content = (bytes.len() as u64 == size).then_some(Content::Bytes(bytes))?;
    Some(Object { oid, kind, content })
}

/// Reads objects in their order up to the first for which git has to be asked.
pub(crate) fn read_first(repository: &Path, oids: &[Oid], limit: u64) -> Vec<Object> {
    oids.iter()
        .map_while(|oid| read(repository, *oid, limit))
        .collect()
}

/// Whether an object is there already and, as git would do it, new again: what nobody points to is
/// collected by its age.
pub(crate) fn renew(repository: &Path, oid: Oid) -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    let file = file_of(repository, oid);
    utimensat(CWD, file, &times, AtFlags::empty()).is_ok()
}

/// Opens a file to read it. Nothing else is waited for or read, whoever put it there.
pub(crate) fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    Err(if kind.is_dir() {
        ErrorKind::IsADirectory.into()
    } else {
        ErrorKind::Unsupported.into()
    })
}

fn file_of(repository: &Path, oid: Oid) -> PathBuf {
    let hex = oid.to_string();
    let (folder, file) = hex.split_at(2);
    repository.join("objects").join(folder).join(file)
}
