//! Where a pack comes in: a file that is memory while it is small.
//!
//! Owns the sum a pack ends with. Does not look at what is in it.

use std::io::Write;

use sha1::{Digest, Sha1};
use tempfile::SpooledTempFile;

use super::fault::Garbled;

/// Up to this a pack is held in memory, in bytes.
const IN_MEMORY: usize = 2 * 1024 * 1024;
/// From this on what came in is written down.
const MOST_WAITING: usize = 256 * 1024;

/// Where a pack comes in.
#[derive(Debug)]
pub(crate) struct Spool {
    waiting: Vec<u8>,
    file: SpooledTempFile,
    sum: Sha1,
    /// The last bytes, which are not part of their own sum.
    tail: Vec<u8>,
    length: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            file: SpooledTempFile::new(IN_MEMORY),
            sum: Sha1::new(),
            tail: Vec::new(),
            length: 0,
        }
    }
}

impl Spool {
    /// Takes bytes as they come, and does nothing about them yet.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// Whether enough has come to be written down.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING
    }

    /// Whether it does not fit into memory.
    pub(crate) fn is_large(&self) -> bool {
        self.length + self.waiting.len() as u64 > IN_MEMORY as u64
    }

    /// Writes down what has come.
    pub(crate) fn write(mut self) -> Result<Self, Garbled> {
        let bytes = std::mem::take(&mut self.waiting);
        self.file.write_all(&bytes).map_err(disk)?;
        self.length += bytes.len() as u64;
        self.tail.extend(bytes);
        let settled = self.tail.len().saturating_sub(20);
        self.sum.update(&self.tail[..settled]);
        self.tail.drain(..settled);
        Ok(self)
    }

    /// All of it, which ends with its own sum, and how long that is.
    pub(crate) fn finish(self) -> Result<(SpooledTempFile, u64), Garbled> {
        let spool = self.write()?;
        if spool.sum.finalize().as_slice() != spool.tail {
            return Err(Garbled("a pack that is cut or damaged".to_owned()));
        }
        Ok((spool.file, spool.length))
    }
}

pub(super) fn disk(error: std::io::Error) -> Garbled {
    Garbled(format!("it could not be kept in a temporary file: {error}"))
}
