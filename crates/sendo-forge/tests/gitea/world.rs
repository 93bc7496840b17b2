//! A repository of its own for each story, and the people who work on it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use sendo_core::deployment::DeploymentId;
use sendo_core::effect::{ChangeRequest, Edit, Outcome, Publish, Published, Story};
use sendo_core::names::{BranchName, Principal, Repository, Revision};
use sendo_core::time::Timestamp;
use sendo_forge::gitea::{Access, GiteaActs};
use sendo_forge::{Forge, Open};
use sendo_git::{
    Change, Credentials, Expect, NewCommit, RefName, RefUpdate, RemoteRepository, Signature,
    TreePath,
};
use serde_json::{Value, json};

pub(crate) const FILE: &str = "overlays/test/kustomization.yaml";
pub(crate) const BRANCH: &str = "sendo/web/test/1-x1";
pub(crate) const AT: Timestamp = Timestamp(1_700_000_000_000_000);
const MESSAGE: &str = "Deploy\n\nSendo-Deployment: web/test/1\n";

pub(crate) fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: see the head of main.rs"))
}

pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Our own two users, as what is seen names them.
pub(crate) fn ours() -> Vec<Principal> {
    sendo_forge::gitea::ours(&"acme".parse().unwrap())
}

pub(crate) fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

pub(crate) fn revision(oid: impl ToString) -> Revision {
    Revision::new(oid.to_string()).unwrap()
}

/// A repository of the admin's, which our two users may write to.
pub(crate) struct World {
    pub(crate) repository: Repository,
    pub(crate) acts: GiteaActs,
    pub(crate) forge: Forge,
    /// Somebody else's access to it.
    pub(crate) git: RemoteRepository,
    http: reqwest::Client,
}

impl World {
    /// With one manifest on `main`.
    pub(crate) async fn new() -> Self {
        Self::at(&env("GITEA_URL")).await
    }

    /// The same, where we reach the Gitea by another address.
    pub(crate) async fn at(url: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!(
            "r{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let http = http();
        let owner = user(&http, "GITEA_ADMIN_TOKEN").await;
        let repository: Repository = format!("acme:{owner}/{name}").parse().unwrap();
        let address = format!("{}/{}.git", env("GITEA_URL"), repository.path);
        let admin = SecretString::from(env("GITEA_ADMIN_TOKEN"));
        let credentials = Credentials::basic("admin", admin);
        let git = RemoteRepository::new(http.clone(), &address, Some(credentials)).unwrap();
        let acts = acts(
            url,
            &env("GITEA_PROPOSE_TOKEN"),
            &env("GITEA_APPROVE_TOKEN"),
        );
        let world = Self {
            forge: Forge::Gitea(acts.clone()),
            repository,
            acts,
            git,
            http,
        };
        let made = json!({ "name": name, "auto_init": true, "default_branch": "main" });
        world.call(Method::POST, "/user/repos", made).await;
        for token in ["GITEA_PROPOSE_TOKEN", "GITEA_APPROVE_TOKEN"] {
            let login = user(&world.http, token).await;
            let right = json!({ "permission": "write" });
            world
                .on(Method::PUT, &format!("collaborators/{login}"), right)
                .await;
        }
        world
            .push("main", FILE, "images:\n- name: web\n  newTag: v1\n")
            .await;
        world
    }

    /// Somebody does something by the API.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", env("GITEA_URL"));
        let token = format!("token {}", env("GITEA_ADMIN_TOKEN"));
        let request = self
            .http
            .request(method, url)
            .header("authorization", token);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Somebody does something with the repository.
    pub(crate) async fn on(&self, method: Method, path: &str, body: Value) -> Value {
        let path = format!("/repos/{}/{path}", self.repository.path);
        self.call(method, &path, body).await
    }

    /// Somebody pushes a file to a branch, which starts at `main` if it is new.
    pub(crate) async fn push(&self, branch: &str, file: &str, text: &str) -> Revision {
        push(&self.git, branch, file, text).await
    }

    /// Somebody moves a branch, or deletes it.
    pub(crate) async fn set(&self, branch: &str, to: Option<&Revision>) {
        let update = RefUpdate {
            name: RefName::branch(branch).unwrap(),
            new: to.map(|to| to.as_str().parse().unwrap()),
            old: Expect::Any,
        };
        self.git.publish(&[update], &[]).await.unwrap();
    }

    pub(crate) async fn head(&self, branch: &str) -> Option<Revision> {
        let name = RefName::branch(branch).unwrap();
        self.git.resolve(&name).await.unwrap().map(revision)
    }

    /// A check reports.
    pub(crate) async fn check(&self, head: &Revision, context: &str, state: &str) {
        let status = json!({ "state": state, "context": context });
        self.on(Method::POST, &format!("statuses/{head}"), status)
            .await;
    }

    pub(crate) fn edits(&self) -> Vec<Edit> {
        vec![Edit::Image {
            path: "overlays/test".to_owned(),
            image: "web".to_owned(),
            new_name: None,
            new_tag: Some("v2".to_owned()),
            digest: None,
        }]
    }

    pub(crate) fn publish(&self, replaces: Option<Revision>) -> Publish {
        let lane = "web/test".parse().unwrap();
        Publish {
            repository: self.repository.clone(),
            base: branch("main"),
            branch: branch(BRANCH),
            replaces,
            edits: self.edits(),
            undoes: Vec::new(),
            expected_old: None,
            deployment: DeploymentId::new(&lane, 1),
            story: Story {
                application: "web".to_owned(),
                environment: "test".to_owned(),
                source: self.repository.clone(),
                revision: Revision::nowhere(),
                previous: None,
                reference: "main".to_owned(),
                version: "v2".to_owned(),
                included: Vec::new(),
                omitted: 0,
                requested_by: None,
                checks: Vec::new(),
                people: 0,
                undoes: None,
            },
            at: AT,
        }
    }

    /// Our commit, on its branch.
    pub(crate) async fn published(&self, replaces: Option<Revision>) -> Published {
        let plan = self.publish(replaces);
        match self
            .forge
            .publish(&plan, MESSAGE, false, &|| true)
            .await
            .unwrap()
        {
            Outcome::Published(published) => published,
            other => unreachable!("{other:?}"),
        }
    }

    pub(crate) fn opening(&self, head: &Revision) -> Open {
        Open {
            repository: self.repository.clone(),
            branch: branch(BRANCH),
            base: branch("main"),
            head: head.clone(),
            title: "Deploy web to test".to_owned(),
            body: "From v1 to v2.".to_owned(),
            at: AT,
        }
    }

    /// Our commit, and the change request for it.
    pub(crate) async fn opened(&self) -> (Published, u64) {
        let published = self.published(None).await;
        let open = self.opening(&published.commit);
        match self.forge.open(&open).await.unwrap() {
            Outcome::Opened { number, .. } => (published, number),
            other => unreachable!("{other:?}"),
        }
    }

    pub(crate) async fn look(&self, number: u64) -> ChangeRequest {
        let edits = self.edits();
        let looked = self.forge.change_request(&self.repository, number, &edits);
        looked.await.unwrap()
    }

    /// Asks again and again until it is as wanted; what was seen last where it never is.
    pub(crate) async fn until(
        &self,
        number: u64,
        wanted: impl Fn(&ChangeRequest) -> bool,
    ) -> ChangeRequest {
        let mut seen = self.look(number).await;
        for _ in 0..100 {
            if wanted(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            seen = self.look(number).await;
        }
        unreachable!("{seen:?}");
    }

    pub(crate) async fn approve(&self, number: u64, head: &Revision) -> Outcome {
        let approved = self.forge.approve(&self.repository, number, head, AT);
        approved.await.unwrap()
    }

    pub(crate) async fn merge(&self, number: u64, head: &Revision) -> Outcome {
        let merged = self.forge.merge(&self.repository, number, head, AT);
        merged.await.unwrap()
    }
}

/// Who has a token.
async fn user(http: &reqwest::Client, token: &str) -> String {
    let url = format!("{}/api/v1/user", env("GITEA_URL"));
    let token = format!("token {}", env(token));
    let request = http.get(url).header("authorization", token);
    let user: Value = request.send().await.unwrap().json().await.unwrap();
    user["login"].as_str().unwrap().to_owned()
}

pub(crate) fn acts(url: &str, proposer: &str, approver: &str) -> GiteaActs {
    let access = Access {
        name: "acme".parse().unwrap(),
        url: url.to_owned(),
        proposer: SecretString::from(proposer),
        approver: SecretString::from(approver),
        labels: vec!["sendo".to_owned(), "no such label".to_owned()],
        also_at: Vec::new(),
    };
    GiteaActs::new(http(), access).unwrap()
}

pub(crate) async fn push(git: &RemoteRepository, branch: &str, file: &str, text: &str) -> Revision {
    let change = Change::write(TreePath::new(file).unwrap(), text.as_bytes().to_vec());
    push_all(git, branch, &[change], &format!("Change {file}")).await
}

pub(crate) async fn push_all(
    git: &RemoteRepository,
    branch: &str,
    changes: &[Change],
    message: &str,
) -> Revision {
    let name = RefName::branch(branch).unwrap();
    let main = RefName::branch("main").unwrap();
    let standing = git.resolve(&name).await.unwrap();
    let base = match standing {
        Some(head) => head,
        None => git.resolve(&main).await.unwrap().unwrap(),
    };
    let tree = git.write_tree_with(base, changes).await.unwrap();
    let who = Signature {
        name: "Bob".to_owned(),
        email: "bob@example.com".to_owned(),
        at_seconds: AT.as_seconds(),
    };
    let commit = NewCommit {
        tree: tree.oid(),
        parents: vec![base],
        author: who.clone(),
        committer: who,
        message: message.to_owned(),
    };
    let draft = tree.commit(&commit).unwrap();
    let update = RefUpdate {
        name,
        new: Some(draft.oid()),
        old: standing.map_or(Expect::Absent, Expect::Oid),
    };
    git.publish(&[update], &[&draft]).await.unwrap();
    revision(draft.oid())
}
