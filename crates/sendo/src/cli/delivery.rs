//! `sendo delivery`: what came in and what became of it, and having one that was quarantined
//! translated once more.

use sendo_report::{terminal, time};
use sendo_store::{DeliveryOutcome, DeliveryRow};
use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List what came in, newest first.
    #[command(after_help = "Examples:
  sendo delivery list
  sendo delivery list --quarantined
  sendo delivery list -o wide
  sendo delivery list --limit 5 -o json")]
    List(List),
    /// Have a quarantined delivery translated once more.
    #[command(after_help = "Examples:
  sendo delivery list --quarantined
  sendo delivery replay 000000000012

Replay one after what stood in its way is gone: a newer version of Sendo, a corrected configuration.
One that waits to be translated already is left alone, so asking twice does it once.")]
    Replay(Replay),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only those that could not be translated.
    #[arg(long)]
    quarantined: bool,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// Its id, as `sendo delivery list` shows it.
    #[arg(value_parser = id)]
    id: String,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Deserialize, Serialize)]
struct Listed {
    deliveries: Vec<DeliveryRow>,
}

#[derive(Deserialize, Serialize)]
struct Taken {
    delivery: String,
    duplicate: bool,
}

pub(super) fn run(verb: &Verb, out: &Out) -> Outcome {
    match verb {
        Verb::List(args) => list(args, out),
        Verb::Replay(args) => replay(args, out),
    }
}

fn list(args: &List, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let only = if args.quarantined {
        "&outcome=quarantined"
    } else {
        ""
    };
    let path = format!("/api/v1/deliveries?limit={}{only}", args.limit);
    let listed: Listed = lifecycle::block_on(client.get(&path))??;
    if out.for_programs() {
        out.value(&listed);
        return Ok(Exit::Ok);
    }
    if out.is_wide() && !listed.deliveries.is_empty() {
        let rows: Vec<_> = listed.deliveries.iter().map(cells).collect();
        out.data(&terminal::table(HEADINGS, &rows, out.colour()));
        return Ok(Exit::Ok);
    }
    for row in &listed.deliveries {
        out.line(&line(row));
    }
    if listed.deliveries.is_empty() {
        out.note("there are none");
    }
    Ok(Exit::Ok)
}

fn line(row: &DeliveryRow) -> String {
    let (word, why) = became(row);
    let why = why.map_or_else(String::new, |(code, message)| {
        format!("  {code}: {}", shown(message))
    });
    let (at, name, source) = (time::date_time(row.received_at), &row.name, &row.source);
    format!(
        "{}  {at}  {word:<11}  {:<8}  {}{why}",
        row.id,
        shown(name),
        shown(source)
    )
}

/// The columns of `-o wide`.
const HEADINGS: [&str; 8] = [
    "ID",
    "RECEIVED",
    "OUTCOME",
    "EVENT",
    "SOURCE",
    "AGAIN",
    "REASON CODE",
    "WHY",
];

fn cells(row: &DeliveryRow) -> [String; 8] {
    let (word, why) = became(row);
    let (code, message) = why.map_or(("-", "-"), |(code, message)| (code, message));
    [
        row.id.clone(),
        time::date_time(row.received_at),
        word.to_owned(),
        shown(&row.name),
        shown(&row.source),
        row.duplicates.to_string(),
        code.to_owned(),
        shown(message),
    ]
}

/// What became of it in a word, and why with its code.
fn became(row: &DeliveryRow) -> (&'static str, Option<(&str, &str)>) {
    match &row.outcome {
        None => ("waiting", None),
        Some(DeliveryOutcome::Done) => ("done", None),
        Some(DeliveryOutcome::Ignored {
            reason_code,
            message,
        }) => ("ignored", Some((reason_code, message))),
        Some(DeliveryOutcome::Quarantined {
            reason_code,
            message,
        }) => ("quarantined", Some((reason_code, message))),
    }
}

/// Texts from outside cannot move the cursor.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn replay(args: &Replay, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let path = format!("/api/v1/deliveries/{}/replay", args.id);
    let nothing = serde_json::json!({});
    let taken: Taken = lifecycle::block_on(client.post(&path, &nothing, None))??;
    if out.for_programs() {
        out.value(&taken);
    } else if taken.duplicate {
        out.line(&format!(
            "{} waits to be translated already",
            taken.delivery
        ));
    } else {
        out.line(&format!("{} waits to be translated again", taken.delivery));
    }
    Ok(Exit::Ok)
}

/// The number of a delivery, padded as it is listed.
fn id(text: &str) -> Result<String, String> {
    let number = text.parse::<u64>();
    number
        .map(|number| format!("{number:012}"))
        .map_err(|_| "write its number, as `sendo delivery list` shows it".to_owned())
}
