//! Refs read from their files, without starting git.
//!
//! Owns nothing but the short way for refs as nearly every repository keeps them: a file each, and a list
//! of those that were packed. `None` stands for anything else, about which git itself is asked: another
//! way of keeping them, a long list, a symbolic ref, a file that cannot be read. Never writes a ref.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::loose;
use crate::oid::Oid;
use crate::ref_name::RefName;

/// Longest list of packed refs that is read; git finds its way about a longer one.
const MAX_PACKED: u64 = 256 * 1024;

/// Where these refs point; absent ones are left out.
pub(crate) fn resolve(repository: &Path, names: &[RefName]) -> Option<BTreeMap<RefName, Oid>> {
    keeps_files(repository).then_some(())?;
    let mut found = BTreeMap::new();
    let mut absent = Vec::new();
    for name in names {
        match file(&repository.join(name.as_str()))? {
            Some(oid) => drop(found.insert(name.clone(), oid)),
            None => absent.push(name),
        }
    }
    if !absent.is_empty() {
        // After the files: a ref is packed before its file goes.
        let packed = packed(repository, |name| {
            absent.iter().any(|absent| absent.as_str() == name)
        })?;
        found.extend(packed);
    }
    Some(found)
}

/// The refs with or below these names.
pub(crate) fn below(repository: &Path, names: &[String]) -> Option<BTreeMap<RefName, Oid>> {
    keeps_files(repository).then_some(())?;
    let mut files = BTreeMap::new();
    for name in names {
        let path = repository.join(name);
        if path.is_dir() {
            walk(&path, name, &mut files)?;
        } else if let Some(oid) = file(&path)? {
            insert(&mut files, name, oid);
        }
    }
    let is_below = |name: &str, above: &str| {
        let rest = name.strip_prefix(above);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // After the files, which count when a ref is in both.
    let mut found = packed(repository, |name| {
        names.iter().any(|above| is_below(name, above))
    })?;
    found.extend(files);
    Some(found)
}

/// Whether refs are kept here, in files: git's other format leaves this folder, and what shares the refs
/// of another repository this file.
fn keeps_files(repository: &Path) -> bool {
    !repository.join("reftable").exists() && !repository.join("commondir").exists()
}

fn walk(folder: &Path, name: &str, found: &mut BTreeMap<RefName, Oid>) -> Option<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // A folder left empty may go at any time.
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(()),
        Err(_) => return None,
    };
    for entry in entries {
        let entry = entry.ok()?;
        // Only names in UTF-8 can be a `RefName`.
        let Some(name) = entry
            .file_name()
            .to_str()
            .map(|own| format!("{name}/{own}"))
        else {
            continue;
        };
        if RefName::new(name.as_str()).is_err() {
            continue;
        }
        if entry.path().is_dir() {
            walk(&entry.path(), &name, found)?;
        } else if let Some(oid) = file(&entry.path())? {
            insert(found, &name, oid);
        }
    }
    Some(())
}

/// What a ref's file says; `Some(None)` when there is none.
fn file(path: &Path) -> Option<Option<Oid>> {
    let mut bytes = Vec::new();
    let read = loose::open(path).and_then(|file| file.take(100).read_to_end(&mut bytes));
    match read.map_err(|error| error.kind()) {
        Ok(_) => {}
        Err(ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory) => {
            return Some(None);
        }
        Err(_) => return None,
    }
    let oid = Oid::from_hex(bytes.strip_suffix(b"\n")?)?;
    Some(Some(oid.non_zero()?))
}

/// The packed refs that are wanted.
fn packed(repository: &Path, wanted: impl Fn(&str) -> bool) -> Option<BTreeMap<RefName, Oid>> {
    let mut found = BTreeMap::new();
    let file = match loose::open(&repository.join("packed-refs")) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(found),
        Err(_) => return None,
    };
    let mut bytes = Vec::new();
    file.take(MAX_PACKED + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > MAX_PACKED {
        return None;
    }
    for line in bytes.split(|byte| *byte == b'\n') {
        // Comments, and what the tag before leads to.
        if matches!(line.first(), None | Some(b'#' | b'^')) {
            continue;
        }
        let (oid, name) = line.split_at_checked(40)?;
        let oid = Oid::from_hex(oid)?.non_zero()?;
        if let Ok(name) = std::str::from_utf8(name.strip_prefix(b" ")?)
            && wanted(name)
        {
            insert(&mut found, name, oid);
        }
    }
    Some(found)
}

/// A name that is none is passed over.
fn insert(found: &mut BTreeMap<RefName, Oid>, name: &str, oid: Oid) {
    if let Ok(name) = RefName::new(name) {
        found.insert(name, oid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        folder
    }

    fn told(refs: Option<BTreeMap<RefName, Oid>>) -> Option<Vec<String>> {
        let tell = |(name, oid): (RefName, Oid)| format!("{name} {}", &oid.to_string()[..1]);
        refs.map(|refs| refs.into_iter().map(tell).collect())
    }

    fn below(folder: &tempfile::TempDir, name: &str) -> Option<Vec<String>> {
        told(super::below(folder.path(), &[name.to_owned()]))
    }

    fn resolve(folder: &tempfile::TempDir, names: &[&str]) -> Option<Vec<String>> {
        let names: Vec<RefName> = names.iter().map(|name| name.parse().unwrap()).collect();
        told(super::resolve(folder.path(), &names))
    }

    #[test]
    fn a_file_counts_before_the_packed_list() {
        let list = format!(
            "# pack-refs with: peeled fully-peeled sorted \n{ONE} refs/heads/a\n{ONE} refs/heads/b/c\n\
             {ONE} refs/heads2/d\n{ONE} refs/tags/v1\n^{TWO}\n"
        );
        let two = format!("{TWO}\n");
        let folder = with(&[
            ("packed-refs", &list),
            ("refs/heads/a", &two),
            ("refs/heads/e/f", &two),
            ("refs/heads/a.lock", ""),
        ]);
        let all = ["refs/heads/a 2", "refs/heads/b/c 1", "refs/heads/e/f 2"];
        assert_eq!(below(&folder, "refs/heads").unwrap(), all);
        assert_eq!(below(&folder, "refs/heads/a").unwrap(), ["refs/heads/a 2"]);
        assert_eq!(below(&folder, "refs/none").unwrap(), [""; 0]);
        let some = ["refs/heads/a", "refs/heads/b", "refs/tags/v1"];
        assert_eq!(
            resolve(&folder, &some).unwrap(),
            ["refs/heads/a 2", "refs/tags/v1 1"]
        );
    }

    #[test]
    fn git_is_asked_about_anything_else() {
        let (one, long) = (format!("{ONE}\n"), format!("{ONE} refs/x\n").repeat(6_000));
        let kept = [
            ("refs/heads/a", "ref: refs/heads/b\n"),
            ("refs/heads/a", ""),
            ("refs/heads/a", "0000000000000000000000000000000000000000\n"),
            ("packed-refs", "what is this\n"),
            ("packed-refs", &long),
            ("reftable/tables.list", ""),
            ("commondir", "../elsewhere\n"),
        ];
        for (name, text) in kept {
            let folder = with(&[("refs/heads/z", &one), (name, text)]);
            assert_eq!(below(&folder, "refs/heads"), None, "{name} {text}");
            let names = ["refs/heads/a", "refs/heads/z"];
            assert_eq!(resolve(&folder, &names), None, "{name} {text}");
        }
    }
}
