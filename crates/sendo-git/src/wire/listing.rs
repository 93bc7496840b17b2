//! A folder's listing as git stores it: looked up and edited in its bytes.
//!
//! Owns the order of lines and where a new one goes. A folder of thousands is never taken apart: an
//! edit is the few bytes that differ, which is also what goes over the wire.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::delta::Splice;
use super::fault::Garbled;
use crate::objects::Entry;
use crate::oid::Oid;
use crate::tree::Mode;

/// What a line shall be; `None` is gone.
pub(crate) type Wanted = Option<(u32, Oid)>;

/// A line where it lies.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    mode: u32,
    name: &'a [u8],
    oid: Oid,
    /// Where it starts, where its object's name starts, and where it ends.
    start: usize,
    oid_at: usize,
    end: usize,
}

struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Garbled>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = line(rest, self.at);
        self.at = line.as_ref().map_or(self.bytes.len(), |line| line.end);
        Some(line.ok_or_else(|| Garbled("a folder that cannot be read".to_owned())))
    }
}

fn line(rest: &[u8], start: usize) -> Option<Line<'_>> {
    // A mode is five or six octal digits.
    let space = rest.iter().take(8).position(|byte| *byte == b' ')?;
    let digits = std::str::from_utf8(&rest[..space]).ok()?;
    let mode = u32::from_str_radix(digits, 8).ok()?;
    let name = &rest[space + 1..];
    let name = &name[..name.iter().position(|byte| *byte == 0)?];
    let oid_at = space + 1 + name.len() + 1;
    let (oid, _) = rest[oid_at..].split_first_chunk::<20>()?;
    Some(Line {
        mode,
        name,
        oid: Oid::from_bytes(*oid),
        start,
        oid_at: start + oid_at,
        end: start + oid_at + 20,
    })
}

fn lines(bytes: &[u8]) -> Lines<'_> {
    Lines { bytes, at: 0 }
}

/// The line of that name.
pub(crate) fn find(bytes: &[u8], name: &str) -> Result<Option<Entry>, Garbled> {
    for line in lines(bytes) {
        let line = line?;
        if line.name == name.as_bytes() {
            return Ok(Some(entry(&line)));
        }
    }
    Ok(None)
}

/// Every line, in git's order.
pub(crate) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, Garbled> {
    lines(bytes)
        .map(|line| line.map(|line| entry(&line)))
        .collect()
}

fn entry(line: &Line<'_>) -> Entry {
    Entry {
        mode: line.mode,
        name: line.name.to_vec(),
        oid: line.oid,
    }
}

/// Where the bytes differ once every line is as wanted; empty when it is already.
pub(crate) fn edit(
    bytes: &[u8],
    wanted: &BTreeMap<String, Wanted>,
) -> Result<Vec<Splice>, Garbled> {
    let mut new = Vec::new();
    let mut splices = Vec::new();
    let mut known = Vec::with_capacity(wanted.len());
    for line in lines(bytes) {
        let line = line?;
        let name = std::str::from_utf8(line.name).unwrap_or_default();
        let Some((name, wanted)) = wanted.get_key_value(name) else {
            continue;
        };
        known.push(name);
        splices.extend(match wanted {
            None => Some(Splice {
                at: line.start,
                removed: line.end - line.start,
                inserted: Vec::new(),
            }),
            Some((mode, oid)) if *mode != line.mode => Some(Splice {
                at: line.start,
                removed: line.end - line.start,
                inserted: stored(*mode, name, *oid),
            }),
            Some((_, oid)) if *oid != line.oid => Some(Splice {
                at: line.oid_at,
                removed: 20,
                inserted: oid.as_bytes().to_vec(),
            }),
            Some(_) => None,
        });
    }
    for (name, wanted) in wanted {
        if let Some((mode, oid)) = wanted
            && !known.contains(&name)
        {
            new.push((*mode, name.as_str(), *oid));
        }
    }
    if !new.is_empty() {
        insert(bytes, new, &mut splices)?;
    }
    Ok(splices)
}

/// Adds the splices of new lines, each before the first line that belongs after it.
fn insert(
    bytes: &[u8],
    mut new: Vec<(u32, &str, Oid)>,
    splices: &mut Vec<Splice>,
) -> Result<(), Garbled> {
    new.sort_by(|one, other| order((one.0, one.1.as_bytes()), (other.0, other.1.as_bytes())));
    let mut new = new.into_iter().peekable();
    let mut added = Vec::new();
    let mut put = |at, (mode, name, oid): (u32, &str, Oid)| {
        added.push(Splice {
            at,
            removed: 0,
            inserted: stored(mode, name, oid),
        });
    };
    for line in lines(bytes) {
        let line = line?;
        let before = |new: &(u32, &str, Oid)| {
            order((new.0, new.1.as_bytes()), (line.mode, line.name)) == Ordering::Less
        };
        while let Some(new) = new.next_if(before) {
            put(line.start, new);
        }
    }
    for rest in new {
        put(bytes.len(), rest);
    }
    // Stable: a line that goes in before another comes before what happens to that one.
    added.append(splices);
    added.sort_by_key(|splice| splice.at);
    *splices = added;
    Ok(())
}

/// git's order: by bytes, a folder as if its name ended in a slash.
fn order(one: (u32, &[u8]), other: (u32, &[u8])) -> Ordering {
    key(one).cmp(key(other))
}

fn key((mode, name): (u32, &[u8])) -> impl Iterator<Item = u8> {
    let slash = (Mode::of(mode) == Mode::Folder).then_some(b'/');
    name.iter().copied().chain(slash)
}

fn stored(mode: u32, name: &str, oid: Oid) -> Vec<u8> {
    let mut line = format!("{mode:o} {name}\0").into_bytes();
    line.extend_from_slice(oid.as_bytes());
    line
}
