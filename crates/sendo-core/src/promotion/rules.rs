//! What the configuration says about a lane, checked and resolved.

use serde::{Deserialize, Serialize};

use crate::act::Access;
use crate::deployment::Strategy;
use crate::engine::Engine;
use crate::freeze::Freeze;
use crate::names::{BranchName, EnvironmentName, Principal, Repository};
use crate::rendering::Rendering;
use crate::subject::LaneId;
use crate::template::Template;
use crate::time::Span;

/// Everything a promotion needs to know about its lane.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneRules {
    /// The lane.
    pub lane: LaneId,
    /// The application's repository.
    pub repository: Repository,
    /// What starts a deployment.
    pub on: Trigger,
    /// Globs; only changes that touch one of them count. Empty is all.
    pub paths: Vec<String>,
    /// The environment that must have succeeded first.
    pub after: Option<After>,
    /// Who must agree before the merge.
    pub approval: Approval,
    /// Where and what to edit.
    pub deliver: Promotion,
    /// Who may do what here.
    pub access: Access,
    /// When nothing is merged here.
    pub freezes: Vec<Freeze>,
    /// What applies the base, when deployments are seen through: they are done when the environment is
    /// healthy at them. Without one they are done when they are merged.
    pub engine: Option<Engine>,
    /// Our own identities on that forge; their reviews are never people's.
    pub ours: Vec<Principal>,
}

impl LaneRules {
    /// Whether people bring revisions here themselves: those of the manifests repository, which is the
    /// lane's own repository then.
    #[must_use]
    pub fn observes(&self) -> bool {
        self.deliver.mode == Mode::Observe
    }

    /// How deployments get here.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        if self.observes() {
            Strategy::Observe
        } else {
            Strategy::Promotion
        }
    }
}

/// The environment that must have succeeded first, and what counts as the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// That environment of the same application.
    pub environment: EnvironmentName,
    /// Whether the same tree under another revision counts too (as after a merge commit).
    pub same_tree: bool,
    /// How long the success there must have lasted.
    pub soak: Span,
}

/// What starts a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A merge into a branch. On a forge without pull requests a push is a merge.
    MergedInto(BranchName),
    /// Any push to a branch.
    PushedTo(BranchName),
    /// A tag.
    Tag {
        /// Which tags.
        pattern: TagPattern,
        /// Which of two is newer.
        order: TagOrder,
    },
    /// An image reported by CI.
    Image,
    /// Only a person's command.
    Command,
}

/// Which tags a rule means. Both forms are anchored: they must match the whole name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagPattern {
    /// `*` matches any text without `/`; a whole part `**` matches any number of parts.
    Glob(String),
    /// A regular expression, anchored at both ends.
    Regex(String),
}

/// Which of two matching tags is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagOrder {
    /// By semantic version, after the pattern's literal prefix.
    Semver,
    /// By the date of the tag, or of its commit.
    Date,
    /// By the order in which Sendo heard of them.
    Pushed,
}

/// Who must agree before the merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Our second identity alone.
    Automatic,
    /// People, besides our second identity. Who asked for the deployment does not count.
    People {
        /// How many, at least 1.
        count: u32,
        /// Whose approval counts; empty is anybody's.
        from: Vec<Principal>,
    },
}

/// How the edit reaches the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By a change request.
    ChangeRequest,
    /// By a commit on the base.
    Commit,
    /// By people, who merge into the base themselves. Sendo writes nothing, and follows what they merged.
    Observe,
}

/// Where and what a promotion edits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Promotion {
    /// The manifests repository.
    pub repository: Repository,
    /// The branch that Argo CD, Flux or a person applies.
    pub base: BranchName,
    /// How the edit reaches it.
    pub mode: Mode,
    /// What to set; at least one, but nothing where people merge themselves.
    pub edits: Vec<EditRule>,
    /// Checks that must have succeeded on the exact head.
    pub checks: Vec<String>,
    /// What people are shown of it as the cluster would see it; left out, the kustomizations that are
    /// edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub render: Option<Vec<Rendering>>,
}

impl Promotion {
    /// What is rendered for people, each once.
    #[must_use]
    pub fn renderings(&self) -> Vec<Rendering> {
        if let Some(render) = &self.render {
            return render.clone();
        }
        let mut found = Vec::new();
        for edit in &self.edits {
            if let EditRule::Image { path, .. } = edit {
                let path = folder_of(path).to_owned();
                let rendering = Rendering::Kustomize { path };
                if !found.contains(&rendering) {
                    found.push(rendering);
                }
            }
        }
        found
    }
}

/// The folder of a kustomization that may be named by its file.
fn folder_of(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let file = name == "Kustomization" || name.ends_with(".yaml") || name.ends_with(".yml");
    if file { folder } else { path }
}

/// One edit, with templates for its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum EditRule {
    /// An `images` entry of a kustomization.
    Image {
        /// The kustomization file or its folder.
        path: String,
        /// The entry's `name`.
        image: String,
        /// Its new `newName`.
        new_name: Option<Template>,
        /// Its new `newTag`.
        new_tag: Option<Template>,
        /// Its new `digest`.
        digest: Option<Template>,
    },
    /// A scalar of a YAML or JSON file.
    Value {
        /// The file.
        path: String,
        /// Where in it.
        at: String,
        /// Its new value.
        value: Template,
        /// Which document of several, counted from 0.
        document: Option<usize>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(paths: &[&str]) -> Promotion {
        let edit = |path: &&str| EditRule::Image {
            path: (*path).to_owned(),
            image: "web".to_owned(),
            new_name: None,
            new_tag: None,
            digest: None,
        };
        Promotion {
            repository: "here:manifests".parse().unwrap(),
            base: BranchName::new("main").unwrap(),
            mode: Mode::Commit,
            edits: paths.iter().map(edit).collect(),
            checks: Vec::new(),
            render: None,
        }
    }

    #[test]
    fn the_kustomizations_that_are_edited_are_rendered_each_once() {
        let paths = ["web/test", "web/test/kustomization.yaml", "Kustomization"];
        let folders = ["web/test", "."].map(|path| Rendering::Kustomize {
            path: path.to_owned(),
        });
        assert_eq!(edited(&paths).renderings(), folders);
    }

    #[test]
    fn what_the_configuration_names_stands_in_their_place() {
        let mut promotion = edited(&["web/test"]);
        promotion.render = Some(Vec::new());
        assert_eq!(promotion.renderings(), []);
    }
}
