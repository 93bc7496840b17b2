//! Reading commits and how they relate.
//!
//! Owns the parsing of commits, logs of bounded length with the paths each commit touched, ancestry,
//! and the tree of a three-way merge. Writes nothing but the objects of that merge.

use crate::ancestry::Question;
use crate::error::GitError;
use crate::objects::{Content, MAX_META, Object, ObjectReader};
use crate::oid::Oid;
use crate::repository::{BareRepository, line};

/// Most that a log may take, in bytes.
const MAX_LOG: u64 = 32 * 1024 * 1024;
/// Most that the touched paths of one log may take, in bytes, before the rest is cut off.
const MAX_TOUCHED: u64 = 8 * 1024 * 1024;
/// Most paths reported for one commit.
const MAX_PATHS: usize = 3_000;

/// A commit, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// The commit.
    pub oid: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Its parents, first parent first.
    pub parents: Vec<Oid>,
    /// Who wrote the change, as `name <email>`.
    pub author: String,
    /// The first paragraph of the message, as one line.
    pub subject: String,
    /// The message after the first paragraph, trimmed.
    pub body: String,
    /// When it was committed, in seconds since 1970.
    pub committed_at: i64,
}

/// Part of a history, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The commits.
    pub commits: Vec<LoggedCommit>,
    /// Whether there were more than the limit.
    pub cut: bool,
}

/// A commit of a [`Log`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedCommit {
    /// The commit.
    pub info: CommitInfo,
    /// What it touched, if that was asked for.
    pub touched: Option<Touched>,
}

/// The paths a commit changed against its first parent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Their names; bytes that are not UTF-8 are replaced. A rename is two paths.
    pub paths: Vec<String>,
    /// Whether there were more than 3,000, or more than the whole log may take.
    pub cut: bool,
}

/// What to put into a [`Log`].
#[derive(Debug, Clone, Copy)]
pub struct LogQuery {
    /// The newest commit.
    pub to: Oid,
    /// Commits reachable from here are left out.
    pub from_exclusive: Option<Oid>,
    /// Follow first parents only.
    pub first_parent: bool,
    /// Most commits to return.
    pub limit: usize,
    /// Also read the paths each commit touched.
    pub touched: bool,
}

/// What came of a three-way merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// The merged tree, written to the repository.
    Clean(Oid),
    /// The paths both sides changed in ways that do not go together.
    Conflict(Vec<String>),
}

impl BareRepository {
    /// Reads one commit.
    ///
    /// # Errors
    /// `object_missing`, `wrong_object_kind` (tags are not peeled), and those of running git.
    pub async fn commit(&self, oid: Oid) -> Result<CommitInfo, GitError> {
        let mut reader = ObjectReader::open(&self.git);
        let object = match reader.read(&oid.to_string(), MAX_META).await? {
            Some(object) if object.kind == "commit" => object,
            _ => return Err(reader.absent(oid, "commit").await),
        };
        parsed(&object).ok_or_else(|| self.git.corrupt(format!("commit {oid}")))
    }

    /// Reads many commits at once; in place of one that is missing, is something else or cannot be
    /// read stands `None`.
    ///
    /// # Errors
    /// Those of running git.
    pub async fn commits(&self, oids: &[Oid]) -> Result<Vec<Option<CommitInfo>>, GitError> {
        if oids.is_empty() {
            return Ok(Vec::new());
        }
        let objects = ObjectReader::open(&self.git)
            .read_all(oids, 1024 * 1024)
            .await?;
        let read = |object: Option<Object>| {
            object
                .filter(|object| object.kind == "commit")
                .as_ref()
                .and_then(parsed)
        };
        Ok(objects.into_iter().map(read).collect())
    }

    /// Whether `ancestor` is `descendant` or reachable from it.
    ///
    /// # Errors
    /// `object_missing`, `wrong_object_kind`, and those of running git.
    pub async fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Result<bool, GitError> {
        let question = Question::IsAncestor(ancestor, descendant);
        if let Some(known) = self.ancestry.recall(&question) {
            return Ok(!known.is_empty());
        }
        let (a, b) = (ancestor.to_string(), descendant.to_string());
        let args = ["merge-base", "--is-ancestor", &a, &b];
        let finished = self.git.run(&args, b"", 4096).await?;
        let is_ancestor = match finished.status.code() {
            Some(0) => true,
            Some(1) => false,
            _ => {
                let failed = self.git.failed(&args, &finished);
                return Err(self.why_not(&[ancestor, descendant], failed).await);
            }
        };
        let answer: &[Oid] = if is_ancestor { &[ancestor] } else { &[] };
        self.ancestry.note(self.path(), question, answer);
        Ok(is_ancestor)
    }

    /// A best common ancestor; `None` for unrelated histories.
    ///
    /// # Errors
    /// `object_missing`, `wrong_object_kind`, and those of running git.
    pub async fn merge_base(&self, one: Oid, other: Oid) -> Result<Option<Oid>, GitError> {
        let question = Question::MergeBase(one, other);
        if let Some(known) = self.ancestry.recall(&question) {
            return Ok(known.first().copied());
        }
        let (a, b) = (one.to_string(), other.to_string());
        let args = ["merge-base", &a, &b];
        let finished = self.git.run(&args, b"", 4096).await?;
        let common = match finished.status.code() {
            Some(0) => Some(line(&finished).parse()?),
            Some(1) => None,
            _ => {
                let failed = self.git.failed(&args, &finished);
                return Err(self.why_not(&[one, other], failed).await);
            }
        };
        self.ancestry.note(self.path(), question, common.as_slice());
        Ok(common)
    }

    /// Part of a history, newest first in topological order.
    ///
    /// # Errors
    /// `object_missing`, `wrong_object_kind`, and those of running git.
    pub async fn log(&self, query: LogQuery) -> Result<Log, GitError> {
        let mut oids = self.listed(&query).await?;
        if oids.is_empty() {
            // git lists nothing for a tree or blob, and says so to nobody.
            self.commit(query.to).await?;
        }
        let cut = oids.len() > query.limit;
        oids.truncate(query.limit);
        let mut commits = Vec::with_capacity(oids.len());
        for (oid, info) in oids.iter().zip(self.commits(&oids).await?) {
            let info = info.ok_or_else(|| self.git.corrupt(format!("commit {oid}")))?;
            commits.push(LoggedCommit {
                info,
                touched: None,
            });
        }
        if query.touched {
            self.add_touched(&mut commits).await?;
        }
        Ok(Log { commits, cut })
    }

    /// The names of a log's commits, and of one more if there are more than its limit.
    async fn listed(&self, query: &LogQuery) -> Result<Vec<Oid>, GitError> {
        let (to, from, limit) = (query.to, query.from_exclusive, query.limit);
        if from == Some(to) {
            return Ok(Vec::new());
        }
        let question = Question::Between(to, from, limit, query.first_parent);
        if let Some(known) = self.ancestry.recall(&question) {
            return Ok(known);
        }
        let count = format!("--max-count={}", limit.saturating_add(1));
        let (newest, excluded) = (to.to_string(), from.map(|from| format!("^{from}")));
        let mut args = vec!["rev-list", "--topo-order", &count];
        args.extend(query.first_parent.then_some("--first-parent"));
        args.push(&newest);
        args.extend(excluded.as_deref());
        args.push("--");
        let finished = self.git.run(&args, b"", MAX_LOG).await?;
        if !finished.status.success() {
            let ends: Vec<Oid> = from.into_iter().chain([to]).collect();
            return Err(self.why_not(&ends, self.git.failed(&args, &finished)).await);
        }
        let lines = finished.stdout.split(|byte| *byte == b'\n');
        let oids: Vec<Oid> = lines.filter_map(Oid::from_hex).collect();
        self.ancestry.note(self.path(), question, &oids);
        Ok(oids)
    }

    /// The tree that merging `theirs` into `ours` gives. Needs git 2.38.
    ///
    /// # Errors
    /// `object_missing`, `wrong_object_kind`, `git_failed` for unrelated histories or an older git,
    /// and those of running git.
    pub async fn merge_trees(&self, ours: Oid, theirs: Oid) -> Result<Merged, GitError> {
        let (a, b) = (ours.to_string(), theirs.to_string());
        let args = [
            "merge-tree",
            "--write-tree",
            "-z",
            "--name-only",
            "--no-messages",
            &a,
            &b,
        ];
        let finished = self.git.run(&args, b"", MAX_TOUCHED).await?;
        let mut records = finished
            .stdout
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty());
        match (
            finished.status.code(),
            records.next().and_then(Oid::from_hex),
        ) {
            (Some(0), Some(tree)) => Ok(Merged::Clean(tree)),
            (Some(1), Some(_)) => Ok(Merged::Conflict(
                records
                    .map(|name| String::from_utf8_lossy(name).into())
                    .collect(),
            )),
            _ => Err(self
                .why_not(&[ours, theirs], self.git.failed(&args, &finished))
                .await),
        }
    }

    async fn add_touched(&self, commits: &mut [LoggedCommit]) -> Result<(), GitError> {
        let mut questions = String::new();
        for LoggedCommit { info, .. } in commits.iter() {
            let parent = info.parents.first().map(|parent| format!(" {parent}"));
            questions.push_str(&format!("{}{}\n", info.oid, parent.unwrap_or_default()));
        }
        let args = [
            "diff-tree",
            "--stdin",
            "--root",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--abbrev=40",
        ];
        let finished = self
            .git
            .run(&args, questions.as_bytes(), MAX_TOUCHED)
            .await?;
        if !finished.cut && !finished.status.success() {
            return Err(self.git.failed(&args, &finished));
        }
        // A commit's own name, then pairs of `:modes oids status` and a path. A cut listing ends
        // somewhere inside: the last piece is not to be trusted, nor any commit after it.
        let mut pieces: Vec<&[u8]> = finished.stdout.split(|byte| *byte == 0).collect();
        pieces.pop();
        let mut pieces = pieces.into_iter();
        let mut at = None;
        while let Some(piece) = pieces.next() {
            if piece.first() == Some(&b':') {
                let (Some(path), Some(index)) = (pieces.next(), at) else {
                    break;
                };
                let commit: &mut LoggedCommit = &mut commits[index];
                let touched = commit.touched.get_or_insert_default();
                if touched.paths.len() < MAX_PATHS {
                    touched
                        .paths
                        .push(String::from_utf8_lossy(path).into_owned());
                } else {
                    touched.cut = true;
                }
            } else if let Some(oid) = Oid::from_hex(piece) {
                let after = at.map_or(0, |index| index + 1);
                at = (after..commits.len()).find(|index| commits[*index].info.oid == oid);
            }
        }
        let complete = if finished.cut {
            at.unwrap_or(0)
        } else {
            commits.len()
        };
        for (index, commit) in commits.iter_mut().enumerate() {
            let touched = commit.touched.get_or_insert_default();
            touched.cut |= index >= complete;
        }
        Ok(())
    }

    /// The likelier cause: one of the commits is missing or no commit. Else `failed`.
    async fn why_not(&self, commits: &[Oid], failed: GitError) -> GitError {
        for oid in commits {
            let read = self.commit(*oid).await.err();
            if let Some(error @ (GitError::ObjectMissing { .. } | GitError::WrongKind { .. })) =
                read
            {
                return error;
            }
        }
        failed
    }
}

fn parsed(object: &Object) -> Option<CommitInfo> {
    match &object.content {
        Content::Bytes(bytes) => parse_commit(object.oid, bytes),
        Content::TooLarge(_) => None,
    }
}

/// Reads a commit as git stores it.
pub(crate) fn parse_commit(oid: Oid, bytes: &[u8]) -> Option<CommitInfo> {
    let text = String::from_utf8_lossy(bytes);
    let (headers, message) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let (mut tree, mut parents, mut author, mut committed_at) = (None, Vec::new(), None, None);
    for header in headers.lines() {
        match header.split_once(' ') {
            Some(("tree", oid)) => tree = Oid::from_hex(oid.as_bytes()),
            Some(("parent", oid)) => parents.push(Oid::from_hex(oid.as_bytes())?),
            Some(("author", who)) if author.is_none() => author = Some(person(who).0),
            Some(("committer", who)) if committed_at.is_none() => committed_at = person(who).1,
            _ => {}
        }
    }
    let message = message.trim_start_matches('\n');
    let (subject, body) = message.split_once("\n\n").unwrap_or((message, ""));
    Some(CommitInfo {
        oid,
        tree: tree?,
        parents,
        author: author?.to_owned(),
        subject: subject
            .lines()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ")
            .trim()
            .to_owned(),
        body: body.trim().to_owned(),
        committed_at: committed_at.unwrap_or(0),
    })
}

/// `name <email> seconds zone` as `name <email>` and seconds.
fn person(who: &str) -> (&str, Option<i64>) {
    let end = who.rfind('>').map_or(who.len(), |at| at + 1);
    let (name, time) = who.split_at(end);
    (
        name,
        time.split_whitespace()
            .next()
            .and_then(|seconds| seconds.parse().ok()),
    )
}
