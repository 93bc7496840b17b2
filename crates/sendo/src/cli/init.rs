//! `sendo init`: a configuration from what a manifests repository says today.

use std::path::{Path, PathBuf};

use sendo_core::names::ForgeName;
use serde_json::json;

use super::{Failure, Outcome};
use crate::config::{Config, Purpose};
use crate::exit::Exit;
use crate::init::{self, InitError, Proposal, Wish};
use crate::lifecycle;
use crate::out::Out;

/// Lines of one kind that people read at once.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo init --root git --manifests manifests
  sendo init --root /srv/git --manifests acme/manifests --repository web=acme/storefront
  sendo init --root git --manifests manifests --dry-run > sendo.yaml

It reads kustomizations, Helm values and plain manifests on the base, finds the repository beside it
that builds each image, and writes what it found. Nothing is deployed: what runs today is the
baseline. `sendo plan --offline` shows that, before the server starts.
Exit 0: written, 5: a repository is not there, 7: the file is there already.")]
pub(super) struct Args {
    /// The folder of a local forge: bare repositories, in folders or not.
    #[arg(long, value_name = "FOLDER", default_value = "git")]
    root: PathBuf,
    /// The manifests repository, by its path below the folder, without `.git`.
    #[arg(long, value_name = "PATH")]
    manifests: String,
    /// The branch that Argo CD, Flux or a person applies; the repository's default when left out.
    #[arg(long, value_name = "BRANCH")]
    base: Option<String>,
    /// What the forge is called in the configuration.
    #[arg(long, value_name = "NAME", default_value = "local")]
    forge: ForgeName,
    /// Which repository builds an application or image, where its name does not tell.
    #[arg(long = "repository", value_name = "NAME=PATH", value_parser = pair)]
    repositories: Vec<(String, String)>,
    /// Where the configuration is written.
    #[arg(long, value_name = "FILE", default_value = "sendo.yaml")]
    to: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    /// Print the configuration instead of writing it.
    #[arg(long)]
    dry_run: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            let path = path.strip_suffix(".git").unwrap_or(path);
            Ok((name.to_owned(), path.to_owned()))
        }
        _ => Err("write it as NAME=PATH, such as web=acme/storefront".to_owned()),
    }
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    if args.to.exists() && !args.force && !args.dry_run {
        return Err(Failure::new(
            Exit::Conflict,
            "file_exists",
            format!("{} is there already", args.to.display()),
        )
        .next("--force writes over it, --to FILE writes another, --dry-run prints it"));
    }
    let folder = args.root.canonicalize().map_err(|error| {
        Failure::new(
            Exit::NotFound,
            "root_not_found",
            format!("the folder {} cannot be read", args.root.display()),
        )
        .why(error.to_string())
        .next("sendo init --root FOLDER, with the folder your bare repositories lie in")
    })?;
    let manifests = args
        .manifests
        .strip_suffix(".git")
        .unwrap_or(&args.manifests);
    let wish = Wish {
        forge: args.forge.clone(),
        root: root(args, &folder),
        folder,
        manifests: manifests.to_owned(),
        base: args.base.clone(),
        named: args.repositories.iter().cloned().collect(),
    };
    let proposal = lifecycle::block_on(init::init(&wish))?.map_err(|error| refused(&error))?;
    check(&proposal, &args.to)?;
    if args.dry_run {
        out.data(&proposal.text);
    } else {
        std::fs::write(&args.to, &proposal.text).map_err(|error| {
            Failure::new(
                Exit::Failed,
                "not_written",
                format!("{} cannot be written", args.to.display()),
            )
            .why(error.to_string())
        })?;
    }
    tell(&proposal, args, out);
    Ok(Exit::Ok)
}

/// The forge's folder as the configuration names it: relative to the file where it was given so.
fn root(args: &Args, folder: &Path) -> String {
    let beside = args
        .to
        .parent()
        .is_none_or(|parent| parent.as_os_str().is_empty());
    let root = if args.root.is_absolute() || !beside {
        folder
    } else {
        &args.root
    };
    root.display().to_string()
}

/// What is proposed must be a configuration this version accepts.
fn check(proposal: &Proposal, to: &Path) -> Result<(), Failure> {
    let files = vec![(to.to_owned(), proposal.text.clone())];
    Config::of_texts(files, Purpose::Plan)
        .map(|_| ())
        .map_err(|errors| {
            Failure::new(
                Exit::Failed,
                "proposal_invalid",
                "what was found cannot be written as a configuration; nothing was written",
            )
            .why(errors.to_string())
            .next("please report it; --dry-run on a part of the repository may show which place it is")
        })
}

fn tell(proposal: &Proposal, args: &Args, out: &Out) {
    if out.for_programs() && !args.dry_run {
        out.value(&json!({"file": args.to, "proposal": proposal}));
        return;
    }
    let mut lines: Vec<String> = Vec::new();
    let lanes: usize = proposal.applications.values().map(Vec::len).sum();
    lines.push(format!(
        "Found on {} of {}: {} applications, {lanes} lanes.",
        proposal.base,
        args.manifests,
        proposal.applications.len()
    ));
    list(
        &mut lines,
        proposal.applications.iter().map(|(name, lanes)| {
            let at: Vec<String> = lanes
                .iter()
                .map(|(lane, now)| format!("{lane} {now}"))
                .collect();
            format!("  {name}  {}", at.join(" · "))
        }),
    );
    let left: Vec<_> = proposal.left_out().collect();
    if !left.is_empty() {
        lines.push(format!("Left out, {}:", left.len()));
        list(
            &mut lines,
            left.iter().map(|[path, image, why]| match *image {
                "" => format!("  {path}: {why}"),
                image => format!("  {path}  {image}: {why}"),
            }),
        );
    }
    if !proposal.open.is_empty() {
        lines.push(format!(
            "Open by others on the same files, {}: merge or close them, or an old version may come back:",
            proposal.open.len()
        ));
        list(
            &mut lines,
            proposal.open.iter().map(|open| {
                let number = open.number.map_or_else(String::new, |n| format!("#{n} "));
                format!("  {number}{}  {}", open.branch, open.title)
            }),
        );
    }
    if !args.dry_run {
        let file = args.to.display();
        let count = proposal.text.lines().count();
        lines.push(format!("Wrote {file}, {count} lines. What runs today is the baseline: nothing is deployed by itself."));
        lines.push(format!("Next: sendo plan --config {file} --offline"));
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|line| super::delivery::shown(line))
        .collect();
    out.note(&lines.join("\n"));
}

fn list(lines: &mut Vec<String>, all: impl Iterator<Item = String>) {
    let all: Vec<String> = all.collect();
    let rest = all.len().saturating_sub(SHOWN);
    lines.extend(all.into_iter().take(SHOWN));
    if rest > 0 {
        lines.push(format!("  … and {rest} more; -o json lists all"));
    }
}

fn refused(error: &InitError) -> Failure {
    let failure = |exit, code| Failure::new(exit, code, error.to_string());
    match error {
        InitError::Git(_) => failure(Exit::NotFound, "repository_unreadable").next(
            "sendo init --root FOLDER --manifests PATH, with PATH.git a bare repository in FOLDER",
        ),
        InitError::Forge(_) => failure(Exit::Failed, "forge"),
        InitError::Unusable(_) => failure(Exit::Usage, "nothing_to_propose").next(
            "name the base with --base, and what builds an image with --repository NAME=PATH",
        ),
    }
}
