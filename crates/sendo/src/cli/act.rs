//! `sendo approve`, `cancel`, `retry`, `override` and `rollback`: what people do to deployments.

use std::time::{Duration, Instant};

use sendo_core::deployment::{Deployment, DeploymentState};
use sendo_core::notice::Turn;
use sendo_core::view::DeploymentView;
use sendo_report::terminal;
use serde_json::{Value, json};

use super::status::language;
use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

/// How long a verb waits to see what came of it. What was stored is done in any case.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(150);

#[derive(Debug, clap::Args)]
pub(super) struct OnDeployment {
    /// The deployment, `APPLICATION/ENVIRONMENT/N`.
    deployment: String,
    /// Why: one line of at most 500 characters, kept in the audit trail.
    #[arg(short, long)]
    reason: Option<String>,
    /// Send the same request again under this key without it being done twice.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo rollback shop/production --reason \"5xx since 10:02\"
  sendo rollback shop/production --to 41

The lane goes back to the last successful revision, or to the one of deployment N, without soak, and
stays there: newer revisions wait until `sendo unlock shop/production`. A lock or a freeze stops it like any other
deployment; `sendo override` carries it past them.")]
pub(super) struct Rollback {
    /// The lane, `APPLICATION/ENVIRONMENT`.
    lane: String,
    /// The number of an earlier successful deployment of the lane.
    #[arg(long, value_name = "N")]
    to: Option<u64>,
    /// Why: one line of at most 500 characters, shown to whoever waits.
    #[arg(short, long)]
    reason: Option<String>,
    /// Send the same request again under this key without it being done twice.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(serde::Deserialize)]
struct Listed {
    deployments: Vec<Deployment>,
}

/// Does one of the acts on a deployment, and shows what came of it.
pub(super) fn on_deployment(act: &str, args: &OnDeployment, out: &Out) -> Outcome {
    let [application, environment, number] = parts(&args.deployment, "APPLICATION/ENVIRONMENT/N")?;
    let client = Client::connect(&args.connect, out)?;
    let path = format!("/api/v1/deployments/{application}/{environment}/{number}");
    let body = json!({ "reason": args.reason });
    let view = lifecycle::block_on(async {
        let before: DeploymentView = client.get(&path).await?;
        let asked = format!("{path}/{act}");
        let _: Value = client.post(&asked, &body, args.key.as_deref()).await?;
        let until = Instant::now() + PATIENCE;
        loop {
            let view: DeploymentView = client.get(&path).await?;
            if is_done(act, &before, &view) || Instant::now() > until {
                return Ok::<_, Failure>((before, view));
            }
            tokio::time::sleep(LOOK).await;
        }
    })??;
    let (before, view) = view;
    if let Some(refusal) = refusal(&before, &view, act) {
        return Err(Failure::new(Exit::Refused, "act_refused", refusal)
            .next(format!("sendo history {}", args.deployment)));
    }
    if act == "retry" && before.deployment.state.is_terminal() {
        return newest(&client, application, environment, &before.deployment, out);
    }
    shown(&view, out);
    Ok(Exit::Ok)
}

/// What was told since.
fn news<'a>(before: &DeploymentView, after: &'a DeploymentView) -> impl Iterator<Item = &'a Turn> {
    let news = after.timeline.get(before.timeline.len()..);
    news.unwrap_or_default().iter().map(|notice| &notice.turn)
}

/// Whether it shows what came of the act.
fn is_done(act: &str, before: &DeploymentView, after: &DeploymentView) -> bool {
    let shows = |turn: &Turn| match turn {
        Turn::PersonApproved { .. } => act == "approve",
        Turn::Overridden { .. } => act == "override",
        Turn::ActRefused { act: refused, .. } => refused == act,
        _ => false,
    };
    act == "retry" || after.deployment.state.is_terminal() || news(before, after).any(shows)
}

/// What the lane itself said against it, because something changed between asking and doing.
fn refusal(before: &DeploymentView, after: &DeploymentView, asked: &str) -> Option<String> {
    news(before, after).find_map(|turn| match turn {
        Turn::ActRefused { act, why, .. } if act == asked => {
            let why = sendo_report::wording::act::refused(*why, language());
            Some(format!("it was not done: {why}"))
        }
        _ => None,
    })
}

pub(super) fn rollback(args: &Rollback, out: &Out) -> Outcome {
    let [application, environment] = parts(&args.lane, "APPLICATION/ENVIRONMENT")?;
    let client = Client::connect(&args.connect, out)?;
    let list =
        format!("/api/v1/deployments?application={application}&environment={environment}&limit=1");
    let listed: Listed = lifecycle::block_on(client.get(&list))??;
    let Some(before) = listed.deployments.into_iter().next() else {
        return Err(Failure::new(
            Exit::Conflict,
            "nothing_to_go_back_to",
            "nothing was deployed there yet",
        )
        .next(format!("sendo deploy {application} {environment}")));
    };
    let path = format!("/api/v1/lanes/{application}/{environment}/rollback");
    let body = json!({ "to": args.to, "reason": args.reason });
    let _: Value = lifecycle::block_on(client.post(&path, &body, args.key.as_deref()))??;
    let done = newest(&client, application, environment, &before, out)?;
    out.note(&format!(
        "newer revisions wait until: sendo unlock {}",
        args.lane
    ));
    Ok(done)
}

/// Waits for the deployment that follows another one in its lane, and shows it.
fn newest(
    client: &Client,
    application: &str,
    environment: &str,
    before: &Deployment,
    out: &Out,
) -> Outcome {
    let list =
        format!("/api/v1/deployments?application={application}&environment={environment}&limit=1");
    let found = lifecycle::block_on(async {
        let until = Instant::now() + PATIENCE;
        loop {
            let listed: Listed = client.get(&list).await?;
            let newer = listed
                .deployments
                .into_iter()
                .find(|row| row.id != before.id);
            match newer {
                Some(row) if row.state != DeploymentState::Queued || Instant::now() > until => {
                    let path = format!("/api/v1/deployments/{}", row.id);
                    return Ok::<_, Failure>(Some(client.get::<DeploymentView>(&path).await?));
                }
                None if Instant::now() > until => return Ok(None),
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    })??;
    match found {
        Some(view) => shown(&view, out),
        None => out.note(&format!(
            "it is stored, and not begun yet; next: sendo history {application}/{environment}"
        )),
    }
    Ok(Exit::Ok)
}

fn shown(view: &DeploymentView, out: &Out) {
    if out.for_programs() {
        out.value(view);
    } else {
        out.data(&terminal::deployment(
            view,
            language(),
            out.width(),
            out.colour(),
        ));
    }
}

/// The names in a text such as `shop/production/12`.
pub(super) fn parts<'a, const N: usize>(
    text: &'a str,
    form: &str,
) -> Result<[&'a str; N], Failure> {
    let plain = |part: &&str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let parts: Vec<&str> = text.split('/').filter(plain).collect();
    let whole = parts.len() == text.split('/').count();
    parts.try_into().ok().filter(|_| whole).ok_or_else(|| {
        Failure::new(Exit::Usage, "name", format!("`{text}` is not {form}"))
            .next("sendo status, which lists what there is")
    })
}
