//! `sendo init`: proposes a configuration from what a manifests repository says today.
//!
//! The story in files: `scan` finds where images and their versions stand, `naming` reads from a
//! path whose they are, `propose` makes applications of them and says what starts each, `write`
//! writes the configuration, `strays` tells what was not taken up; this file looks at the repositories,
//! and at what others have open.

mod naming;
mod propose;
mod scan;
mod strays;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sendo_core::effect::{ChangeState, Edit};
use sendo_core::names::{BranchName, ForgeName, Repository};
use sendo_forge::local::acts::LocalActs;
use sendo_forge::local::{LocalForge, StateFilter};
use sendo_forge::{Forge, ForgeError};
use sendo_git::{BareRepository, GitError, LogQuery, RefName};
use serde::Serialize;

use propose::{Found, LeftOut, Source, propose};
use scan::{Form, Site};
use strays::strays;
use write::{Place, write};

/// Files that are read at the most.
const FILES: usize = 50_000;
/// The largest of them, in bytes: what a person writes is smaller.
const LARGEST: u64 = 1024 * 1024;
/// How deep below the folder of a forge repositories are looked for.
const DEPTH: usize = 4;
/// Branches of others that are looked at the most.
const BRANCHES: usize = 200;

/// What is proposed from where.
pub(crate) struct Wish {
    /// The forge's name in the configuration.
    pub(crate) forge: ForgeName,
    /// Its folder, as it will be written.
    pub(crate) root: String,
    /// The same, as this process reaches it.
    pub(crate) folder: PathBuf,
    /// The manifests repository, as the forge calls it.
    pub(crate) manifests: String,
    /// Its branch; `None` is the one it calls its default.
    pub(crate) base: Option<String>,
    /// Which repository builds which application or image, where names do not tell.
    pub(crate) named: BTreeMap<String, String>,
}

/// A proposal.
#[derive(Serialize)]
pub(crate) struct Proposal {
    /// The configuration.
    #[serde(skip)]
    pub(crate) text: String,
    /// The branch it was read from.
    pub(crate) base: String,
    /// Each application with its environments, in the order a revision travels, and the version that
    /// stands there now.
    pub(crate) applications: BTreeMap<String, Vec<(String, String)>>,
    /// What was found and is not in it.
    left_out: Vec<LeftOut>,
    /// Change requests and branches of others that touch what Sendo would write.
    pub(crate) open: Vec<Open>,
}

/// A change of somebody else that is open.
#[derive(Serialize)]
pub(crate) struct Open {
    /// Its branch.
    pub(crate) branch: String,
    /// Its change request, if it has one.
    pub(crate) number: Option<u64>,
    /// Its title, or the subject of its newest commit.
    pub(crate) title: String,
}

/// Why there is no proposal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    /// The forge refuses.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// git refuses.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The manifests repository is too large, or empty.
    #[error("{0}")]
    Unusable(String),
}

/// Proposes a configuration.
///
/// # Errors
/// [`InitError`] when the manifests repository cannot be read, or nothing in it names an image.
pub(crate) async fn init(wish: &Wish) -> Result<Proposal, InitError> {
    let local = LocalActs::new(wish.folder.clone())
        .map_err(|error| InitError::Unusable(error.to_string()))?;
    let git = BareRepository::open(&local.folder(&wish.manifests)).await?;
    let base = base(wish, &git).await?;
    let unusable = |why: String| InitError::Unusable(why);
    let head = git
        .resolve(&RefName::branch(base.as_str())?)
        .await?
        .ok_or_else(|| unusable(format!("`{}` has no branch `{base}`", wish.manifests)))?;
    let files = git.all_files(head, scan::may_tell, FILES, LARGEST).await?;
    let files = files.ok_or_else(|| {
        unusable(format!(
            "`{}` has more than {FILES} YAML and JSON files",
            wish.manifests
        ))
    })?;
    let sites: Vec<Site> = files
        .iter()
        .filter(|(path, _)| !path.as_str().contains(['{', '}']))
        .filter_map(|(path, bytes)| Some((path.as_str(), std::str::from_utf8(bytes).ok()?)))
        .flat_map(|(path, text)| scan::sites(path, text))
        .collect();
    let names: BTreeSet<&str> = sites.iter().flat_map(Site::names).collect();
    let strays: Vec<LeftOut> = files
        .iter()
        .flat_map(|(path, bytes)| {
            let strays = strays(path.as_str(), bytes, &names).into_iter();
            strays.map(|stray| LeftOut {
                path: path.to_string(),
                image: stray.image,
                why: stray.why,
            })
        })
        .collect();
    let repository = repository(wish)?;
    let (found, mut left_out) = present(&local, &repository, &base, sites).await?;
    let sources = sources(&wish.folder, &wish.manifests).await;
    let nowhere = |path: &&String| !sources.iter().any(|source| source.path == **path);
    if let Some(path) = wish.named.values().find(nowhere) {
        return Err(unusable(format!(
            "`--repository` names `{path}`, and {} has no repository of that path besides `{}`",
            wish.root, wish.manifests
        )));
    }
    let paths: BTreeSet<String> = found.iter().map(|found| found.site.path.clone()).collect();
    let (applications, more) = propose(found, &sources, &wish.named);
    left_out.extend(more);
    left_out.extend(strays);
    let place = Place {
        forge: wish.forge.to_string(),
        root: wish.root.clone(),
        manifests: wish.manifests.clone(),
        base: base.to_string(),
    };
    if applications.is_empty() {
        return Err(unusable(format!(
            "nothing on `{base}` of `{}` names an image that one of the {} repositories beside it builds; {} places were left out",
            wish.manifests,
            sources.len(),
            left_out.len()
        )));
    }
    Ok(Proposal {
        text: write(&applications, &place),
        applications: applications
            .into_iter()
            .map(|(name, application)| {
                let lanes = application.environments.into_iter();
                let mut lanes: Vec<_> = lanes.map(|(lane, at)| (lane, at.now)).collect();
                lanes.sort_by_key(|(lane, _)| naming::rank(lane));
                (name, lanes)
            })
            .collect(),
        left_out,
        open: open(&wish.folder, &wish.manifests, &git, &base, &paths).await?,
        base: base.to_string(),
    })
}

impl Proposal {
    /// What was found and is not in it: where, which image, why.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = [&str; 3]> {
        self.left_out
            .iter()
            .map(|left| [left.path.as_str(), left.image.as_str(), left.why.as_str()])
    }
}

fn repository(wish: &Wish) -> Result<Repository, InitError> {
    format!("{}:{}", wish.forge, wish.manifests)
        .parse()
        .map_err(|error: sendo_core::names::InvalidName| InitError::Unusable(error.to_string()))
}

async fn base(wish: &Wish, git: &BareRepository) -> Result<BranchName, InitError> {
    let name = match &wish.base {
        Some(base) => base.clone(),
        None => branch(git).await.ok_or_else(|| {
            InitError::Unusable(format!(
                "`{}` does not say which of its branches is the default; name it with --base",
                wish.manifests
            ))
        })?,
    };
    BranchName::new(name).map_err(|error| InitError::Unusable(error.to_string()))
}

/// The branch a repository calls its default, if there is one.
async fn branch(git: &BareRepository) -> Option<String> {
    let name = git.default_branch().await.ok().flatten()?;
    Some(name.as_str().strip_prefix("refs/heads/")?.to_owned())
}

/// What stands at each place, read as the edit will read it. What cannot be edited is left out.
async fn present(
    local: &LocalActs,
    repository: &Repository,
    base: &BranchName,
    sites: Vec<Site>,
) -> Result<(Vec<Found>, Vec<LeftOut>), InitError> {
    let edits: Vec<Edit> = sites.iter().map(edit).collect();
    let forge = Forge::Local(local.clone());
    let now = forge.present(repository, base, &edits).await?;
    let (mut found, mut left) = (Vec::new(), Vec::new());
    for (site, now) in sites.into_iter().zip(now) {
        match now {
            Ok(now) => found.push(Found { site, now }),
            Err(error) => left.push(LeftOut {
                path: site.path,
                image: site.image,
                why: error.to_string(),
            }),
        }
    }
    Ok((found, left))
}

fn edit(site: &Site) -> Edit {
    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    match &site.form {
        Form::Kustomization { name, digest } => Edit::Image {
            path: site.path.clone(),
            image: name.clone(),
            new_name: None,
            new_tag: (!digest).then(|| "sendo-init".to_owned()),
            digest: digest.then(|| DIGEST.to_owned()),
        },
        Form::Tag { at } => Edit::Value {
            path: site.path.clone(),
            at: at.clone(),
            value: "sendo-init".to_owned(),
            document: None,
        },
        Form::Whole { at, document } => Edit::Value {
            path: site.path.clone(),
            at: at.clone(),
            value: format!("{}:sendo-init", site.image),
            document: *document,
        },
    }
}

/// Every repository below the forge's folder but the manifests'. One that cannot be read is none.
async fn sources(root: &Path, manifests: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in repositories(root, DEPTH) {
        let Ok(path) = folder.strip_prefix(root) else {
            continue;
        };
        let path = path.to_string_lossy();
        let path = path.strip_suffix(".git").unwrap_or(&path).to_owned();
        let Ok(git) = BareRepository::open(&folder).await else {
            continue;
        };
        if path == manifests {
            continue;
        }
        let tags = git.ref_oids(&["refs/tags/"]).await.unwrap_or_default();
        let name = |name: &RefName| name.as_str().trim_start_matches("refs/tags/").to_owned();
        sources.push(Source {
            path,
            branch: branch(&git).await,
            tags: tags.iter().map(|(tag, _)| name(tag)).collect(),
        });
    }
    sources
}

fn repositories(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = listed
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for path in folders {
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            found.push(path);
        } else if depth > 1 && !path.join(".git").exists() {
            found.extend(repositories(&path, depth - 1));
        }
    }
    found
}

/// What others have open on the places Sendo would write.
async fn open(
    root: &Path,
    manifests: &str,
    git: &BareRepository,
    base: &BranchName,
    paths: &BTreeSet<String>,
) -> Result<Vec<Open>, InitError> {
    let only_open = StateFilter::Only(ChangeState::Open);
    let listed = LocalForge::new(root).list(manifests, only_open).await;
    let listed = listed.map_err(ForgeError::from)?;
    let mut open: Vec<Open> = listed
        .changes
        .iter()
        .map(|change| Open {
            branch: change.branch.to_string(),
            number: Some(change.number),
            title: change.title.clone(),
        })
        .collect();
    let base = RefName::branch(base.as_str())?;
    let Some(head) = git.resolve(&base).await? else {
        return Ok(open);
    };
    let merged = git.refs_merged_into("refs/heads/", head).await?;
    let branches = git.ref_oids(&["refs/heads/"]).await?;
    let unmerged = branches
        .iter()
        .filter(|(name, _)| !merged.contains_key(name));
    for (name, oid) in unmerged.take(BRANCHES) {
        let branch = name.as_str().trim_start_matches("refs/heads/");
        if open.iter().any(|known| known.branch == branch) {
            continue;
        }
        let log = git
            .log(LogQuery {
                to: *oid,
                from_exclusive: git.merge_base(*oid, head).await?,
                first_parent: true,
                limit: 20,
                touched: true,
            })
            .await?;
        let touches = log
            .commits
            .iter()
            .flat_map(|commit| &commit.touched)
            .any(|touched| {
                let ours = |path: &String| {
                    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                    paths.contains(path) || paths.contains(folder)
                };
                touched.paths.iter().any(ours)
            });
        if let Some(newest) = log.commits.first().filter(|_| touches) {
            open.push(Open {
                branch: branch.to_owned(),
                number: None,
                title: newest.info.subject.chars().take(100).collect(),
            });
        }
    }
    Ok(open)
}
