//! Packs, read: an index of what one holds, and objects out of it.
//!
//! Owns the decoding and its limits, and takes its time: see [`super::heavy`]. What is held beside the
//! pack is a line for each object (for each folder only, when told to pass over files), so that a
//! whole snapshot costs disk and not memory. Nothing a pack says of itself is believed.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;
use sha1::{Digest, Sha1};
use tempfile::SpooledTempFile;

use super::delta;
use super::fault::Garbled;
use super::pack_spool::{Spool, disk};
use super::pack_write::{Kind, name};
use crate::objects::MAX_META;
use crate::oid::Oid;
use crate::tree::MAX_FILE;

/// Deltas on deltas; git makes 50 and refuses more than 4095.
const MAX_CHAIN: usize = 4_095;
/// Objects of one pack: of one that holds what was asked for, and of a snapshot's folders.
const MAX_LINES: (usize, usize) = (200_000, 4_000_000);
/// Largest commit or tag that is read, in bytes.
const MAX_COMMIT: u64 = 1024 * 1024;
/// Most that is inflated for one pack, in bytes, however small it is itself.
const MAX_WORK: u64 = 16 * 1024 * 1024 * 1024;

/// An object of a pack.
#[derive(Debug, Clone)]
pub(crate) enum Packed {
    Object(Kind, Arc<[u8]>),
    /// Larger than is read, by its size.
    TooLarge(u64),
}

/// A pack whose objects can be asked for by name.
#[derive(Debug)]
pub(crate) struct Pack {
    file: BufReader<SpooledTempFile>,
    large: bool,
    lines: Vec<Line>,
    /// Lines by where their object starts.
    at: HashMap<u64, usize>,
    named: HashMap<Oid, usize>,
    work: u64,
    /// What was made last: the base of what is made next, more often than not.
    last: Option<(usize, Arc<[u8]>)>,
}

#[derive(Debug)]
struct Line {
    /// Where the object starts, and where its deflated bytes do.
    start: u64,
    data: u64,
    size: u64,
    base: Base,
    kind: Option<Kind>,
}

#[derive(Debug, Clone, Copy)]
enum Base {
    None,
    At(u64),
    Named(Oid),
    Line(usize),
}

impl Pack {
    /// Reads a pack through once. With `files` false, files are passed over.
    pub(crate) fn index(spool: Spool, files: bool) -> Result<Self, Garbled> {
        let large = spool.is_large();
        let (file, length) = spool.finish()?;
        let mut pack = Self {
            file: BufReader::with_capacity(64 * 1024, file),
            large,
            lines: Vec::new(),
            at: HashMap::new(),
            named: HashMap::new(),
            work: 0,
            last: None,
        };
        pack.scan(length, files)?;
        Ok(pack)
    }

    /// What is in it.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = Oid> {
        self.named.keys().copied()
    }

    /// Whether it did not fit into memory.
    pub(crate) fn is_large(&self) -> bool {
        self.large
    }

    /// Objects, as far as they are in the pack, and until they are more than `most` bytes.
    pub(crate) fn objects(
        &mut self,
        wanted: &[Oid],
        most: u64,
    ) -> Result<Vec<(Oid, Packed)>, Garbled> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        for oid in wanted {
            if bytes > most {
                break;
            }
            if let Some(object) = self.object(*oid)? {
                if let Packed::Object(_, content) = &object {
                    bytes += content.len() as u64;
                }
                found.push((*oid, object));
            }
        }
        Ok(found)
    }

    /// An object; `None` when it is not in the pack.
    pub(crate) fn object(&mut self, oid: Oid) -> Result<Option<Packed>, Garbled> {
        let Some(line) = self.named.get(&oid).copied() else {
            return Ok(None);
        };
        let Line {
            kind, size, base, ..
        } = self.lines[line];
        let kind = kind.ok_or_else(|| Garbled("an object of no kind".to_owned()))?;
        if matches!(base, Base::None) && size > limit(kind) {
            return Ok(Some(Packed::TooLarge(size)));
        }
        let bytes = self.content(line)?;
        Ok(Some(Packed::Object(kind, bytes)))
    }

    fn scan(&mut self, length: u64, files: bool) -> Result<(), Garbled> {
        self.file.rewind().map_err(disk)?;
        let mut at = 0;
        let head: [u8; 12] = self.take(&mut at)?;
        let [magic @ .., a, b, c, d] = head;
        if magic != *b"PACK\0\0\0\x02" {
            return Err(Garbled("a pack of another kind".to_owned()));
        }
        let most = if files { MAX_LINES.0 } else { MAX_LINES.1 };
        let mut waiting: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut waiting_for: HashMap<Oid, Vec<usize>> = HashMap::new();
        let mut found = Vec::new();
        for _ in 0..u32::from_be_bytes([a, b, c, d]) {
            let start = at;
            let (kind, size) = self.header(&mut at)?;
            let (kind, base) = match kind {
                1 => (Some(Kind::Commit), Base::None),
                2 => (Some(Kind::Tree), Base::None),
                3 => (Some(Kind::Blob), Base::None),
                4 => (Some(Kind::Tag), Base::None),
                6 => (None, Base::At(start - self.distance(&mut at, start)?)),
                7 => (None, Base::Named(Oid::from_bytes(self.take(&mut at)?))),
                _ => return Err(Garbled("a pack with an unknown kind of object".to_owned())),
            };
            let line = self.lines.len();
            // A delta whose base was passed over is a file's, and passed over, too.
            let passed = match base {
                Base::None => kind == Some(Kind::Blob) && !files,
                Base::At(base) => !self.at.contains_key(&base),
                Base::Named(_) | Base::Line(_) => false,
            };
            let hash = kind.filter(|_| !passed);
            let (taken, oid) = self.skim(size, hash)?;
            if !passed {
                if self.lines.len() >= most {
                    return Err(Garbled(format!("a pack of more than {most} objects")));
                }
                self.lines.push(Line {
                    start,
                    data: at,
                    size,
                    base,
                    kind,
                });
                self.at.insert(start, line);
                match base {
                    Base::At(base) => waiting.entry(base).or_default().push(line),
                    Base::Named(base) => waiting_for.entry(base).or_default().push(line),
                    Base::None | Base::Line(_) => found.extend(oid.map(|oid| (line, oid))),
                }
            }
            at += taken;
        }
        if at + 20 != length {
            return Err(Garbled("a pack that goes on after its end".to_owned()));
        }
        while let Some((line, oid)) = found.pop() {
            self.named.insert(oid, line);
            let here = waiting.remove(&self.lines[line].start);
            let there = waiting_for.remove(&oid);
            for child in here.into_iter().chain(there).flatten() {
                let kind = self.lines[line].kind;
                self.lines[child].base = Base::Line(line);
                self.lines[child].kind = kind;
                if let Some(kind) = kind.filter(|kind| files || *kind != Kind::Blob) {
                    let content = self.content(child)?;
                    found.push((child, name(kind, &content)));
                }
            }
        }
        Ok(())
    }

    /// The kind and size an object starts with.
    fn header(&mut self, at: &mut u64) -> Result<(u8, u64), Garbled> {
        let [mut byte] = self.take(at)?;
        let kind = byte >> 4 & 0x07;
        let mut size = u64::from(byte & 0x0f);
        let mut shift = 4;
        while byte & 0x80 != 0 {
            [byte] = self.take(at)?;
            if shift > 56 {
                return Err(Garbled("an object of an impossible size".to_owned()));
            }
            size |= u64::from(byte & 0x7f) << shift;
            shift += 7;
        }
        Ok((kind, size))
    }

    /// How far before `start` a delta's base is.
    fn distance(&mut self, at: &mut u64, start: u64) -> Result<u64, Garbled> {
        let [mut byte] = self.take(at)?;
        let mut distance = u64::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            [byte] = self.take(at)?;
            distance = distance
                .checked_add(1)
                .and_then(|distance| distance.checked_mul(128))
                .ok_or_else(|| Garbled("a delta with an impossible base".to_owned()))?
                | u64::from(byte & 0x7f);
        }
        if distance == 0 || distance > start {
            return Err(Garbled("a delta with an impossible base".to_owned()));
        }
        Ok(distance)
    }

    fn take<const N: usize>(&mut self, at: &mut u64) -> Result<[u8; N], Garbled> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(short)?;
        *at += N as u64;
        Ok(bytes)
    }

    /// Inflates what comes next without keeping it; answers how many bytes it took and, if a kind is
    /// given, its name.
    fn skim(&mut self, size: u64, kind: Option<Kind>) -> Result<(u64, Option<Oid>), Garbled> {
        self.spend(size)?;
        let mut hash = kind.map(|kind| {
            let mut hash = Sha1::new();
            hash.update(format!("{} {size}\0", kind.name()));
            hash
        });
        let mut decoder = ZlibDecoder::new(&mut self.file);
        let mut piece = [0; 16 * 1024];
        let mut made = 0;
        loop {
            let read = decoder.read(&mut piece).map_err(short)?;
            if read == 0 {
                break;
            }
            made += read as u64;
            if made > size {
                return Err(Garbled("an object larger than it says".to_owned()));
            }
            if let Some(hash) = &mut hash {
                hash.update(&piece[..read]);
            }
        }
        if made != size {
            return Err(Garbled("an object smaller than it says".to_owned()));
        }
        let oid = hash.map(|hash| Oid::from_bytes(hash.finalize().into()));
        Ok((decoder.total_in(), oid))
    }

    /// An object's content, its deltas applied.
    fn content(&mut self, line: usize) -> Result<Arc<[u8]>, Garbled> {
        let mut chain = Vec::new();
        let mut at = line;
        let mut content = loop {
            if let Some((last, content)) = &self.last
                && *last == at
            {
                break Arc::clone(content);
            }
            match self.lines[at].base {
                Base::None => break self.inflate(at)?.into(),
                Base::Line(base) if chain.len() < MAX_CHAIN => {
                    chain.push(at);
                    at = base;
                }
                _ => return Err(Garbled("a delta without end".to_owned())),
            }
        };
        while let Some(delta) = chain.pop() {
            let kind = self.lines[delta].kind.unwrap_or(Kind::Blob);
            let bytes = self.inflate(delta)?;
            self.spend(delta::sizes(&bytes)?.1)?;
            content = delta::apply(&content, &bytes, limit(kind))?.into();
        }
        self.last = Some((line, Arc::clone(&content)));
        Ok(content)
    }

    fn inflate(&mut self, line: usize) -> Result<Vec<u8>, Garbled> {
        let Line { data, size, .. } = self.lines[line];
        self.spend(size)?;
        if size > MAX_META {
            return Err(Garbled(format!("an object of {size} bytes")));
        }
        self.file.seek(SeekFrom::Start(data)).map_err(disk)?;
        let mut bytes = Vec::new();
        let mut inflated = ZlibDecoder::new(&mut self.file).take(size);
        inflated.read_to_end(&mut bytes).map_err(short)?;
        if bytes.len() as u64 != size {
            return Err(Garbled("an object smaller than it says".to_owned()));
        }
        Ok(bytes)
    }

    fn spend(&mut self, bytes: u64) -> Result<(), Garbled> {
        // An object costs something even when it is empty.
        self.work = self.work.saturating_add(bytes).saturating_add(64);
        if self.work > MAX_WORK {
            return Err(Garbled("a pack that inflates without end".to_owned()));
        }
        Ok(())
    }
}

fn limit(kind: Kind) -> u64 {
    match kind {
        Kind::Blob => MAX_FILE,
        Kind::Tree => MAX_META,
        Kind::Commit | Kind::Tag => MAX_COMMIT,
    }
}

fn short(error: std::io::Error) -> Garbled {
    Garbled(format!("a pack that cannot be inflated: {error}"))
}
