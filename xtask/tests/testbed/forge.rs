//! What people and bots do on the Gitea of the testbed.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::Request;
use crate::{run, told};

/// A repository whose `main` wants the check `ci/validate` and one approval, and a clone of it.
pub(crate) struct Forge {
    /// `owner/name`.
    pub(crate) repository: String,
    pub(crate) url: String,
    clone: TempDir,
}

/// Sends a request as the holder of a token.
pub(crate) fn ask(token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let url = told("GITEA_URL");
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = Request {
        port,
        method,
        path: &format!("/api/v1{path}"),
        authorization: &format!("token {}", told(token)),
        body: &body,
    };
    let (status, answer) = request.send().unwrap();
    (
        status,
        serde_json::from_str(&answer).unwrap_or(Value::String(answer)),
    )
}

fn done(token: &str, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = ask(token, method, path, body);
    assert!(
        (200..300).contains(&status),
        "{method} {path}: {status} {answer}"
    );
    answer
}

impl Forge {
    pub(crate) fn with_repository(name: &str) -> Self {
        let admin = done("GITEA_ADMIN_TOKEN", "GET", "/user", &Value::Null);
        let repository = format!("{}/{name}", admin["login"].as_str().unwrap());
        let made = json!({"name": name, "auto_init": true, "private": true});
        let made = done("GITEA_ADMIN_TOKEN", "POST", "/user/repos", &made);
        for token in ["GITEA_PROPOSE_TOKEN", "GITEA_APPROVE_TOKEN"] {
            let bot = done(token, "GET", "/user", &Value::Null);
            let path = format!(
                "/repos/{repository}/collaborators/{}",
                bot["login"].as_str().unwrap()
            );
            done(
                "GITEA_ADMIN_TOKEN",
                "PUT",
                &path,
                &json!({"permission": "write"}),
            );
        }
        let forge = Self {
            url: made["clone_url"].as_str().unwrap().to_owned(),
            repository,
            clone: TempDir::new().unwrap(),
        };
        let with_token = forge.url.replace(
            "http://",
            &format!("http://any:{}@", told("GITEA_PROPOSE_TOKEN")),
        );
        run(
            "git",
            &["clone", "-q", &with_token, forge.path().to_str().unwrap()],
        );
        forge
    }

    /// From now on `main` takes change requests only.
    pub(crate) fn protect(&self) {
        let rule = json!({
            "rule_name": "main",
            "required_approvals": 1,
            "enable_status_check": true,
            "status_check_contexts": ["ci/validate"],
        });
        done(
            "GITEA_ADMIN_TOKEN",
            "POST",
            &self.path_of("branch_protections"),
            &rule,
        );
    }

    fn path(&self) -> &Path {
        self.clone.path()
    }

    fn path_of(&self, what: &str) -> String {
        format!("/repos/{}/{what}", self.repository)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut all = vec!["-C", self.path().to_str().unwrap()];
        all.extend([
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.invalid",
        ]);
        all.extend(arguments);
        run("git", &all).trim().to_owned()
    }

    /// Writes files, commits them and pushes them to a branch over HTTP; gives the commit.
    pub(crate) fn push(&self, branch: &str, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            let file = self.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        self.git(&["checkout", "-q", "-B", branch]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", "change"]);
        self.git(&["push", "-q", "origin", branch]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn open(&self, branch: &str) -> u64 {
        let wanted = json!({"head": branch, "base": "main", "title": "deploy"});
        let opened = done(
            "GITEA_PROPOSE_TOKEN",
            "POST",
            &self.path_of("pulls"),
            &wanted,
        );
        opened["number"].as_u64().unwrap()
    }

    /// The check says that all is well.
    pub(crate) fn report(&self, commit: &str) {
        let status = json!({"context": "ci/validate", "state": "success"});
        let path = self.path_of(&format!("statuses/{commit}"));
        done("GITEA_ADMIN_TOKEN", "POST", &path, &status);
    }

    pub(crate) fn approve(&self, number: u64, commit: &str) {
        let review = json!({"event": "APPROVED", "commit_id": commit});
        let path = self.path_of(&format!("pulls/{number}/reviews"));
        done("GITEA_APPROVE_TOKEN", "POST", &path, &review);
    }

    /// Tries to merge the head that is named; gives the status and what the forge says.
    pub(crate) fn merge(&self, number: u64, head: &str) -> (u16, Value) {
        let wanted = json!({"Do": "merge", "head_commit_id": head});
        let path = self.path_of(&format!("pulls/{number}/merge"));
        ask("GITEA_PROPOSE_TOKEN", "POST", &path, &wanted)
    }

    pub(crate) fn hook(&self, url: &str, secret: &str) {
        let hook = json!({
            "type": "gitea",
            "active": true,
            "events": ["push"],
            "config": {"url": url, "content_type": "json", "secret": secret},
        });
        done("GITEA_ADMIN_TOKEN", "POST", &self.path_of("hooks"), &hook);
    }
}
