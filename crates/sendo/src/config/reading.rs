//! What the sections share while they are read: the purpose, the folder, and the problems so far.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sendo_core::names::{ForgeName, InvalidName, Repository};

use super::Purpose;
use super::forges::Forge;
use super::place::Place;
use super::problem::{Code, Problem, Span};
use super::suggest::{did_you_mean, list};

/// The state of reading one configuration.
pub(crate) struct Reading<'a> {
    /// What it is read for.
    pub(crate) purpose: Purpose,
    /// Where relative paths start.
    pub(crate) folder: &'a Path,
    /// What is wrong so far.
    pub(crate) problems: Vec<Problem>,
    /// The forges that could be read.
    pub(crate) forges: BTreeMap<ForgeName, Forge>,
    /// Every forge that is named, whether it could be read or not.
    pub(crate) forge_names: Vec<String>,
    /// Every cluster that is named, likewise.
    pub(crate) cluster_names: Vec<String>,
}

impl Reading<'_> {
    /// A path of the configuration: absolute, or beside the file.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        if self.folder == Path::new(".") {
            PathBuf::from(path)
        } else {
            self.folder.join(path)
        }
    }

    /// A name that was checked, or a problem at its value.
    pub(crate) fn named<T>(&mut self, name: Result<T, InvalidName>, place: Place<'_>) -> Option<T> {
        self.named_at(name, place.at())
    }

    /// A name that was checked, or a problem at a place.
    pub(crate) fn named_at<T>(&mut self, name: Result<T, InvalidName>, at: Span) -> Option<T> {
        name.map_err(|refused| {
            self.problems.push(
                Problem::new(
                    Code::InvalidName,
                    at,
                    format!(
                        "`{}` is not a name for {} {}",
                        refused.value,
                        article(refused.what),
                        refused.what
                    ),
                )
                .fix(refused.why),
            );
        })
        .ok()
    }

    /// A repository on a forge that exists.
    pub(crate) fn repository(&mut self, text: &str, place: Place<'_>) -> Option<Repository> {
        let repository: Repository = match text.parse() {
            Ok(repository) => repository,
            Err(refused) => {
                let fix = self
                    .forge_names
                    .first()
                    .filter(|_| !text.contains(':'))
                    .map_or_else(
                        || refused.why.to_owned(),
                        |forge| format!("write it as `forge:path`, such as `{forge}:{text}`"),
                    );
                self.problems.push(
                    place
                        .problem(Code::InvalidName, format!("`{text}` is not a repository"))
                        .why("a repository is named with its forge")
                        .fix(fix),
                );
                return None;
            }
        };
        let name = repository.forge.as_str();
        if !self.forge_names.iter().any(|known| known == name) {
            let known: Vec<&str> = self.forge_names.iter().map(String::as_str).collect();
            self.problems.push(
                place
                    .problem(Code::UnknownName, format!("there is no forge `{name}`"))
                    .why(format!("`forges` has {}", list(&known)))
                    .fix(did_you_mean(name, &known).unwrap_or_else(|| {
                        format!("add `{name}` under `forges`, or name one of these")
                    })),
            );
            return None;
        }
        Some(repository)
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}
