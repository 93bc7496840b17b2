//! What `sendo change` understands on the command line.

use std::path::PathBuf;

use sendo_core::names::BranchName;
use sendo_git::Oid;

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Verb {
    /// Open a change request for a branch that was pushed.
    #[command(after_help = "Example:
  sendo change open /srv/git/manifests.git --branch fix-limits --base main --title 'Raise the limits'")]
    Open(Open),
    /// List change requests.
    List(List),
    /// Show a change request: its commits, checks and reviews.
    Show(One),
    /// Report a check on a commit, as CI does.
    #[command(after_help = "Example:
  sendo change check /srv/git/manifests.git \"$SHA\" --name ci/validate --state success")]
    Check(Check),
    /// Review the head of a change request.
    #[command(after_help = "Examples:
  sendo change review /srv/git/manifests.git 3 --approve
  sendo change review /srv/git/manifests.git 3 --request-changes --body 'the tag does not exist'")]
    Review(Review),
    /// Merge exactly the head you looked at.
    Merge(Merge),
    /// Close without merging.
    Close(Close),
}

/// A repository, and who acts on it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct On {
    /// The bare repository's folder.
    #[arg(value_name = "REPOSITORY")]
    pub(super) repository: PathBuf,
    /// Who acts, as `NAME` or `kind:id`; the login name of this machine when left out.
    #[arg(long = "as", env = "SENDO_PRINCIPAL", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Open {
    #[command(flatten)]
    pub(super) on: On,
    /// The branch that carries it.
    #[arg(long)]
    pub(super) branch: BranchName,
    /// The branch it shall reach.
    #[arg(long)]
    pub(super) base: BranchName,
    /// One line.
    #[arg(long)]
    pub(super) title: String,
    /// The description.
    #[arg(long, default_value = "")]
    pub(super) body: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) on: On,
    /// Which.
    #[arg(long, value_enum, default_value = "open")]
    pub(super) state: Which,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Which {
    All,
    Open,
    Merged,
    Closed,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct One {
    #[command(flatten)]
    pub(super) on: On,
    /// The change request's number.
    pub(super) number: u64,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    pub(super) on: On,
    /// The commit, in full.
    pub(super) commit: Oid,
    /// The check's name.
    #[arg(long)]
    pub(super) name: String,
    /// What it says.
    #[arg(long, value_enum)]
    pub(super) state: Says,
    /// Where to read more.
    #[arg(long, default_value = "")]
    pub(super) url: String,
    /// One line for people.
    #[arg(long, default_value = "")]
    pub(super) description: String,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Says {
    Pending,
    Success,
    Failure,
    Error,
}

#[derive(Debug, clap::Args)]
#[group(id = "verdict", required = true, multiple = false)]
pub(super) struct Said {
    /// Approve.
    #[arg(long)]
    pub(super) approve: bool,
    /// Ask for changes.
    #[arg(long)]
    pub(super) request_changes: bool,
    /// Only comment.
    #[arg(long)]
    pub(super) comment: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Review {
    #[command(flatten)]
    pub(super) one: One,
    #[command(flatten)]
    pub(super) said: Said,
    /// What to write.
    #[arg(long, default_value = "")]
    pub(super) body: String,
    /// The head you looked at; the present one when left out.
    #[arg(long, value_name = "SHA")]
    pub(super) head: Option<Oid>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Merge {
    #[command(flatten)]
    pub(super) one: One,
    /// The head you looked at; the present one when left out.
    #[arg(long, value_name = "SHA")]
    pub(super) head: Option<Oid>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Close {
    #[command(flatten)]
    pub(super) one: One,
    /// Why.
    #[arg(long, default_value = "")]
    pub(super) reason: String,
}
