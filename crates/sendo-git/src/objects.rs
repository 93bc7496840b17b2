//! Reading objects: from files of their own as long as they lie there, else by one `git cat-file --batch`
//! that answers for as many as an operation needs.
//!
//! Owns the protocol of that process, the parsing of trees, and the limit on what is held in memory:
//! an object larger than its limit is not read at all. Does not know about paths; `tree` does.

use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

use crate::error::GitError;
use crate::history::parse_commit;
use crate::loose;
use crate::oid::Oid;
use crate::process::{Conversation, Git};

/// Largest tree or commit that is read, in bytes; a tree of that size has about 500,000 entries.
pub(crate) const MAX_META: u64 = 32 * 1024 * 1024;

/// An object as stored.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) oid: Oid,
    pub(crate) kind: String,
    pub(crate) content: Content,
}

/// An object's bytes, or how many there would have been.
#[derive(Debug)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    TooLarge(u64),
}

/// What reads the objects of one operation. git is started for the first that it has to be asked for, and
/// is asked from then on.
#[derive(Debug)]
pub(crate) struct ObjectReader {
    git: Git,
    started: Option<Conversation>,
}

impl ObjectReader {
    pub(crate) fn open(git: &Git) -> Self {
        Self {
            git: git.clone(),
            started: None,
        }
    }

    fn started(&mut self) -> Result<&mut Conversation, GitError> {
        let Self { git, started } = self;
        match started {
            Some(started) => Ok(started),
            none => Ok(none.insert(git.converse(&["cat-file", "--batch"], Path::new("/"))?)),
        }
    }

    /// Reads one object, `None` when there is no such object. `name` is an object name, possibly
    /// with a `^{kind}` suffix. After [`Content::TooLarge`] the reader is of no more use.
    pub(crate) async fn read(
        &mut self,
        name: &str,
        limit: u64,
    ) -> Result<Option<Object>, GitError> {
        if self.started.is_none()
            && let Some(oid) = Oid::from_hex(name.as_bytes())
        {
            let read = self.git.look(move |at| loose::read(at, oid, limit));
            if let Some(object) = read.await.flatten() {
                return Ok(Some(object));
            }
        }
        let git = self.started()?;
        let header = git.ask(format!("{name}\n").as_bytes()).await?;
        let Some((oid, kind, size)) = parse_header(&header, git)? else {
            return Ok(None);
        };
        if size > limit {
            return Ok(Some(Object {
                oid,
                kind,
                content: Content::TooLarge(size),
            }));
        }
        let mut bytes = git
            .read(usize::try_from(size).unwrap_or(usize::MAX) + 1)
            .await?;
        bytes.pop();
        Ok(Some(Object {
            oid,
            kind,
            content: Content::Bytes(bytes),
        }))
    }

    /// Reads many objects of at most `limit` bytes each; in place of one that is missing stands `None`.
    /// Larger ones come back as [`Content::TooLarge`] and are skipped over.
    pub(crate) async fn read_all(
        &mut self,
        oids: &[Oid],
        limit: u64,
    ) -> Result<Vec<Option<Object>>, GitError> {
        let all = oids.to_vec();
        let read = self.git.look(move |at| loose::read_first(at, &all, limit));
        let read = read.await.unwrap_or_default();
        let mut objects: Vec<Option<Object>> = read.into_iter().map(Some).collect();
        let rest: Vec<String> = oids[objects.len()..].iter().map(Oid::to_string).collect();
        if !rest.is_empty() {
            objects.extend(self.ask_all(&rest, limit).await?);
        }
        Ok(objects)
    }

    /// As [`ObjectReader::read_all`], by git, for any names; asks for all before the first answer is in.
    pub(crate) async fn ask_all(
        &mut self,
        names: &[String],
        limit: u64,
    ) -> Result<Vec<Option<Object>>, GitError> {
        let git = self.started()?;
        let questions: String = names
            .iter()
            .flat_map(|name| [name.as_str(), "\n"])
            .collect();
        let mut raw = Vec::with_capacity(names.len());
        let (stdin, stdout, deadline) = git.split();
        let say = async {
            stdin.write_all(questions.as_bytes()).await?;
            stdin.flush().await
        };
        let hear = async {
            for _ in names {
                let mut header = Vec::new();
                stdout.read_until(b'\n', &mut header).await?;
                // git ended instead of answering: how it ended says more than what is missing.
                if header.pop() != Some(b'\n') {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                let size = header_size(&header);
                let mut bytes = Vec::new();
                match size {
                    Some(size) if size <= limit => {
                        (&mut *stdout).take(size).read_to_end(&mut bytes).await?;
                        stdout.read_u8().await?;
                    }
                    Some(size) => {
                        let mut skipped = (&mut *stdout).take(size + 1);
                        tokio::io::copy(&mut skipped, &mut tokio::io::sink()).await?;
                    }
                    None => {}
                }
                raw.push((header, bytes));
            }
            Ok(())
        };
        let outcome = timeout_at(deadline, async { tokio::try_join!(say, hear).map(|_| ()) }).await;
        git.check(outcome).await?;
        let mut objects = Vec::with_capacity(raw.len());
        for (header, bytes) in raw {
            objects.push(parse_header(&header, git)?.map(|(oid, kind, size)| {
                let large = size > limit;
                let content = if large {
                    Content::TooLarge(size)
                } else {
                    Content::Bytes(bytes)
                };
                Object { oid, kind, content }
            }));
        }
        Ok(objects)
    }

    /// Reads the tree of a commit or tree, with its own name.
    pub(crate) async fn tree(&mut self, treeish: Oid) -> Result<(Oid, Vec<Entry>), GitError> {
        let Some(object) = self.peeled_to_tree(treeish).await? else {
            return Err(self.absent(treeish, "commit or tree").await);
        };
        let Content::Bytes(bytes) = object.content else {
            return Err(self
                .git
                .corrupt(format!("tree {} is too large", object.oid)));
        };
        let entries = parse_tree(&bytes);
        let entries = entries.ok_or_else(|| self.git.corrupt(format!("tree {}", object.oid)))?;
        Ok((object.oid, entries))
    }

    async fn peeled_to_tree(&mut self, treeish: Oid) -> Result<Option<Object>, GitError> {
        if self.started.is_none() {
            match self.read(&treeish.to_string(), MAX_META).await? {
                Some(object) if object.kind == "tree" => return Ok(Some(object)),
                Some(Object {
                    kind,
                    content: Content::Bytes(bytes),
                    ..
                }) if kind == "commit" => {
                    if let Some(commit) = parse_commit(treeish, &bytes) {
                        return self.read(&commit.tree.to_string(), MAX_META).await;
                    }
                }
                _ => {}
            }
        }
        self.read(&format!("{treeish}^{{tree}}"), MAX_META).await
    }

    /// Why `oid` could not be read as `expected`: it is not there, or is something else.
    pub(crate) async fn absent(&mut self, oid: Oid, expected: &'static str) -> GitError {
        match self.read(&oid.to_string(), MAX_META).await {
            Ok(Some(object)) => GitError::WrongKind {
                oid,
                expected,
                actual: object.kind,
            },
            Ok(None) => GitError::ObjectMissing {
                repository: self.git.repository.display().to_string(),
                oid,
            },
            Err(error) => error,
        }
    }
}

fn header_size(header: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(header).ok()?.trim_end();
    let mut words = text.split(' ');
    let (_, _, size) = (words.next()?, words.next()?, words.next()?);
    size.parse().ok()
}

/// `<oid> <kind> <size>`, or `<what was asked> missing`.
fn parse_header(header: &[u8], git: &Conversation) -> Result<Option<(Oid, String, u64)>, GitError> {
    let unreadable = || git.corrupt(String::from_utf8_lossy(header).into_owned());
    if header.ends_with(b" missing") {
        return Ok(None);
    }
    let text = std::str::from_utf8(header).map_err(|_| unreadable())?;
    let mut words = text.split(' ');
    let (Some(oid), Some(kind), Some(_)) = (words.next(), words.next(), words.next()) else {
        return Err(unreadable());
    };
    let oid = Oid::from_hex(oid.as_bytes()).ok_or_else(unreadable)?;
    let size = header_size(header).ok_or_else(unreadable)?;
    Ok(Some((oid, kind.to_owned(), size)))
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: u32,
    pub(crate) name: Vec<u8>,
    pub(crate) oid: Oid,
}

fn parse_tree(mut bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let mode = u32::from_str_radix(std::str::from_utf8(&bytes[..space]).ok()?, 8).ok()?;
        bytes = &bytes[space + 1..];
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let name = bytes[..end].to_vec();
        let (oid, rest) = bytes[end + 1..].split_first_chunk::<20>()?;
        entries.push(Entry {
            mode,
            name,
            oid: Oid::from_bytes(*oid),
        });
        bytes = rest;
    }
    Some(entries)
}
