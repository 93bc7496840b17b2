//! Packs, written: version 2, thin, in memory.
//!
//! Owns the encoding of what we send. An object that is an old one with a few bytes exchanged goes as
//! a `REF_DELTA` against that one, which the receiver has: a folder's listing of any length costs some
//! sixty bytes that way.

use std::collections::HashSet;
use std::sync::Arc;

use flate2::{Compress, Compression, FlushCompress, Status};
use sha1::{Digest, Sha1};

use super::delta;
use super::delta::Splice;
use crate::oid::Oid;

/// What an object is, by its number in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Commit = 1,
    Tree = 2,
    Blob = 3,
    Tag = 4,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

const REF_DELTA: u8 = 7;

/// An object that exists only here yet.
#[derive(Debug, Clone)]
pub(crate) struct NewObject {
    pub(crate) oid: Oid,
    pub(crate) kind: Kind,
    pub(crate) bytes: Arc<[u8]>,
    /// The old object it is made of, and the delta.
    pub(crate) delta: Option<(Oid, Vec<u8>)>,
}

impl NewObject {
    /// One that is sent whole.
    pub(crate) fn whole(kind: Kind, bytes: Vec<u8>) -> Self {
        Self {
            oid: name(kind, &bytes),
            kind,
            bytes: bytes.into(),
            delta: None,
        }
    }

    /// One that is `old` with some bytes exchanged.
    pub(crate) fn of(kind: Kind, old: (Oid, &[u8]), splices: &[Splice]) -> Self {
        let mut object = Self::whole(kind, delta::spliced(old.1, splices));
        let delta = delta::encode(old.1, splices);
        // The base's name costs twenty bytes that do not compress.
        if delta.len() + 20 < object.bytes.len() {
            object.delta = Some((old.0, delta));
        }
        object
    }
}

/// An object's name.
pub(crate) fn name(kind: Kind, bytes: &[u8]) -> Oid {
    Oid::of(kind.name(), bytes)
}

/// A pack of these objects, each once.
pub(crate) fn pack<'a>(objects: impl Iterator<Item = &'a NewObject>) -> Vec<u8> {
    let mut sent = HashSet::new();
    let objects: Vec<&NewObject> = objects.filter(|object| sent.insert(object.oid)).collect();
    // One commit may undo what another does: then each would be told by the other, and neither told.
    let told = |object: &NewObject| {
        let base = object.delta.as_ref().map(|(base, _)| *base);
        base.is_some_and(|base| !sent.contains(&base))
    };
    let objects = objects.into_iter().map(|object| (object, told(object)));
    encoded(&objects.collect::<Vec<_>>())
}

/// A pack of these objects, each as its delta or whole.
pub(crate) fn encoded(objects: &[(&NewObject, bool)]) -> Vec<u8> {
    // One for all: it takes more memory than most packs.
    let mut deflater = Compress::new(Compression::fast(), true);
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend_from_slice(&(objects.len() as u32).to_be_bytes());
    for (object, as_delta) in objects {
        match object.delta.as_ref().filter(|_| *as_delta) {
            None => {
                header(&mut pack, object.kind as u8, object.bytes.len());
                deflate(&mut pack, &mut deflater, &object.bytes);
            }
            Some((base, delta)) => {
                header(&mut pack, REF_DELTA, delta.len());
                pack.extend_from_slice(base.as_bytes());
                deflate(&mut pack, &mut deflater, delta);
            }
        }
    }
    let sum = Sha1::digest(&pack);
    pack.extend_from_slice(sum.as_slice());
    pack
}

fn header(out: &mut Vec<u8>, kind: u8, size: usize) {
    let mut byte = kind << 4 | (size & 0x0f) as u8;
    let mut rest = size >> 4;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
}

fn deflate(out: &mut Vec<u8>, deflater: &mut Compress, bytes: &[u8]) {
    deflater.reset();
    let mut rest = bytes;
    loop {
        // What does not compress grows a little.
        out.reserve(rest.len() / 2 + 128);
        let before = deflater.total_in();
        let status = deflater.compress_vec(rest, out, FlushCompress::Finish);
        let taken = usize::try_from(deflater.total_in() - before).unwrap_or_default();
        rest = rest.get(taken..).unwrap_or_default();
        debug_assert!(status.is_ok());
        if !matches!(status, Ok(Status::Ok | Status::BufError)) {
            return;
        }
    }
}
