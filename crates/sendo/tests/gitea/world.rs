//! Two repositories of a story's own on the Gitea, the people who work on them, and a server.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sendo_testkit::stage::{Ended, Stage, free_port};
use sendo_testkit::{Server, http, story, wait};
use serde_json::{Value, json};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sendo");
pub(crate) const LONGEST: Duration = Duration::from_secs(60);
/// Nothing may depend on the sweep unless it is what a story is about.
const HOURLY: &str = "1h";

const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:PORT", database: "DATABASE", lease: 2s, sweep: SWEEP }
forges:
  acme:
    kind: gitea
    url: "GITEA"
    webhook_secret: "${file:webhook.secret}"
    proposer: { token: "${file:propose.token}" }
    approver: { token: "${file:approve.token}" }
applications:
  web:
    repository: acme:OWNER/WEB
    environments:
      test:
        on: { merged_into: main }
        deliver: { promotion: { repository: acme:OWNER/MANIFESTS, base: main, checks: [ci/validate],
          edits: [{ kustomization: web/test, image: web }] } }
"#;

pub(crate) fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: see the head of main.rs"))
}

/// A story's stage.
pub(crate) struct World {
    pub(crate) stage: Stage,
    pub(crate) owner: String,
    pub(crate) manifests: String,
    pub(crate) web: String,
}

impl World {
    /// `web` and its manifests, which both of our users may write to and the approver administers.
    pub(crate) fn set() -> Self {
        Self::swept(HOURLY)
    }

    /// The same, looked at as often by itself.
    pub(crate) fn swept(sweep: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{}-{count}", std::process::id());
        let owner = login("GITEA_ADMIN_TOKEN");
        let world = Self {
            stage: Stage::set(PROGRAM),
            owner,
            manifests: format!("manifests-{unique}"),
            web: format!("web-{unique}"),
        };
        for repository in [&world.web, &world.manifests] {
            world.make(repository);
        }
        let file = story::kustomization("web");
        world.push_file(&world.manifests, "web/test/kustomization.yaml", &file);
        for (file, secret) in [
            ("webhook.secret", "hush".to_owned()),
            ("propose.token", env("GITEA_PROPOSE_TOKEN")),
            ("approve.token", env("GITEA_APPROVE_TOKEN")),
        ] {
            std::fs::write(world.stage.folder().join(file), secret).unwrap();
        }
        let text = CONFIGURATION
            .replace("PORT", &free_port().to_string())
            .replace("SWEEP", sweep)
            .replace("GITEA", &env("GITEA_URL"))
            .replace("OWNER", &world.owner)
            .replace("WEB", &world.web)
            .replace("MANIFESTS", &world.manifests);
        world.stage.configure(&text);
        world
    }

    /// Another configuration in its place.
    pub(crate) fn reconfigure(&self, change: impl Fn(String) -> String) {
        let text = std::fs::read_to_string(self.stage.configuration()).unwrap();
        std::fs::write(self.stage.configuration(), change(text)).unwrap();
    }

    fn make(&self, name: &str) {
        let made = json!({ "name": name, "auto_init": true, "default_branch": "main" });
        call("GITEA_ADMIN_TOKEN", "POST", "/user/repos", &made);
        for (token, right) in [
            ("GITEA_PROPOSE_TOKEN", "write"),
            ("GITEA_APPROVE_TOKEN", "admin"),
        ] {
            let path = format!(
                "/repos/{}/{name}/collaborators/{}",
                self.owner,
                login(token)
            );
            call(
                "GITEA_ADMIN_TOKEN",
                "PUT",
                &path,
                &json!({ "permission": right }),
            );
        }
        let url = env("GITEA_URL").replacen("://", "://dev:TOKEN@", 1);
        let url = url.replace("TOKEN", &env("GITEA_ADMIN_TOKEN"));
        let url = format!("{url}/{}/{name}.git", self.owner);
        let clone = self.stage.clone_of(name).to_string_lossy().into_owned();
        self.stage
            .git(self.stage.folder(), "dev", &["clone", "-q", &url, &clone]);
    }

    /// A developer changes a file on `main`; gives the commit.
    pub(crate) fn push_file(&self, repository: &str, path: &str, text: &str) -> String {
        let clone = self.stage.clone_of(repository);
        self.stage
            .git(&clone, "dev", &["pull", "-q", "--rebase", "origin", "main"]);
        self.stage.write(repository, path, text);
        let commit = self
            .stage
            .commit(repository, "dev", &format!("Change {path}"));
        self.stage
            .git(&clone, "dev", &["push", "-q", "origin", "HEAD:main"]);
        commit
    }

    /// A developer merges something into `main` of `web`.
    pub(crate) fn merge(&self, text: &str) -> String {
        self.push_file(&self.web, "cart.txt", text)
    }

    /// Somebody does something with the manifests repository.
    pub(crate) fn on(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/repos/{}/{}/{path}", self.owner, self.manifests);
        call("GITEA_ADMIN_TOKEN", method, &path, body)
    }

    /// Protects `main` of the manifests: nobody pushes, and a merge takes the check and so many approvals.
    pub(crate) fn protect(&self, approvals: u32) {
        let rule = json!({
            "rule_name": "main", "enable_push": false, "enable_status_check": true,
            "status_check_contexts": ["ci/validate"], "required_approvals": approvals,
            "block_on_rejected_reviews": true,
        });
        self.on("POST", "branch_protections", &rule);
    }

    /// The webhooks of both repositories, as `sendo hook install` makes them.
    pub(crate) fn hook(&self) -> Ended {
        let ended = self.stage.sendo(&["hook", "install"]);
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        ended
    }

    /// A server at work that has looked for the first time.
    pub(crate) fn served(&self) -> Server {
        let mut server = self.stage.served();
        let looked = wait::until("the first look", LONGEST, || {
            let backlog = server.get("/api/v1/backlog")?;
            story::is_empty(&backlog).then_some(())
        });
        looked.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
        server
    }

    /// The change requests of the manifests, open and closed, oldest first.
    pub(crate) fn changes(&self) -> Vec<Value> {
        let all = self.on("GET", "pulls?state=all&limit=50", &Value::Null);
        let mut all = all.as_array().unwrap().clone();
        all.sort_by_key(|pull| pull["number"].as_u64());
        all
    }

    /// The one change request there is, once it is open.
    pub(crate) fn change(&self) -> Value {
        let found = wait::until("a change request", LONGEST, || {
            self.changes().into_iter().next_back()
        });
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A check reports on a commit of the manifests.
    pub(crate) fn check(&self, head: &str, state: &str) {
        let status = json!({ "context": "ci/validate", "state": state });
        self.on("POST", &format!("statuses/{head}"), &status);
    }

    /// What a file says on `main` of the manifests.
    pub(crate) fn manifest(&self) -> String {
        let path = format!(
            "/repos/{}/{}/raw/web/test/kustomization.yaml?ref=main",
            self.owner, self.manifests
        );
        text("GITEA_ADMIN_TOKEN", "GET", &path, &Value::Null)
    }

    /// How many reviews a change request has by our second identity.
    pub(crate) fn approvals(&self, number: u64) -> usize {
        let reviews = self.on("GET", &format!("pulls/{number}/reviews"), &Value::Null);
        let ours = login("GITEA_APPROVE_TOKEN");
        let is_ours = |review: &&Value| {
            review["user"]["login"] == ours.as_str() && review["state"] == "APPROVED"
        };
        reviews.as_array().unwrap().iter().filter(is_ours).count()
    }
}

/// The head of a change request.
pub(crate) fn head(change: &Value) -> String {
    change["head"]["sha"].as_str().unwrap().to_owned()
}

pub(crate) fn number(change: &Value) -> u64 {
    change["number"].as_u64().unwrap()
}

/// Waits until the newest deployment is in a state, or waits for something.
pub(crate) fn until(server: &mut Server, what: &str) -> Value {
    let found = wait::until(what, LONGEST, || {
        let listed = server.get("/api/v1/deployments?limit=1")?;
        let newest = &listed["deployments"][0];
        let is = newest["state"] == what || newest["waiting"]["for"] == what;
        is.then(|| newest.clone())
    });
    found.unwrap_or_else(|error| {
        let listed = server.get("/api/v1/deployments?limit=5");
        panic!("{error}\n{listed:?}\n{}", server.log())
    })
}

/// Waits until nothing is left to do.
pub(crate) fn quiet(server: &mut Server) {
    let rest = wait::until("it is at rest", LONGEST, || {
        story::is_at_rest(server).then_some(())
    });
    rest.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
}

/// Who has a token.
pub(crate) fn login(token: &str) -> String {
    let user = call(token, "GET", "/user", &Value::Null);
    user["login"].as_str().unwrap().to_owned()
}

/// Asks the Gitea as whoever has a token.
pub(crate) fn call(token: &str, method: &str, path: &str, body: &Value) -> Value {
    serde_json::from_str(&text(token, method, path, body)).unwrap_or_default()
}

fn text(token: &str, method: &str, path: &str, body: &Value) -> String {
    let address: SocketAddr = env("GITEA_URL")
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    let token = format!("token {}", env(token));
    let headers = [
        ("Authorization", token.as_str()),
        ("Content-Type", "application/json"),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let path = format!("/api/v1{path}");
    let answer = http::request(address, method, &path, &headers, &body);
    let (status, text) = answer.unwrap();
    assert!(
        (200..300).contains(&status),
        "{method} {path}: {status} {text}"
    );
    text
}
