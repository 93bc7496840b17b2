//! What is remembered of a remote repository: where branches were, and objects.
//!
//! Owns the bounds. Objects are named by their content and so never out of date; where a branch was is
//! a hint, which the compare-and-swap of a push proves or refutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::pack_write::Kind;
use crate::oid::Oid;
use crate::ref_name::RefName;

/// Most that all remembered objects take, in bytes.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Larger ones are not remembered.
const MAX_OBJECT: usize = 4 * 1024 * 1024;
/// What an object takes beside its bytes.
const OVERHEAD: usize = 100;
/// Branches remembered at the most.
const MAX_HEADS: usize = 4_096;

/// An object that was read or made.
pub(crate) type Object = (Kind, Arc<[u8]>);

/// Shared by all clones of a repository.
#[derive(Debug, Default)]
pub(crate) struct Known {
    memory: Mutex<Memory>,
}

/// Two generations: when the young one is full it becomes the old one, and the one before is
/// forgotten. What is asked for is young again.
#[derive(Debug, Default)]
struct Memory {
    heads: HashMap<RefName, Option<Oid>>,
    young: HashMap<Oid, Object>,
    old: HashMap<Oid, Object>,
    young_bytes: usize,
}

impl Known {
    /// Where a branch was when we last heard of it; `None` when we never did.
    pub(crate) fn head(&self, name: &RefName) -> Option<Option<Oid>> {
        self.lock().heads.get(name).copied()
    }

    pub(crate) fn told(&self, name: &RefName, head: Option<Oid>) {
        let mut memory = self.lock();
        if memory.heads.len() >= MAX_HEADS && !memory.heads.contains_key(name) {
            memory.heads.clear();
        }
        memory.heads.insert(name.clone(), head);
    }

    pub(crate) fn object(&self, oid: Oid) -> Option<Object> {
        let mut memory = self.lock();
        if let Some(object) = memory.young.get(&oid) {
            return Some(object.clone());
        }
        let object = memory.old.remove(&oid)?;
        memory.keep(oid, object.clone());
        Some(object)
    }

    pub(crate) fn keep(&self, oid: Oid, object: Object) {
        self.lock().keep(oid, object);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn keep(&mut self, oid: Oid, object: Object) {
        let bytes = object.1.len() + OVERHEAD;
        if bytes > MAX_OBJECT || self.young.contains_key(&oid) {
            return;
        }
        if self.young_bytes + bytes > MAX_BYTES / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young.insert(oid, object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(n: u8, size: usize) -> (Oid, Object) {
        (Oid::from_bytes([n; 20]), (Kind::Blob, vec![n; size].into()))
    }

    #[test]
    fn what_is_used_is_kept_and_the_rest_forgotten() {
        let known = Known::default();
        let (used, object) = numbered(0, 1000);
        let (unused, other) = numbered(1, 1000);
        known.keep(used, object);
        known.keep(unused, other);
        for n in 2..100 {
            let (oid, object) = numbered(n, 1024 * 1024);
            known.keep(oid, object);
            assert!(known.object(used).is_some());
        }
        assert!(known.object(unused).is_none());
        let held = |objects: &HashMap<Oid, Object>| -> usize {
            objects.values().map(|(_, bytes)| bytes.len()).sum()
        };
        let memory = known.lock();
        assert!(held(&memory.young) + held(&memory.old) <= MAX_BYTES);
    }

    #[test]
    fn branches_without_number_do_not_fill_the_memory() {
        let known = Known::default();
        for n in 0..MAX_HEADS + 10 {
            let name = RefName::branch(&format!("b{n}")).unwrap();
            known.told(&name, None);
        }
        assert!(known.lock().heads.len() <= MAX_HEADS);
    }
}
