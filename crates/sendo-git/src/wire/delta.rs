//! Deltas: a new object told as pieces of an old one and what is put between them.
//!
//! Owns both directions. Nothing is searched for: whoever makes a new object knows where it differs,
//! and says so as [`Splice`]s. Reading trusts nothing of what a delta says about itself.

use super::fault::Garbled;

/// Largest piece that one instruction copies: what git itself writes, so every reader takes it.
const MAX_COPY: usize = 0x1_0000;
/// Largest piece that one instruction inserts.
const MAX_INSERT: usize = 0x7f;

/// One place where new content differs from old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    /// Where in the old content; never before the end of the splice before it.
    pub(crate) at: usize,
    /// How many old bytes go.
    pub(crate) removed: usize,
    /// What comes in their place.
    pub(crate) inserted: Vec<u8>,
}

impl Splice {
    /// The one splice that turns `old` into `new`.
    pub(crate) fn between(old: &[u8], new: &[u8]) -> Self {
        let pairs = |(one, other): &(&u8, &u8)| one == other;
        let front = old.iter().zip(new).take_while(pairs).count();
        let (old_rest, new_rest) = (&old[front..], &new[front..]);
        let back = old_rest.iter().rev().zip(new_rest.iter().rev());
        let back = back.take_while(pairs).count();
        Self {
            at: front,
            removed: old_rest.len() - back,
            inserted: new_rest[..new_rest.len() - back].to_vec(),
        }
    }
}

/// The new content.
pub(crate) fn spliced(old: &[u8], splices: &[Splice]) -> Vec<u8> {
    let mut new = Vec::with_capacity(new_length(old, splices));
    let mut from = 0;
    for splice in splices {
        new.extend_from_slice(&old[from..splice.at]);
        new.extend_from_slice(&splice.inserted);
        from = splice.at + splice.removed;
    }
    new.extend_from_slice(&old[from..]);
    new
}

/// The delta that makes the new content out of the old.
pub(crate) fn encode(old: &[u8], splices: &[Splice]) -> Vec<u8> {
    let mut delta = Vec::new();
    write_size(&mut delta, old.len());
    write_size(&mut delta, new_length(old, splices));
    let mut from = 0;
    for splice in splices {
        copy(&mut delta, from, splice.at);
        for piece in splice.inserted.chunks(MAX_INSERT) {
            delta.push(piece.len() as u8);
            delta.extend_from_slice(piece);
        }
        from = splice.at + splice.removed;
    }
    copy(&mut delta, from, old.len());
    delta
}

fn new_length(old: &[u8], splices: &[Splice]) -> usize {
    let removed: usize = splices.iter().map(|splice| splice.removed).sum();
    let inserted: usize = splices.iter().map(|splice| splice.inserted.len()).sum();
    old.len() - removed + inserted
}

fn write_size(out: &mut Vec<u8>, mut size: usize) {
    while size > 0x7f {
        out.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
}

fn copy(out: &mut Vec<u8>, mut from: usize, to: usize) {
    while from < to {
        let length = (to - from).min(MAX_COPY);
        let at = out.len();
        out.push(0x80);
        // Zero bytes are left out, and a length of 0x10000 is what no length at all means.
        let offset = (from as u32).to_le_bytes();
        let size = (length as u32 & 0xffff).to_le_bytes();
        let (mut instruction, parts) = (0x80, offset.iter().chain(size.iter().take(3)));
        for (bit, byte) in parts.enumerate().filter(|(_, byte)| **byte != 0) {
            instruction |= 1 << bit;
            out.push(*byte);
        }
        out[at] = instruction;
        from += length;
    }
}

/// How large the old and the new content are, as the delta says.
pub(crate) fn sizes(delta: &[u8]) -> Result<(u64, u64), Garbled> {
    let mut rest = delta;
    Ok((read_size(&mut rest)?, read_size(&mut rest)?))
}

/// Makes the new content, of at most `limit` bytes.
///
/// # Errors
/// Whenever the delta does not fit the old content or its own sizes.
pub(crate) fn apply(old: &[u8], delta: &[u8], limit: u64) -> Result<Vec<u8>, Garbled> {
    let lies = |what: &str| Garbled(format!("a delta {what}"));
    let mut rest = delta;
    let (old_size, new_size) = (read_size(&mut rest)?, read_size(&mut rest)?);
    if old_size != old.len() as u64 {
        return Err(lies("of another object"));
    }
    if new_size > limit {
        return Err(lies("that makes too large an object"));
    }
    let new_size = usize::try_from(new_size).unwrap_or(usize::MAX);
    // The size is a claim: what is really made is counted below.
    let mut new = Vec::with_capacity(new_size.min(1024 * 1024));
    while let Some((instruction, after)) = rest.split_first() {
        rest = after;
        let piece = if instruction & 0x80 != 0 {
            let offset = read_parts(&mut rest, instruction & 0x0f)?;
            let length = match read_parts(&mut rest, instruction >> 4 & 0x07)? {
                0 => MAX_COPY,
                length => length,
            };
            let end = offset.checked_add(length);
            let piece = end.and_then(|end| old.get(offset..end));
            piece.ok_or_else(|| lies("that copies from beyond its base"))?
        } else {
            let length = usize::from(*instruction);
            if length == 0 {
                return Err(lies("with an unknown instruction"));
            }
            let (piece, after) = rest
                .split_at_checked(length)
                .ok_or_else(|| lies("that ends early"))?;
            rest = after;
            piece
        };
        if new.len() + piece.len() > new_size {
            return Err(lies("that makes more than it says"));
        }
        new.extend_from_slice(piece);
    }
    if new.len() != new_size {
        return Err(lies("that makes less than it says"));
    }
    Ok(new)
}

fn read_size(rest: &mut &[u8]) -> Result<u64, Garbled> {
    let mut size = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest
            .split_first()
            .ok_or_else(|| Garbled("a delta without sizes".to_owned()))?;
        *rest = after;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
    Err(Garbled("a delta of an impossible size".to_owned()))
}

fn read_parts(rest: &mut &[u8], present: u8) -> Result<usize, Garbled> {
    let mut value = 0_usize;
    for part in (0..4).filter(|part| present >> part & 1 == 1) {
        let (byte, after) = rest
            .split_first()
            .ok_or_else(|| Garbled("a delta that ends early".to_owned()))?;
        *rest = after;
        value |= usize::from(*byte) << (8 * part);
    }
    Ok(value)
}
