//! `sendo token`: API tokens, whose secret is told once.

use serde_json::{Value, json};

use super::Outcome;
use crate::client::{Client, Connect};
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
    List(Connect),
    /// End a token.
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// What it is for.
    name: String,
    /// Who will hold it, such as local:aoi: what is asked for with it they cannot approve. Without
    /// it the token is its own principal, token:ID.
    #[arg(long = "for", value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// What it may do: read, deploy, approve, report-image or admin. Can be repeated.
    #[arg(long = "scope", required = true, value_name = "SCOPE")]
    scopes: Vec<String>,
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
    /// Its id.
    id: String,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn run(verb: &Verb, out: &Out) -> Outcome {
    match verb {
        Verb::Create(args) => create(args, out),
        Verb::List(connect) => list(connect, out),
        Verb::Revoke(args) => {
            let client = Client::connect(&args.connect)?;
            let id: String = args
                .id
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect();
            lifecycle::block_on(client.delete(&format!("/api/v1/tokens/{id}")))??;
            out.note(&format!("token {id} is revoked"));
            Ok(Exit::Ok)
        }
    }
}

fn create(args: &Create, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect)?;
    let body = json!({
        "name": args.name,
        "principal": args.principal,
        "scopes": args.scopes,
        "applications": args.applications,
        "ttl_seconds": args.days * 24 * 60 * 60,
    });
    let made: Value = lifecycle::block_on(client.post("/api/v1/tokens", &body, None))??;
    if out.is_json() {
        out.json(&made);
    } else {
        out.line(made["secret"].as_str().unwrap_or_default());
        out.note("this is the only time it is shown");
    }
    Ok(Exit::Ok)
}

fn list(connect: &Connect, out: &Out) -> Outcome {
    let client = Client::connect(connect)?;
    let tokens: Value = lifecycle::block_on(client.get("/api/v1/tokens"))??;
    if out.is_json() {
        out.json(&tokens);
        return Ok(Exit::Ok);
    }
    for token in tokens["tokens"].as_array().into_iter().flatten() {
        let text = |field: &str| token[field].as_str().unwrap_or_default();
        let list = |field: &str| {
            let values = token[field].as_array().into_iter().flatten();
            values
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(",")
        };
        let state = if token["revoked_at"].is_null() {
            "live"
        } else {
            "revoked"
        };
        out.line(&format!(
            "{}  {state:<7}  {:<20}  {:<20}  {}  {}",
            text("id"),
            text("principal"),
            list("scopes"),
            list("applications"),
            text("name")
        ));
    }
    Ok(Exit::Ok)
}
