//! `sendo diff`: what a deployment changes in the files.

use sendo_core::view::DiffView;
use sendo_report::{terminal, wording};

use super::history::Listed;
use super::names::names;
use super::status::language;
use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo diff shop/production                (of the newest deployment there)
  sendo diff shop/production/12
  sendo diff shop/production/12 > change.patch && git apply --check change.patch
  sendo diff shop/production -o json | jq -r .text

It is the commit that carries the deployment, against the one it was built on: before the merge and
after it, and without what others added to its branch. What is not written to a terminal is the diff
alone; one that is cut off, after a mebibyte, ends with 1.

--objects compares what the kustomizations and charts of both commits render to, object by object;
the server needs kustomize and helm for it. What is secret is never shown.")]
pub(super) struct Args {
    /// A deployment `APPLICATION/ENVIRONMENT/N`, or a lane `APPLICATION/ENVIRONMENT`.
    #[arg(value_name = "WHAT")]
    what: String,
    /// Show the objects of the cluster that would differ, in place of the files.
    #[arg(long)]
    objects: bool,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let names = names(&args.what).map_err(|_| unnamed())?;
    let view = lifecycle::block_on(async {
        let id = match names[..] {
            [_, _, _] => args.what.clone(),
            [application, environment] => newest(&client, application, environment).await?,
            _ => return Err(unnamed()),
        };
        // What nobody looks at need not be rendered.
        let objects = args.objects || out.for_programs() || out.is_terminal();
        let path = format!("/api/v1/deployments/{id}/diff?objects={objects}");
        client.get::<DiffView>(&path).await
    })??;
    show(&view, args.objects, out)
}

async fn newest(client: &Client, application: &str, environment: &str) -> Result<String, Failure> {
    let lane = format!("application={application}&environment={environment}");
    let path = format!("/api/v1/deployments?limit=1&{lane}");
    let listed: Listed = client.get(&path).await?;
    let newest = listed.deployments.first().map(|row| row.id.to_string());
    newest.ok_or_else(|| {
        Failure::new(
            Exit::NotFound,
            "no_deployment",
            format!("`{application}/{environment}` has no deployment yet"),
        )
        .next(format!("sendo deploy {application} {environment}"))
    })
}

fn unnamed() -> Failure {
    Failure::new(Exit::Usage, "name", "this names no lane and no deployment")
        .next("sendo diff APPLICATION/ENVIRONMENT")
}

fn show(view: &DiffView, objects: bool, out: &Out) -> Outcome {
    let text = &view.patch.text;
    if out.for_programs() {
        out.value(view);
        return Ok(Exit::Ok);
    }
    out.note(&wording::diff::heading(view, language()).to_string());
    let rendered = view.objects.as_deref().unwrap_or_default();
    if objects {
        let text = terminal::objects(rendered, language(), out.width(), out.colour());
        out.data(&text);
        return Ok(Exit::Ok);
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        out.note(wording::diff::replaced(language()));
    }
    if out.is_terminal() {
        out.data(&terminal::diff(text, out.colour()));
        let short = terminal::objects_in_short(rendered, language(), out.width(), out.colour());
        out.data(&format!("\n{short}"));
    } else {
        out.data(text);
    }
    if view.patch.cut {
        // Half a patch is none: whoever pipes it on must hear of it.
        out.error(wording::diff::cut(language()));
        return Ok(Exit::Failed);
    }
    Ok(Exit::Ok)
}
