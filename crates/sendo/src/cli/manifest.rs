//! `sendo manifest`: byte-exact edits of files on this machine.
//!
//! The edits and their proof belong to `sendo-manifest`; here are the files. A file is replaced
//! whole or not at all, keeps its mode, and a symbolic link stays one: its target is edited.

mod file;

use std::path::PathBuf;

use sendo_manifest::{
    DocumentSelector, EditError, Edited, Format, ImageEdit, ImageMode, Path, Value, set_images,
    set_values,
};
use serde_json::json;

use super::{Failure, Outcome, input};
use crate::exit::Exit;
use crate::out::Out;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Set images of a kustomization, as `kustomize edit set image` does, and nothing else.
    SetImage(SetImage),
    /// Set values of a YAML or JSON file by their paths.
    Set(Set),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo manifest set-image overlays/test app:v2
  sendo manifest set-image overlays/test app=registry.example.com/app:v2@sha256:…
  sendo manifest set-image overlays/test/kustomization.yaml app=*:v2 --dry-run

The seven forms:
  NAME=NEW:TAG  NAME=NEW@DIGEST  NAME=NEW:TAG@DIGEST  NAME=NEW
  NAME:TAG  NAME:TAG@DIGEST  NAME@DIGEST
As in kustomize, NAME=TEXT sets the new name; a part that is not given is dropped, `*` keeps it,
and an image that is not listed is added. With --keep parts that are not given stay.
Exit 0: done or nothing to change, 2: a dry run would change the file.")]
pub(super) struct SetImage {
    /// A kustomization file or its folder.
    path: PathBuf,
    /// What to set, in one of seven forms.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
    /// Keep the new name unless it is given, and refuse an image that is not listed.
    #[arg(long)]
    keep: bool,
    /// Print the difference and change nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo manifest set values.yaml .image.tag=v2
  sendo manifest set deploy.yaml '.spec.replicas=3' --kind Deployment --name web
  sendo manifest set kustomization.yaml '.images[name=web].newTag=v2' --dry-run

A value takes the type of the one it replaces where it can; otherwise it is written as a string.
Exit 0: done or nothing to change, 2: a dry run would change the file.")]
pub(super) struct Set {
    /// A YAML or JSON file.
    file: PathBuf,
    /// Where, and the new value, such as `.image.tag=v2` or `.images[name=web].newTag=v2`.
    #[arg(required = true, value_name = "PATH=VALUE")]
    values: Vec<String>,
    /// Which document of several, counted from 0.
    #[arg(long, value_name = "N", conflicts_with_all = ["kind", "name"])]
    document: Option<usize>,
    /// The document of this `kind`.
    #[arg(long)]
    kind: Option<String>,
    /// The document with this `metadata.name`.
    #[arg(long)]
    name: Option<String>,
    /// Print the difference and change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(verb: Verb, out: &Out) -> Outcome {
    match verb {
        Verb::SetImage(args) => set_image(&args, out),
        Verb::Set(args) => set(&args, out),
    }
}

fn set_image(args: &SetImage, out: &Out) -> Outcome {
    let path = file::kustomization(&args.path)?;
    let edits = args
        .images
        .iter()
        .map(|text| text.parse::<ImageEdit>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refused(&error, None))?;
    let mode = if args.keep {
        ImageMode::Keep
    } else {
        ImageMode::Replace
    };
    let old = input::read(&path)?;
    let edited = set_images(&old, &edits, mode).map_err(|error| refused(&error, Some(&path)))?;
    finish(&path, &old, &edited, args.dry_run, out)
}

fn set(args: &Set, out: &Out) -> Outcome {
    let edits = args
        .values
        .iter()
        .map(|text| assignment(text))
        .collect::<Result<Vec<_>, _>>()?;
    let selector = match (args.document, &args.kind, &args.name) {
        (Some(index), ..) => DocumentSelector::Index(index),
        (None, None, None) => DocumentSelector::Only,
        (None, kind, name) => DocumentSelector::Object {
            kind: kind.clone(),
            name: name.clone(),
        },
    };
    let old = input::read(&args.file)?;
    let format = Format::of_file_name(&args.file.to_string_lossy());
    let edited = set_values(&old, format, &selector, &edits)
        .map_err(|error| refused(&error, Some(&args.file)))?;
    finish(&args.file, &old, &edited, args.dry_run, out)
}

/// `PATH=VALUE`, where the path itself may hold `=` in a selector or in quotes: the first `=` that
/// leaves a path before it.
fn assignment(text: &str) -> Result<(Path, Value), Failure> {
    let mut first = None;
    for (at, _) in text.match_indices('=') {
        match text[..at].parse::<Path>() {
            Ok(path) => return Ok((path, Value::Text(text[at + 1..].to_owned()))),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(match first {
        Some(error) => refused(&error, None),
        None => Failure::new(
            Exit::Usage,
            "invalid_path",
            format!("`{text}` sets nothing"),
        )
        .why("it has no `=`")
        .next("write it like `.image.tag=v2`"),
    })
}

/// Shows or writes what was proved.
fn finish(
    path: &std::path::Path,
    old: &[u8],
    edited: &Edited,
    dry_run: bool,
    out: &Out,
) -> Outcome {
    let shown = path.display().to_string();
    let changed = !edited.is_unchanged();
    let plain: std::path::PathBuf = path
        .components()
        .filter(|part| matches!(part, std::path::Component::Normal(_)))
        .collect();
    let diff = edited.unified_diff(&String::from_utf8_lossy(old), &plain.to_string_lossy());
    if changed && !dry_run {
        file::replace(path, old, edited.text())?;
    }
    if out.for_programs() {
        let changes: Vec<_> = edited
            .changes()
            .iter()
            .map(|change| {
                json!({"path": change.path, "old": change.old, "new": change.new, "line": change.line})
            })
            .collect();
        out.value(&json!({
            "file": shown,
            "changed": changed,
            "written": changed && !dry_run,
            "changes": changes,
            "diff": diff,
        }));
    } else if dry_run {
        out.data(&diff);
    } else if changed {
        for change in edited.changes() {
            out.note(&format!(
                "{shown}:{}: {} is {}, was {}",
                change.line,
                change.path,
                change.new.as_deref().unwrap_or("gone"),
                change.old.as_deref().unwrap_or("not there"),
            ));
        }
    } else {
        out.note(&format!("{shown}: nothing to change"));
    }
    Ok(if changed && dry_run {
        Exit::Changes
    } else {
        Exit::Ok
    })
}

/// An edit that was refused. What is wrong with the command line is the caller's to correct; what
/// is wrong with the file is a failure.
fn refused(error: &EditError, path: Option<&std::path::Path>) -> Failure {
    let exit = match error {
        EditError::InvalidImage { .. }
        | EditError::InvalidPath { .. }
        | EditError::EmptyValue { .. }
        | EditError::Conflict { .. } => Exit::Usage,
        EditError::ImageNotFound { .. } | EditError::PathNotFound { .. } => Exit::NotFound,
        _ => Exit::Failed,
    };
    let place = match (path, error.position()) {
        (Some(path), Some(at)) => format!("{}:{at}: ", path.display()),
        (Some(path), None) => format!("{}: ", path.display()),
        (None, _) => String::new(),
    };
    let failure = Failure::new(exit, error.reason_code(), format!("{place}{error}"));
    failure.next(error.fix())
}
