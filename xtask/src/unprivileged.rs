//! A user without rights, for programs that refuse to run as root.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use rustix::process::geteuid;

/// Whom a program runs as: ourselves, or somebody without rights when we are root.
pub(crate) struct User {
    name: String,
    /// User and group, when they are not ours.
    other: Option<(u32, u32)>,
}

impl User {
    pub(crate) fn to_run_as() -> Result<Self> {
        let users = std::fs::read_to_string("/etc/passwd").context("could not read the users")?;
        let own = geteuid();
        if !own.is_root() {
            let own = own.as_raw();
            return Ok(Self {
                name: named(&users, own).unwrap_or_else(|| own.to_string()),
                other: None,
            });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| find(&users, name))
            .context("neither a user postgres nor nobody to run programs that refuse root as")
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Hands a file or folder over.
    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        let Some((user, group)) = self.other else {
            return Ok(());
        };
        chown(path, Some(user), Some(group))
            .with_context(|| format!("could not hand over {}", path.display()))
    }

    /// A program that runs as this user.
    pub(crate) fn command(&self, program: &Path) -> Command {
        self.set(&[], program)
    }

    /// The same, ending with the thread that starts it even when we are killed: the kernel tells it.
    pub(crate) fn command_that_ends_with_us(&self, program: &Path) -> Command {
        self.set(&["--pdeathsig", "INT"], program)
    }

    fn set(&self, options: &[&str], program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(options);
        if let Some((user, group)) = self.other {
            command
                .arg(format!("--reuid={user}"))
                .arg(format!("--regid={group}"));
            command.arg("--clear-groups");
        }
        command.arg("--").arg(program).stdin(Stdio::null());
        command
    }
}

fn find(users: &str, name: &str) -> Option<User> {
    let fields = lines(users).find(|line| line[0] == name)?;
    let (user, group) = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
    Some(User {
        name: name.to_owned(),
        other: Some((user, group)),
    })
}

fn named(users: &str, id: u32) -> Option<String> {
    let id = id.to_string();
    let fields = lines(users).find(|line| line.get(2) == Some(&id.as_str()))?;
    Some(fields[0].to_owned())
}

fn lines(users: &str) -> impl Iterator<Item = Vec<&str>> {
    users.lines().map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104::/var/lib:/bin/sh\n";

    #[test]
    fn users_are_found_by_name() {
        let found = find(USERS, "postgres").unwrap();
        assert_eq!((found.name(), found.other), ("postgres", Some((101, 104))));
        assert!(find(USERS, "nobody").is_none());
    }

    #[test]
    fn ids_have_names_or_none() {
        assert_eq!(named(USERS, 101).as_deref(), Some("postgres"));
        assert_eq!(named(USERS, 7), None);
    }
}
