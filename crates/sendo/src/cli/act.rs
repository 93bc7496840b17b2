//! `sendo approve`, `cancel`, `retry`, `override` and `rollback`: what people do to deployments.

use sendo_core::act::ActRefusal;
use sendo_core::deployment::DeploymentState;
use sendo_core::names::Principal;
use sendo_core::notice::{Notice, Turn};
use sendo_core::view::DeploymentView;
use sendo_report::terminal;
use serde_json::json;

use super::asked::{Came, Taken, Until, begun, came_of, not_yet, unseen};
use super::names::exactly;
use super::status::language;
use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

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

/// How an act stands, as far as its deployment tells.
enum Stands {
    Done,
    /// The deployment ended, and another one may start it again.
    Ended,
    /// It will not be done any more: how to end, and why.
    Refused(Exit, String),
    Open,
}

/// Does one of the acts on a deployment, and shows what came of it.
pub(super) fn on_deployment(act: &str, args: &OnDeployment, out: &Out) -> Outcome {
    let [application, environment, number] =
        exactly(&args.deployment, "APPLICATION/ENVIRONMENT/N")?;
    let client = Client::connect(&args.connect, out)?;
    let path = format!("/api/v1/deployments/{application}/{environment}/{number}");
    let history = format!("sendo history {}", args.deployment);
    let body = json!({ "reason": args.reason });
    let view = lifecycle::block_on(async {
        let before: DeploymentView = client.get(&path).await?;
        let me = client.principal().await?;
        let asked = format!("{path}/{act}");
        let taken: Taken = client.post(&asked, &body, args.key.as_deref()).await?;
        let until = Until::new();
        loop {
            let view: DeploymentView = client.get(&path).await?;
            match stands(act, &me, &before, &view) {
                Stands::Done => return Ok(view),
                Stands::Ended => {
                    let lane = [application, environment];
                    return retried(&client, lane, &taken, until).await;
                }
                Stands::Refused(exit, why) => {
                    let what = format!("it was not done: {why}");
                    return Err(Failure::new(exit, "act_refused", what).next(history));
                }
                Stands::Open if until.again().await => {}
                Stands::Open => return Err(not_yet(history)),
            }
        }
    })??;
    shown(&view, out);
    Ok(Exit::Ok)
}

/// Whether what somebody asked for happened: that it ended otherwise is no success of theirs.
fn stands(act: &str, me: &Principal, before: &DeploymentView, after: &DeploymentView) -> Stands {
    let row = &after.deployment;
    let mine = |notice: &Notice| match &notice.turn {
        Turn::PersonApproved { by, .. } => act == "approve" && by == me,
        Turn::Overridden { by, .. } => act == "override" && by == me,
        _ => false,
    };
    let cancelled = act == "cancel" && row.state == DeploymentState::Cancelled;
    if cancelled || after.timeline.iter().any(mine) {
        return Stands::Done;
    }
    let told = after.timeline.get(before.timeline.len()..);
    let refused = told
        .unwrap_or_default()
        .iter()
        .find_map(|notice| match &notice.turn {
            Turn::ActRefused {
                act: asked,
                by,
                why,
            } if asked == act && by == me => Some(*why),
            _ => None,
        });
    // What the lane itself says against it, because something changed between asking and doing.
    if let Some(why) = refused {
        let why = sendo_report::wording::act::refused(why, language());
        return Stands::Refused(Exit::Refused, why.to_owned());
    }
    match (act, row.state) {
        ("retry", state) if state.is_terminal() => Stands::Ended,
        // It looks again at once, which leaves no turn.
        ("retry", _) => Stands::Done,
        (_, state) if state.is_terminal() => {
            let why = format!("{} is {} by now", row.id, state.as_str());
            Stands::Refused(Exit::Conflict, why)
        }
        _ => Stands::Open,
    }
}

/// The deployment that starts again what ended.
async fn retried(
    client: &Client,
    lane: [&str; 2],
    taken: &Taken,
    until: Until,
) -> Result<DeploymentView, Failure> {
    // The lane has no other reason for one that ended: who may not is refused beforehand.
    let why = ActRefusal::NotToBeRetried;
    let [application, environment] = lane;
    let next = format!("sendo deploy {application} {environment} REVISION");
    came_again(client, lane, taken, until, why, next).await
}

/// The deployment that a request to a lane began, or why it began none.
async fn came_again(
    client: &Client,
    lane: [&str; 2],
    taken: &Taken,
    until: Until,
    why: ActRefusal,
    next: String,
) -> Result<DeploymentView, Failure> {
    match came_of(client, lane, taken, until).await? {
        Came::Begun(row) => begun(client, &row, until).await,
        Came::Nothing => {
            let why = sendo_report::wording::act::refused(why, language());
            let what = format!("it was not done: {why}");
            Err(Failure::new(Exit::Conflict, "act_refused", what).next(next))
        }
        Came::NotYet => Err(not_yet(format!("sendo history {}", lane.join("/")))),
        Came::Unseen => Err(unseen(taken)),
    }
}

pub(super) fn rollback(args: &Rollback, out: &Out) -> Outcome {
    let lane = exactly(&args.lane, "APPLICATION/ENVIRONMENT")?;
    let [application, environment] = lane;
    let client = Client::connect(&args.connect, out)?;
    let path = format!("/api/v1/lanes/{application}/{environment}/rollback");
    let body = json!({ "to": args.to, "reason": args.reason });
    let view = lifecycle::block_on(async {
        let taken: Taken = client.post(&path, &body, args.key.as_deref()).await?;
        // The server has looked before it took it: what ran there was left meanwhile.
        let (until, why) = (Until::new(), ActRefusal::LeftAlready);
        let next = format!("sendo history {}", args.lane);
        came_again(&client, lane, &taken, until, why, next).await
    })??;
    shown(&view, out);
    out.note(&format!(
        "newer revisions wait until: sendo unlock {}",
        args.lane
    ));
    Ok(Exit::Ok)
}

pub(super) fn shown(view: &DeploymentView, out: &Out) {
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
