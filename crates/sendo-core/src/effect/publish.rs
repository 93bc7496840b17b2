//! A commit in a manifests repository: what it sets, on what condition, and what it tells.

use serde::{Deserialize, Serialize};

use crate::deployment::{Change, DeploymentId};
use crate::names::{BranchName, Principal, Repository, Revision};
use crate::time::Timestamp;

/// What a published edit sets, in the words of the manifests repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// An `images` entry of a kustomization.
    Image {
        /// The kustomization file or its folder, from the repository's root.
        path: String,
        /// The entry's `name`.
        image: String,
        /// The new `newName`, if it changes.
        new_name: Option<String>,
        /// The new `newTag`, if it changes.
        new_tag: Option<String>,
        /// The new `digest`, if it changes.
        digest: Option<String>,
    },
    /// A scalar of a YAML or JSON file.
    Value {
        /// The file, from the repository's root.
        path: String,
        /// Where in it, such as `.image.tag`.
        at: String,
        /// Its new value.
        value: String,
        /// Which document of several, counted from 0.
        document: Option<usize>,
    },
}

/// A commit to be made in a manifests repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The manifests repository.
    pub repository: Repository,
    /// The branch the change shall reach.
    pub base: BranchName,
    /// The branch that carries the commit; the base itself for a direct commit.
    pub branch: BranchName,
    /// The head of `branch` that may be replaced: our own earlier commit, or none.
    pub replaces: Option<Revision>,
    /// What to set.
    pub edits: Vec<Edit>,
    /// What the deployment that is undone had set, when this one undoes another by itself: where the
    /// base does not say exactly that any more, somebody changed it since, and nothing is published
    /// (`moved_since`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<Edit>,
    /// The values the edits replaced the first time; a different one now means that somebody else changed them.
    pub expected_old: Option<Vec<String>>,
    /// The deployment it belongs to; also the marker in the commit message.
    pub deployment: DeploymentId,
    /// What the commit message tells; rendered by the runner.
    pub story: Story,
    /// The commit's date, so that a repeated attempt makes the same commit.
    pub at: Timestamp,
}

/// What a commit message or change request body tells. Rendering it is another crate's task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The application.
    pub application: String,
    /// The environment.
    pub environment: String,
    /// The application's repository.
    pub source: Repository,
    /// The revision that comes.
    pub revision: Revision,
    /// The revision that was there, when known.
    pub previous: Option<Revision>,
    /// The branch or tag it was found on.
    pub reference: String,
    /// The value written, such as the image tag.
    pub version: String,
    /// What it carries, oldest first.
    pub included: Vec<Change>,
    /// How many more changes there are than listed.
    pub omitted: u64,
    /// Who asked, when a person did.
    pub requested_by: Option<Principal>,
    /// Checks that must succeed before the merge.
    pub checks: Vec<String>,
    /// How many people must approve; 0 is automatic.
    pub people: u32,
    /// The deployment it undoes, when it goes back by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<DeploymentId>,
}
