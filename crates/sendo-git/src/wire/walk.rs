//! The folders on the way to some paths of a commit, fetched level by level, all paths together.
//!
//! Owns which objects are needed next, and where they come from: memory, a filtered fetch, or, where a
//! server has no filters, a snapshot that lies in a temporary file while this goes on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::RemoteRepository;
use super::fault::{Garbled, RemoteFault};
use super::fetch::Scope;
use super::heavy::heavy;
use super::listing;
use super::pack_read::{Pack, Packed};
use super::pack_write::Kind;
use crate::error::GitError;
use crate::history::parse_commit;
use crate::objects::Entry;
use crate::oid::Oid;
use crate::tree::{Mode, not_a_folder};
use crate::tree_path::TreePath;

/// Most that one operation holds, in bytes.
const MAX_HELD: u64 = 256 * 1024 * 1024;

/// A commit or tree being walked.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    remote: &'a RemoteRepository,
    start: Oid,
    root: Oid,
    /// Holds on to what memory may forget meanwhile.
    held: HashMap<Oid, Packed>,
    bytes: u64,
    snapshot: Option<Pack>,
}

/// A folder and its listing.
pub(crate) type Folder = (Oid, Arc<[u8]>);

/// What a path needs before it can be followed further.
enum Step {
    Folder(Oid),
    File(Oid),
    Nothing,
}

impl<'a> Walk<'a> {
    pub(crate) async fn open(remote: &'a RemoteRepository, treeish: Oid) -> Result<Self, GitError> {
        let mut walk = Self {
            remote,
            start: treeish,
            root: treeish,
            held: HashMap::new(),
            bytes: 0,
            snapshot: None,
        };
        walk.root = walk.opened().await?;
        Ok(walk)
    }

    /// The root's tree.
    pub(crate) fn root(&self) -> Oid {
        self.root
    }

    /// Fetches the folders on the way to these paths, and the files at their ends if they are wanted.
    pub(crate) async fn gather(&mut self, paths: &[&str], files: bool) -> Result<(), GitError> {
        loop {
            let (mut folders, mut blobs) = (BTreeSet::new(), BTreeSet::new());
            for path in paths {
                match self.step(path, files)? {
                    Step::Folder(oid) => folders.insert(oid),
                    Step::File(oid) => blobs.insert(oid),
                    Step::Nothing => false,
                };
            }
            if folders.is_empty() && blobs.is_empty() {
                return Ok(());
            }
            self.need(folders, blobs).await?;
        }
    }

    /// The line a path leads to, once its folders were gathered.
    pub(crate) fn find(&self, path: &TreePath) -> Result<Option<Entry>, GitError> {
        let (folder, name) = path.split();
        match self.folder(folder)? {
            Some((_, bytes)) => self.read(listing::find(&bytes, name)),
            None => Ok(None),
        }
    }

    /// A folder and its listing, once it was gathered.
    pub(crate) fn folder(&self, path: &str) -> Result<Option<Folder>, GitError> {
        let mut at = self.root;
        for (end, name) in parts(path) {
            let listing = self.listing(at)?;
            let line = self.read(listing::find(&listing, name))?;
            match line.map(|line| (Mode::of(line.mode), line.oid)) {
                None => return Ok(None),
                Some((Mode::Folder, oid)) => at = oid,
                Some((other, _)) => return Err(not_a_folder(other, &path[..end])),
            }
        }
        Ok(Some((at, self.listing(at)?)))
    }

    /// A file's content, once it was gathered; its size if that is too large.
    pub(crate) fn file(&self, oid: Oid) -> Result<Result<Arc<[u8]>, u64>, GitError> {
        match self.held.get(&oid) {
            Some(Packed::Object(Kind::Blob, bytes)) => Ok(Ok(Arc::clone(bytes))),
            Some(Packed::TooLarge(size)) => Ok(Err(*size)),
            Some(Packed::Object(..)) => Err(self.garbled("a file that is none")),
            None => Err(self.withheld(oid)),
        }
    }

    /// What the path needs next. A last part that is a folder is not gone into.
    fn step(&self, path: &str, files: bool) -> Result<Step, GitError> {
        let mut at = self.root;
        for (end, name) in parts(path) {
            let Some(Packed::Object(_, listing)) = self.held.get(&at) else {
                return Ok(Step::Folder(at));
            };
            let Some(line) = self.read(listing::find(listing, name))? else {
                return Ok(Step::Nothing);
            };
            let (mode, last) = (Mode::of(line.mode), end == path.len());
            match mode {
                Mode::Folder => at = line.oid,
                Mode::File | Mode::Executable if last => {
                    let wanted = files && !self.held.contains_key(&line.oid);
                    return Ok(if wanted {
                        Step::File(line.oid)
                    } else {
                        Step::Nothing
                    });
                }
                _ if last => return Ok(Step::Nothing),
                other => return Err(not_a_folder(other, &path[..end])),
            }
        }
        Ok(if self.held.contains_key(&at) {
            Step::Nothing
        } else {
            Step::Folder(at)
        })
    }

    fn listing(&self, oid: Oid) -> Result<Arc<[u8]>, GitError> {
        match self.held.get(&oid) {
            Some(Packed::Object(Kind::Tree, bytes)) => Ok(Arc::clone(bytes)),
            Some(_) => Err(self.garbled("a folder that is none")),
            None => Err(self.withheld(oid)),
        }
    }

    /// Reads where the walk starts; answers the root.
    async fn opened(&mut self) -> Result<Oid, GitError> {
        let start = self.start;
        self.take([&start]).await?;
        if let Some(root) = self.root_of_start()? {
            return Ok(root);
        }
        let scope = Scope::Bare {
            depth: 1,
            root: true,
        };
        match self.remote.fetch(&[self.start], scope).await {
            Ok(pack) => {
                let pack = self.hold_from(pack, vec![self.start]).await?;
                // It came along.
                if let Some(root) = self.root_of_start()? {
                    self.hold_from(pack, vec![root]).await?;
                }
            }
            Err(error) if no_filter(&error) => {
                self.snapshot().await?;
                self.take([&start]).await?;
            }
            Err(error) => return Err(error),
        }
        let root = self.root_of_start()?;
        root.ok_or_else(|| self.withheld(self.start))
    }

    /// The root, once the start is held.
    fn root_of_start(&self) -> Result<Option<Oid>, GitError> {
        match self.held.get(&self.start) {
            None => Ok(None),
            Some(Packed::TooLarge(_)) => Err(self.garbled("a commit that is too large")),
            Some(Packed::Object(Kind::Tree, _)) => Ok(Some(self.start)),
            Some(Packed::Object(Kind::Commit, bytes)) => {
                let commit = parse_commit(self.start, bytes);
                let commit = commit.ok_or_else(|| self.garbled("a commit"))?;
                Ok(Some(commit.tree))
            }
            Some(Packed::Object(kind, _)) => Err(GitError::WrongKind {
                oid: self.start,
                expected: "commit or tree",
                actual: kind.name().to_owned(),
            }),
        }
    }

    async fn need(&mut self, folders: BTreeSet<Oid>, files: BTreeSet<Oid>) -> Result<(), GitError> {
        self.take(folders.iter().chain(&files)).await?;
        let missing = |held: &HashMap<Oid, Packed>, wanted: &BTreeSet<Oid>| -> Vec<Oid> {
            let lacking = wanted.iter().filter(|oid| !held.contains_key(oid));
            lacking.copied().collect()
        };
        let mut both = missing(&self.held, &folders);
        let lack_folders = !both.is_empty();
        both.extend(missing(&self.held, &files));
        if both.is_empty() {
            return Ok(());
        }
        let scope = Scope::Bare {
            depth: 0,
            root: false,
        };
        match self.remote.fetch(&both, scope).await {
            Ok(pack) => drop(self.hold_from(pack, both.clone()).await?),
            Err(error) if no_filter(&error) => {
                if lack_folders && self.snapshot.is_none() {
                    self.snapshot().await?;
                    self.take(&folders).await?;
                }
                let files = missing(&self.held, &files);
                if !files.is_empty() {
                    let pack = self.remote.fetch_files(&files).await?;
                    self.hold_from(pack, files).await?;
                }
            }
            Err(error) => return Err(error),
        }
        match both.iter().find(|oid| !self.held.contains_key(oid)) {
            Some(oid) => Err(self.withheld(*oid)),
            None => Ok(()),
        }
    }

    async fn snapshot(&mut self) -> Result<(), GitError> {
        let scope = Scope::Snapshot { depth: 1 };
        self.snapshot = Some(self.remote.fetch(&[self.start], scope).await?);
        Ok(())
    }

    /// Holds objects that memory or the snapshot has.
    async fn take(&mut self, oids: impl IntoIterator<Item = &Oid>) -> Result<(), GitError> {
        let mut unknown = Vec::new();
        for oid in oids {
            if self.held.contains_key(oid) {
                continue;
            }
            match self.remote.known().object(*oid) {
                Some((kind, bytes)) => self.hold(*oid, Packed::Object(kind, bytes))?,
                None => unknown.push(*oid),
            }
        }
        if !unknown.is_empty()
            && let Some(snapshot) = self.snapshot.take()
        {
            self.snapshot = Some(self.hold_from(snapshot, unknown).await?);
        }
        Ok(())
    }

    /// Holds what was asked for, whatever else came. Gives the pack back.
    async fn hold_from(&mut self, mut pack: Pack, wanted: Vec<Oid>) -> Result<Pack, GitError> {
        let most = MAX_HELD.saturating_sub(self.bytes);
        let read = heavy(pack.is_large(), move || {
            let found = pack.objects(&wanted, most);
            found.map(|found| (pack, found))
        });
        let read = read.await.and_then(|read| read);
        let (pack, found) = self.read(read)?;
        for (oid, found) in found {
            if let Packed::Object(kind, bytes) = &found {
                self.remote.known().keep(oid, (*kind, Arc::clone(bytes)));
            }
            self.hold(oid, found)?;
        }
        Ok(pack)
    }

    fn hold(&mut self, oid: Oid, found: Packed) -> Result<(), GitError> {
        if let Packed::Object(_, bytes) = &found {
            self.bytes += bytes.len() as u64;
        }
        if self.bytes > MAX_HELD {
            return Err(self.failed(RemoteFault::TooLarge { limit: MAX_HELD }));
        }
        self.held.insert(oid, found);
        Ok(())
    }

    fn read<T>(&self, read: Result<T, Garbled>) -> Result<T, GitError> {
        read.map_err(|garbled| self.failed(garbled.into()))
    }

    fn garbled(&self, what: &str) -> GitError {
        self.failed(Garbled(what.to_owned()).into())
    }

    fn withheld(&self, oid: Oid) -> GitError {
        self.failed(RemoteFault::Withheld { oid })
    }

    fn failed(&self, fault: RemoteFault) -> GitError {
        self.remote.failed_to_read("read files of", fault)
    }
}

pub(crate) fn no_filter(error: &GitError) -> bool {
    matches!(error, GitError::Remote(error) if matches!(error.fault, RemoteFault::NoFilter))
}

/// The parts of a path, each with where it ends.
fn parts(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(move |part| {
            end += part.len() + usize::from(end > 0);
            (end, part)
        })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use super::super::heavy::all_seats;
    use super::super::pack_spool::Spool;
    use super::super::pack_write::{NewObject, pack};
    use super::*;

    #[tokio::test]
    async fn objects_of_a_large_pack_are_read_off_the_runtime() {
        let mut noise = 1_u64;
        let noisy = std::iter::repeat_with(|| {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (noise >> 56) as u8
        });
        let blob = NewObject::whole(Kind::Blob, noisy.take(3 << 20).collect());
        let mut spool = Spool::default();
        spool.feed(&pack([&blob].into_iter()));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let remote = RemoteRepository::new(reqwest::Client::new(), "http://x/y", None).unwrap();
        let mut walk = Walk {
            remote: &remote,
            start: blob.oid,
            root: blob.oid,
            held: HashMap::new(),
            bytes: 0,
            snapshot: Some(Pack::index(spool, true).unwrap()),
        };
        let seats = all_seats().await;
        {
            let mut taking = pin!(walk.take([&blob.oid]));
            let soon = Duration::from_millis(100);
            assert!(tokio::time::timeout(soon, &mut taking).await.is_err());
            drop(seats);
            taking.await.unwrap();
        }
        assert_eq!(walk.file(blob.oid).unwrap().unwrap(), blob.bytes);
    }
}
