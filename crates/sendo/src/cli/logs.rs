//! `sendo logs`: the timelines of deployments as one, line by line.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sendo_core::deployment::{Deployment, DeploymentId, DeploymentState};
use sendo_core::notice::Notice;
use sendo_core::time::{Span, Timestamp};
use sendo_core::view::{BoardView, DeploymentView};
use sendo_report::terminal;
use sendo_report::wording::Context;

use super::follow::{Follow, follow};
use super::history::Listed;
use super::lock::seconds;
use super::names::names;
use super::status::language;
use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

/// How many deployments are told of, newest first, where no span is given.
const USUAL: u32 = 20;
/// How many at most.
const MOST: u32 = 1_000;
/// How many timelines are asked for at the same time.
const AT_ONCE: usize = 8;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo logs shop
  sendo logs shop/production --since 2h
  sendo logs shop/production/12 --follow && echo \"it is there\"
  sendo logs shop --follow -o json | jq .turn

Oldest first, times in UTC. Without --since, of the 20 newest deployments. --follow goes on until
Ctrl-C, which ends with 130; that of one deployment until it has ended. Exit 0: it succeeded, 1: it
failed, 2: it was cancelled or superseded. With -o json a line is an entry of the timeline.")]
pub(super) struct Args {
    /// An application, a lane `APPLICATION/ENVIRONMENT`, or a deployment `APPLICATION/ENVIRONMENT/N`.
    #[arg(value_name = "WHAT")]
    what: String,
    /// Go on as things happen.
    #[arg(short, long)]
    follow: bool,
    /// Only what happened in the last `30m`, `2h` or `1d`, by the server's clock.
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    since: Option<u32>,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let names = names(&args.what)?;
    lifecycle::block_on(async {
        let mut logs = Logs {
            client: &client,
            out,
            what: match names[..] {
                [application, environment, number] => {
                    What::One(format!("{application}/{environment}/{number}"))
                }
                [application, environment] => What::Many(format!(
                    "application={application}&environment={environment}"
                )),
                _ => What::Many(format!("application={}", args.what)),
            },
            since: match args.since {
                Some(seconds) => Some(now(&client).await? - Span::from_secs(seconds)),
                None => None,
            },
            follows: args.follow,
            known: BTreeMap::new(),
            told: BTreeSet::new(),
        };
        if args.follow {
            follow(&client, &mut logs).await
        } else {
            logs.look().await?;
            Ok(Exit::Ok)
        }
    })?
}

/// The server's clock, by which everything it tells is dated.
async fn now(client: &Client) -> Result<Timestamp, Failure> {
    let board: BoardView = client.get("/api/v1/board").await?;
    Ok(board.at)
}

/// Whose timelines.
enum What {
    /// One deployment's, by its id.
    One(String),
    /// Those of every deployment that this query finds.
    Many(String),
}

struct Logs<'a> {
    client: &'a Client,
    out: &'a Out,
    what: What,
    since: Option<Timestamp>,
    follows: bool,
    /// The rows as they were when their timelines were read.
    known: BTreeMap<DeploymentId, Deployment>,
    /// The ids of what was told.
    told: BTreeSet<String>,
}

impl Follow for Logs<'_> {
    async fn look(&mut self) -> Result<Option<Exit>, Failure> {
        let ids = match &self.what {
            What::One(id) => vec![DeploymentId(id.clone())],
            What::Many(query) => self.to_read(query).await?,
        };
        let client = self.client;
        let read = ids.into_iter().map(|id| async move {
            let path = format!("/api/v1/deployments/{id}");
            client.get::<DeploymentView>(&path).await
        });
        let views: Vec<DeploymentView> = stream::iter(read).buffered(AT_ONCE).try_collect().await?;
        if !self.tell(&views) {
            return Ok(Some(Exit::Ok));
        }
        let ended = match (&self.what, &views[..]) {
            (What::One(_), [view]) if self.follows => ended(view.deployment.state),
            _ => None,
        };
        let rows = views.into_iter().map(|view| view.deployment);
        self.known.extend(rows.map(|row| (row.id.clone(), row)));
        Ok(ended)
    }

    fn trouble(&mut self, why: Option<&str>) {
        self.out.note(why.unwrap_or("the server is back"));
    }
}

impl Logs<'_> {
    /// The deployments whose timelines may say something new.
    async fn to_read(&self, query: &str) -> Result<Vec<DeploymentId>, Failure> {
        // Later looks go back to what is known, however much began meanwhile.
        let first = self.known.is_empty();
        let limit = if first && self.since.is_none() {
            USUAL
        } else {
            MOST
        };
        let path = format!("/api/v1/deployments?limit={limit}&{query}");
        let listed: Listed = self.client.get(&path).await?;
        let mut rows = listed.deployments;
        let known = rows
            .iter()
            .rposition(|row| self.known.contains_key(&row.id));
        rows.truncate(known.map_or(rows.len(), |last| last + 1));
        let lies_in = |row: &&Deployment| match (self.since, row.finished_at) {
            (Some(since), Some(finished)) => finished >= since,
            _ => true,
        };
        if known.is_none() && rows.len() == MOST as usize && rows.iter().all(|row| lies_in(&row)) {
            self.out.note(&format!(
                "older ones than the {MOST} newest deployments are not told of"
            ));
        }
        let newest = rows.first().map(|row| row.id.clone());
        // The newest is read in any case: that somebody could not be told comes after its end.
        let is_new = |row: &&Deployment| {
            self.known.get(&row.id) != Some(*row) || Some(&row.id) == newest.as_ref()
        };
        let mut ids: BTreeSet<DeploymentId> = self
            .known
            .values()
            .filter(|row| !row.state.is_terminal())
            .map(|row| row.id.clone())
            .collect();
        let new = rows.iter().filter(lies_in).filter(is_new);
        ids.extend(new.map(|row| row.id.clone()));
        Ok(ids.into_iter().collect())
    }

    /// Tells what was not told yet, oldest first; whether somebody still reads it.
    fn tell(&mut self, views: &[DeploymentView]) -> bool {
        let since = self.since;
        let mut news: Vec<(&Notice, &DeploymentView)> = views
            .iter()
            .flat_map(|view| view.timeline.iter().map(move |notice| (notice, view)))
            .filter(|(notice, _)| since.is_none_or(|since| notice.at >= since))
            .filter(|(notice, _)| self.told.insert(notice.id.clone()))
            .collect();
        news.sort_by_key(|(notice, _)| notice.at);
        news.into_iter().all(|(notice, view)| {
            if self.out.for_programs() {
                return self.out.document(notice);
            }
            let context = Context::of_deployment(&view.deployment);
            let colour = self.out.colour();
            self.out
                .next_line(&terminal::log_line(notice, &context, language(), colour))
        })
    }
}

/// How a deployment that has ended ends the verb.
const fn ended(state: DeploymentState) -> Option<Exit> {
    match state {
        DeploymentState::Queued | DeploymentState::Running | DeploymentState::Waiting => None,
        DeploymentState::Succeeded => Some(Exit::Ok),
        DeploymentState::Failed => Some(Exit::Failed),
        DeploymentState::Cancelled | DeploymentState::Superseded => Some(Exit::Changes),
    }
}
