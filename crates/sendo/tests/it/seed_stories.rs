//! Two applications whose merges and tags travel into a manifests repository, told against the real
//! program, with the stories of what went wrong in systems like it before.

use std::time::Duration;

use sendo_testkit::stage::Stage;
use sendo_testkit::{Server, http, story, wait};
use serde_json::Value;

const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:0", database: "DATABASE", lease: 1s, sweep: 2s }
forges: { here: { kind: local, root: . } }
applications:
  example1:
    repository: here:team/example1
    environments:
      test:
        on: { merged_into: develop }
        deliver: { promotion: { repository: here:manifests, base: main, checks: [ci],
          edits: [{ kustomization: example1/test, image: example1, tag: "{sha}" }] } }
      production:
        on: { merged_into: master }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: example1/production, image: example1, tag: "{sha}" }] } }
  example2:
    repository: here:team/example2
    environments:
      test:
        on: { merged_into: master }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: example2/test, image: example2, tag: "{sha}" }] } }
      production:
        on: { tag: "release-*" }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: example2/production, image: example2, tag: "{tag}" }] } }
      mobile:
        on: { tag: "mobile/*" }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: example2/mobile, image: example2, tag: "{sha}" }] } }
  namesake:
    repository: here:others/example1
    environments:
      test:
        on: { merged_into: develop }
        deliver: { promotion: { repository: here:manifests, base: main,
          edits: [{ kustomization: namesake/test, image: example1, tag: "{sha}" }] } }
"#;
const LONGEST: Duration = Duration::from_secs(60);

/// The stage with its server.
struct Town {
    stage: Stage,
    server: Server,
}

fn path(lane: &str) -> String {
    format!("{lane}/kustomization.yaml")
}

fn template(lane: &str) -> String {
    let application = lane.split('/').next().unwrap();
    story::kustomization(application).replace("namesake", "example1")
}

impl Town {
    fn built() -> Self {
        let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
        for name in ["team/example1", "team/example2", "others/example1"] {
            stage.repository(name, "master", &[("README.md", "# Hello\n")]);
            stage.push(name, "develop");
        }
        let lanes = [
            "example1/test",
            "example1/production",
            "example2/test",
            "example2/production",
            "example2/mobile",
            "namesake/test",
        ];
        let files = lanes.map(|lane| (path(lane), template(lane)));
        let files = files.each_ref().map(|(path, text)| (&**path, &**text));
        stage.repository("manifests", "main", &files);
        stage.configure(CONFIGURATION);
        let mut server = stage.serve();
        assert!(server.came_up(), "{}", server.log());
        Self { stage, server }
    }

    fn tag(&self, repository: &str, tag: &str) -> String {
        self.stage.push(repository, &format!("refs/tags/{tag}"));
        let clone = self.stage.clone_of(repository);
        self.stage.git(&clone, "mei", &["rev-parse", "HEAD"])
    }

    fn lane(&mut self, lane: &str) -> Value {
        let board = self.server.get("/api/v1/board").unwrap_or_default();
        let lanes = board["lanes"].as_array().cloned().unwrap_or_default();
        let is = |view: &Value| {
            let part = |key: &str| view["lane"][key].as_str().unwrap().to_owned();
            format!("{}/{}", part("application"), part("environment")) == lane
        };
        lanes.into_iter().find(|view| is(view)).unwrap_or_default()
    }

    /// Waits until the lane is said to run `version`; then its file differs in those bytes alone.
    fn arrives(&mut self, lane: &str, version: &str) {
        wait::until(lane, LONGEST, || {
            let view = self.lane(lane);
            (view["running"]["version"] == version).then_some(())
        })
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.lane(lane), self.server.log()));
        let file = self.stage.file("manifests", "main", &path(lane));
        let want = template(lane).replace("0000000", version);
        assert_eq!(file, want.trim_end());
    }

    fn waits_for(&mut self, lane: &str, what: &str) -> Value {
        wait::until(what, LONGEST, || {
            let moving = self.lane(lane)["moving"].clone();
            (moving["waiting"]["for"] == what).then_some(moving)
        })
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.lane(lane), self.server.log()))
    }

    /// Waits until everything heard so far was dealt with.
    fn rests(&mut self) {
        let server = &mut self.server;
        wait::until("rest", LONGEST, || story::is_at_rest(server).then_some(())).unwrap();
    }

    fn started(&mut self, lane: &str) -> usize {
        let (application, environment) = lane.split_once('/').unwrap();
        let path =
            format!("/api/v1/deployments?application={application}&environment={environment}");
        let listed = self.server.get(&path).unwrap();
        listed["deployments"].as_array().unwrap().len()
    }

    /// The head of a change request of the manifests repository.
    fn head(&self, moving: &Value) -> String {
        let number = &moving["change"]["number"];
        let name = format!("refs/sendo/changes/{number}/head");
        let bare = self.stage.bare("manifests");
        self.stage.git(&bare, "ci", &["rev-parse", &name])
    }

    fn ends(self) {
        assert_eq!(self.server.end(), Some(0));
        assert!(sendo_testkit::process::at_work_in(self.stage.folder()).is_empty());
    }
}

#[test]
fn merges_and_tags_arrive_where_they_belong_and_change_nothing_but_the_tag() {
    let mut town = Town::built();
    let develop = town.stage.work("team/example1", "develop", "Add a cart");
    let moving = town.waits_for("example1/test", "checks");
    story::check(&town.stage, &town.head(&moving), "success");
    town.arrives("example1/test", &develop);
    town.stage.push("team/example1", "master");
    town.arrives("example1/production", &develop);
    let master = town.stage.work("team/example2", "master", "Fix rounding");
    town.arrives("example2/test", &master);
    town.tag("team/example2", "release-1.0");
    town.arrives("example2/production", "release-1.0");
    town.rests();
    town.ends();
}

#[test]
fn a_change_request_that_is_closed_unmerged_starts_nothing() {
    let mut town = Town::built();
    town.stage.work("team/example2", "idea", "An idea");
    let on = "team/example2.git";
    let open = [
        "change", "open", on, "--branch", "idea", "--base", "master", "--title", "Idea",
    ];
    assert_eq!(town.stage.sendo(&open).code, 0);
    let close = town.stage.sendo(&["change", "close", on, "1"]);
    assert_eq!(close.code, 0, "{}", close.err);
    town.rests();
    assert_eq!(town.started("example2/test"), 0);
    town.ends();
}

#[test]
fn a_tag_with_a_slash_is_one_tag() {
    let mut town = Town::built();
    let revision = town.tag("team/example2", "mobile/1.0");
    town.arrives("example2/mobile", &revision);
    assert_eq!(town.started("example2/production"), 0);
    town.ends();
}

#[test]
fn a_tag_must_match_from_its_first_letter_to_its_last() {
    let mut town = Town::built();
    town.tag("team/example2", "not-a-release-x");
    town.rests();
    assert_eq!(town.started("example2/production"), 0);
    town.tag("team/example2", "release-x");
    town.arrives("example2/production", "release-x");
    assert_eq!(town.started("example2/production"), 1);
    town.ends();
}

#[test]
fn the_same_name_under_another_owner_is_another_repository() {
    let mut town = Town::built();
    let theirs = town.stage.work("others/example1", "develop", "Theirs");
    town.arrives("namesake/test", &theirs);
    town.rests();
    assert_eq!(town.started("example1/test"), 0);
    town.ends();
}

#[test]
fn what_somebody_pushed_between_the_check_and_the_merge_is_never_merged() {
    let mut town = Town::built();
    town.stage.work("team/example1", "develop", "Ours");
    let moving = town.waits_for("example1/test", "checks");
    let (ours, bare) = (town.head(&moving), town.stage.bare("manifests"));
    let refs = town.stage.refs("manifests");
    let branch = refs
        .keys()
        .find(|name| name.starts_with("refs/heads/sendo/"));
    let tree = format!("{ours}^{{tree}}");
    let commit = ["commit-tree", "-p", &ours, "-m", "Sneak in", &tree];
    let theirs = town.stage.git(&bare, "mallory", &commit);
    town.stage
        .git(&bare, "mallory", &["update-ref", branch.unwrap(), &theirs]);
    story::check(&town.stage, &ours, "success");
    story::check(&town.stage, &theirs, "success");
    town.waits_for("example1/test", "foreign_commits");
    town.rests();
    assert_eq!(
        town.stage.refs("manifests")["refs/heads/main"],
        refs["refs/heads/main"]
    );
    town.ends();
}

#[test]
fn checks_that_take_longer_than_any_time_out_are_waited_for() {
    let mut town = Town::built();
    let revision = town.stage.work("team/example1", "develop", "Slow");
    let moving = town.waits_for("example1/test", "checks");
    // Three leases and a sweep.
    wait::pass(Duration::from_secs(3));
    town.waits_for("example1/test", "checks");
    story::check(&town.stage, &town.head(&moving), "success");
    town.arrives("example1/test", &revision);
    assert_eq!(town.started("example1/test"), 1);
    town.ends();
}

#[test]
fn nothing_is_decided_inside_the_intake() {
    let mut town = Town::built();
    let token = std::fs::read_to_string(town.stage.folder().join("sendo.db.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let headers = [
        ("Authorization", &*bearer),
        ("Content-Type", "application/json"),
    ];
    let asked = r#"{"application": "example2", "environment": "test", "reference": "nowhere"}"#;
    let address = town.server.address().unwrap();
    let path = "/api/v1/deployments";
    let (status, body) = http::request(address, "POST", path, &headers, asked).unwrap();
    // Taken in and stored, although there is no such revision; that is found out later.
    assert_eq!(status, 202, "{body}");
    town.rests();
    let failed = &town.lane("example2/test")["failed"];
    assert_eq!(
        failed["error"]["reason_code"], "revision_not_found",
        "{failed}"
    );
    town.ends();
}
