//! `sendo demo`: the main job on this machine, with no account anywhere.

use std::path::PathBuf;

use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::serve::failure;
use super::status::language;
use super::{Failure, Outcome, login, validate};
use crate::client::Client;
use crate::config::Config;
use crate::demo::{Played, Stage, once, until_stopped};
use crate::exit::Exit;
use crate::out::Out;
use crate::server::{self, Options};
use crate::{lifecycle, token_file};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo demo                 serves a board and plays developers' merges; Ctrl-C ends it
  sendo demo --once          plays one merge to production in this terminal
  sendo demo --once --dir /tmp/first-look

Everything is in DIR: two bare repositories, the configuration, the database. Delete it when you are done.")]
pub(super) struct Args {
    /// Play one merge to production, print its timeline and end.
    #[arg(long)]
    once: bool,
    /// The folder to use: empty, or not there yet. A fresh temporary one when left out.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    lifecycle::log("warn,sqlx=error");
    lifecycle::block_on(demo(args, *out))?
}

async fn demo(args: &Args, out: Out) -> Outcome {
    let stage = Stage::set(args.dir.clone()).await?;
    let config = match Config::load(&stage.configuration()) {
        Ok(config) => config,
        Err(errors) => return Ok(validate::show(&errors, &out)),
    };
    let stop = if args.once {
        CancellationToken::new()
    } else {
        lifecycle::stop_on_signals()
    };
    let (listening, address) = oneshot::channel();
    let options = Options {
        listening: Some(listening),
        ..Options::default()
    };
    let (ending, token) = (stop.clone(), token_file::path(&config));
    let server = tokio::spawn(async move { server::run(&config, options, ending).await });
    let played = async {
        let Ok(address) = address.await else {
            return Ok(None);
        };
        let url = format!("http://{address}");
        let token = std::fs::read_to_string(token).unwrap_or_default();
        let client = Client::to(url.clone(), Some(SecretString::from(token.trim())))?;
        // Where everybody may look there is still something to sign in for: to act.
        let link = if args.once {
            None
        } else {
            Some(login::ask(&client).await?.url)
        };
        introduce(&stage, &url, link.as_deref(), &out);
        if args.once {
            Ok(Some(once(&stage, &client, out, language()).await?))
        } else {
            until_stopped(&stage, &client, out, language(), &stop)
                .await
                .map(|()| Some(Played::Arrived))
        }
    }
    .await;
    stop.cancel();
    let served = server
        .await
        .map_err(|error| Failure::new(Exit::Failed, "server", error.to_string()))?;
    served.map_err(|error| failure(&error))?;
    if played? == Some(Played::Arrived) {
        if args.once {
            farewell(&stage, &out);
        }
        return Ok(Exit::Ok);
    }
    Err(Failure::new(
        Exit::Failed,
        "demo_late",
        "the merge did not reach production in time",
    )
    .next(format!(
        "SENDO_LOG=debug sendo demo --once; what happened is in {}",
        stage.folder().display()
    )))
}

fn introduce(stage: &Stage, url: &str, link: Option<&str>, out: &Out) {
    out.tell(&format!("Everything is in {}", stage.folder().display()));
    if let Some(link) = link {
        out.tell("Open the board, signed in (the link is good once, for 5 minutes):");
        out.tell(&format!("  {link}"));
        out.tell("What waits for a person there waits for you: open it and press Approve.");
        out.tell(&format!("To look without signing in: {url}"));
        out.tell("For sendo status, sendo approve and sendo login in another terminal, first:");
        out.tell(&format!(
            "  export SENDO_URL={url} SENDO_CONFIG={}",
            stage.configuration().display()
        ));
        out.tell("Ctrl-C ends the demo.");
    }
    out.tell("");
}

fn farewell(stage: &Stage, out: &Out) {
    let (folder, manifests) = (stage.folder().display(), stage.bare("manifests"));
    out.tell("");
    out.tell("What to type next:");
    out.tell(&format!(
        "  git -C {} log --graph --oneline main",
        manifests.display()
    ));
    out.tell(&format!(
        "  git -C {} diff HEAD~2 main",
        manifests.display()
    ));
    out.tell(&format!(
        "  sendo change list {} --state all",
        manifests.display()
    ));
    out.tell(&format!("  sendo serve --config {folder}/sendo.yaml"));
}
