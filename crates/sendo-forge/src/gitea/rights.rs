//! What our two users may do with a repository, and what is missing: for people who set one up.
//!
//! Owns the findings. Each says what was looked at, what was found, and what to do; nothing is changed.

use sendo_core::names::{BranchName, Repository};

use super::approve::who;
use super::client::{Ask, Client, Role};
use super::hook;
use super::open::read_branch;
use super::shapes::{Permissions, Repo, User};
use crate::error::ForgeError;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable code.
    pub reason_code: &'static str,
    /// Whether it is as it should be.
    pub good: bool,
    /// What was found: a sentence without a full stop.
    pub message: String,
    /// What to do, where something is to be done.
    pub fix: Option<String>,
}

impl Finding {
    fn good(reason_code: &'static str, message: String) -> Self {
        Self {
            reason_code,
            good: true,
            message,
            fix: None,
        }
    }

    fn bad(reason_code: &'static str, message: String, fix: String) -> Self {
        Self {
            reason_code,
            good: false,
            message,
            fix: Some(fix),
        }
    }

    fn of(error: ForgeError, reason_code: &'static str) -> Self {
        Self::bad(
            reason_code,
            error.message,
            "see to that first, then look again".to_owned(),
        )
    }
}

/// What is looked at.
pub(super) struct Examiner<'a> {
    pub(super) proposer: &'a Client,
    pub(super) approver: &'a Client,
    pub(super) repository: &'a Repository,
}

/// Who both users are.
pub(super) async fn users(proposer: &Client, approver: &Client) -> Vec<Finding> {
    let mut found = Vec::new();
    let proposer = user(proposer, &mut found).await;
    let approver = user(approver, &mut found).await;
    if let (Some(one), Some(other)) = (&proposer, &approver)
        && one.id == other.id
    {
        found.push(Finding::bad(
            "approver_is_proposer",
            format!("`proposer` and `approver` are one user, `{}`", one.login),
            "make a second user, as nobody approves a change request of their own".to_owned(),
        ));
    }
    found
}

impl Examiner<'_> {
    /// What both users may do with a repository whose change requests reach `bases`; of one that is
    /// only read, whether the proposer sees it.
    pub(super) async fn rights(&self, bases: &[BranchName]) -> Vec<Finding> {
        let mut found = Vec::new();
        self.proposing(!bases.is_empty(), &mut found).await;
        if !bases.is_empty() {
            self.approving(bases, &mut found).await;
        }
        found
    }

    /// Whether the webhook for an address is there and as it should be.
    pub(super) async fn webhook(&self, url: &str) -> Finding {
        let fix = || "run `sendo hook install`".to_owned();
        // Whichever of the two administers the repository sees them.
        let seen = match hook::inspect(self.approver, self.repository, url).await {
            Err(error) if is_hidden(&error) => {
                hook::inspect(self.proposer, self.repository, url).await
            }
            seen => seen,
        };
        match seen {
            Ok(None) => Finding::bad(
                "hook_missing",
                format!("`{}` has no webhook to {url}", self.repository),
                fix(),
            ),
            Ok(Some(faults)) if faults.is_empty() => Finding::good(
                "hook",
                format!("`{}` tells {url} of what happens to it", self.repository),
            ),
            Ok(Some(faults)) => Finding::bad(
                "hook_wrong",
                format!(
                    "the webhook of `{}` to {url} is not as it should be: {}",
                    self.repository,
                    faults.join(", ")
                ),
                fix(),
            ),
            Err(error) if is_hidden(&error) => Finding::bad(
                "hook_unseen",
                format!("neither user may see the webhooks of `{}`", self.repository),
                "let an administrator of it install the webhook".to_owned(),
            ),
            Err(error) => Finding::of(error, "hook_unseen"),
        }
    }

    async fn proposing(&self, writes: bool, found: &mut Vec<Finding>) {
        let Some(repository) = self.repository(self.proposer, found).await else {
            return;
        };
        let state = unusable(self.repository, &repository, writes);
        let may = repository.permissions.unwrap_or_default();
        found.extend(state);
        found.push(if writes {
            self.write_access(Role::Proposer, may)
        } else {
            Finding::good(
                "read_access",
                format!("`proposer` may read `{}`", self.repository),
            )
        });
    }

    async fn approving(&self, bases: &[BranchName], found: &mut Vec<Finding>) {
        let Some(repository) = self.repository(self.approver, found).await else {
            return;
        };
        let may = repository.permissions.unwrap_or_default();
        found.push(self.write_access(Role::Approver, may));
        if !may.push {
            return;
        }
        for base in bases {
            self.merging(base, found).await;
        }
    }

    async fn merging(&self, base: &BranchName, found: &mut Vec<Finding>) {
        match read_branch(self.approver, self.repository, base).await {
            Ok(None) => found.push(Finding::bad(
                "base_not_found",
                format!("`{}` has no branch `{base}`", self.repository),
                "push it, or correct `base`".to_owned(),
            )),
            Ok(Some(branch)) if !branch.user_can_merge => found.push(Finding::bad(
                "merge_forbidden",
                format!("`approver` may not merge into `{base}`"),
                "add it to the merge whitelist of the branch's protection".to_owned(),
            )),
            Ok(Some(branch)) => {
                let kind = if branch.protected {
                    "protected"
                } else {
                    "open"
                };
                found.push(Finding::good(
                    "merge",
                    format!("`approver` may merge into `{base}`, which is {kind}"),
                ));
                if branch.user_can_push && branch.protected {
                    found.push(Finding::bad(
                        "push_allowed",
                        format!("`approver` may push to `{base}` past its protection"),
                        "take it off the push whitelist: it needs to merge only".to_owned(),
                    ));
                }
            }
            Err(error) => found.push(Finding::of(error, "base_unseen")),
        }
    }

    async fn repository(&self, client: &Client, found: &mut Vec<Finding>) -> Option<Repo> {
        let read = async {
            let ask = Ask::repository("read the state", self.repository, &[])?;
            client.get(&ask).await?.accepted(&ask)?.json::<Repo>(&ask)
        };
        match read.await {
            Ok(repository) => Some(repository),
            Err(error) => {
                let role = client.role().name();
                found.push(match error.reason_code.as_str() {
                    "forge_not_found" => Finding::bad(
                        "repository_unseen",
                        format!("`{role}` sees no repository `{}`", self.repository),
                        "correct its name, or add the user to its collaborators".to_owned(),
                    ),
                    "repository_moved" => Finding::bad(
                        "repository_moved",
                        error.message,
                        "write the new name into the configuration".to_owned(),
                    ),
                    _ => Finding::of(error, "repository_unseen"),
                });
                None
            }
        }
    }

    fn write_access(&self, role: Role, may: Permissions) -> Finding {
        let role = role.name();
        if may.push && may.pull {
            return Finding::good(
                "write_access",
                format!("`{role}` may write to `{}`", self.repository),
            );
        }
        Finding::bad(
            "write_access",
            format!("`{role}` may not write to `{}`", self.repository),
            "add its user to the repository's collaborators with write access".to_owned(),
        )
    }
}

async fn user(client: &Client, found: &mut Vec<Finding>) -> Option<User> {
    let role = client.role().name();
    match who(client).await {
        Ok(user) => {
            let message = format!("`{role}` is {} ({})", user.login, user.id);
            found.push(Finding::good("user", message));
            Some(user)
        }
        Err(error) => {
            found.push(match error.reason_code.as_str() {
                "forge_forbidden" => Finding::bad(
                    "scope_missing",
                    error.message,
                    format!("make a token for `{role}` with the scopes read:user and write:repository, write:issue"),
                ),
                _ => Finding::of(error, "user"),
            });
            None
        }
    }
}

/// Whether something is not there for this user.
fn is_hidden(error: &ForgeError) -> bool {
    matches!(
        error.reason_code.as_str(),
        "forge_forbidden" | "forge_not_found"
    )
}

/// Why nobody can work with a repository as it is; to read one, all it takes is its objects.
fn unusable(name: &Repository, repository: &Repo, writes: bool) -> Option<Finding> {
    let (code, what, fix) = if repository.object_format_name == "sha256" {
        (
            "unsupported_object_format",
            "names its objects by SHA-256",
            "use a repository of object format sha1",
        )
    } else if !writes {
        return None;
    } else if repository.archived {
        ("repository_archived", "is archived", "unarchive it")
    } else if repository.mirror {
        (
            "repository_mirror",
            "is a mirror, which nobody can push to",
            "name the repository it mirrors, or end the mirroring",
        )
    } else if !repository.has_pull_requests {
        (
            "pull_requests_off",
            "has pull requests switched off",
            "switch them on in its settings, or deliver commits",
        )
    } else {
        return None;
    };
    let message = format!("`{name}` {what}");
    Some(Finding::bad(code, message, fix.to_owned()))
}
