//! `sendo plan`: what a configuration would do, before it counts.

use std::path::Path;

use sendo_core::view::PlanView;
use sendo_report::terminal;
use sendo_store::StoreError;
use serde_json::json;

use super::serve::failure;
use super::status::language;
use super::{Failure, Outcome, validate};
use crate::client::Client;
use crate::config::{Config, Purpose};
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::live;
use crate::out::Out;
use crate::planning;
use crate::rendering::Renderings;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo plan --config sendo.yaml
  sendo plan --config next.yaml --server https://sendo.example.com
  sendo plan --config sendo.yaml --offline --all
  sendo plan --config sendo.yaml --objects

The server looks at what every lane would look at, decides by the new rules on what it remembers,
and does nothing. Without a server, --offline plans as at the first start, on this machine. The configuration is
sendo.yaml unless --config names another; it names the server as well, unless something else does.
With --objects, the deployments that would begin say what a cluster would see of them.
Exit 0: nothing would be done, 2: something would, 1: something is in the way of a lane.")]
pub(super) struct Args {
    #[command(flatten)]
    connect: Connect,
    /// Ask no server: plan as at the first start.
    #[arg(long)]
    offline: bool,
    /// List the lanes that would do nothing, too, with what stands in their files now.
    #[arg(long)]
    all: bool,
    /// Show the objects of the cluster that would differ, of deployments that would begin.
    #[arg(long)]
    objects: bool,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    if args.offline {
        offline_alone(&args.connect)?;
    }
    let path = args.connect.config();
    let config = match Config::load_for(&path, Purpose::Plan) {
        Ok(config) => config,
        Err(errors) => return Ok(validate::show(&errors, out)),
    };
    let plan = if args.offline {
        offline(&config, args.objects)?
    } else {
        online(args, &path, out)?
    };
    if out.for_programs() {
        out.value(&plan);
    } else {
        let text = terminal::plan(&plan, args.all, language(), out.width(), out.colour());
        out.data(&text);
    }
    Ok(if plan.is_in_trouble() {
        Exit::Failed
    } else if plan.changes() {
        Exit::Changes
    } else {
        Exit::Ok
    })
}

/// Refuses a server that is typed beside `--offline`, which talks to none.
pub(super) fn offline_alone(connect: &Connect) -> Result<(), Failure> {
    if !connect.is_typed() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        "offline_server",
        "--offline talks to no server, and one is named",
    )
    .next("leave out --offline, or --server and --context"))
}

fn offline(config: &Config, objects: bool) -> Result<PlanView, Failure> {
    let forges = live::forges(config).map_err(|error| failure(&error))?;
    lifecycle::block_on(async {
        // Nothing is remembered yet, and nothing of this will be.
        let store = sendo_store::open("sqlite::memory:", sendo_store::Options::default()).await?;
        let renderings = objects.then(Renderings::default);
        planning::plan(config, &[], &forges, store.as_ref(), renderings.as_ref()).await
    })?
    .map_err(|error: StoreError| failure(&error.into()))
}

fn online(args: &Args, path: &Path, out: &Out) -> Result<PlanView, Failure> {
    let client = Client::of(&args.connect.place_beside_config()?, out)?;
    let texts = Config::texts(path)
        .map_err(|errors| Failure::new(Exit::Usage, "configuration_invalid", errors.to_string()))?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let files: Vec<_> = texts
        .iter()
        .map(|(path, text)| {
            let name = path.strip_prefix(folder).unwrap_or(path);
            json!({"name": name.display().to_string(), "text": text})
        })
        .collect();
    let body = json!({"files": files, "objects": args.objects});
    let planned = client.post("/api/v1/plan", &body, None);
    lifecycle::block_on(planned)?.map_err(|failed: Failure| {
        if failed.exit() == Exit::Unreachable {
            failed.next("sendo plan --offline, to plan as at the first start; or name a server with --server URL")
        } else {
            failed
        }
    })
}
