//! Reading refs, and moving several of them at once or not at all.
//!
//! Owns the compare-and-swap every publish ends with: one `git update-ref` transaction, and on
//! refusal a second look at the refs, so that the reason never hangs on git's wording. Does not run
//! the repository's hooks (git itself does so for pushes only): whoever moves a ref says so through
//! [`BareRepository::spool`](crate::BareRepository::spool).

use std::collections::BTreeMap;
use std::fmt;

use crate::error::GitError;
use crate::objects::{Content, MAX_META, ObjectReader};
use crate::oid::Oid;
use crate::ref_files;
use crate::ref_name::RefName;
use crate::repository::BareRepository;

/// Most that a listing of refs may take, in bytes: about 500,000 of them.
const MAX_LISTING: u64 = 64 * 1024 * 1024;
/// How many names go onto one command line.
const NAMES_AT_ONCE: usize = 500;

/// A ref and what it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefEntry {
    /// Its full name.
    pub name: RefName,
    /// The object it points to: for an annotated tag the tag object.
    pub oid: Oid,
    /// The commit it leads to, tags peeled all the way; `None` when it leads to a tree or blob.
    pub commit: Option<Oid>,
    /// When the tag or commit was made, in seconds since 1970; `None` for trees and blobs.
    pub created_at: Option<i64>,
}

/// Where a ref has to be for an update to go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Anywhere, or nowhere.
    Any,
    /// Nowhere: it must not exist.
    Absent,
    /// Exactly there.
    Oid(Oid),
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Absent => f.write_str("nothing"),
            Self::Oid(oid) => oid.fmt(f),
        }
    }
}

/// One ref of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The ref.
    pub name: RefName,
    /// Where it shall be afterwards; `None` deletes it.
    pub new: Option<Oid>,
    /// Where it has to be before.
    pub old: Expect,
}

impl RefUpdate {
    /// Moves a ref from where it is known to be.
    #[must_use]
    pub fn moved(name: RefName, from: Oid, to: Oid) -> Self {
        Self {
            name,
            new: Some(to),
            old: Expect::Oid(from),
        }
    }

    /// Creates a ref that must not exist.
    #[must_use]
    pub fn created(name: RefName, at: Oid) -> Self {
        Self {
            name,
            new: Some(at),
            old: Expect::Absent,
        }
    }

    /// Deletes a ref from where it is known to be.
    #[must_use]
    pub fn deleted(name: RefName, from: Oid) -> Self {
        Self {
            name,
            new: None,
            old: Expect::Oid(from),
        }
    }

    /// Moves nothing, but lets the transaction fail unless the ref is there (or, for `None`, absent).
    #[must_use]
    pub fn unmoved(name: RefName, at: Option<Oid>) -> Self {
        Self {
            name,
            new: at,
            old: at.map_or(Expect::Absent, Expect::Oid),
        }
    }

    /// The line `git update-ref --stdin -z` takes for it.
    fn line(&self) -> String {
        let name = &self.name;
        match (self.new, self.old) {
            (None, Expect::Absent) => format!("verify {name}\0\0"),
            (Some(new), Expect::Oid(old)) if new == old => format!("verify {name}\0{old}\0"),
            (Some(new), Expect::Any) => format!("update {name}\0{new}\0\0"),
            (Some(new), Expect::Absent) => format!("create {name}\0{new}\0"),
            (Some(new), Expect::Oid(old)) => format!("update {name}\0{new}\0{old}\0"),
            (None, Expect::Any) => format!("delete {name}\0\0"),
            (None, Expect::Oid(old)) => format!("delete {name}\0{old}\0"),
        }
    }

    fn is_met_by(&self, actual: Option<Oid>) -> bool {
        match self.old {
            Expect::Any => true,
            Expect::Absent => actual.is_none(),
            Expect::Oid(oid) => actual == Some(oid),
        }
    }
}

impl BareRepository {
    /// Where a ref points, unpeeled; `None` when there is no such ref.
    ///
    /// # Errors
    /// Those of running git.
    pub async fn resolve(&self, name: &RefName) -> Result<Option<Oid>, GitError> {
        let mut found = self.resolve_all(std::slice::from_ref(name)).await?;
        Ok(found.remove(name))
    }

    /// Where several refs point, unpeeled, read together; absent ones are left out.
    ///
    /// # Errors
    /// Those of running git.
    pub async fn resolve_all(&self, names: &[RefName]) -> Result<BTreeMap<RefName, Oid>, GitError> {
        let all = names.to_vec();
        let read = self.git.look(move |at| ref_files::resolve(at, &all));
        if let Some(found) = read.await.flatten() {
            return Ok(found);
        }
        let mut found = BTreeMap::new();
        for some in names.chunks(NAMES_AT_ONCE) {
            let patterns: Vec<&str> = some.iter().map(RefName::as_str).collect();
            let listed = self.list(&[], &patterns).await?;
            // A pattern also matches what lies below it.
            found.extend(listed.into_iter().filter(|(name, _)| some.contains(name)));
        }
        Ok(found)
    }

    /// The refs below any of `prefixes` (`refs/heads`, `refs/tags/v1/`) and where they point, sorted
    /// by name. No object is opened, so one broken ref does not hide the others.
    ///
    /// # Errors
    /// `invalid_ref_name` for a prefix, and those of running git.
    pub async fn ref_oids(&self, prefixes: &[&str]) -> Result<Vec<(RefName, Oid)>, GitError> {
        let patterns = patterns(prefixes)?;
        let all: Vec<String> = patterns.iter().map(|name| (*name).to_owned()).collect();
        let read = self.git.look(move |at| ref_files::below(at, &all));
        if let Some(found) = read.await.flatten() {
            return Ok(found.into_iter().collect());
        }
        self.list(&[], &patterns).await
    }

    /// The refs below any of `prefixes`, with the commits they lead to, sorted by name.
    ///
    /// # Errors
    /// `invalid_ref_name` for a prefix, `git_failed` when a ref points to a missing object, and
    /// those of running git.
    pub async fn refs(&self, prefixes: &[&str]) -> Result<Vec<RefEntry>, GitError> {
        const FORMAT: &str = "--format=%(objectname)%00%(objecttype)%00%(*objectname)%00\
                              %(*objecttype)%00%(creatordate:unix)%00%(refname)";
        let patterns = patterns(prefixes)?;
        let args: Vec<&str> = ["for-each-ref", FORMAT, "--"]
            .into_iter()
            .chain(patterns)
            .collect();
        let listing = self.git.read(&args, b"", MAX_LISTING).await?;
        let mut entries = Vec::new();
        let mut nested = Vec::new();
        for line in lines(&listing) {
            let fields: Vec<&str> = line.split('\0').collect();
            let &[oid, kind, peeled, peeled_kind, created, name] = fields.as_slice() else {
                return Err(self.git.corrupt(format!("ref listing {line:?}")));
            };
            let Some(oid) = Oid::from_hex(oid.as_bytes()) else {
                return Err(self.git.corrupt(format!("ref listing {line:?}")));
            };
            let Ok(name) = RefName::new(name) else {
                continue;
            };
            let commit = match (kind, peeled_kind) {
                ("commit", _) => Some(oid),
                ("tag", "commit") => Oid::from_hex(peeled.as_bytes()),
                ("tag", "tag") => {
                    nested.push((entries.len(), format!("{oid}^{{commit}}")));
                    None
                }
                _ => None,
            };
            entries.push(RefEntry {
                name,
                oid,
                commit,
                created_at: created.parse().ok(),
            });
        }
        if !nested.is_empty() {
            let questions: Vec<String> = nested.iter().map(|(_, name)| name.clone()).collect();
            let objects = ObjectReader::open(&self.git)
                .ask_all(&questions, MAX_META)
                .await?;
            for ((index, _), object) in nested.iter().zip(objects) {
                entries[*index].commit = object.map(|object| object.oid);
            }
        }
        Ok(entries)
    }

    /// The refs below `prefix` that point to commits which `into` contains, and where they point.
    /// Refs to anything else are passed over.
    ///
    /// # Errors
    /// `invalid_ref_name` for the prefix, `git_failed` when a ref points to a missing object, and
    /// those of running git.
    pub async fn refs_merged_into(
        &self,
        prefix: &str,
        into: Oid,
    ) -> Result<BTreeMap<RefName, Oid>, GitError> {
        let merged = format!("--merged={into}");
        let patterns = patterns(&[prefix])?;
        Ok(self
            .list(&[&merged], &patterns)
            .await?
            .into_iter()
            .collect())
    }

    /// Moves, creates, deletes and verifies refs in one transaction: all of it or nothing.
    ///
    /// Symbolic refs are not followed and no reflog is written. Runs no hooks.
    ///
    /// # Errors
    /// `cas_lost` when a ref was not where it was expected, `ref_in_the_way`, `refs_locked`, and
    /// those of running git. After `git_timed_out` it is unknown whether the refs were moved.
    pub async fn update_refs(&self, updates: &[RefUpdate]) -> Result<(), GitError> {
        let mut script = String::from("start\0");
        script.extend(updates.iter().map(RefUpdate::line));
        script.push_str("prepare\0commit\0");
        let args = ["update-ref", "--no-deref", "--stdin", "-z"];
        let finished = self.git.run(&args, script.as_bytes(), 4096).await?;
        if finished.status.success() {
            return Ok(());
        }
        let names: Vec<RefName> = updates.iter().map(|update| update.name.clone()).collect();
        let now = self.resolve_all(&names).await?;
        for update in updates {
            let actual = now.get(&update.name).copied();
            if !update.is_met_by(actual) {
                let (name, expected) = (update.name.clone(), update.old);
                return Err(GitError::CasLost {
                    name,
                    expected,
                    actual,
                });
            }
        }
        self.explain(updates, &now, self.git.failed(&args, &finished))
            .await
    }

    /// Why a transaction failed although every ref was where it was expected.
    async fn explain(
        &self,
        updates: &[RefUpdate],
        now: &BTreeMap<RefName, Oid>,
        failed: GitError,
    ) -> Result<(), GitError> {
        for update in updates
            .iter()
            .filter(|update| !now.contains_key(&update.name))
        {
            if let Some(other) = self.ref_in_the_way_of(&update.name).await? {
                return Err(GitError::RefInTheWay {
                    name: update.name.clone(),
                    other,
                });
            }
            if let Some(new) = update.new {
                ObjectReader::open(&self.git).require(new).await?;
            }
        }
        match failed {
            GitError::Failed {
                repository, stderr, ..
            } if self.has_lock_of(updates).await => {
                Err(GitError::RefsLocked { repository, stderr })
            }
            other => Err(other),
        }
    }

    async fn ref_in_the_way_of(&self, name: &RefName) -> Result<Option<RefName>, GitError> {
        if let Some((below, _)) = self.list(&[], &[name.as_str()]).await?.into_iter().next() {
            return Ok(Some(below));
        }
        let slashes = name
            .as_str()
            .match_indices('/')
            .map(|(at, _)| &name.as_str()[..at]);
        let above: Vec<RefName> = slashes.filter_map(|part| RefName::new(part).ok()).collect();
        Ok(self.resolve_all(&above).await?.into_keys().next())
    }

    async fn has_lock_of(&self, updates: &[RefUpdate]) -> bool {
        let files = updates.iter().map(|update| format!("{}.lock", update.name));
        for file in files.chain(["packed-refs.lock".to_owned()]) {
            if tokio::fs::try_exists(self.path().join(file))
                .await
                .unwrap_or(false)
            {
                return true;
            }
        }
        false
    }

    async fn list(
        &self,
        options: &[&str],
        patterns: &[&str],
    ) -> Result<Vec<(RefName, Oid)>, GitError> {
        let command = ["for-each-ref", "--format=%(objectname) %(refname)"];
        let args: Vec<&str> = [&command, options, &["--"], patterns].concat();
        let listing = self.git.read(&args, b"", MAX_LISTING).await?;
        let read = |line: &str| {
            let (oid, name) = line.split_once(' ')?;
            Some((RefName::new(name).ok()?, Oid::from_hex(oid.as_bytes())?))
        };
        Ok(lines(&listing).filter_map(read).collect())
    }
}

impl ObjectReader {
    async fn require(&mut self, oid: Oid) -> Result<(), GitError> {
        match self.read(&oid.to_string(), MAX_META).await? {
            Some(object) => {
                let (Content::Bytes(_) | Content::TooLarge(_)) = object.content;
                Ok(())
            }
            None => Err(self.absent(oid, "object").await),
        }
    }
}

fn patterns<'a>(prefixes: &[&'a str]) -> Result<Vec<&'a str>, GitError> {
    let check = |prefix: &&'a str| {
        let folder = prefix.strip_suffix('/').unwrap_or(prefix);
        RefName::new(folder).map(|_| folder)
    };
    prefixes.iter().map(check).collect()
}

fn lines(listing: &[u8]) -> impl Iterator<Item = &str> {
    // A name that is not UTF-8 cannot be a `RefName`; it is passed over here.
    listing
        .split(|byte| *byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter(|line| !line.is_empty())
}
