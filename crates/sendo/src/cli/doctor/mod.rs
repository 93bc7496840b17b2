//! `sendo doctor`: goes through everything a deployment needs, and says what to do about what lacks.

mod remote;
mod rendering;

use std::path::Path;
use std::process::Command;

use sendo_core::view::BoardView;
use sendo_forge::local::acts::LocalActs;
use sendo_git::BareRepository;
use sendo_store::{AuditVerdict, Backlog, Store, StoreError};
use serde::Serialize;
use serde_json::Value;

use super::plan::offline_alone;
use super::serve::failure;
use super::{Failure, Outcome};
use crate::client::Client;
use crate::config::Config;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;
use crate::{live, planning};

/// The oldest git that has what is used of it.
const GIT: (u32, u32) = (2, 38);
/// How far the clocks of this machine and of the server's database may be apart, in seconds.
const SKEW: i64 = 30;
/// Deliveries or effects that wait at the same time: more means that something does not keep up.
const WAITING: i64 = 1_000;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo doctor
  sendo doctor --offline --config sendo.yaml
  sendo doctor --audit -o json

The configuration is sendo.yaml unless --config names another; it names the server as well, unless
something else does. Nothing is changed. Exit 0: nothing lacks, 1: something does, and the line under it says what to do.")]
pub(super) struct Args {
    #[command(flatten)]
    connect: Connect,
    /// Look at this machine only, and at no server.
    #[arg(long, conflicts_with = "audit")]
    offline: bool,
    /// Recompute the audit trail's hash chain, too, which takes a while for a long one.
    #[arg(long)]
    audit: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    group: &'static str,
    /// What was looked at and found.
    what: String,
    ok: bool,
    /// What to do where it lacks; beside what is fine, what would make more of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What was looked at so far.
#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn fine(&mut self, group: &'static str, what: impl Into<String>) {
        let what = what.into();
        self.0.push(Check {
            group,
            what,
            ok: true,
            next: None,
        });
    }

    /// Something that nothing depends on.
    fn warns(&mut self, group: &'static str, what: impl Into<String>, next: impl Into<String>) {
        self.fine(group, what);
        if let Some(check) = self.0.last_mut() {
            check.next = Some(next.into());
        }
    }

    fn lacks(&mut self, group: &'static str, what: impl Into<String>, next: impl Into<String>) {
        self.0.push(Check {
            group,
            what: what.into(),
            ok: false,
            next: Some(next.into()),
        });
    }
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    if args.offline {
        offline_alone(&args.connect)?;
    }
    let mut checks = Checks::default();
    git(&mut checks);
    let file = args.connect.config();
    let path = file.display();
    match Config::load(&file) {
        Ok(config) => {
            let lanes = config.lanes().len();
            checks.fine("configuration", format!("{path}: valid, {lanes} lanes"));
            rendering::programs(&config, &mut checks);
            lifecycle::block_on(repositories(&config, &mut checks))?;
            lifecycle::block_on(remote::giteas(&config, &mut checks))??;
            lifecycle::block_on(remote::engines(&config, &mut checks))??;
            lanes_of(&config, &mut checks)?;
        }
        Err(errors) => checks.lacks(
            "configuration",
            errors.0.first().map_or_else(
                || format!("{path}: invalid"),
                |error| format!("{}:{}: {}", error.file, error.line, error.what),
            ),
            format!("sendo validate --config {path}"),
        ),
    }
    if !args.offline {
        lifecycle::block_on(server(args, &mut checks, out))??;
    }
    let checks = checks.0;
    if out.for_programs() {
        out.value(&serde_json::json!({"checks": checks}));
    } else {
        out.data(&text(&checks));
    }
    Ok(if checks.iter().all(|check| check.ok) {
        Exit::Ok
    } else {
        Exit::Failed
    })
}

fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    let mut group = "";
    for check in checks {
        if check.group != group {
            group = check.group;
            text += &format!("{}{group}\n", if text.is_empty() { "" } else { "\n" });
        }
        let mark = match (check.ok, &check.next) {
            (true, None) => '✓',
            (true, Some(_)) => '!',
            (false, _) => '✗',
        };
        text += &format!("  {mark} {}\n", check.what);
        if let Some(next) = &check.next {
            text += &format!("      next: {next}\n");
        }
    }
    let lacks = checks.iter().filter(|check| !check.ok).count();
    text + &match lacks {
        0 => format!("\n{} checks: nothing lacks\n", checks.len()),
        _ => format!("\n{} checks: {lacks} to see to\n", checks.len()),
    }
}

fn git(checks: &mut Checks) {
    const GROUP: &str = "this machine";
    let next = format!("install git {}.{} or newer", GIT.0, GIT.1);
    let Ok(told) = Command::new("git").arg("--version").output() else {
        return checks.lacks(GROUP, "there is no git on the path", next);
    };
    let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    let mut numbers = told
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse::<u32>().ok());
    let version = numbers.next().zip(numbers.next());
    if version.is_some_and(|version| version >= GIT) {
        checks.fine(GROUP, told);
    } else {
        checks.lacks(GROUP, format!("{told} is too old"), next);
    }
}

async fn repositories(config: &Config, checks: &mut Checks) {
    const GROUP: &str = "repositories";
    let mut all: Vec<_> = config
        .lanes()
        .into_iter()
        .flat_map(|rules| [rules.repository, rules.deliver.repository])
        .collect();
    all.sort();
    all.dedup();
    let mut heard = 0;
    for repository in &all {
        let root = config.forges.get(&repository.forge);
        let Some(root) = root.and_then(|forge| forge.root()) else {
            continue;
        };
        let Ok(local) = LocalActs::new(root.to_owned()) else {
            continue;
        };
        let folder = local.folder(&repository.path);
        let shown = folder.display();
        match BareRepository::open(&folder).await {
            Err(error) => checks.lacks(
                GROUP,
                format!("{repository}: {error}"),
                format!("git init --bare {shown}, or correct `repository`"),
            ),
            Ok(_) if !is_writable(&folder) => checks.lacks(
                GROUP,
                format!("{repository}: {shown} cannot be written by this user"),
                "give the user that runs Sendo the right to write there",
            ),
            Ok(git) if !git.has_hook() => checks.lacks(
                GROUP,
                format!("{repository}: pushes are not heard, there is no hook of Sendo"),
                "sendo serve installs it when it starts; its log says why where it cannot",
            ),
            Ok(_) => heard += 1,
        }
    }
    if heard > 0 {
        let all = all.len();
        checks.fine(
            GROUP,
            format!("{heard} of {all} are there, and their pushes are heard"),
        );
    }
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// What would keep a lane from working, as at the first start.
fn lanes_of(config: &Config, checks: &mut Checks) -> Result<(), Failure> {
    const GROUP: &str = "lanes";
    let forges = live::forges(config).map_err(|error| failure(&error))?;
    let planned = lifecycle::block_on(async {
        let store = empty().await?;
        planning::plan(config, &[], &forges, store.as_ref(), None).await
    })?;
    let plan = planned.map_err(|error| failure(&error.into()))?;
    let mut fine = 0;
    for lane in &plan.lanes {
        for why in &lane.trouble {
            let next = "sendo plan --offline, once it is corrected";
            checks.lacks(GROUP, format!("{}: {why}", lane.lane), next);
        }
        fine += usize::from(lane.trouble.is_empty());
    }
    if fine > 0 {
        let all = plan.lanes.len();
        checks.fine(
            GROUP,
            format!("{fine} of {all} find their branch and what they edit"),
        );
    }
    Ok(())
}

async fn empty() -> Result<std::sync::Arc<dyn Store>, StoreError> {
    sendo_store::open("sqlite::memory:", sendo_store::Options::default()).await
}

async fn server(args: &Args, checks: &mut Checks, out: &Out) -> Result<(), Failure> {
    const GROUP: &str = "server";
    let found = args.connect.place_beside_config();
    let client = match found.and_then(|place| Client::of(&place, out)) {
        Ok(client) => client,
        Err(unknown) => {
            let next = unknown
                .hint()
                .unwrap_or("name it with --server or --context");
            checks.lacks(GROUP, unknown.what(), next);
            return Ok(());
        }
    };
    let board: BoardView = match client.get("/api/v1/board").await {
        Ok(board) => board,
        Err(refused) => {
            let next = match refused.exit() {
                Exit::Denied => {
                    "sendo token create NAME on the server's machine, and set SENDO_TOKEN"
                }
                _ => "sendo serve --config FILE, or name another with --server URL",
            };
            checks.lacks(GROUP, refused.what(), next);
            return Ok(());
        }
    };
    checks.fine(
        GROUP,
        format!("it answers, with {} lanes", board.lanes.len()),
    );
    let here = empty().await.map_err(|error| failure(&error.into()))?;
    let here = here.now().await.map_err(|error| failure(&error.into()))?;
    let apart = (here.as_seconds() - board.at.as_seconds()).abs();
    if apart > SKEW {
        let what = format!("its clock and this machine's are {apart} s apart");
        checks.lacks(
            GROUP,
            what,
            "set both by a time server (NTP): freezes and locks go by the server's",
        );
    } else {
        checks.fine(GROUP, "its clock and this machine's agree");
    }
    match &board.configuration.refused {
        Some(why) => checks.lacks(
            GROUP,
            format!("the configuration on its disk is not used: {why}"),
            "correct it there; it is loaded by itself",
        ),
        None => checks.fine(GROUP, "it goes by the configuration on its disk"),
    }
    if !board.configuration.restart.is_empty() {
        let keys = board.configuration.restart.join(", ");
        checks.lacks(
            GROUP,
            format!("changed on its disk, and not in use: {keys}"),
            "restart it",
        );
    }
    queues(&client, checks).await?;
    if args.audit {
        let verdict: AuditVerdict = client.get("/api/v1/audit/verify").await?;
        match verdict.broken {
            None => checks.fine(
                GROUP,
                format!("{} lines of the audit trail fit", verdict.verified),
            ),
            Some((line, why)) => checks.lacks(
                GROUP,
                format!("line {line} of the audit trail does not fit: {why}"),
                "somebody changed the database by hand: compare it with a backup",
            ),
        }
    }
    Ok(())
}

async fn queues(client: &Client, checks: &mut Checks) -> Result<(), Failure> {
    const GROUP: &str = "server";
    let backlog: Backlog = client.get("/api/v1/backlog").await?;
    let waiting = backlog.deliveries + backlog.effects + backlog.notices;
    if waiting > WAITING {
        checks.lacks(
            GROUP,
            format!("{waiting} deliveries, effects and notices wait"),
            "look at its log and at /metrics for what does not keep up",
        );
    } else {
        checks.fine(
            GROUP,
            format!("{waiting} deliveries, effects and notices wait"),
        );
    }
    let listed: Value = client
        .get("/api/v1/deliveries?outcome=quarantined&limit=100")
        .await?;
    match listed["deliveries"].as_array().map_or(0, Vec::len) {
        0 => checks.fine(GROUP, "nothing is quarantined"),
        count => checks.lacks(
            GROUP,
            format!("{count} deliveries are quarantined"),
            "sendo delivery list --quarantined, then sendo delivery replay ID",
        ),
    }
    Ok(())
}
