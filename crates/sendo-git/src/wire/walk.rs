//! The folders on the way to some paths of a commit, fetched level by level, all paths together.
//!
//! Owns which objects are needed next, and where they come from: memory, a filtered fetch, or, where a
//! server has no filters, a snapshot that lies in a temporary file while this goes on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::RemoteRepository;
use super::fault::{Garbled, RemoteFault};
use super::fetch::Scope;
use super::known::Object;
use super::listing;
use super::pack_read::{Pack, Packed};
use super::pack_write::Kind;
use crate::error::GitError;
use crate::history::parse_commit;
use crate::objects::Entry;
use crate::oid::Oid;
use crate::tree::{Mode, not_a_folder};
use crate::tree_path::TreePath;

/// A commit or tree being walked.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    remote: &'a RemoteRepository,
    start: Oid,
    root: Oid,
    /// Holds on to what memory may forget meanwhile.
    held: HashMap<Oid, Packed>,
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
            snapshot: None,
        };
        let (kind, bytes) = walk.opened(treeish).await?;
        walk.root = match kind {
            Kind::Tree => treeish,
            Kind::Commit => {
                let commit = parse_commit(treeish, &bytes);
                commit.ok_or_else(|| walk.garbled("a commit"))?.tree
            }
            Kind::Blob | Kind::Tag => {
                return Err(GitError::WrongKind {
                    oid: treeish,
                    expected: "commit or tree",
                    actual: kind.name().to_owned(),
                });
            }
        };
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

    async fn opened(&mut self, treeish: Oid) -> Result<Object, GitError> {
        if let Some((kind, bytes)) = self.remote.known().object(treeish) {
            let object = Packed::Object(kind, Arc::clone(&bytes));
            self.held.insert(treeish, object);
            return Ok((kind, bytes));
        }
        let scope = Scope::Bare {
            depth: 1,
            root: true,
        };
        match self.remote.fetch(&[treeish], scope).await {
            Ok(mut pack) => self.hold_all(&mut pack)?,
            Err(error) if no_filter(&error) => self.snapshot().await?,
            Err(error) => return Err(error),
        }
        self.take(treeish)?;
        match self.held.get(&treeish) {
            Some(Packed::Object(kind, bytes)) => Ok((*kind, Arc::clone(bytes))),
            Some(Packed::TooLarge(_)) => Err(self.garbled("a commit that is too large")),
            None => Err(self.withheld(treeish)),
        }
    }

    async fn need(&mut self, folders: BTreeSet<Oid>, files: BTreeSet<Oid>) -> Result<(), GitError> {
        for oid in folders.iter().chain(&files) {
            self.take(*oid)?;
        }
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
            Ok(mut pack) => self.hold_all(&mut pack)?,
            Err(error) if no_filter(&error) => {
                if lack_folders && self.snapshot.is_none() {
                    self.snapshot().await?;
                    for oid in &folders {
                        self.take(*oid)?;
                    }
                }
                let files = missing(&self.held, &files);
                if !files.is_empty() {
                    let mut pack = self.remote.fetch_files(&files).await?;
                    self.hold_all(&mut pack)?;
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

    /// Holds an object that memory or the snapshot has.
    fn take(&mut self, oid: Oid) -> Result<(), GitError> {
        if self.held.contains_key(&oid) {
            return Ok(());
        }
        if let Some((kind, bytes)) = self.remote.known().object(oid) {
            self.held.insert(oid, Packed::Object(kind, bytes));
        } else if let Some(mut snapshot) = self.snapshot.take() {
            let found = snapshot.object(oid);
            self.snapshot = Some(snapshot);
            if let Some(found) = self.read(found)? {
                self.hold(oid, found);
            }
        }
        Ok(())
    }

    fn hold_all(&mut self, pack: &mut Pack) -> Result<(), GitError> {
        let names: Vec<Oid> = pack.names().collect();
        for oid in names {
            if let Some(found) = self.read(pack.object(oid))? {
                self.hold(oid, found);
            }
        }
        Ok(())
    }

    fn hold(&mut self, oid: Oid, found: Packed) {
        if let Packed::Object(kind, bytes) = &found {
            self.remote.known().keep(oid, (*kind, Arc::clone(bytes)));
        }
        self.held.insert(oid, found);
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
