//! The half inside: the first process of a run's namespaces.
//!
//! It makes the stage, starts the parts side by side, runs the command, and ends with its status;
//! then the kernel ends whatever else is left, and the folder goes with the namespace of mounts.
//! Nothing is stopped in order, because nothing of it is looked at again.

mod argocd;
mod command;
mod daemon;
mod gitea;
mod kubernetes;
pub(super) mod plan;
mod services;
mod stage;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};

use super::TROUBLE;
use super::part::Part;
use crate::interrupt;
use crate::out::Out;
use crate::postgres::{self, Durability, Postgres};
use command::Environment;
use daemon::Daemon;
use gitea::Gitea;
use kubernetes::Kubernetes;
use plan::Plan;
use services::Services;
use stage::Stage;

/// Everything that was started.
#[derive(Default)]
struct Running {
    daemons: Vec<Daemon>,
    gitea: Option<Gitea>,
    kubernetes: Option<Kubernetes>,
    postgres: Option<Postgres>,
}

/// Runs the command of a plan; the plan is what `exec` wrote.
pub(super) fn run(plan: &str, command: &[OsString], out: &Out) -> Result<ExitCode> {
    let plan: Plan = serde_json::from_str(plan)
        .context("`testbed inside` is started by `testbed exec`, never by hand")?;
    let stage = Stage::make(plan)?;
    let started = Instant::now();
    let mut running = match start(&stage) {
        Ok(running) => running,
        Err(_) if stage.signals.any() => return Ok(ExitCode::from(interrupt::EXIT_CODE)),
        Err(error) => {
            out.line(&format!("testbed: {error:#}"));
            stage.keep_logs(out);
            return Ok(ExitCode::from(TROUBLE));
        }
    };
    let names: Vec<&str> = stage.plan.parts.iter().map(|part| part.name()).collect();
    out.line(&format!(
        "testbed: started {} in {:.1} s",
        names.join(", "),
        started.elapsed().as_secs_f64()
    ));
    let mut services = Services::offer(std::mem::take(&mut running.daemons), &stage)?;
    let mut environment = environment(&stage, &running);
    environment.set("TESTBED_SERVICES", services.folder());
    let ended = command::run(command, &environment, &stage, &mut services, out)?;
    // Stopping it in order would be time for nothing.
    std::mem::forget(running);
    if ended != 0 {
        stage.keep_logs(out);
    }
    Ok(ExitCode::from(ended))
}

fn start(stage: &Stage) -> Result<Running> {
    let has = |part| stage.plan.parts.contains(&part);
    std::thread::scope(|scope| {
        let gitea = has(Part::Gitea).then(|| scope.spawn(|| gitea::start(stage)));
        let kubernetes = has(Part::Kubernetes).then(|| scope.spawn(|| kubernetes::start(stage)));
        let argocd = has(Part::Argocd).then(|| scope.spawn(|| argocd::start(stage)));
        // Here and not in a thread: the server is told to end when the thread that started it does.
        let postgres = has(Part::Postgres).then(|| database(stage)).transpose();

        let mut running = Running::default();
        if let Some((gitea, daemon)) = gitea.map(joined).transpose()? {
            running.gitea = Some(gitea);
            running.daemons.push(daemon);
        }
        if let Some((kubernetes, daemons)) = kubernetes.map(joined).transpose()? {
            running.kubernetes = Some(kubernetes);
            running.daemons.extend(daemons);
        }
        let argocd = argocd.map(joined).transpose()?;
        if let (Some(early), Some(kubernetes)) = (argocd, &running.kubernetes) {
            let daemons = argocd::follow(early, kubernetes, running.gitea.as_ref(), stage)?;
            running.daemons.extend(daemons);
        }
        running.postgres = postgres?;
        Ok(running)
    })
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow!("a part was started by code that panicked")))
}

fn database(stage: &Stage) -> Result<Postgres> {
    let programs = postgres::programs().context("no Postgres server programs")?;
    Postgres::start_in(
        &stage.folder,
        &programs,
        &stage.log("postgres"),
        Durability::Off,
    )
}

fn environment(stage: &Stage, running: &Running) -> Environment {
    let mut environment = Environment::new(stage);
    if let Some(kubernetes) = &running.kubernetes {
        environment.set("KUBECONFIG", &kubernetes.kubeconfig);
    }
    if let Some(gitea) = &running.gitea {
        environment.set("GITEA_URL", &gitea.url);
        environment.set("GITEA_ADMIN_TOKEN", &gitea.admin);
        environment.set("GITEA_PROPOSE_TOKEN", &gitea.propose);
        environment.set("GITEA_APPROVE_TOKEN", &gitea.approve);
    }
    if let Some(postgres) = &running.postgres {
        environment.set("DATABASE_URL", postgres.url());
    }
    environment
}
