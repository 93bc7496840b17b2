//! `sendo deploy` and `sendo report-image`: asking a server, and telling it.

use sendo_core::deployment::DeploymentState;
use sendo_core::view::DeploymentView;
use sendo_intake::{DeployRequest, ImageReport};
use serde_json::Value;

use super::act::shown;
use super::asked::{Came, Taken, Until, came_of, not_yet};
use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo deploy shop production
  sendo deploy shop production v1.4.2
  sendo deploy shop test 0123456789abcdef0123456789abcdef01234567

Waits, for ten seconds at most, until the deployment is there. Going back to an older revision needs a
person's approval.
Exit 1: there is no such branch, tag or commit, 7: a later request took its place, 8: the request is stored,
and nothing shows what came of it yet.")]
pub(super) struct Deploy {
    /// The application.
    application: String,
    /// The environment.
    environment: String,
    /// A full commit SHA, branch or tag; without it the newest of the lane's trigger.
    reference: Option<String>,
    /// Send the same request again under this key without it being done twice.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo report-image shop \"$GIT_SHA\" --tag v1.4.2
  sendo report-image shop \"$GIT_SHA\" --tag v1.4.2 --digest sha256:…

For CI, with a token of scope `report-image` in SENDO_TOKEN.")]
pub(super) struct Report {
    /// The application.
    application: String,
    /// The full commit SHA the image was built from.
    revision: String,
    /// The image's tag.
    #[arg(long, required_unless_present = "digest")]
    tag: Option<String>,
    /// The image's digest, `sha256:…`.
    #[arg(long)]
    digest: Option<String>,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn deploy(args: &Deploy, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let request = DeployRequest {
        application: args.application.clone(),
        environment: args.environment.clone(),
        reference: args.reference.clone(),
    };
    let lane = [args.application.as_str(), args.environment.as_str()];
    let history = format!("sendo history {}", lane.join("/"));
    let (taken, came) = lifecycle::block_on(async {
        let key = args.key.as_deref();
        let taken: Taken = client.post("/api/v1/deployments", &request, key).await?;
        let came = match came_of(&client, lane, &taken, Until::new()).await? {
            Came::Begun(row) => row,
            Came::Nothing => {
                let what = "no deployment was begun for it: a later request took its place";
                return Err(Failure::new(Exit::Conflict, "passed_over", what).next(history));
            }
            Came::NotYet => return Err(not_yet(history)),
            Came::Unseen => return Ok((taken, None)),
        };
        if let (DeploymentState::Failed, Some(error)) = (came.state, &came.error) {
            let failure = Failure::new(Exit::Failed, error.reason_code.clone(), &error.message);
            return Err(failure.next(format!("sendo history {}", came.id)));
        }
        let path = format!("/api/v1/deployments/{}", came.id);
        let view: DeploymentView = client.get(&path).await?;
        Ok((taken, Some(view)))
    })??;
    if out.for_programs() {
        out.value(&Asked { taken, came });
    } else if let Some(view) = came {
        shown(&view, out);
    } else {
        out.line(&format!("taken in as delivery {}", taken.delivery));
        out.note("this token may ask, and not look what comes of it");
    }
    Ok(Exit::Ok)
}

/// What was asked for, for a program, and the deployment it came to.
#[derive(serde::Serialize)]
struct Asked {
    #[serde(flatten)]
    taken: Taken,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    came: Option<DeploymentView>,
}

pub(super) fn report_image(args: &Report, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let report = ImageReport {
        application: args.application.clone(),
        revision: args.revision.clone(),
        tag: args.tag.clone(),
        digest: args.digest.clone(),
    };
    let taken: Value = lifecycle::block_on(client.post("/api/v1/images", &report, None))??;
    if out.for_programs() {
        out.value(&taken);
    } else {
        out.line(&format!(
            "taken in as delivery {}",
            taken["delivery"].as_str().unwrap_or_default()
        ));
        out.note(&format!("next: sendo history {}", args.application));
    }
    Ok(Exit::Ok)
}
