//! `sendo token`: API tokens, whose secret is told once.

use sendo_core::names::Principal;
use sendo_core::time::Timestamp;
use sendo_report::{terminal, time};
use sendo_web::token::{MintError, Scope};
use serde_json::{Value, json};

use super::Outcome;
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make a token; its secret is printed once.
    #[command(after_help = "Examples:
  sendo token create ci --scope report-image --application shop
  sendo token create aoi --scope deploy --scope approve --for local:aoi
  sendo token create reader --scope read --days 7
  sendo token create 'laptop of Aoi' --for local:aoi --scope deploy")]
    Create(Create),
    /// List tokens, without their secrets.
    #[command(after_help = "Examples:
  sendo token list
  sendo token list -o wide                  (with when each was made, is used and ends)")]
    List(Connect),
    /// End a token.
    #[command(after_help = "Examples:
  sendo token revoke 3fK2mQ9x")]
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// What it is for.
    name: String,
    /// Who will hold it, such as local:aoi: what is asked for with it they cannot approve. Without
    /// it the token is its own principal, token:ID.
    #[arg(long = "for", value_name = "PRINCIPAL", value_parser = principal)]
    principal: Option<Principal>,
    /// What it may do: read, deploy, approve, report-image or admin. Can be repeated.
    #[arg(long = "scope", required = true, value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// Limit it to an application. Can be repeated.
    #[arg(long = "application", value_name = "NAME")]
    applications: Vec<String>,
    /// How long it lives.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    /// Its id, as `sendo token list` shows it.
    #[arg(value_parser = id)]
    id: String,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn run(verb: &Verb, out: &Out) -> Outcome {
    match verb {
        Verb::Create(args) => create(args, out),
        Verb::List(connect) => list(connect, out),
        Verb::Revoke(args) => {
            let client = Client::connect(&args.connect, out)?;
            let id = &args.id;
            lifecycle::block_on(client.delete(&format!("/api/v1/tokens/{id}")))??;
            out.note(&format!("token {id} is revoked"));
            Ok(Exit::Ok)
        }
    }
}

/// What stands for another token once some of it is left out is none.
fn id(text: &str) -> Result<String, String> {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    let why = || "write its letters and digits, as `sendo token list` shows them".to_owned();
    plain.then(|| text.to_owned()).ok_or_else(why)
}

fn principal(text: &str) -> Result<Principal, String> {
    Principal::new(text).map_err(|error| format!("{error}; write one like `local:aoi`"))
}

fn scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|error: MintError| error.to_string())
}

fn create(args: &Create, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    let body = json!({
        "name": args.name,
        "principal": args.principal,
        "scopes": args.scopes,
        "applications": args.applications,
        "ttl_seconds": args.days * 24 * 60 * 60,
    });
    let made: Value = lifecycle::block_on(client.post("/api/v1/tokens", &body, None))??;
    if out.for_programs() {
        out.value(&made);
    } else {
        out.line(made["secret"].as_str().unwrap_or_default());
        out.note("this is the only time it is shown");
    }
    if out.lost().is_some() {
        let id = made["id"].as_str().unwrap_or("ID");
        out.error(&format!(
            "the secret of token {id} is lost: sendo token revoke {id}, and create another"
        ));
    }
    Ok(Exit::Ok)
}

fn list(connect: &Connect, out: &Out) -> Outcome {
    let client = Client::connect(connect, out)?;
    let tokens: Value = lifecycle::block_on(client.get("/api/v1/tokens"))??;
    if out.for_programs() {
        out.value(&tokens);
        return Ok(Exit::Ok);
    }
    let rows: Vec<_> = tokens["tokens"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|token| cells(token, tokens["at"].as_i64()))
        .collect();
    if out.is_wide() {
        out.data(&terminal::table(HEADINGS, &rows, out.colour()));
        return Ok(Exit::Ok);
    }
    for [id, state, principal, scopes, applications, name, ..] in &rows {
        out.line(&format!(
            "{id}  {state:<7}  {principal:<20}  {scopes:<20}  {applications}  {name}"
        ));
    }
    Ok(Exit::Ok)
}

/// The columns of `-o wide`; the first six are those of the usual form.
const HEADINGS: [&str; 10] = [
    "ID",
    "STATE",
    "PRINCIPAL",
    "SCOPES",
    "APPLICATIONS",
    "NAME",
    "CREATED",
    "EXPIRES",
    "LAST USED",
    "REVOKED",
];

/// What a token is worth by the server's clock.
fn state(token: &Value, now: Option<i64>) -> &'static str {
    let over = |(end, now)| end <= now;
    if !token["revoked_at"].is_null() {
        "revoked"
    } else if token["expires_at"].as_i64().zip(now).is_some_and(over) {
        "expired"
    } else {
        "live"
    }
}

fn cells(token: &Value, now: Option<i64>) -> [String; 10] {
    let text = |field: &str| token[field].as_str().unwrap_or_default().to_owned();
    let list = |field: &str| {
        let values = token[field].as_array().into_iter().flatten();
        let values: Vec<_> = values.filter_map(Value::as_str).collect();
        values.join(",")
    };
    let at = |field: &str| {
        let at = token[field].as_i64().map(Timestamp);
        at.map_or_else(|| "-".to_owned(), time::date_time)
    };
    [
        text("id"),
        state(token, now).to_owned(),
        text("principal"),
        list("scopes"),
        list("applications"),
        text("name"),
        at("created_at"),
        at("expires_at"),
        at("last_used_at"),
        at("revoked_at"),
    ]
}
