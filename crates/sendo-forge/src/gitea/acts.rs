//! What the loop asks of a Gitea, in the loop's words.
//!
//! Owns the two users we act as and the repositories we know: what is remembered of one outlives an
//! effect, so that the next one need not fetch it again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use sendo_core::deployment::Brings;
use sendo_core::effect::{ChangeRequest, Edit, Look, Outcome, Publish, Source};
use sendo_core::engine::Place;
use sendo_core::names::{BranchName, ForgeName, Repository, Revision};
use sendo_core::view::Patch;
use sendo_git::{Credentials, RefName, RefUpdate, RemoteRepository};

use super::client::{Client, Role};
use super::crowd::Crowds;
use super::hook::{self, Hook, Installed};
use super::merge::Merger;
use super::observe::Observer;
use super::open::Opener;
use super::people::People;
use super::rights::{self, Examiner, Finding};
use super::{History, approve, close};
use crate::error::ForgeError;
use crate::forge::{MaySend, Open};
use crate::git::{self, Files, Git, Identity, Remote};

/// Any user goes with a token; this one says whose it is in the server's log.
const GIT_USER: &str = "sendo";

/// How a Gitea is reached.
#[derive(Debug, Clone)]
pub struct Access {
    /// As the configuration names it: whose users its people are.
    pub name: ForgeName,
    /// Its address, such as `https://git.example.com`, without credentials.
    pub url: String,
    /// The token of who publishes and opens.
    pub proposer: SecretString,
    /// The token of who approves and merges: another user.
    pub approver: SecretString,
    /// Labels that change requests get, where the repository has them.
    pub labels: Vec<String>,
    /// Other addresses that its repositories are known by, such as `ssh://git@git.example.com`.
    pub also_at: Vec<String>,
}

/// A Gitea with our two users on it. Clones share what they remember.
#[derive(Debug, Clone)]
pub struct GiteaActs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    access: Access,
    proposer: Client,
    approver: Client,
    people: People,
    known: Mutex<BTreeMap<Repository, Arc<Remote>>>,
    crowds: Crowds,
}

impl GiteaActs {
    /// A Gitea, reached by `http`, which must not follow redirects.
    ///
    /// # Errors
    /// `forge_url` when the address is none, or carries credentials.
    pub fn new(http: reqwest::Client, access: Access) -> Result<Self, ForgeError> {
        let client = |token: &SecretString, role| {
            Client::new(http.clone(), &access.url, token.clone(), role)
        };
        Ok(Self(Arc::new(Inner {
            proposer: client(&access.proposer, Role::Proposer)?,
            approver: client(&access.approver, Role::Approver)?,
            people: People::of(access.name.clone()),
            http,
            access,
            known: Mutex::default(),
            crowds: Crowds::default(),
        })))
    }

    /// Installs the webhook of a repository, or puts a new one in the place of what is there.
    ///
    /// # Errors
    /// `forge_forbidden` when neither user administers the repository, and trouble on the way.
    pub async fn install_hook(
        &self,
        repository: &Repository,
        hook: &Hook,
    ) -> Result<Installed, ForgeError> {
        match hook::install(&self.0.approver, repository, hook).await {
            Err(error) if error.reason_code == "forge_forbidden" => {
                hook::install(&self.0.proposer, repository, hook).await
            }
            installed => installed,
        }
    }

    /// Who both users are.
    pub async fn examine_users(&self) -> Vec<Finding> {
        rights::users(&self.0.proposer, &self.0.approver).await
    }

    /// What both users may do with a repository whose change requests reach `bases` (of one that is only
    /// read there are none), and whether the webhook to `hook` is as it should be.
    pub async fn examine(
        &self,
        repository: &Repository,
        bases: &[BranchName],
        hook: Option<&str>,
    ) -> Vec<Finding> {
        let examiner = Examiner {
            proposer: &self.0.proposer,
            approver: &self.0.approver,
            repository,
        };
        let mut found = examiner.rights(bases).await;
        if let Some(url) = hook {
            found.push(examiner.webhook(url).await);
        }
        found
    }

    pub(crate) fn addresses(&self, path: &str) -> Vec<String> {
        let Access { url, also_at, .. } = &self.0.access;
        let all = std::iter::once(url).chain(also_at);
        all.map(|at| format!("{}/{path}", at.trim_end_matches('/')))
            .collect()
    }

    pub(crate) async fn source(
        &self,
        repository: &Repository,
        look: &Look,
        since: Option<&Revision>,
        succeeded: Option<&Revision>,
        with_paths: bool,
    ) -> Result<Source, ForgeError> {
        let git = Git::Remote(self.known(repository)?);
        git::source(&git, look, since, succeeded, with_paths).await
    }

    pub(crate) async fn change_request(
        &self,
        repository: &Repository,
        number: u64,
        edits: &[Edit],
    ) -> Result<ChangeRequest, ForgeError> {
        let remote = self.known(repository)?;
        let observer = Observer {
            client: &self.0.proposer,
            history: &remote.history,
            git: &Git::Remote(Arc::clone(&remote)),
            people: &self.0.people,
            approver: &self.0.approver,
            repository,
        };
        observer.change_request(number, edits).await
    }

    pub(crate) async fn diff(&self, brings: &Brings, limit: u64) -> Result<Patch, ForgeError> {
        let git = Git::Remote(self.known(&brings.repository)?);
        git::diff(&git, brings, limit).await
    }

    pub(crate) async fn present(
        &self,
        repository: &Repository,
        base: &BranchName,
        edits: &[Edit],
    ) -> Result<Vec<Result<String, ForgeError>>, ForgeError> {
        let git = Git::Remote(self.known(repository)?);
        let head = git::head(&git, repository, base).await?;
        git::present(&git, head, edits).await
    }

    pub(crate) fn files(
        &self,
        repository: &Repository,
        at: &Revision,
    ) -> Result<Files, ForgeError> {
        Ok(Files::of(
            Git::Remote(self.known(repository)?),
            git::oid(at)?,
        ))
    }

    pub(crate) async fn base_files(
        &self,
        repository: &Repository,
        base: &BranchName,
    ) -> Result<Files, ForgeError> {
        let git = Git::Remote(self.known(repository)?);
        let head = git::head(&git, repository, base).await?;
        Ok(Files::of(git, head))
    }

    pub(crate) async fn place(
        &self,
        repository: &Repository,
        at: &Revision,
        ours: &Revision,
    ) -> Result<Place, ForgeError> {
        git::place(&Git::Remote(self.known(repository)?), at, ours).await
    }

    pub(crate) async fn publish(
        &self,
        publish: &Publish,
        message: &str,
        again: bool,
        may_send: MaySend<'_>,
    ) -> Result<Outcome, ForgeError> {
        let git = Git::Remote(self.known(&publish.repository)?);
        let by = Identity {
            name: "sendo-proposer".to_owned(),
            email: "sendo-proposer@localhost".to_owned(),
        };
        git::publish(&git, publish, message, &by, (again, may_send)).await
    }

    pub(crate) async fn open(&self, open: &Open) -> Result<Outcome, ForgeError> {
        let remote = self.known(&open.repository)?;
        let opener = Opener {
            client: &self.0.proposer,
            history: &remote.history,
            labels: &self.0.access.labels,
        };
        opener.open(open).await
    }

    pub(crate) async fn approve(
        &self,
        repository: &Repository,
        number: u64,
        head: &Revision,
    ) -> Result<Outcome, ForgeError> {
        approve::approve(&self.0.approver, repository, number, head).await
    }

    pub(crate) async fn merge(
        &self,
        repository: &Repository,
        number: u64,
        head: &Revision,
    ) -> Result<Outcome, ForgeError> {
        let remote = self.known(repository)?;
        let merger = Merger {
            client: &self.0.approver,
            remote: &remote,
            crowds: &self.0.crowds,
            repository,
            number,
        };
        merger.merge(head).await
    }

    pub(crate) async fn close(
        &self,
        repository: &Repository,
        number: u64,
        why: &str,
    ) -> Result<Outcome, ForgeError> {
        close::close(&self.0.proposer, repository, number, why).await
    }

    /// By a push, because the API deletes a branch wherever it is by then.
    pub(crate) async fn delete_branch(
        &self,
        repository: &Repository,
        branch: &BranchName,
        head: &Revision,
    ) -> Result<Outcome, ForgeError> {
        let git = Git::Remote(self.known(repository)?);
        let name = RefName::branch(branch.as_str())?;
        let head = git::oid(head)?;
        // Somebody's commits are on it: it is theirs now.
        if git.resolve(&name).await? != Some(head) {
            return Ok(Outcome::Deleted);
        }
        match git.move_ref(RefUpdate::deleted(name, head), None).await {
            Err(error) if !error.is_cas_lost() => Err(error),
            _ => Ok(Outcome::Deleted),
        }
    }

    /// A repository, with what is remembered of it.
    fn known(&self, repository: &Repository) -> Result<Arc<Remote>, ForgeError> {
        let mut all = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(repository) {
            return Ok(Arc::clone(known));
        }
        let url = format!("{}/{}.git", self.0.proposer.base(), repository.path);
        let credentials = Credentials::basic(GIT_USER, self.0.access.proposer.clone());
        let known = Arc::new(Remote {
            objects: RemoteRepository::new(self.0.http.clone(), &url, Some(credentials))?,
            history: History::new(self.0.proposer.clone(), repository.clone()),
        });
        all.insert(repository.clone(), Arc::clone(&known));
        Ok(known)
    }
}
