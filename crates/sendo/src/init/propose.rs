//! Makes applications of what was found: which repository, what starts each environment, and what
//! is written there.

use std::collections::{BTreeMap, BTreeSet};

use super::naming::{candidates, environment_of, image_name};
use super::scan::{Form, Site};

/// A place with what stands there now, as the edit that will write it read it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) site: Site,
    pub(super) now: String,
}

/// A repository applications may be built from.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    /// Its path on the forge.
    pub(super) path: String,
    /// The branch people merge into.
    pub(super) branch: Option<String>,
    /// Its tags.
    pub(super) tags: Vec<String>,
}

/// An application to be.
#[derive(Debug, Clone)]
pub(super) struct Application {
    /// Where it is built from.
    pub(super) repository: String,
    /// Where it runs.
    pub(super) environments: BTreeMap<String, Environment>,
}

/// One of its environments.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    /// What starts a deployment.
    pub(super) on: On,
    /// The version that stands there now.
    pub(super) now: String,
    /// What is written.
    pub(super) edits: Vec<Edit>,
}

/// What starts a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum On {
    /// A merge into this branch.
    Merged(String),
    /// A tag of this glob.
    Tag(String),
    /// An image that CI reports.
    Image,
}

/// A place and the template of what is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) site: Site,
    pub(super) template: String,
}

/// What was found and is not part of the proposal.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct LeftOut {
    /// The file or folder.
    pub(super) path: String,
    /// The image there, and its version; empty where the file cannot be read.
    pub(super) image: String,
    /// Why, and what to do.
    pub(super) why: String,
}

/// The applications of everything found. `named` says which repository builds which image or
/// application, where names do not.
pub(super) fn propose(
    found: Vec<Found>,
    sources: &[Source],
    named: &BTreeMap<String, String>,
) -> (BTreeMap<String, Application>, Vec<LeftOut>) {
    let mut left = Vec::new();
    let mut groups: BTreeMap<String, Vec<(Found, &Source)>> = BTreeMap::new();
    // Where one image is known by its name, another one beside it is not taken for the application.
    let known: BTreeSet<String> = found
        .iter()
        .filter(|found| source(&[], &found.site.image, sources, named).is_some())
        .map(|found| found.site.path.clone())
        .collect();
    for found in found {
        let names = candidates(&found.site.path, &found.site.image);
        let by_path = if known.contains(&found.site.path) {
            &[]
        } else {
            &names[..]
        };
        match source(by_path, &found.site.image, sources, named) {
            Some(source) => {
                let name = names.first().cloned().unwrap_or_default();
                groups.entry(name).or_default().push((found, source));
            }
            None => left.push(left_out(
                &found,
                format!(
                    "no repository has its name; if one of yours builds it, say so with `--repository {}=PATH`",
                    image_name(&found.site.image)
                ),
            )),
        }
    }
    let mut applications = BTreeMap::new();
    for (name, group) in groups {
        let first = group.first().map(|(_, source)| source.path.clone());
        let shared = group
            .iter()
            .any(|(_, source)| Some(&source.path) != first.as_ref());
        for (found, source) in group {
            // A folder that several applications share does not name any of them.
            let name = if shared {
                image_name(&found.site.image).to_ascii_lowercase()
            } else {
                name.clone()
            };
            add(&mut applications, name, found, source, &mut left);
        }
    }
    (applications, left)
}

fn add(
    applications: &mut BTreeMap<String, Application>,
    name: String,
    found: Found,
    source: &Source,
    left: &mut Vec<LeftOut>,
) {
    let name: String = name.replace('_', "-");
    if sendo_core::names::ApplicationName::new(name.as_str()).is_err() {
        let why = format!(
            "`{name}` cannot be the name of an application; write it by hand under another"
        );
        return left.push(left_out(&found, why));
    }
    let environment = environment_of(&found.site.path);
    if sendo_core::names::EnvironmentName::new(environment.as_str()).is_err() {
        let why = format!(
            "`{environment}` cannot be the name of an environment; write it by hand under another"
        );
        return left.push(left_out(&found, why));
    }
    let name_of = match &found.site.form {
        Form::Kustomization { name, .. } => name.as_str(),
        Form::Tag { .. } | Form::Whole { .. } => "",
    };
    // A brace would be read as a variable where it is written as a template.
    if [found.now.as_str(), &found.site.image, name_of]
        .iter()
        .any(|text| text.contains(['{', '}']))
    {
        let why = "a template fills this in: name the place it comes from by hand".to_owned();
        return left.push(left_out(&found, why));
    }
    let (on, template) = trigger(&found, source);
    let application = applications.entry(name).or_insert_with(|| Application {
        repository: source.path.clone(),
        environments: BTreeMap::new(),
    });
    if application.repository != source.path {
        let why = format!(
            "another application of that name is built from `{}`; write this one by hand under another",
            application.repository
        );
        return left.push(left_out(&found, why));
    }
    let edit = Edit {
        site: found.site.clone(),
        template,
    };
    match application.environments.get_mut(&environment) {
        None => {
            let first = Environment {
                on,
                now: version(&found).to_owned(),
                edits: vec![edit],
            };
            application.environments.insert(environment, first);
        }
        Some(there) if there.now == version(&found) && there.on == on => there.edits.push(edit),
        Some(there) => {
            let why = format!(
                "`{environment}` of the same application stands at {} elsewhere; write it by hand as an environment of its own",
                there.now
            );
            left.push(left_out(&found, why));
        }
    }
}

fn left_out(found: &Found, why: String) -> LeftOut {
    LeftOut {
        path: found.site.path.clone(),
        image: format!("{}:{}", found.site.image, version(found)),
        why,
    }
}

/// The repository that builds an image: the one named by hand, else the one whose last part is the
/// image's name, else the application's.
fn source<'a>(
    names: &[String],
    image: &str,
    sources: &'a [Source],
    named: &BTreeMap<String, String>,
) -> Option<&'a Source> {
    let wanted = [image_name(image)];
    let wanted: Vec<&str> = wanted
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let by_hand = wanted.iter().find_map(|name| named.get(*name));
    if let Some(path) = by_hand {
        return sources.iter().find(|source| source.path == *path);
    }
    let last = |path: &'a str| path.rsplit('/').next().unwrap_or(path);
    wanted.iter().find_map(|name| {
        let mut fits = sources
            .iter()
            .filter(|source| last(&source.path).eq_ignore_ascii_case(name));
        let first = fits.next()?;
        // Two repositories of one name in different folders are told apart by hand only.
        fits.next().is_none().then_some(first)
    })
}

/// The version that stands at a place, without the image's name.
fn version(found: &Found) -> &str {
    match &found.site.form {
        Form::Whole { .. } => found.now.rsplit(':').next().unwrap_or_default(),
        Form::Kustomization { .. } | Form::Tag { .. } => &found.now,
    }
}

/// What starts a deployment there and how its version is written, told by what stands there now.
fn trigger(found: &Found, source: &Source) -> (On, String) {
    let image = &found.site.image;
    let whole = |version: &str| match &found.site.form {
        Form::Whole { .. } => format!("{image}:{version}"),
        Form::Kustomization { .. } | Form::Tag { .. } => version.to_owned(),
    };
    if matches!(&found.site.form, Form::Kustomization { digest: true, .. }) {
        return (On::Image, "{digest}".to_owned());
    }
    let version = version(found);
    if source.tags.iter().any(|tag| tag == version) {
        return (On::Tag(glob(version)), whole("{tag}"));
    }
    let hex = |length: usize| {
        let at = version.len().checked_sub(length)?;
        let (before, revision) = (version.get(..at)?, version.get(at..)?);
        let is_hex = revision
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (is_hex && !before.ends_with(|c: char| c.is_ascii_alphanumeric())).then_some(before)
    };
    let branch = source.branch.as_ref();
    for (length, variable) in [(40, "{sha}"), (7, "{short_sha}")] {
        if let Some((before, branch)) = hex(length).zip(branch) {
            return (
                On::Merged(branch.clone()),
                whole(&format!("{before}{variable}")),
            );
        }
    }
    (On::Image, whole("{tag}"))
}

/// The tags that are of one kind with this one.
fn glob(tag: &str) -> String {
    let number = tag.find(|c: char| c.is_ascii_digit());
    match number {
        Some(at) if at > 0 => format!("{}*", &tag[..at]),
        _ if tag.contains('/') => format!("{}/*", tag.rsplit_once('/').map_or("", |(a, _)| a)),
        _ => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(now: &str, tags: &[&str]) -> (On, String) {
        let site = Site {
            path: "web/overlays/test".to_owned(),
            form: Form::Tag {
                at: ".image.tag".to_owned(),
            },
            image: "registry.example.com/web".to_owned(),
        };
        let source = Source {
            path: "web".to_owned(),
            branch: Some("main".to_owned()),
            tags: tags.iter().map(ToString::to_string).collect(),
        };
        let now = now.to_owned();
        trigger(&Found { site, now }, &source)
    }

    #[test]
    fn what_stands_there_tells_what_starts_a_deployment() {
        let main = || On::Merged("main".to_owned());
        let sha = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(told(sha, &[]), (main(), "{sha}".to_owned()));
        assert_eq!(
            told("main-be76264", &[]),
            (main(), "main-{short_sha}".to_owned())
        );
        let release = On::Tag("release-*".to_owned());
        assert_eq!(
            told("release-12", &["release-12"]),
            (release, "{tag}".to_owned())
        );
        assert_eq!(told("latest", &[]), (On::Image, "{tag}".to_owned()));
        assert_eq!(told("20260401", &[]), (On::Image, "{tag}".to_owned()));
    }
}
