//! `sendo lock`, `unlock` and `locks`: closing lanes to deployments, and opening them again.

use sendo_core::act::Area;
use sendo_core::deployment::{Held, Lock};
use sendo_core::names::Principal;
use sendo_core::time::Timestamp;
use sendo_report::terminal;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::asked::{Until, not_yet};
use super::status::language;
use super::{Failure, Outcome};
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

/// Where locks are read and asked for.
const LOCKS: &str = "/api/v1/locks";

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
    fn of(&self, area: &Area) -> Option<&Lock> {
        self.locks.iter().find(|lock| lock.area == *area)
    }
}

/// A lock that is asked for.
struct Wish<'a> {
    by: Principal,
    reason: &'a str,
    /// Whether it ends by itself.
    ends: bool,
    /// The end of the lock that was there before: one that is set anew has another.
    before: Option<Timestamp>,
}

impl Wish<'_> {
    fn is(&self, lock: &Lock) -> bool {
        let ends = lock.until.is_some() == self.ends;
        let anew = !self.ends || lock.until != self.before;
        lock.by == self.by && lock.reason == self.reason.trim() && ends && anew
    }
}

pub(super) fn lock(args: &ToLock, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let body = json!({ "area": args.area, "reason": args.reason, "seconds": args.lasts });
    let (by, closed) = lifecycle::block_on(async {
        let before: Closed = client.get(LOCKS).await?;
        let by = client.principal().await?;
        let _: Value = client.post(LOCKS, &body, None).await?;
        let wish = Wish {
            by: by.clone(),
            reason: &args.reason,
            ends: args.lasts.is_some(),
            before: before.of(&args.area).and_then(|lock| lock.until),
        };
        // Of several at the same time one has it, and each has to hear which.
        let so = |closed: &Closed| {
            let lock = closed.of(&args.area);
            lock.is_some_and(|lock| lock.by != by || wish.is(lock))
        };
        let closed = in_force(&client, LOCKS, "sendo locks", so).await?;
        Ok::<_, Failure>((by, closed))
    })??;
    if let Some(other) = closed.of(&args.area).filter(|lock| lock.by != by) {
        let what = format!(
            "`{}` is locked by {}: {}",
            args.area, other.by, other.reason
        );
        return Err(Failure::new(Exit::Conflict, "already_locked", what)
            .next(format!("ask them, or `sendo unlock '{}'` first", args.area)));
    }
    shown(&closed, out);
    Ok(Exit::Ok)
}

pub(super) fn unlock(args: &ToUnlock, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let body = json!({ "area": args.area });
    let closed = lifecycle::block_on(async {
        let _: Value = client.post("/api/v1/unlocks", &body, None).await?;
        // Exactly one lane is released after a rollback, too.
        let lane = args.area.to_string();
        let so = |closed: &Closed| {
            let mut held = closed.held.iter();
            closed.of(&args.area).is_none() && held.all(|held| held.deployment.lane() != lane)
        };
        in_force(&client, LOCKS, "sendo locks", so).await
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
    let until = Until::new();
    loop {
        let now: T = client.get(path).await?;
        if so(&now) {
            return Ok(now);
        }
        if !until.again().await {
            return Err(not_yet(next));
        }
    }
}

pub(super) fn list(args: &List, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let closed: Closed = lifecycle::block_on(client.get(LOCKS))??;
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
