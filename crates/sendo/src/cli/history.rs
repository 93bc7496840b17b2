//! `sendo history`: deployments, newest first, or one of them with its timeline.

use sendo_core::deployment::Deployment;
use sendo_core::view::DeploymentView;
use sendo_report::terminal;

use super::Outcome;
use super::names::names;
use super::status::language;
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo history
  sendo history shop
  sendo history shop/production --limit 5
  sendo history shop -o wide                (every column, nothing cut off)
  sendo history shop/production/12          (one deployment with its timeline)")]
pub(super) struct Args {
    /// An application, a lane `APPLICATION/ENVIRONMENT`, or a deployment `APPLICATION/ENVIRONMENT/N`.
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    connect: Connect,
}

/// Deployments as the server lists them.
#[derive(serde::Deserialize)]
pub(super) struct Listed {
    pub(super) deployments: Vec<Deployment>,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let parts = match &args.what {
        Some(what) => names(what)?,
        None => Vec::new(),
    };
    if let [application, environment, number] = parts[..] {
        let path = format!("/api/v1/deployments/{application}/{environment}/{number}");
        let view: DeploymentView = lifecycle::block_on(client.get(&path))??;
        if out.for_programs() {
            out.value(&view);
        } else {
            out.data(&terminal::deployment(
                &view,
                language(),
                out.width(),
                out.colour(),
            ));
        }
        return Ok(Exit::Ok);
    }
    let mut path = format!("/api/v1/deployments?limit={}", args.limit);
    for (name, value) in ["application", "environment"].iter().zip(&parts) {
        path.push_str(&format!("&{name}={value}"));
    }
    let listed: Listed = lifecycle::block_on(client.get(&path))??;
    if out.for_programs() {
        out.value(&listed.deployments);
        return Ok(Exit::Ok);
    }
    let (rows, colour) = (&listed.deployments, out.colour());
    out.data(&if out.is_wide() {
        terminal::history_wide(rows, language(), colour)
    } else {
        terminal::history(rows, language(), out.width(), colour)
    });
    Ok(Exit::Ok)
}
