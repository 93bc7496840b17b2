//! Gitea with an admin and two bots, each with a token.
//!
//! Those who propose and those who approve are different people on a forge that wants two pairs of
//! eyes, so there are two bots, with the rights a bot of Sendo needs and no more.

use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::daemon::{Daemon, is_well};
use super::stage::{Stage, secret, system};
use crate::testbed::http::Request;
use crate::unprivileged::User;

const SETTINGS: &str = include_str!("../../../testbed/gitea/app.ini");
const PORT: u16 = 3000;
/// `admin` is a name that Gitea keeps for itself.
const ADMIN: &str = "testbed-admin";
const PROPOSE: &str = "sendo-propose";
const APPROVE: &str = "sendo-approve";
/// What a bot's token may be used for.
const BOT: [&str; 4] = [
    "read:organization",
    "read:user",
    "write:issue",
    "write:repository",
];

/// A forge that answers, and the tokens of those who use it.
pub(super) struct Gitea {
    pub(super) url: String,
    pub(super) admin: String,
    pub(super) propose: String,
    pub(super) approve: String,
}

impl Gitea {
    /// Whose token `admin` is.
    pub(super) const ADMIN: &str = ADMIN;
}

/// Starts it; returns when everybody has a token.
pub(super) fn start(stage: &Stage) -> Result<(Gitea, Daemon)> {
    let user = User::to_run_as()?;
    let work = stage.folder.join("gitea");
    let program = stage.program("gitea")?;
    let folder = program.parent().context("gitea lies in no folder")?;
    // Where the program is may be a place that its user cannot reach.
    let reachable = stage.folder.join("gitea-program");
    for folder in [&work, &reachable] {
        std::fs::create_dir(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
    }
    let (from, to) = (folder.to_string_lossy(), reachable.to_string_lossy());
    system("mount", &["--bind", &from, &to])?;
    // One that its makers built has its folders in itself.
    let static_files = match stage.reads("gitea", "")? {
        Some(_) => to.as_ref(),
        None => "",
    };
    let settings = stage.write(
        "gitea/app.ini",
        &SETTINGS
            .replace("{user}", user.name())
            .replace("{work}", &work.to_string_lossy())
            .replace("{port}", &PORT.to_string())
            .replace("{static}", static_files)
            .replace("{secret}", &secret()?),
    )?;
    for path in [&work, &settings] {
        user.own(path)?;
    }
    let call = |arguments: &[&str]| {
        let mut command = user.command(&reachable.join("gitea"));
        command
            .args(arguments)
            .arg("--config")
            .arg(&settings)
            .current_dir(&work)
            .env("HOME", &work)
            .env("USER", user.name())
            .env("TMPDIR", &work);
        command
    };
    let mut web = Daemon::start("gitea", call(&["web"]), stage)?;
    web.wait_until("Gitea", || is_well(PORT, "/api/healthz"))?;

    let (password, bots_password) = (secret()?, secret()?);
    let mut create = call(&["admin", "user", "create", "--admin"]);
    create
        .args(["--username", ADMIN, "--password", &password])
        .args(["--email", "admin@testbed.invalid"])
        .arg("--must-change-password=false")
        .stdin(Stdio::null());
    let created = create.output().context("could not run gitea admin")?;
    if !created.status.success() {
        bail!(
            "gitea admin user create failed: {}{}",
            String::from_utf8_lossy(&created.stdout),
            String::from_utf8_lossy(&created.stderr).trim()
        );
    }
    let admin = token(ADMIN, &password, &["all"])?;
    for bot in [PROPOSE, APPROVE] {
        let made = json!({
            "username": bot,
            "password": bots_password,
            "email": format!("{bot}@testbed.invalid"),
            "must_change_password": false,
        });
        post("/api/v1/admin/users", &format!("token {admin}"), &made)?;
    }
    let gitea = Gitea {
        url: format!("http://127.0.0.1:{PORT}"),
        propose: token(PROPOSE, &bots_password, &BOT)?,
        approve: token(APPROVE, &bots_password, &BOT)?,
        admin,
    };
    Ok((gitea, web))
}

/// A token of a user, who has to come with the password.
fn token(user: &str, password: &str, scopes: &[&str]) -> Result<String> {
    let made = post(
        &format!("/api/v1/users/{user}/tokens"),
        &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        &json!({"name": "testbed", "scopes": scopes}),
    )?;
    made["sha1"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("Gitea made a token for {user} and did not tell it"))
}

fn post(path: &str, authorization: &str, body: &Value) -> Result<Value> {
    let request = Request {
        port: PORT,
        method: "POST",
        path,
        authorization,
        body: &body.to_string(),
    };
    let (status, answer) = request
        .send()
        .with_context(|| format!("Gitea did not answer POST {path}"))?;
    if status != 201 {
        bail!("Gitea answered POST {path} with {status}: {answer}");
    }
    serde_json::from_str(&answer)
        .with_context(|| format!("Gitea's answer to POST {path} is no JSON"))
}
