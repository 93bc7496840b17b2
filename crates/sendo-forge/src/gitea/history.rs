//! Histories, read through the API: they are long, and all that is wanted of them is short.
//!
//! Owns ancestry, where two histories part, and logs of bounded length, whose commits come without their
//! trees. Objects and refs are read by git's own protocol.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sendo_core::names::Repository;
use sendo_git::{CommitInfo, GitError, Log, LogQuery, LoggedCommit, Oid, Touched};

use super::client::{Ask, Client};
use super::shapes::{Commit, Compared, Person};
use crate::error::ForgeError;

/// Commits read at the most for one answer: what hangs on a merge is read with it.
const MOST_READ: usize = 4_000;

/// The histories of one repository. Clones share what they know of tags.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(super) client: Client,
    pub(super) repository: Repository,
    /// When tags were made. A tag that is moved is another one.
    pub(super) made: Arc<Mutex<BTreeMap<Oid, i64>>>,
}

impl History {
    pub(super) fn new(client: Client, repository: Repository) -> Self {
        Self {
            client,
            repository,
            made: Arc::default(),
        }
    }

    /// Whether `descendant` contains `ancestor`.
    ///
    /// # Errors
    /// `commit_missing` when one is not there, and trouble on the way.
    pub(crate) async fn is_ancestor(
        &self,
        ancestor: Oid,
        descendant: Oid,
    ) -> Result<bool, ForgeError> {
        self.look_for(descendant).await?;
        let (ahead, _) = self.ahead(ancestor, Some(descendant), 1, false).await?;
        // Nothing ahead is proof. Something may be a clock that was wrong: git's walk goes by dates.
        Ok(ahead.is_empty() || self.adds_nothing(ancestor, descendant).await?)
    }

    /// Whether there is nothing between where two commits part and `one`: found without dates, at the
    /// price of a list that comes in one piece.
    async fn adds_nothing(&self, one: Oid, to: Oid) -> Result<bool, ForgeError> {
        let range = format!("{to}...{one}");
        let what = format!("compare {to} with {one}");
        let ask = Ask::repository(what, &self.repository, &["compare", &range])?
            .with("files", "false")
            .with("verification", "false");
        let answer = self.client.get(&ask).await?;
        // Histories without a commit in common cannot be compared.
        if answer.status() == 404 || answer.is_cut() {
            return Ok(false);
        }
        let compared: Compared = answer.accepted(&ask)?.json(&ask)?;
        Ok(compared.total_commits == 0)
    }

    /// Where the line of `other` leaves the history of `one`, going back by first parents.
    ///
    /// # Errors
    /// As for [`History::is_ancestor`], and `history_too_long` when that is further back than is read.
    pub(crate) async fn merge_base(&self, one: Oid, other: Oid) -> Result<Option<Oid>, ForgeError> {
        self.look_for(one).await?;
        let (ahead, more) = self.ahead(other, Some(one), MOST_READ, false).await?;
        if more {
            // The line may have been read to its end, or to where reading stopped.
            return Err(ForgeError::refused(
                "history_too_long",
                format!(
                    "could not find where {one} and {other} part in {}: more than {MOST_READ} commits lie between",
                    self.repository
                ),
            ));
        }
        let line = first_parents(&ahead, other, Some(one));
        let last = line.last();
        Ok(last.map_or(Some(other), |last| last.parents.first().copied()))
    }

    /// Part of a history, newest first.
    ///
    /// # Errors
    /// As for [`History::is_ancestor`].
    pub(crate) async fn log(&self, query: LogQuery) -> Result<Log, ForgeError> {
        let LogQuery {
            to,
            from_exclusive,
            first_parent,
            limit,
            touched,
        } = query;
        if let Some(from) = from_exclusive {
            self.look_for(from).await?;
        }
        let most = if first_parent { MOST_READ } else { limit };
        let (ahead, more) = self.ahead(to, from_exclusive, most, touched).await?;
        let mut logged: Vec<LoggedCommit> = if first_parent {
            let line = first_parents(&ahead, to, from_exclusive);
            let names: Vec<Oid> = line.iter().map(|info| info.oid).collect();
            let mut all: BTreeMap<Oid, LoggedCommit> =
                ahead.into_iter().map(|one| (one.info.oid, one)).collect();
            names.iter().filter_map(|name| all.remove(name)).collect()
        } else {
            ahead
        };
        let cut = more || logged.len() > limit;
        logged.truncate(limit);
        Ok(Log {
            commits: logged,
            cut,
        })
    }

    /// What `to` contains and `not`, which has to be there, does not; newest first, and whether there
    /// is more of it.
    pub(super) async fn ahead(
        &self,
        to: Oid,
        not: Option<Oid>,
        most: usize,
        touched: bool,
    ) -> Result<(Vec<LoggedCommit>, bool), ForgeError> {
        let mut ask = Ask::repository(
            format!("read the history of {to}"),
            &self.repository,
            &["commits"],
        )?
        .with("sha", to.to_string())
        .with("stat", "false")
        .with("verification", "false")
        .with("files", touched.to_string())
        // Files that nobody lists count as cut.
        .or_lightly("files", "false");
        if let Some(not) = not {
            ask = ask.with("not", not.to_string());
        }
        let (commits, more) = match self.client.list::<Commit>(&ask, most).await {
            Err(error) if error.reason_code == "forge_not_found" => return Err(self.missing(to)),
            listed => listed?,
        };
        let read = commits.iter().map(|commit| logged(commit, touched));
        Ok((read.collect::<Result<_, ForgeError>>()?, more))
    }

    /// A commit to leave out has to be there: for one that is not, the answer is an inner error.
    pub(super) async fn look_for(&self, oid: Oid) -> Result<(), ForgeError> {
        let name = oid.to_string();
        let ask = Ask::repository(
            format!("read the commit {oid}"),
            &self.repository,
            &["git", "commits", &name],
        )?
        .with("stat", "false")
        .with("verification", "false")
        .with("files", "false");
        let answer = self.client.get(&ask).await?;
        if answer.status() == 404 {
            return Err(self.missing(oid));
        }
        answer.accepted(&ask).map(drop)
    }

    pub(super) fn missing(&self, oid: Oid) -> ForgeError {
        let repository = self.repository.to_string();
        GitError::ObjectMissing { repository, oid }.into()
    }
}

/// The line from `to` back by first parents, as far as it was read and not to `until`.
fn first_parents(read: &[LoggedCommit], to: Oid, until: Option<Oid>) -> Vec<CommitInfo> {
    let all: BTreeMap<Oid, &CommitInfo> =
        read.iter().map(|one| (one.info.oid, &one.info)).collect();
    let mut line = Vec::new();
    let mut at = Some(to).filter(|at| Some(*at) != until);
    while let Some(info) = at.and_then(|at| all.get(&at)) {
        line.push((*info).clone());
        at = info.parents.first().copied();
        at = at.filter(|at| Some(*at) != until);
    }
    line
}

fn logged(commit: &Commit, touched: bool) -> Result<LoggedCommit, ForgeError> {
    let touched = touched.then(|| match &commit.files {
        Some(files) => Touched {
            paths: files.iter().map(|file| file.filename.clone()).collect(),
            cut: false,
        },
        None => Touched {
            cut: true,
            ..Touched::default()
        },
    });
    Ok(LoggedCommit {
        info: info(commit)?,
        touched,
    })
}

fn info(commit: &Commit) -> Result<CommitInfo, GitError> {
    let message = commit.commit.message.trim_start_matches('\n');
    let (subject, body) = message.split_once("\n\n").unwrap_or((message, ""));
    let subject: Vec<&str> = subject.lines().map(str::trim).collect();
    let author = commit.commit.author.clone().unwrap_or_default();
    Ok(CommitInfo {
        oid: commit.sha.parse()?,
        // A Gitea gives the commit's own name as its tree's: whoever needs the tree reads the object.
        tree: Oid::EMPTY_TREE,
        parents: commit
            .parents
            .iter()
            .map(|parent| parent.sha.parse())
            .collect::<Result<_, _>>()?,
        author: format!("{} <{}>", author.name, author.email),
        subject: subject.join(" ").trim().to_owned(),
        body: body.trim().to_owned(),
        committed_at: commit.commit.committer.as_ref().map_or(0, seconds),
    })
}

fn seconds(person: &Person) -> i64 {
    date(&person.date)
}

/// Seconds since 1970, of a date as the API writes it.
pub(super) fn date(text: &str) -> i64 {
    let at: Option<jiff::Timestamp> = text.parse().ok();
    at.map_or(0, jiff::Timestamp::as_second)
}
