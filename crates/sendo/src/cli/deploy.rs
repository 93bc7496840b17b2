//! `sendo deploy` and `sendo report-image`: asking a server, and telling it.

use sendo_intake::{DeployRequest, ImageReport};
use serde_json::Value;

use super::Outcome;
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

The request is stored before this returns. Going back to an older revision needs a person's approval.")]
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
    let taken: Value =
        lifecycle::block_on(client.post("/api/v1/deployments", &request, args.key.as_deref()))??;
    if out.for_programs() {
        out.value(&taken);
    } else {
        out.line(&format!(
            "taken in as delivery {}",
            taken["delivery"].as_str().unwrap_or_default()
        ));
        out.note(&format!(
            "next: sendo history {}/{}",
            args.application, args.environment
        ));
    }
    Ok(Exit::Ok)
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
