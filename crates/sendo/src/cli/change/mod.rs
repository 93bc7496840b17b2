//! `sendo change`: change requests on a local forge, for people and CI.
//!
//! Works on the bare repository itself, with or without a server; a running server hears of it
//! through the repository's spool. Who acts is told by `--as`, and is worth what write access to the
//! repository is worth.

mod args;
mod show;

use sendo_core::effect::{ChangeState, Verdict};
use sendo_core::names::Principal;
use sendo_core::time::Timestamp;
use sendo_forge::local::{
    CheckReport, CheckState, CommentOn, LocalError, LocalForge, MergeChange, OpenChange,
    ReviewChange, StateFilter,
};
use sendo_git::Oid;
use sendo_store::{Clock as _, SystemClock};
use serde_json::json;

use super::{Failure, Outcome};
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;
use crate::token_file;
pub(super) use args::Verb;
use args::{Check, Close, List, Merge, On, Open, Review, Says, Which};

pub(super) fn run(verb: Verb, out: &Out) -> Outcome {
    lifecycle::block_on(async {
        match verb {
            Verb::Open(args) => open(args, out).await,
            Verb::List(args) => list(args, out).await,
            Verb::Show(args) => {
                let place = Place::of(&args.on)?;
                let seen = place
                    .forge
                    .change(&place.path, args.number)
                    .await
                    .map_err(refused)?;
                show::one(&seen, out);
                Ok(Exit::Ok)
            }
            Verb::Check(args) => check(args, out).await,
            Verb::Review(args) => review(args, out).await,
            Verb::Merge(args) => merge(args, out).await,
            Verb::Close(args) => close(args, out).await,
        }
    })?
}

/// A repository on the forge of its folder, who acts, and when.
struct Place {
    forge: LocalForge,
    path: String,
    by: Principal,
    at: Timestamp,
}

impl Place {
    fn of(on: &On) -> Result<Self, Failure> {
        let missing = || {
            Failure::new(
                Exit::NotFound,
                "repository_missing",
                format!("there is no repository at {}", on.repository.display()),
            )
            .next("give the folder of a bare repository, such as /srv/git/manifests.git")
        };
        let folder = on.repository.canonicalize().map_err(|_| missing())?;
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(missing)?;
        let root = folder.parent().ok_or_else(missing)?;
        let by = on
            .by
            .clone()
            .or_else(token_file::this_user)
            .unwrap_or_else(|| "unknown".to_owned());
        let by = if by.contains(':') {
            by
        } else {
            format!("local:{by}")
        };
        let by = Principal::new(by)
            .map_err(|error| Failure::new(Exit::Usage, "invalid_name", error.to_string()))?;
        Ok(Self {
            forge: LocalForge::new(root),
            path: name.strip_suffix(".git").unwrap_or(name).to_owned(),
            by,
            at: SystemClock::new().now(),
        })
    }

    /// The head to act on: the one looked at, else the present one.
    async fn head(&self, number: u64, looked_at: Option<Oid>) -> Result<Oid, Failure> {
        match looked_at {
            Some(head) => Ok(head),
            None => Ok(self
                .forge
                .change(&self.path, number)
                .await
                .map_err(refused)?
                .change
                .head),
        }
    }
}

async fn open(args: Open, out: &Out) -> Outcome {
    let place = Place::of(&args.on)?;
    let opened = place
        .forge
        .open_change(&OpenChange {
            repository: place.path,
            branch: args.branch,
            base: args.base,
            title: args.title,
            body: args.body,
            marker: None,
            by: place.by,
            at: place.at,
        })
        .await
        .map_err(refused)?;
    let number = opened.change.number;
    if out.for_programs() {
        out.value(&json!({"number": number, "head": opened.change.head.to_string(), "adopted": opened.adopted}));
    } else {
        out.line(&format!("change request {number} is open"));
    }
    Ok(Exit::Ok)
}

async fn list(args: List, out: &Out) -> Outcome {
    let place = Place::of(&args.on)?;
    let filter = match args.state {
        Which::All => StateFilter::All,
        Which::Open => StateFilter::Only(ChangeState::Open),
        Which::Merged => StateFilter::Only(ChangeState::Merged),
        Which::Closed => StateFilter::Only(ChangeState::Closed),
    };
    let listed = place
        .forge
        .list(&place.path, filter)
        .await
        .map_err(refused)?;
    show::list(&listed, out);
    Ok(Exit::Ok)
}

async fn check(args: Check, out: &Out) -> Outcome {
    let place = Place::of(&args.on)?;
    let report = CheckReport {
        commit: args.commit,
        name: args.name,
        state: match args.state {
            Says::Pending => CheckState::Pending,
            Says::Success => CheckState::Success,
            Says::Failure => CheckState::Failure,
            Says::Error => CheckState::Error,
        },
        url: args.url,
        description: args.description,
        by: place.by,
        at: place.at,
    };
    place
        .forge
        .report_check(&place.path, &report)
        .await
        .map_err(refused)?;
    out.note(&format!("{} is reported on {}", report.name, report.commit));
    Ok(Exit::Ok)
}

async fn review(args: Review, out: &Out) -> Outcome {
    let place = Place::of(&args.one.on)?;
    let number = args.one.number;
    if args.said.comment {
        let comment = CommentOn {
            repository: place.path,
            number,
            body: args.body,
            marker: None,
            by: place.by,
            at: place.at,
        };
        place.forge.comment(&comment).await.map_err(refused)?;
        out.note(&format!("commented on change request {number}"));
        return Ok(Exit::Ok);
    }
    let head = place.head(number, args.head).await?;
    let verdict = if args.said.approve {
        Verdict::Approve
    } else {
        Verdict::RequestChanges
    };
    let review = ReviewChange {
        repository: place.path.clone(),
        number,
        head,
        verdict,
        body: args.body,
        by: place.by.clone(),
        at: place.at,
    };
    place.forge.review(&review).await.map_err(refused)?;
    let said = if args.said.approve {
        "approved"
    } else {
        "asked for changes on"
    };
    out.note(&format!(
        "{} {said} change request {number} at {head}",
        place.by
    ));
    Ok(Exit::Ok)
}

async fn merge(args: Merge, out: &Out) -> Outcome {
    let place = Place::of(&args.one.on)?;
    let number = args.one.number;
    let expected_head = place.head(number, args.head).await?;
    let merge = MergeChange {
        repository: place.path.clone(),
        number,
        expected_head,
        expected_base: None,
        message: None,
        by: place.by,
        at: place.at,
    };
    let merged = place.forge.merge(&merge).await.map_err(refused)?;
    if out.for_programs() {
        out.value(
            &json!({"number": number, "merged": merged.oid.to_string(), "already": merged.already}),
        );
    } else {
        out.line(&format!(
            "change request {number} is merged as {}",
            merged.oid
        ));
    }
    Ok(Exit::Ok)
}

async fn close(args: Close, out: &Out) -> Outcome {
    let place = Place::of(&args.one.on)?;
    let number = args.one.number;
    place
        .forge
        .close(&place.path, number, &args.reason, &place.by, place.at)
        .await
        .map_err(refused)?;
    out.note(&format!("change request {number} is closed"));
    Ok(Exit::Ok)
}

fn refused(error: LocalError) -> Failure {
    let exit = match &error {
        LocalError::BadRepository { .. } | LocalError::Invalid { .. } => Exit::Usage,
        LocalError::RepositoryMissing { .. }
        | LocalError::ChangeMissing { .. }
        | LocalError::BranchMissing { .. } => Exit::NotFound,
        LocalError::HeadMoved { .. }
        | LocalError::BaseMoved { .. }
        | LocalError::Conflict { .. }
        | LocalError::Closed { .. }
        | LocalError::AlreadyMerged { .. }
        | LocalError::BranchInUse { .. }
        | LocalError::NothingToMerge { .. }
        | LocalError::Contended { .. } => Exit::Conflict,
        _ => Exit::Failed,
    };
    Failure::new(exit, error.reason_code(), error.to_string())
}
