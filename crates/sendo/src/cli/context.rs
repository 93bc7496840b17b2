//! `sendo context`: the servers a person works with, by name.

use std::path::PathBuf;

use sendo_report::terminal;
use serde_json::json;

use super::{Failure, Outcome};
use crate::connect::{Connect, Place, TokenAt, address, is_in_the_open};
use crate::contexts::{Context, Contexts, name};
use crate::exit::Exit;
use crate::out::Out;

/// What a person is told before a token goes over a wire that others can read.
pub(crate) const IN_THE_OPEN: &str =
    "sendo: the token goes there in the open, and whoever reads it on the way can use it
  next: put TLS before the server, and name it with https://";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List the contexts; the one in use has a star.
    #[command(after_help = "Examples:
  sendo context list
  sendo context list -o json")]
    List,
    /// Take a context for every verb that names no server, until another is taken.
    #[command(after_help = "Examples:
  sendo context use production
  sendo status

--server and --context count more, and so does a sendo.yaml in the folder where a verb is typed.")]
    Use(Named),
    /// Make a context, or make it anew.
    #[command(after_help = "Examples:
  sendo context set local --server http://127.0.0.1:8787 --token-file sendo.db.token
  sendo context set production --server https://sendo.example.com --token-env PRODUCTION_TOKEN

Kept is where the token is, never the token. No other goes to a context's server, SENDO_TOKEN
neither, unless it is named: --token-env SENDO_TOKEN. The file is ~/.config/sendo/contexts.yaml, or
in $XDG_CONFIG_HOME.")]
    Set(Set),
    /// Forget a context. Its token stays where it is, and stays good.
    #[command(after_help = "Examples:
  sendo context remove local")]
    Remove(Named),
    /// Show which server a verb would talk to when it is typed here, and why.
    #[command(after_help = "Examples:
  sendo context show
  sendo context show --context production

The first of these that there is names the server: --server, --context or --config; SENDO_URL,
SENDO_CONTEXT or SENDO_CONFIG; sendo.yaml in this folder; the context in use; the usual address.")]
    Show(Connect),
}

#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// Its name.
    name: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Set {
    /// Its name: letters, digits, `-`, `_` and `.`.
    #[arg(value_parser = name)]
    name: String,
    /// The server's address.
    #[arg(long, value_name = "URL")]
    server: String,
    /// The file its token is in.
    #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
    token_file: Option<PathBuf>,
    /// The variable its token is in.
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
}

pub(super) fn run(verb: &Verb, out: &Out) -> Outcome {
    match verb {
        Verb::List => list(out),
        Verb::Use(args) => take(&args.name, out),
        Verb::Set(args) => set(args, out),
        Verb::Remove(args) => remove(&args.name, out),
        Verb::Show(connect) => show(&connect.place()?, out),
    }
}

fn list(out: &Out) -> Outcome {
    let contexts = Contexts::load()?;
    let is_in_use = |name: &str| contexts.in_use.as_deref() == Some(name);
    if out.for_programs() {
        let all = contexts.contexts.iter().map(|(name, context)| {
            json!({
                "name": name,
                "server": context.server,
                "token_file": context.token_file,
                "token_env": context.token_env,
                "in_use": is_in_use(name),
            })
        });
        out.value(&json!({"contexts": all.collect::<Vec<_>>()}));
        return Ok(Exit::Ok);
    }
    if contexts.contexts.is_empty() {
        out.note("there are none; next: sendo context set NAME --server URL --token-file FILE");
        return Ok(Exit::Ok);
    }
    let cells = |(name, context): (&String, &Context)| {
        let file = context.token_file.as_ref();
        let file = file.map(|path| path.display().to_string());
        let variable = context.token_env.as_ref().map(|name| format!("${name}"));
        [
            if is_in_use(name) { "*" } else { "" }.to_owned(),
            name.clone(),
            context.server.clone(),
            file.or(variable).unwrap_or_else(|| "-".to_owned()),
        ]
    };
    let rows: Vec<_> = contexts.contexts.iter().map(cells).collect();
    let headings = ["", "NAME", "SERVER", "TOKEN"];
    out.data(&terminal::table(headings, &rows, out.colour()));
    Ok(Exit::Ok)
}

fn take(name: &str, out: &Out) -> Outcome {
    Contexts::load()?.get(name)?;
    let server = Contexts::change(|contexts| {
        let server = contexts.get(name)?.server.clone();
        contexts.in_use = Some(name.to_owned());
        Ok(server)
    })?;
    out.note(&format!("{name} is in use: {server}"));
    Ok(Exit::Ok)
}

fn set(args: &Set, out: &Out) -> Outcome {
    let server = address(&args.server)?;
    if is_in_the_open(&server) {
        out.note(IN_THE_OPEN);
    }
    let context = Context {
        server,
        token_file: token_file(args, out)?,
        token_env: args.token_env.clone(),
    };
    let name = &args.name;
    let in_use = Contexts::change(|contexts| {
        contexts.contexts.insert(name.clone(), context);
        Ok(contexts.in_use.as_ref() == Some(name))
    })?;
    let next = if in_use {
        "sendo status".to_owned()
    } else {
        format!("sendo context use {name}, or --context {name} with a verb")
    };
    out.note(&format!("{name} is set; next: {next}"));
    Ok(Exit::Ok)
}

/// The file of a token as a path that means the same wherever the next verb is typed.
fn token_file(args: &Set, out: &Out) -> Result<Option<PathBuf>, Failure> {
    let path = args.token_file.as_ref().map(std::path::absolute);
    let path = path.transpose().map_err(|error| {
        Failure::new(Exit::Usage, "token_file", "this is not the path of a file")
            .why(error.to_string())
    })?;
    if let Some(path) = path.as_ref().filter(|path| !path.is_file()) {
        out.note(&format!("there is no {} yet", path.display()));
    }
    Ok(path)
}

fn remove(name: &str, out: &Out) -> Outcome {
    Contexts::load()?.get(name)?;
    let was_in_use = Contexts::change(|contexts| {
        contexts.get(name)?;
        contexts.contexts.remove(name);
        let was_in_use = contexts.in_use.as_deref() == Some(name);
        contexts.in_use.take_if(|used| used == name);
        Ok(was_in_use)
    })?;
    if was_in_use {
        out.note("it was in use; now none is");
    }
    out.note(&format!("{name} is removed"));
    Ok(Exit::Ok)
}

fn show(place: &Place, out: &Out) -> Outcome {
    if out.for_programs() {
        out.value(place);
        return Ok(Exit::Ok);
    }
    let named_by = match &place.context {
        Some(name) => format!("{}, {name}", place.named_by),
        None => place.named_by.to_owned(),
    };
    let token = match &place.token {
        Some(TokenAt::Env(name)) => format!("in the variable {name}"),
        Some(TokenAt::File(path)) => format!("in the file {}", path.display()),
        None => "none".to_owned(),
    };
    let missing = match place.token() {
        Ok(None) if place.token.is_some() => ", which holds none",
        Err(_) => ", which cannot be read",
        Ok(_) => "",
    };
    out.line(&format!("server    {}", place.server));
    out.line(&format!("named by  {named_by}"));
    out.line(&format!("token     {token}{missing}"));
    if place.is_in_the_open() {
        out.note(IN_THE_OPEN);
    }
    Ok(Exit::Ok)
}
