//! Publishing: one `git-receive-pack` request with objects and the refs to move, by compare-and-swap.
//!
//! Owns the request, and the verdict on it. Why a ref was not moved is found by reading it again and
//! never by the server's words: two servers do not use the same ones.

use std::collections::BTreeMap;
use std::time::Duration;

use super::draft::DraftCommit;
use super::fault::RemoteFault;
use super::http::{AGENT, Service};
use super::pack_write::pack;
use super::report::{Report, ReportListener};
use super::service::{Request, offer, talk};
use super::{RemoteRepository, pkt};
use crate::error::GitError;
use crate::oid::Oid;
use crate::ref_name::RefName;
use crate::refs::{Expect, RefUpdate};

/// Most that a report may take, in bytes; hooks may be talkative.
const MAX_REPORT: u64 = 8 * 1024 * 1024;
/// Whoever moves a ref holds a lock on it for a moment: who is refused with the ref still in its place
/// asks once more.
const PAUSE: Duration = Duration::from_millis(200);
const ACTION: &str = "publish to";

/// A ref as it is told to the server.
#[derive(Debug)]
struct Command {
    name: RefName,
    old: Option<Oid>,
    new: Option<Oid>,
}

/// What reading the refs again showed.
enum Found {
    /// All of them are where they were to go.
    Done,
    /// None of them is anywhere else than before.
    Unmoved,
    /// What the caller is told.
    Other(GitError),
}

impl RemoteRepository {
    /// Moves, creates, deletes and verifies refs, all or none, and sends the objects of `drafts` with
    /// them, in one request. Refs may also go to commits that the remote has.
    ///
    /// Several refs need a server that offers `atomic`, which is asked for once. [`Expect::Any`] costs a
    /// request that reads where the ref is, and is lost when it moves after that. That all refs were already where they should go is
    /// success: a commit's name is its content, so an earlier attempt of ours has come through.
    ///
    /// # Errors
    /// `cas_lost` when a ref was not where it was expected, `ref_in_the_way`, `remote_rejected` when a
    /// rule or hook refuses, `remote_not_stored`, and the others of a
    /// [`RemoteError`](crate::RemoteError). After those that
    /// [`may_have_happened`](crate::RemoteError::may_have_happened) it is unknown whether the refs were
    /// moved; after any other, they were not.
    pub async fn publish(
        &self,
        updates: &[RefUpdate],
        drafts: &[&DraftCommit],
    ) -> Result<(), GitError> {
        let commands = self.commands(updates).await?;
        if commands.is_empty() {
            return Ok(());
        }
        let request = self.request(&commands, drafts).await?;
        let mut again = true;
        loop {
            let refused = match self.push(&request).await {
                Ok(report) => match self.refusal(&commands, &report) {
                    None => break,
                    Some(refusal) => refusal,
                },
                Err(fault) => fault,
            };
            if !(refused.leaves_doubt() || was_looked_at(&refused)) {
                return Err(self.failed(ACTION, refused, false));
            }
            let doubt = refused.leaves_doubt();
            match self.look(&commands, doubt).await {
                Ok(Found::Done) => break,
                Ok(Found::Other(error)) => return Err(error),
                Ok(Found::Unmoved) if again && !doubt => {
                    again = false;
                    tokio::time::sleep(PAUSE).await;
                }
                // What went wrong first says more than that looking went wrong, too.
                Ok(Found::Unmoved) | Err(_) => return Err(self.failed(ACTION, refused, doubt)),
            }
        }
        for draft in drafts {
            for object in &draft.objects {
                self.known()
                    .keep(object.oid, (object.kind, object.bytes.clone()));
            }
        }
        for command in &commands {
            self.known().told(&command.name, command.new);
        }
        Ok(())
    }

    async fn commands(&self, updates: &[RefUpdate]) -> Result<Vec<Command>, GitError> {
        let anywhere = updates.iter().filter(|update| update.old == Expect::Any);
        let names: Vec<RefName> = anywhere.map(|update| update.name.clone()).collect();
        let found = match names.is_empty() {
            true => BTreeMap::new(),
            false => self.resolve_all(&names).await?,
        };
        let mut commands = Vec::with_capacity(updates.len());
        for RefUpdate { name, new, old } in updates {
            let old = match old {
                Expect::Any => found.get(name).copied(),
                Expect::Absent => None,
                Expect::Oid(oid) => Some(*oid),
            };
            let (name, new) = (name.clone(), *new);
            match (old, new) {
                (None, None) if names.contains(&name) => {}
                (None, None) => {
                    let fault = RemoteFault::NotCheckable { name };
                    return Err(self.failed(ACTION, fault, false));
                }
                _ => commands.push(Command { name, old, new }),
            }
        }
        Ok(commands)
    }

    async fn request(
        &self,
        commands: &[Command],
        drafts: &[&DraftCommit],
    ) -> Result<Request, GitError> {
        let mut capabilities =
            format!("report-status side-band-64k quiet object-format=sha1 agent={AGENT}");
        if commands.len() > 1 {
            let offer = match self.habits().known(Service::Receive) {
                Some(offer) => Ok(offer),
                None => offer(&self.line, self.habits(), Service::Receive).await,
            };
            // A server that does not know the word would leave it unread, and move some of them.
            let checked = offer.and_then(|offer| match offer.atomic {
                true => offer.check(Service::Receive),
                false => Err(RemoteFault::NotAtomic),
            });
            checked.map_err(|fault| self.failed(ACTION, fault, false))?;
            capabilities.push_str(" atomic");
        }
        let mut body = Vec::new();
        for (n, Command { name, old, new }) in commands.iter().enumerate() {
            let (old, new) = (old.unwrap_or(Oid::ZERO), new.unwrap_or(Oid::ZERO));
            let line = match n {
                0 => format!("{old} {new} {name}\0 {capabilities}"),
                _ => format!("{old} {new} {name}"),
            };
            pkt::write(&mut body, line.as_bytes());
        }
        pkt::flush(&mut body);
        // An empty pack goes with refs that are moved to what is there already; none with deletions.
        if commands.iter().any(|command| command.new.is_some()) {
            let objects = drafts.iter().flat_map(|draft| &draft.objects);
            body.extend(pack(objects));
        }
        Ok(Request {
            body,
            limit: MAX_REPORT,
            filtered: false,
        })
    }

    async fn push(&self, request: &Request) -> Result<Report, RemoteFault> {
        let heard = talk(
            &self.line,
            self.habits(),
            Service::Receive,
            request,
            ReportListener::default,
        );
        Ok(heard.await?.report)
    }

    /// What a report refuses; nothing when all refs were moved.
    fn refusal(&self, commands: &[Command], report: &Report) -> Option<RemoteFault> {
        let said = self.line.words(&report.said);
        let words = |why: &str| self.line.words(why.as_bytes()).0;
        if let Some(why) = &report.not_stored {
            let why = words(why);
            return Some(RemoteFault::NotStored { why, said });
        }
        let told = |command: &Command| {
            let mut lines = report.refs.iter();
            let line = lines.find(|(name, _)| name == command.name.as_str());
            line.map(|(_, why)| why.clone())
        };
        for command in commands {
            let why = match told(command) {
                Some(None) => continue,
                Some(Some(why)) => words(&why),
                None => {
                    let what = format!("its report leaves out {}", command.name);
                    return Some(RemoteFault::Garbled { what });
                }
            };
            let name = command.name.clone();
            return Some(RemoteFault::Rejected { name, why, said });
        }
        None
    }

    /// Reads the refs again. In doubt, a ref that is elsewhere may have got there through us.
    async fn look(&self, commands: &[Command], doubt: bool) -> Result<Found, GitError> {
        let mut prefixes = Vec::new();
        for command in commands {
            prefixes.push(command.name.as_str());
            if command.old.is_none() {
                prefixes.extend(above(command.name.as_str()));
            }
        }
        let listed = self.list(&prefixes, false).await?;
        let now: BTreeMap<RefName, Oid> = listed
            .into_iter()
            .map(|entry| (entry.name, entry.oid))
            .collect();
        let moved = |command: &Command| now.get(&command.name).copied() == command.new;
        if commands.iter().all(moved) {
            return Ok(Found::Done);
        }
        for command in commands {
            let actual = now.get(&command.name).copied();
            self.known().told(&command.name, actual);
        }
        if doubt {
            return Ok(Found::Unmoved);
        }
        for Command { name, old, .. } in commands {
            let actual = now.get(name).copied();
            if actual != *old {
                return Ok(Found::Other(GitError::CasLost {
                    name: name.clone(),
                    expected: old.map_or(Expect::Absent, Expect::Oid),
                    actual,
                }));
            }
            let in_the_way = |other: &&RefName| lies_below(name, other) || lies_below(other, name);
            if old.is_none()
                && let Some(other) = now.keys().find(in_the_way)
            {
                let (name, other) = (name.clone(), other.clone());
                return Ok(Found::Other(GitError::RefInTheWay { name, other }));
            }
        }
        Ok(Found::Unmoved)
    }
}

/// Whether it was refused only after the server had looked at the refs.
fn was_looked_at(fault: &RemoteFault) -> bool {
    matches!(
        fault,
        RemoteFault::Rejected { .. } | RemoteFault::NotStored { .. }
    )
}

fn lies_below(one: &RefName, other: &RefName) -> bool {
    let rest = other.as_str().strip_prefix(one.as_str());
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// The names a ref would have to be a folder of.
fn above(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('/').map(|(at, _)| at);
    // `refs` and `refs/heads` are no refs.
    ends.skip(2).map(|end| &name[..end])
}
