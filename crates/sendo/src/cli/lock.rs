//! `sendo lock`, `unlock` and `locks`: closing lanes to deployments, and opening them again.

use std::time::{Duration, Instant};

use sendo_core::act::Area;
use sendo_core::deployment::{Held, Lock};
use sendo_report::terminal;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::status::language;
use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

/// How long a verb waits to see what it asked for in force.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(150);

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo lock shop/production --reason \"migration of the database\" --for 2h
  sendo lock shop --reason \"handing over\"
  sendo lock '*/production' --reason \"incident 4711\"

Everything goes on up to the merge, and waits there. The lock ends by itself after --for.")]
pub(super) struct ToLock {
    /// `APPLICATION/ENVIRONMENT`, `APPLICATION`, `*/ENVIRONMENT` or `*`.
    area: Area,
    /// Why: one line of at most 500 characters, shown to whoever waits.
    #[arg(short, long)]
    reason: String,
    /// How long, such as `30m`, `2h` or `1d`; without it until somebody unlocks it.
    #[arg(long = "for", value_name = "SPAN", value_parser = seconds)]
    lasts: Option<u32>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo unlock shop/production
  sendo unlock '*/production'

One lane is released after a rollback, too.")]
pub(super) struct ToUnlock {
    /// What was locked, exactly as `sendo locks` shows it.
    area: Area,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo locks
  sendo locks -o wide
  sendo locks -o json")]
pub(super) struct List {
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct Closed {
    locks: Vec<Lock>,
    held: Vec<Held>,
}

impl Closed {
    fn has(&self, area: &Area) -> bool {
        let lane = area.to_string();
        self.locks.iter().any(|lock| lock.area == *area)
            || self.held.iter().any(|held| held.deployment.lane() == lane)
    }
}

pub(super) fn lock(args: &ToLock, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let body = json!({ "area": args.area, "reason": args.reason, "seconds": args.lasts });
    change(&client, "/api/v1/locks", &body, &args.area, true, out)
}

pub(super) fn unlock(args: &ToUnlock, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let body = json!({ "area": args.area });
    change(&client, "/api/v1/unlocks", &body, &args.area, false, out)
}

/// Asks, waits until it is so, and shows what is locked now.
fn change(
    client: &Client,
    path: &str,
    body: &Value,
    area: &Area,
    locked: bool,
    out: &Out,
) -> Outcome {
    let closed = lifecycle::block_on(async {
        let _: Value = client.post(path, body, None).await?;
        let so = |closed: &Closed| closed.has(area) == locked;
        in_force(client, "/api/v1/locks", "sendo locks", so).await
    })??;
    shown(&closed, out);
    Ok(Exit::Ok)
}

/// Looks until what was asked for is so.
pub(super) async fn in_force<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    next: &str,
    so: impl Fn(&T) -> bool,
) -> Result<T, Failure> {
    let until = Instant::now() + PATIENCE;
    loop {
        let now: T = client.get(path).await?;
        if so(&now) {
            return Ok(now);
        }
        if Instant::now() > until {
            let message = "it is stored, and not in force yet";
            return Err(Failure::new(Exit::Running, "not_yet", message).next(next));
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(super) fn list(args: &List, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let closed: Closed = lifecycle::block_on(client.get("/api/v1/locks"))??;
    shown(&closed, out);
    Ok(Exit::Ok)
}

fn shown(closed: &Closed, out: &Out) {
    if out.for_programs() {
        out.value(closed);
        return;
    }
    let Closed { locks, held } = closed;
    out.data(&if out.is_wide() {
        terminal::locks_wide(locks, held, language(), out.colour())
    } else {
        terminal::locks(locks, held, language(), out.width())
    });
}

/// `90s`, `30m`, `2h` or `1d`, in seconds.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let unit = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let number = number.parse::<u32>().ok().filter(|number| *number > 0);
    number
        .zip(unit)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .ok_or_else(|| "write a whole number and s, m, h or d, such as 30m or 2h".to_owned())
}
