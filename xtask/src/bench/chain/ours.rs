//! Sendo at work on the same ground, and a check that reports as soon as a change request is opened.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::calls::Place;
use super::ground::{Ground, told};
use super::hand::check;
use super::steps::Steps;
use crate::bench::Bench;
use crate::bench::server::{Server, sqlite};

const CONFIGURATION: &str = include_str!("sendo.yaml");
/// How often Sendo is asked whether it is done; what counts are the times it tells.
const LOOK: Duration = Duration::from_millis(25);
const PATIENCE: Duration = Duration::from_secs(60);
/// The turns of a deployment, and what each ends.
const TURNS: [(&str, &str); 5] = [
    ("started", "start"),
    ("change_request_opened", "push and open"),
    ("approved", "check and approve"),
    ("merged", "merge"),
    ("succeeded", "healthy"),
];

/// A server that promotes, and where it is asked.
pub(super) struct Ours {
    server: Server,
    place: Place,
}

impl Ours {
    pub(super) fn start(bench: &Bench<'_>, product: &Path, ground: &Ground) -> Result<Self> {
        let folder = &ground.folder;
        for (file, text) in [
            ("webhook.secret", "hush".to_owned()),
            ("propose.token", told("GITEA_PROPOSE_TOKEN")?),
            ("approve.token", told("GITEA_APPROVE_TOKEN")?),
        ] {
            std::fs::write(folder.join(file), text).context("could not write a secret")?;
        }
        let template = CONFIGURATION
            .replace("{gitea}", &ground.url)
            .replace("{owner}", &ground.owner)
            .replace("{kubeconfig}", &told("KUBECONFIG")?);
        let mut server = Server::of(product, &template, &sqlite(folder), folder)?;
        server.wait_until_ready(bench.interrupt)?;
        let hooks = Command::new(product)
            .args(["hook", "install", "--config", "sendo.yaml"])
            .current_dir(folder)
            .output()
            .context("could not run sendo hook install")?;
        let said = String::from_utf8_lossy(&hooks.stderr);
        ensure!(hooks.status.success(), "no webhooks: {said}");
        let place = Place::new(server.address().to_string(), String::new(), "/api/v1");
        Ok(Self { server, place })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the times that Sendo tells are compared with the machine's clock"
    )]
    /// Releases a tag and waits until the lane's deployment of that number is healthy.
    pub(super) fn promote(
        &self,
        ground: &Ground,
        name: &str,
        tag: &str,
        number: usize,
    ) -> Result<Steps> {
        let began = Instant::now();
        let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1000.0;
        ground.release("web", tag)?;
        let path = format!("/deployments/web/{name}/{number}");
        while began.elapsed() < PATIENCE {
            let (_, told) = self.place.try_call("GET", &path, &Value::Null)?;
            if told["deployment"]["state"] == "succeeded" {
                ensure!(ground.runs(name, tag)?, "{tag} does not run: {told}");
                return timeline(&told, at);
            }
            std::thread::sleep(LOOK);
        }
        bail!("{tag} did not become healthy: {}", self.server.said())
    }
}

/// The steps between the times that it tells.
fn timeline(told: &Value, began: f64) -> Result<Steps> {
    let mut steps = Steps::begin(Instant::now());
    let timeline = told["timeline"].as_array().context("no timeline")?;
    let mut last = began;
    for (turn, step) in TURNS {
        let found = timeline.iter().find(|one| one["turn"]["turn"] == turn);
        let at = found.and_then(|one| one["at"].as_f64());
        let at = at.with_context(|| format!("it never told of {turn}"))? / 1000.0;
        steps.all.push((step, at - last));
        last = at;
    }
    Ok(steps)
}

/// Reports success on every change request of a repository as soon as Gitea tells of it; for ever.
pub(super) fn checks(ground: &Ground, name: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let hook = json!({
        "type": "gitea", "active": true, "events": ["pull_request"],
        "config": { "url": url, "content_type": "json" },
    });
    let path = format!("{}/hooks", ground.repository(name));
    ground.admin.call("POST", &path, &hook)?;
    Ok(listener)
}

/// Takes one delivery after the other.
pub(super) fn report(ground: &Ground, name: &str, listener: &TcpListener) {
    for mut stream in listener.incoming().flatten() {
        let (mut whole, mut part) = (Vec::new(), [0; 16 * 1024]);
        let told = loop {
            match stream.read(&mut part) {
                Ok(length @ 1..) => whole.extend_from_slice(&part[..length]),
                _ => break Value::Null,
            }
            let text = String::from_utf8_lossy(&whole);
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            if let Ok(told) = serde_json::from_str(body) {
                break told;
            }
        };
        let head = told["pull_request"]["head"]["sha"].as_str();
        if told["action"] == "opened"
            && let Some(head) = head
        {
            // Without it the round does not end, which is told then.
            let _ = check(ground, name, head);
        }
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}
