//! What lies on other machines: Giteas, and the clusters that engines are asked in.

use std::collections::BTreeSet;

use sendo_core::engine::{Applied, Engine, Place};
use sendo_core::names::{EngineApplication, Repository};
use sendo_core::promotion::LaneRules;
use sendo_core::time::Timestamp;
use sendo_forge::gitea::Finding;
use sendo_forge::{Forge, Forges};
use sendo_kube::{Addresses, ArgoCd, Clusters};

use super::super::hook;
use super::{Checks, empty};
use crate::cli::Failure;
use crate::cli::serve::failure;
use crate::config::Config;
use crate::live;

const FORGES: &str = "forges";
const ENGINES: &str = "engines";

/// The users Sendo is on each Gitea, what they may do with its repositories, and the webhooks.
pub(super) async fn giteas(config: &Config, checks: &mut Checks) -> Result<(), Failure> {
    let forges = live::forges(config).map_err(|error| failure(&error))?;
    let server = config.server.url.clone();
    let server = server.unwrap_or_else(|| format!("http://{}", config.server.listen));
    for name in config.forges.keys() {
        let Ok(Forge::Gitea(gitea)) = forges.named(name) else {
            continue;
        };
        let users = gitea.examine_users().await;
        // Who does not get in finds the same wrong with everything there.
        let gets_in = users
            .iter()
            .all(|user| user.good || user.reason_code != "user");
        told(Some(name.as_str()), users, checks);
        if !gets_in {
            continue;
        }
        let repositories = hook::on_giteas(config).into_iter();
        for repository in repositories.filter(|repository| repository.forge == *name) {
            let lanes = config.lanes().into_iter();
            let bases: BTreeSet<_> = lanes
                .filter(|rules| rules.deliver.repository == repository && !rules.observes())
                .map(|rules| rules.deliver.base)
                .collect();
            let bases: Vec<_> = bases.into_iter().collect();
            let url = hook::address(&server, &repository);
            let found = gitea.examine(&repository, &bases, Some(&url)).await;
            told(None, found, checks);
        }
    }
    Ok(())
}

/// `about` is what the findings do not name themselves.
fn told(about: Option<&str>, found: Vec<Finding>, checks: &mut Checks) {
    for finding in found {
        let what = match about {
            Some(about) => format!("{about}: {}", finding.message),
            None => finding.message,
        };
        match finding.fix {
            Some(next) => checks.lacks(FORGES, what, next),
            None => checks.fine(FORGES, what),
        }
    }
}

/// Whether every engine's cluster can be asked, and its applications are there and follow the manifests.
pub(super) async fn engines(config: &Config, checks: &mut Checks) -> Result<(), Failure> {
    let lanes = config.lanes();
    if lanes.iter().all(|rules| rules.engine.is_none()) {
        return Ok(());
    }
    let clusters = live::clusters(config).map_err(|error| failure(&error))?;
    let forges = live::forges(config).map_err(|error| failure(&error))?;
    let store = empty().await.map_err(|error| failure(&error.into()))?;
    let now = store.now().await.map_err(|error| failure(&error.into()))?;
    let look = Look {
        clusters,
        forges,
        now,
    };
    for rules in &lanes {
        if let Some(engine) = &rules.engine {
            look.at(rules, engine, checks).await;
        }
    }
    Ok(())
}

struct Look {
    clusters: Clusters,
    forges: Forges,
    now: Timestamp,
}

impl Look {
    async fn at(&self, rules: &LaneRules, engine: &Engine, checks: &mut Checks) {
        const NEXT: &str = "see to that first, then look again";
        let lane = &rules.lane;
        let argocd = match self.clusters.argocd(&engine.cluster).await {
            Ok(Some(argocd)) => argocd,
            Ok(None) => return,
            Err(error) => return checks.lacks(ENGINES, format!("{lane}: {error}"), NEXT),
        };
        for application in &engine.applications {
            let repository = &rules.deliver.repository;
            match self.application(&argocd, application, repository).await {
                Ok(applied) => say(&lane.to_string(), &applied, checks),
                Err(why) => checks.lacks(ENGINES, format!("{lane}: {why}"), NEXT),
            }
        }
    }

    async fn application(
        &self,
        argocd: &ArgoCd,
        application: &EngineApplication,
        repository: &Repository,
    ) -> Result<Applied, String> {
        let forge = self.forges.of(repository);
        let addresses = forge.map_err(|error| error.message)?.addresses(repository);
        let addresses = Addresses::new(addresses.iter().map(String::as_str));
        let seen = argocd.observe(application, &addresses, &[], self.now).await;
        let seen = seen.map_err(|error| error.to_string())?;
        Ok(seen.placed(Place::Unknown))
    }
}

fn say(lane: &str, applied: &Applied, checks: &mut Checks) {
    let name = &applied.application;
    if !applied.exists {
        let what = format!("{lane}: there is no application {name} in Argo CD");
        return checks.lacks(ENGINES, what, "make it, or correct `applications`");
    }
    match (&applied.revision, &applied.message) {
        (None, Some(why)) => checks.lacks(
            ENGINES,
            format!("{lane}: the application {name}: {why}"),
            "correct its source; where it is the same repository by another address, add that to `also_at` of the forge",
        ),
        _ => checks.fine(ENGINES, format!("{lane}: {name} follows the manifests")),
    }
}
