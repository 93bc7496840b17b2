//! `sendo freeze`, `unfreeze` and `freezes`: times in which nothing is merged, announced by people.

use sendo_core::act::Area;
use sendo_core::freeze::{Announced, Zone};
use sendo_core::view::Freezes;
use sendo_report::terminal;
use serde_json::{Value, json};

use super::Outcome;
use super::lock::{in_force, seconds};
use super::status::language;
use crate::client::Client;
use crate::config::moments::like;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

/// Where all of it is read.
const FREEZES: &str = "/api/v1/freezes";

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo freeze '*/production' --from 2026-12-24T18:00 --to 2026-12-27 --zone Asia/Tokyo --reason \"nobody is at work\"
  sendo freeze shop --for 2h --reason \"the auditors are here\" --name audit

A time is `2026-12-24T18:00`, a date, or RFC 3339 with an offset; a date after --to means through the end of
that day. Everything goes on up to the merge, waits there, and goes on by itself when the freeze ends.")]
pub(super) struct ToFreeze {
    /// `APPLICATION/ENVIRONMENT`, `APPLICATION`, `*/ENVIRONMENT` or `*`.
    area: Area,
    /// When it begins; now when left out.
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// When it ends, a year after its beginning at the latest.
    #[arg(long, value_name = "WHEN", required_unless_present = "lasts")]
    to: Option<String>,
    /// How long it lasts, such as `30m`, `2h` or `1d`, instead of --to.
    #[arg(long = "for", id = "lasts", value_name = "SPAN", value_parser = seconds, conflicts_with = "to")]
    lasts: Option<u32>,
    /// The time zone of times without an offset, such as `Asia/Tokyo`; UTC when left out.
    #[arg(long, value_parser = zone)]
    zone: Option<Zone>,
    /// Why: one line of at most 500 characters, shown to whoever waits.
    #[arg(short, long)]
    reason: String,
    /// What people call it, without spaces; made from the day it begins when left out.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo unfreeze audit
  sendo unfreeze audit --area '*/production'

One that has not begun is withdrawn. Freezes of the configuration are changed there.")]
pub(super) struct ToUnfreeze {
    /// Its name, as `sendo freezes` shows it.
    name: String,
    /// What it was announced for, when several areas have a freeze of that name.
    #[arg(long)]
    area: Option<Area>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo freezes
  sendo freezes --zone Asia/Tokyo -o wide
  sendo freezes -o json")]
pub(super) struct List {
    /// The time zone of what is shown; that of the variable TZ when left out, or UTC.
    #[arg(long, value_parser = zone)]
    zone: Option<Zone>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(serde::Deserialize)]
struct Taken {
    freeze: Announced,
}

pub(super) fn freeze(args: &ToFreeze, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let body = json!({
        "area": args.area,
        "reason": args.reason,
        "name": args.name,
        "from": args.from,
        "to": args.to,
        "seconds": args.lasts,
        "zone": args.zone.as_ref().map(Zone::name),
    });
    let freezes: Freezes = lifecycle::block_on(async {
        let Taken { freeze } = client.post(FREEZES, &body, None).await?;
        let so = |freezes: &Freezes| freezes.announced.contains(&freeze);
        in_force(&client, FREEZES, "sendo freezes", so).await
    })??;
    shown(&freezes, args.zone.clone(), out);
    Ok(Exit::Ok)
}

pub(super) fn unfreeze(args: &ToUnfreeze, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let body = json!({ "name": args.name, "area": args.area });
    let is = |freeze: &&Announced| {
        freeze.name == args.name && args.area.as_ref().is_none_or(|area| freeze.area == *area)
    };
    let freezes: Freezes = lifecycle::block_on(async {
        let _: Value = client.post("/api/v1/unfreezes", &body, None).await?;
        let so = |freezes: &Freezes| freezes.announced.iter().find(is).is_none();
        in_force(&client, FREEZES, "sendo freezes", so).await
    })??;
    shown(&freezes, None, out);
    Ok(Exit::Ok)
}

pub(super) fn list(args: &List, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let freezes: Freezes = lifecycle::block_on(client.get(FREEZES))??;
    shown(&freezes, args.zone.clone(), out);
    Ok(Exit::Ok)
}

fn shown(freezes: &Freezes, zone: Option<Zone>, out: &Out) {
    if out.for_programs() {
        out.value(freezes);
        return;
    }
    // What TZ says otherwise, such as a path, names no zone.
    let own = || {
        std::env::var("TZ")
            .ok()
            .and_then(|name| Zone::new(&name).ok())
    };
    let zone = zone.or_else(own).unwrap_or(Zone::UTC);
    out.data(&if out.is_wide() {
        terminal::freezes_wide(freezes, &zone, language(), out.colour())
    } else {
        terminal::freezes(freezes, &zone, language(), out.width())
    });
}

fn zone(name: &str) -> Result<Zone, String> {
    let example = || "write one like `Asia/Tokyo` or `UTC`".to_owned();
    Zone::new(name).map_err(|error| format!("{error}: {}", like(name).unwrap_or_else(example)))
}
