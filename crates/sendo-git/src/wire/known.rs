//! What is remembered of remote repositories: where branches were, and objects.
//!
//! Owns the bounds, of each and of all in this process. Objects are named by their content and so never
//! out of date; where a branch was is a hint, which the compare-and-swap of a push proves or refutes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::pack_write::Kind;
use crate::oid::Oid;
use crate::ref_name::RefName;

/// Most that the objects of all repositories take, in bytes.
const MAX_ALL: usize = 64 * 1024 * 1024;
/// Most that those of one take.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Larger ones are not remembered.
const MAX_OBJECT: usize = 4 * 1024 * 1024;
/// What an object takes beside its bytes.
const OVERHEAD: usize = 100;
/// Branches of one repository remembered at the most.
const MAX_HEADS: usize = 4_096;

/// An object that was read or made.
pub(crate) type Object = (Kind, Arc<[u8]>);

static SHELF: LazyLock<Mutex<Shelf>> = LazyLock::new(Mutex::default);

/// What is remembered of all repositories, by number.
#[derive(Debug, Default)]
struct Shelf {
    memories: HashMap<u64, Memory>,
    numbers: u64,
    /// Counts uses, to tell which repository was used last.
    uses: u64,
    bytes: usize,
}

/// What is remembered of one, in two generations: when the young one is full it becomes the old one,
/// and the one before is forgotten. What is asked for is young again.
#[derive(Debug, Default)]
struct Memory {
    heads: HashMap<RefName, Option<Oid>>,
    young: Generation,
    old: Generation,
    used: u64,
}

#[derive(Debug, Default)]
struct Generation {
    objects: HashMap<Oid, Object>,
    bytes: usize,
}

/// One repository's place, shared by all its clones. What is remembered of it goes with it.
#[derive(Debug)]
pub(crate) struct Known {
    shelf: &'static Mutex<Shelf>,
    number: u64,
}

impl Default for Known {
    fn default() -> Self {
        Self::on(&SHELF)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let mut shelf = self.lock();
        if let Some(memory) = shelf.memories.remove(&self.number) {
            shelf.bytes -= memory.bytes();
        }
    }
}

impl Known {
    fn on(shelf: &'static Mutex<Shelf>) -> Self {
        let mut all = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        all.numbers += 1;
        let number = all.numbers;
        Self { shelf, number }
    }

    /// Where a branch was when we last heard of it; `None` when we never did.
    pub(crate) fn head(&self, name: &RefName) -> Option<Option<Oid>> {
        let shelf = self.lock();
        let memory = shelf.memories.get(&self.number)?;
        memory.heads.get(name).copied()
    }

    pub(crate) fn told(&self, name: &RefName, head: Option<Oid>) {
        let mut shelf = self.lock();
        let heads = &mut shelf.memories.entry(self.number).or_default().heads;
        if heads.len() >= MAX_HEADS && !heads.contains_key(name) {
            heads.clear();
        }
        heads.insert(name.clone(), head);
    }

    pub(crate) fn object(&self, oid: Oid) -> Option<Object> {
        self.lock().change(self.number, |memory| memory.object(oid))
    }

    pub(crate) fn keep(&self, oid: Oid, object: Object) {
        let mut shelf = self.lock();
        shelf.change(self.number, |memory| memory.keep(oid, object));
        shelf.make_room(self.number);
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Uses one repository's memory, and counts what that changed.
    fn change<T>(&mut self, number: u64, work: impl FnOnce(&mut Memory) -> T) -> T {
        self.uses += 1;
        let memory = self.memories.entry(number).or_default();
        memory.used = self.uses;
        self.bytes -= memory.bytes();
        let done = work(memory);
        self.bytes += memory.bytes();
        done
    }

    /// Forgets the objects of whichever repository was not used for longest, but for one.
    fn make_room(&mut self, except: u64) {
        while self.bytes > MAX_ALL {
            let others = self.memories.iter_mut();
            let others = others.filter(|(number, memory)| **number != except && memory.bytes() > 0);
            let Some((_, oldest)) = others.min_by_key(|(_, memory)| memory.used) else {
                return;
            };
            self.bytes -= oldest.bytes();
            (oldest.young, oldest.old) = Default::default();
        }
    }
}

impl Memory {
    fn bytes(&self) -> usize {
        self.young.bytes + self.old.bytes
    }

    fn object(&mut self, oid: Oid) -> Option<Object> {
        if let Some(object) = self.young.objects.get(&oid) {
            return Some(object.clone());
        }
        let object = self.old.objects.remove(&oid)?;
        self.old.bytes -= size(&object);
        self.keep(oid, object.clone());
        Some(object)
    }

    fn keep(&mut self, oid: Oid, object: Object) {
        let bytes = size(&object);
        if bytes > MAX_OBJECT || self.young.objects.contains_key(&oid) {
            return;
        }
        if self.young.bytes + bytes > MAX_BYTES / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes += bytes;
        self.young.objects.insert(oid, object);
    }
}

fn size((_, bytes): &Object) -> usize {
    bytes.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEBI: usize = 1024 * 1024;

    /// A shelf that no other test puts anything on.
    fn shelf() -> &'static Mutex<Shelf> {
        Box::leak(Box::default())
    }

    fn numbered(n: u8, size: usize) -> (Oid, Object) {
        (Oid::from_bytes([n; 20]), (Kind::Blob, vec![n; size].into()))
    }

    /// What is held, counted anew.
    fn held(shelf: &Mutex<Shelf>) -> usize {
        let shelf = shelf.lock().unwrap();
        let generations = shelf
            .memories
            .values()
            .flat_map(|memory| [&memory.young, &memory.old]);
        let held = generations.flat_map(|generation| generation.objects.values().map(size));
        let held = held.sum();
        assert_eq!(shelf.bytes, held);
        held
    }

    #[test]
    fn what_is_used_is_kept_and_the_rest_forgotten() {
        let shelf = shelf();
        let known = Known::on(shelf);
        let (used, object) = numbered(0, 1000);
        let (unused, other) = numbered(1, 1000);
        known.keep(used, object);
        known.keep(unused, other);
        for n in 2..100 {
            let (oid, object) = numbered(n, MEBI);
            known.keep(oid, object);
            assert!(known.object(used).is_some());
        }
        assert!(known.object(unused).is_none());
        assert!(held(shelf) <= MAX_BYTES);
    }

    #[test]
    fn all_repositories_share_one_bound_and_the_least_used_goes_first() {
        let shelf = shelf();
        let all: Vec<Known> = (0..20).map(|_| Known::on(shelf)).collect();
        let name = RefName::branch("main").unwrap();
        for known in &all {
            known.told(&name, None);
            for n in 1..=10 {
                let (oid, object) = numbered(n, MEBI);
                known.keep(oid, object);
                assert!(held(shelf) <= MAX_ALL);
            }
            assert!(all[0].object(Oid::from_bytes([1; 20])).is_some());
        }
        let has = |known: &Known| known.object(Oid::from_bytes([10; 20])).is_some();
        let having: Vec<bool> = all.iter().map(has).collect();
        // The one that was used all the time, and the last ones.
        assert!(having[0] && having[19] && having.iter().filter(|has| **has).count() == 6);
        assert_eq!(all[5].head(&name), Some(None), "branches are not forgotten");
    }

    #[test]
    fn what_is_remembered_goes_with_the_repository() {
        let shelf = shelf();
        let (one, other) = (Known::on(shelf), Known::on(shelf));
        let (oid, object) = numbered(1, MEBI);
        one.keep(oid, object.clone());
        other.keep(oid, object);
        drop(one);
        assert_eq!(held(shelf), MEBI + OVERHEAD);
        assert_eq!(shelf.lock().unwrap().memories.len(), 1);
    }

    #[test]
    fn branches_without_number_do_not_fill_the_memory() {
        let known = Known::on(shelf());
        for n in 0..MAX_HEADS + 10 {
            let name = RefName::branch(&format!("b{n}")).unwrap();
            known.told(&name, None);
        }
        assert!(known.lock().memories[&known.number].heads.len() <= MAX_HEADS);
    }
}
