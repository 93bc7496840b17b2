//! `sendo hook`: the webhooks by which forges tell the server what happens on them.

use std::path::PathBuf;

use sendo_core::names::Repository;
use sendo_forge::gitea::{Hook, Installed};
use sendo_forge::{Forge, ForgeError};
use serde_json::json;

use super::serve::failure;
use super::{Failure, Outcome, validate};
use crate::config::{Config, Purpose};
use crate::exit::Exit;
use crate::lifecycle;
use crate::live;
use crate::out::Out;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Install the webhook of every repository on a Gitea that a lane reads or writes, or put it right.
    #[command(after_help = "Examples:
  sendo hook install --config sendo.yaml
  sendo hook install acme:acme/web
  sendo hook install --url https://sendo.example.com

It is done as `approver`, or as `proposer` where that one may not; whoever does it administers the repository.
A Gitea does not show the key of a webhook, so one that is there is replaced by a new one. Run it again
after the first key of `webhook_secret` changed. Repositories of local forges need none: the server
installs their hooks when it starts.
Exit 0: installed, 1: some could not be, 3: the configuration is invalid.")]
    Install(Install),
}

#[derive(Debug, clap::Args)]
pub(super) struct Install {
    /// The configuration file.
    #[arg(
        long,
        env = "SENDO_CONFIG",
        value_name = "FILE",
        default_value = "sendo.yaml"
    )]
    config: PathBuf,
    /// Where the Gitea reaches the server; `server.url` when left out.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Only these repositories, each as `forge:path`.
    #[arg(value_name = "REPOSITORY")]
    repositories: Vec<Repository>,
}

pub(super) fn run(verb: &Verb, out: &Out) -> Outcome {
    let Verb::Install(args) = verb;
    let config = match Config::load_for(&args.config, Purpose::Serve) {
        Ok(config) => config,
        Err(errors) => return Ok(validate::show(&errors, out)),
    };
    let repositories = chosen(args, &config)?;
    let url = match args.url.as_ref().or(config.server.url.as_ref()) {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            out.note("sendo: `server.url` is not set, so the webhooks lead to this machine: right only for a Gitea that runs here");
            format!("http://{}", config.server.listen)
        }
    };
    lifecycle::block_on(install(&config, &repositories, &url, out))?
}

/// The address a forge delivers to.
pub(super) fn address(server: &str, repository: &Repository) -> String {
    let path = sendo_web::GITEA_PATH;
    format!("{server}{path}?forge={}", repository.forge)
}

/// Every repository on a Gitea that a lane reads or writes, in order.
pub(super) fn on_giteas(config: &Config) -> Vec<Repository> {
    let is_on_one = |repository: &Repository| {
        let forge = config.forges.get(&repository.forge);
        forge.is_some_and(|forge| forge.gitea().is_some())
    };
    let lanes = config.lanes().into_iter();
    let mut all: Vec<Repository> = lanes
        .flat_map(|rules| [rules.repository, rules.deliver.repository])
        .filter(is_on_one)
        .collect();
    all.sort();
    all.dedup();
    all
}

fn chosen(args: &Install, config: &Config) -> Result<Vec<Repository>, Failure> {
    let all = on_giteas(config);
    if let Some(other) = args.repositories.iter().find(|one| !all.contains(one)) {
        return Err(Failure::new(
            Exit::NotFound,
            "repository_unknown",
            format!("no lane reads or writes `{other}` on a Gitea"),
        )
        .why("a webhook is of use only for a repository that the configuration names")
        .next("name one of those in the configuration, or none for all of them"));
    }
    if all.is_empty() {
        return Err(Failure::new(
            Exit::NotFound,
            "repository_unknown",
            "no lane reads or writes a repository on a Gitea",
        )
        .next("add a forge of kind `gitea`; a local forge needs no webhooks"));
    }
    Ok(if args.repositories.is_empty() {
        all
    } else {
        args.repositories.clone()
    })
}

async fn install(
    config: &Config,
    repositories: &[Repository],
    url: &str,
    out: &Out,
) -> Result<Exit, Failure> {
    let forges = live::forges(config).map_err(|error| failure(&error))?;
    let mut told = Vec::new();
    let mut whole = true;
    for repository in repositories {
        let hook_url = address(url, repository);
        match of_one(config, &forges, repository, &hook_url).await {
            Ok(installed) => {
                let word = match installed {
                    Installed::Created => "created",
                    Installed::Replaced(_) => "replaced",
                };
                if !out.for_programs() {
                    out.data(&format!("{repository}: {word}, to {hook_url}\n"));
                }
                told.push(json!({"repository": repository, "url": hook_url, "hook": word}));
            }
            Err(error) => {
                whole = false;
                out.error(&format!("sendo: {repository}: {error}"));
                told.push(json!({
                    "repository": repository,
                    "url": hook_url,
                    "error": {"reason_code": error.reason_code, "message": error.message},
                }));
            }
        }
    }
    if out.for_programs() {
        out.value(&json!({"hooks": told}));
    }
    if whole {
        out.note("next: sendo doctor");
    }
    Ok(if whole { Exit::Ok } else { Exit::Failed })
}

async fn of_one(
    config: &Config,
    forges: &sendo_forge::Forges,
    repository: &Repository,
    url: &str,
) -> Result<Installed, ForgeError> {
    let secret = config
        .forges
        .get(&repository.forge)
        .and_then(|forge| forge.gitea()?.webhook_secrets.first());
    let secret = secret.map(|secret| secret.read()).transpose();
    let secret =
        secret.map_err(|error| ForgeError::refused("secret_unreadable", error.to_string()))?;
    match (forges.of(repository)?, secret) {
        (Forge::Gitea(gitea), Some(secret)) => {
            let hook = Hook {
                url: url.to_owned(),
                secret,
            };
            gitea.install_hook(repository, &hook).await
        }
        _ => Err(ForgeError::refused(
            "forge_unknown",
            format!("`{repository}` is not on a Gitea"),
        )),
    }
}
