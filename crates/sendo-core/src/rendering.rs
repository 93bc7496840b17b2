//! What a manifests repository looks like to the cluster: what is rendered, and how two renderings
//! differ, object by object.
//!
//! For people only: no decision reads any of it. How a rendering is made is said elsewhere.

use serde::{Deserialize, Serialize};

/// Something that is rendered into the objects a cluster sees. Paths start at the root of the
/// manifests repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "renders", rename_all = "snake_case")]
pub enum Rendering {
    /// A kustomization, built.
    Kustomize {
        /// Its folder; `.` is the root.
        path: String,
    },
    /// A Helm chart, as a release would install it.
    Helm {
        /// Its folder.
        chart: String,
        /// Files of values, a later one over an earlier.
        values: Vec<String>,
        /// The release's name.
        release: String,
        /// The namespace it would be in.
        namespace: String,
    },
    /// Files that are applied as they are.
    Plain {
        /// A file, or a folder whose files count and whose folders do not.
        path: String,
    },
}

impl Rendering {
    /// Where it begins.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Kustomize { path } | Self::Plain { path } => path,
            Self::Helm { chart, .. } => chart,
        }
    }

    /// The program that makes it, if one is needed.
    #[must_use]
    pub const fn program(&self) -> Option<&'static str> {
        match self {
            Self::Kustomize { .. } => Some("kustomize"),
            Self::Helm { .. } => Some("helm"),
            Self::Plain { .. } => None,
        }
    }
}

/// An object as a cluster knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectId {
    /// The group of its kind; empty for the oldest.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, where it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    /// It is there afterwards only.
    Added,
    /// It was there before only.
    Removed,
    /// Some of it differs.
    Changed,
}

/// An object that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChange {
    /// Which.
    #[serde(flatten)]
    pub object: ObjectId,
    /// How.
    pub becomes: Becomes,
    /// Where, of one that changed: the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// How many more fields differ than are listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_fields: usize,
}

/// A field that differs. What is secret is not said, and then neither value is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Such as `spec.template.spec.containers[web].image`.
    pub path: String,
    /// What it was, if it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// Whether the values are kept back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
}

/// What came of a rendering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Rendered {
    /// Both sides were rendered and compared.
    Compared(Comparison),
    /// They were not.
    Cannot {
        /// A stable code, such as `renderer_missing`.
        reason_code: String,
        /// What is in the way and what helps, as a fragment.
        message: String,
    },
}

/// How two renderings differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Objects that are the same on both sides.
    pub same: usize,
    /// Those that differ, in the order of their kinds and names: the first of them.
    pub changes: Vec<ObjectChange>,
    /// How many more objects differ than are listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
}

/// What a change does to one rendering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// What was rendered.
    #[serde(flatten)]
    pub rendering: Rendering,
    /// What came of it.
    #[serde(flatten)]
    pub rendered: Rendered,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
