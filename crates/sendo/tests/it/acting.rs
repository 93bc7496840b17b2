//! People at the loop, told against the real program: who approves, who stops it, who goes back.

use std::process::Stdio;

use sendo_testkit::stage::{Ended, Stage};
use sendo_testkit::{Server, wait};
use serde_json::Value;

use crate::serving::{LONGEST, ask, asking, ended, stage, until};

pub(crate) const ONE_PERSON: &str = "approval: { people: 1 }";

/// A shop whose production a person must agree to, and two who may.
pub(crate) struct Shop {
    stage: Stage,
    pub(crate) server: Server,
    aoi: String,
}

impl Shop {
    pub(crate) fn open() -> Self {
        Self::with(ONE_PERSON)
    }

    pub(crate) fn with(approval: &str) -> Self {
        let stage = stage(approval);
        stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
        let mut server = stage.served();
        let aoi = token(&stage, &mut server, "aoi", "approve");
        Self { stage, server, aoi }
    }

    /// A merge that waits for a person.
    pub(crate) fn merge(&mut self, title: &str) -> String {
        let revision = self.stage.work("shop", "main", title);
        self.until_newest_is(&revision, "people");
        revision
    }

    pub(crate) fn until_newest_is(&mut self, revision: &str, what: &str) -> Value {
        loop {
            let newest = until(&mut self.server, what);
            if newest["revision"] == revision {
                return newest;
            }
        }
    }

    /// A verb of who runs the server.
    pub(crate) fn mei(&mut self, arguments: &[&str]) -> Ended {
        ask(&self.stage, &mut self.server, arguments, None)
    }

    pub(crate) fn aoi(&mut self, arguments: &[&str]) -> Ended {
        let token = self.aoi.clone();
        ask(&self.stage, &mut self.server, arguments, Some(&token))
    }

    /// What two people ask at the same moment, with these tokens; without one, who runs the server.
    fn at_once(&mut self, asked: [(&[&str], Option<&str>); 2]) -> [Ended; 2] {
        let started = asked.map(|(arguments, token)| {
            let mut command = asking(&self.stage, &mut self.server, arguments, token);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        });
        started.map(|child| ended(child.wait_with_output().unwrap()))
    }

    /// A merge that a person approves and that arrives.
    pub(crate) fn arrived(&mut self, title: &str, number: u64) -> String {
        let revision = self.merge(title);
        let deployment = format!("shop/production/{number}");
        assert_eq!(self.aoi(&["approve", &deployment]).code, 0);
        self.until_newest_is(&revision, "succeeded");
        revision
    }

    /// Insists that git would apply a patch to the manifests as they were pushed.
    pub(crate) fn applies(&self, patch: &str) {
        let file = self.stage.folder().join("change.patch");
        std::fs::write(&file, patch).unwrap();
        let check = ["apply", "--check", file.to_str().unwrap()];
        self.stage
            .git(&self.stage.clone_of("manifests"), "mei", &check);
    }

    pub(crate) fn production(&self) -> String {
        let file = "main:shop/kustomization.yaml";
        self.stage
            .git(&self.stage.bare("manifests"), "mei", &["show", file])
    }
}

/// A token for somebody who may read, and one thing more.
fn token(stage: &Stage, server: &mut Server, who: &str, scope: &str) -> String {
    let principal = format!("local:{who}");
    let create = ["token", "create", who, "--for", &principal];
    let scopes = ["--scope", scope, "--scope", "read", "-o", "json"];
    let made = ask(stage, server, &[&create[..], &scopes].concat(), None);
    let made: Value = serde_json::from_str(&made.out).unwrap();
    made["secret"].as_str().unwrap().to_owned()
}

#[test]
fn a_person_approves_with_a_verb_and_the_change_is_merged() {
    let mut shop = Shop::open();
    let revision = shop.merge("Add a cart");
    let approved = shop.aoi(&["approve", "shop/production/1", "--reason", "looks right"]);
    assert_eq!((approved.code, approved.err.as_str()), (0, ""));
    assert!(
        approved.out.contains("`local:aoi` approved"),
        "{}",
        approved.out
    );
    shop.until_newest_is(&revision, "succeeded");
    assert!(shop.production().contains(&revision));
    let late = shop.aoi(&["approve", "shop/production/1"]);
    assert_eq!(late.code, 7, "{late:?}");
    assert!(late.err.contains("not under way any more"), "{}", late.err);
}

#[test]
fn who_asked_for_it_is_not_who_approves_it() {
    let mut shop = Shop::open();
    shop.arrived("Add a cart", 1);
    shop.stage.work("shop", "main", "Add a till");
    assert_eq!(shop.mei(&["deploy", "shop", "production"]).code, 0);
    let asked = wait::until("the request joined", LONGEST, || {
        let newest = until(&mut shop.server, "people");
        newest["requested_by"].is_string().then_some(newest)
    });
    let refused = shop.mei(&["approve", asked.unwrap()["id"].as_str().unwrap()]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(
        refused
            .err
            .contains("who asked for a deployment does not approve it")
    );
}

#[test]
fn a_lock_holds_back_what_is_approved_until_it_is_opened() {
    let mut shop = Shop::open();
    let revision = shop.merge("Add a cart");
    let locked = shop.mei(&[
        "lock",
        "*/production",
        "--reason",
        "a migration",
        "--for",
        "2h",
    ]);
    assert_eq!((locked.code, locked.err.as_str()), (0, ""));
    assert!(locked.out.contains("is locked by"), "{}", locked.out);
    assert_eq!(shop.aoi(&["approve", "shop/production/1"]).code, 0);
    let waits = shop.until_newest_is(&revision, "locked");
    assert_eq!(waits["waiting"]["lock"]["reason"], "a migration");
    assert_eq!(
        shop.aoi(&["unlock", "*/production"]).code,
        4,
        "approving is not unlocking"
    );
    assert_eq!(shop.mei(&["unlock", "shop"]).code, 5);
    assert_eq!(
        shop.mei(&["unlock", "*/production"]).out,
        "nothing is locked\n"
    );
    shop.until_newest_is(&revision, "succeeded");
}

#[test]
fn of_two_who_lock_at_once_one_has_it_and_the_other_hears_who() {
    let mut shop = Shop::open();
    let ren = token(&shop.stage, &mut shop.server, "ren", "deploy");
    let lock = ["lock", "shop/production", "--reason", "mine"];
    let mut both = shop.at_once([(&lock, None), (&lock, Some(&ren))]);
    both.sort_by_key(|ended| ended.code);
    let [has, lost] = both;
    assert_eq!((has.code, lost.code), (0, 7), "{has:?} {lost:?}");
    let owner = "is locked by local:ren: mine";
    let is_ren = has.out.contains("local:ren");
    assert!(lost.err.contains("is locked by") && lost.err.contains(owner) == is_ren);
}

#[test]
fn a_lock_that_is_set_anew_is_shown_as_it_was_asked_for() {
    let mut shop = Shop::open();
    let lock = ["lock", "shop/production", "--reason"];
    shop.mei(&[&lock[..], &["first"]].concat());
    let second = shop.mei(&[&lock[..], &["second", "--for", "1h"]].concat());
    assert!(second.out.contains("second") && !second.out.contains("first"));
    assert!(second.out.contains("until"), "{}", second.out);
}

#[test]
fn a_lock_of_a_lane_that_is_held_is_waited_for() {
    let mut shop = Shop::open();
    shop.arrived("Add a cart", 1);
    shop.arrived("Add a till", 2);
    assert_eq!(shop.mei(&["rollback", "shop/production"]).code, 0);
    let locked = shop.mei(&["lock", "shop/production", "--reason", "a look"]);
    assert!(locked.out.contains("a look"), "{}", locked.out);
}

#[test]
fn a_rollback_goes_back_and_holds_until_the_lane_is_unlocked() {
    let mut shop = Shop::open();
    let first = shop.arrived("Add a cart", 1);
    shop.arrived("Add a till", 2);
    let back = shop.mei(&[
        "rollback",
        "shop/production",
        "--reason",
        "5xx",
        "-o",
        "json",
    ]);
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(shop.aoi(&["approve", "shop/production/3"]).code, 0);
    shop.until_newest_is(&first, "succeeded");
    assert!(shop.production().contains(&first));
    let third = shop.merge("Add a bell");
    assert_eq!(shop.aoi(&["approve", "shop/production/4"]).code, 0);
    shop.until_newest_is(&third, "held");
    let unlocked = shop.mei(&["unlock", "shop/production"]);
    assert_eq!(
        (unlocked.code, unlocked.out.as_str()),
        (0, "nothing is locked\n")
    );
    shop.until_newest_is(&third, "succeeded");
}

#[test]
fn a_deployment_tells_which_deliveries_caused_it() {
    let mut shop = Shop::open();
    let revision = shop.arrived("Add a cart", 1);
    shop.arrived("Add a till", 2);
    let pushed = shop.mei(&["history", "shop/production/1"]);
    assert!(
        pushed.out.contains("Caused by") && pushed.out.contains("push from "),
        "{}",
        pushed.out
    );
    shop.mei(&["rollback", "shop/production", "--reason", "5xx"]);
    shop.until_newest_is(&revision, "people");
    let asked = shop.mei(&["history", "shop/production/3", "-o", "json"]);
    let asked: Value = serde_json::from_str(&asked.out).unwrap();
    assert_eq!(asked["causes"][0]["source"], "api", "{asked}");
    assert_eq!(
        asked["causes"][0]["id"],
        asked["deployment"]["caused_by"][0]
    );
}

#[test]
fn a_cancelled_deployment_is_retried_and_broken_glass_needs_a_reason() {
    let mut shop = Shop::open();
    let revision = shop.merge("Add a cart");
    assert_eq!(shop.mei(&["cancel", "shop/production/1"]).code, 0);
    until(&mut shop.server, "cancelled");
    let again = shop.mei(&["retry", "shop/production/1"]);
    assert!(again.out.contains("shop/production/2"), "{}", again.out);
    shop.until_newest_is(&revision, "people");
    let silent = shop.mei(&["override", "shop/production/2"]);
    assert_eq!(silent.code, 3, "{silent:?}");
    let reason = [
        "override",
        "shop/production/2",
        "--reason",
        "production is down",
    ];
    assert_eq!(shop.aoi(&reason).code, 4);
    let broken = shop.mei(&reason);
    assert!(broken.out.contains("broke the glass"), "{}", broken.out);
    shop.until_newest_is(&revision, "succeeded");
}

#[test]
fn a_retry_shows_the_deployment_it_began_and_no_other() {
    let mut shop = Shop::open();
    shop.merge("Add a cart");
    assert_eq!(shop.mei(&["cancel", "shop/production/1"]).code, 0);
    shop.arrived("Add a till", 2);
    let retry = ["retry", "shop/production/1", "--key", "once"];
    for _ in 0..2 {
        let again = shop.mei(&retry);
        assert_eq!(again.code, 0, "{again:?}");
        assert!(again.out.contains("shop/production/3"), "{}", again.out);
    }
}

#[test]
fn a_retry_that_the_lane_does_not_take_up_is_no_success() {
    let mut shop = Shop::open();
    shop.mei(&["deploy", "shop", "production", "nowhere"]);
    until(&mut shop.server, "failed");
    let again = shop.mei(&["retry", "shop/production/1"]);
    assert_eq!((again.code, again.out.as_str()), (7, ""), "{again:?}");
    assert!(again.err.contains("can be retried"), "{}", again.err);
    assert!(again.err.contains("sendo deploy shop production"));
}

#[test]
fn a_rollback_sent_again_under_its_key_finds_what_it_did() {
    let mut shop = Shop::open();
    shop.arrived("Add a cart", 1);
    shop.arrived("Add a till", 2);
    let back = ["rollback", "shop/production", "--key", "once"];
    assert!(shop.mei(&back).out.contains("shop/production/3"));
    assert_eq!(shop.aoi(&["approve", "shop/production/3"]).code, 0);
    until(&mut shop.server, "succeeded");
    let again = shop.mei(&back);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.out.contains("shop/production/3"), "{}", again.out);
}

#[test]
fn who_came_too_late_hears_that_it_was_not_done() {
    let mut shop = Shop::with("approval: { people: 2 }");
    shop.merge("Add a cart");
    let (approve, cancel) = (
        ["approve", "shop/production/1"],
        ["cancel", "shop/production/1"],
    );
    let aoi = shop.aoi.clone();
    let [approved, cancelled] = shop.at_once([(&approve, Some(&aoi)), (&cancel, None)]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    let told = shop
        .mei(&["history", "shop/production/1", "-o", "json"])
        .out;
    let counted = told.contains("person_approved");
    assert_eq!(approved.code, if counted { 0 } else { 7 }, "{approved:?}");
}

#[test]
fn a_request_for_what_is_not_there_fails_and_says_why() {
    let mut shop = Shop::open();
    let asked = shop.mei(&["deploy", "shop", "production", "v9", "-o", "json"]);
    assert_eq!(asked.code, 1, "{asked:?}");
    let said: Value = serde_json::from_str(&asked.out).unwrap();
    assert_eq!(said["error"]["reason_code"], "revision_not_found");
    assert!(
        asked.err.contains("no branch, tag or commit `v9`"),
        "{}",
        asked.err
    );
    assert!(asked.err.contains("sendo history shop/production/1"));
}

#[test]
fn a_request_shows_its_deployment_and_sent_again_under_its_key_the_same_one() {
    let mut shop = Shop::open();
    shop.arrived("Add a cart", 1);
    let deploy = ["deploy", "shop", "production", "--key", "once"];
    assert!(shop.mei(&deploy).out.contains("shop/production/2"));
    shop.merge("Add a till");
    let again = shop.mei(&[&deploy[..], &["-o", "json"]].concat());
    let again: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(again["deployment"]["id"], "shop/production/2");
    assert_eq!(again["duplicate"], true, "{again}");
}

#[test]
fn a_slip_in_a_name_is_answered_with_what_was_probably_meant() {
    let mut shop = Shop::open();
    for (typed, meant) in [
        ("shpo/production/1", "did you mean `shop`?"),
        ("shop/prodction/1", "did you mean `production`?"),
        ("shop/production/1", "`sendo history shop/production`"),
    ] {
        let slip = shop.mei(&["approve", typed]);
        assert_eq!(slip.code, 5, "{slip:?}");
        assert!(slip.err.contains(meant), "{}", slip.err);
    }
}

#[test]
fn wrong_words_say_what_to_type() {
    let mut shop = Shop::open();
    for (arguments, code) in [
        (&["approve", "shop/production"][..], 3),
        (&["approve", "shop/production/9"], 5),
        (&["cancel", "shop/prodction/1"], 5),
        (&["rollback", "shop/production"], 7),
        (&["approve", "shop/../1"], 3),
        (&["rollback", "shop/.."], 3),
        (&["history", "../../audit"], 3),
        (&["lock", "a b", "--reason", "x"], 3),
        (&["lock", "shop", "--reason", "x", "--for", "2 days"], 3),
    ] {
        let ended = shop.mei(arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert!(
            ended.err.contains("next: ") || ended.err.contains("--help"),
            "{}",
            ended.err
        );
    }
}
