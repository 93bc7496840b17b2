//! What a target is told, and when.

use jiff::civil::{Weekday, time};

use super::*;
use crate::deployment::{DeploymentId, Failure, Waiting};
use crate::effect::{Effect, EffectState, EffectView, Outcome, PlannedEffect};
use crate::fact::Facts;
use crate::freeze::{When, Zone};
use crate::names::Revision;
use crate::notice::{Digest, Turn};

/// A notice of a turn with the least that the turn needs, by its id.
pub(crate) fn notice(id: &str, turn: &str) -> Notice {
    let (deployment, _) = id.rsplit_once('#').unwrap();
    let deployment = DeploymentId(deployment.to_owned());
    Notice {
        id: id.to_owned(),
        lane: deployment.lane().parse().unwrap(),
        deployment,
        revision: Revision::nowhere(),
        at: Timestamp::default(),
        change: None,
        authors: Vec::new(),
        turn: match turn {
            "failed" => Turn::Failed {
                causes: Vec::new(),
                failure: Failure {
                    reason_code: "image_not_found".to_owned(),
                    message: "it is not there".to_owned(),
                },
            },
            "waits" => Turn::Waits {
                waiting: Waiting::TreeMismatch,
                number: None,
            },
            _ => Turn::Succeeded {
                unchanged: false,
                healthy: false,
            },
        },
    }
}

/// A mailbox with its clock.
struct Story {
    job: Mailboxes,
    world: World,
    /// What was sent, as `ID` for a notice and `[ID ID] +EARLIER` for a digest.
    sent: Vec<String>,
    planned: Vec<PlannedEffect>,
    wake_at: Option<Timestamp>,
}

fn urgent() -> Vec<String> {
    vec!["failed".to_owned()]
}

fn collects(minutes: u32) -> Mailbox {
    Mailbox {
        target: "deploys".to_owned(),
        digest: Some(Span::from_secs(minutes * 60)),
        quiet: None,
        threads: false,
        urgent: urgent(),
    }
}

fn sleeps(zone: &str) -> Mailbox {
    Mailbox {
        digest: None,
        quiet: Some(Freeze {
            name: "quiet".to_owned(),
            reason: None,
            zone: Zone::new(zone).unwrap(),
            when: When::Weekly {
                days: Weekday::Monday.cycle_forward().take(7).collect(),
                from: time(22, 0, 0, 0),
                to: time(8, 0, 0, 0),
            },
            by: None,
        }),
        ..collects(1)
    }
}

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = format!("{text}Z").parse().unwrap();
    Timestamp(at.as_microsecond())
}

impl Story {
    fn of(rules: Mailbox, now: &str) -> Self {
        Self {
            job: Mailboxes::new(vec![rules]),
            world: World {
                subject: subject("deploys"),
                now: at(now),
                hinted_at: Timestamp::default(),
                installation: "t".to_owned(),
                state: serde_json::Value::Null,
                facts: Facts::default(),
                effects: Vec::new(),
            },
            sent: Vec::new(),
            planned: Vec::new(),
            wake_at: None,
        }
    }

    fn leave(&mut self, id: &str, turn: &str) {
        let mut notice = notice(id, turn);
        notice.at = self.world.now;
        let fact = left("deploys", &notice, self.world.now);
        self.world.facts.insert(fact);
    }

    /// A notice is left, and the mailbox is woken.
    fn told(&mut self, id: &str, turn: &str) {
        self.leave(id, turn);
        self.decide();
    }

    fn decide(&mut self) {
        let plan = self.job.decide(&self.world);
        assert_eq!(plan, self.job.decide(&self.world), "a decision is pure");
        self.world.state = plan.state;
        self.world.facts = Facts::default();
        self.wake_at = plan.wake_at;
        for planned in plan.effects {
            self.planned.push(planned.clone());
            self.sent.push(match planned.effect {
                Effect::PostNotice { notice, .. } => notice.id,
                Effect::PostDigest { digest, .. } => shown(&digest),
                Effect::PostToThread {
                    notice,
                    thread,
                    broadcast,
                    ..
                } => {
                    let all = if broadcast { " and the channel" } else { "" };
                    format!("{} in {thread:?}{all}", notice.id)
                }
                other => other.kind().to_owned(),
            });
        }
    }

    /// The clock reads that; a timer that went off meanwhile woke it then.
    fn until(&mut self, text: &str) {
        while let Some(wake_at) = self.wake_at.filter(|wake_at| *wake_at <= at(text)) {
            self.world.now = wake_at;
            self.decide();
        }
        self.world.now = at(text);
    }

    fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }
}

fn shown(digest: &Digest) -> String {
    let ids: Vec<_> = digest
        .latest
        .iter()
        .map(|notice| notice.id.as_str())
        .collect();
    format!(
        "[{}] +{} -{}",
        ids.join(" "),
        digest.earlier,
        digest.omitted
    )
}

#[test]
fn a_digest_collects_from_the_first_notice_on_and_tells_the_last_turn_of_each_deployment() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    story.told("shop/test/1#1", "waits");
    story.until("2026-11-20T10:05:00");
    story.told("site/live/4#1", "waits");
    story.told("shop/test/1#2", "succeeded");
    story.until("2026-11-20T10:14:59");
    assert_eq!(story.sent(), [""; 0]);
    story.until("2026-11-20T10:15:00");
    assert_eq!(story.sent(), ["[shop/test/1#2 site/live/4#1] +1 -0"]);
    story.until("2026-11-21T10:00:00");
    assert_eq!(story.sent(), [""; 0], "told once");
}

#[test]
fn all_of_a_lane_stand_together_in_a_digest_newest_first() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    for id in ["shop/test/1#1", "site/live/4#1", "shop/test/2#1"] {
        story.told(id, "succeeded");
    }
    story.until("2026-11-20T11:00:00");
    assert_eq!(
        story.sent(),
        ["[shop/test/2#1 shop/test/1#1 site/live/4#1] +0 -0"]
    );
}

#[test]
fn what_is_urgent_passes_at_once_and_the_digest_does_not_say_it_again() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    story.told("shop/test/1#1", "waits");
    story.told("site/live/4#1", "waits");
    story.told("shop/test/1#2", "failed");
    assert_eq!(story.sent(), ["shop/test/1#2"]);
    story.until("2026-11-20T11:00:00");
    assert_eq!(story.sent(), ["[site/live/4#1] +1 -0"]);
}

#[test]
fn quiet_hours_last_over_midnight_and_end_in_one_digest() {
    let mut story = Story::of(sleeps("Asia/Tokyo"), "2026-11-20T12:59:00");
    story.told("shop/test/1#1", "waits");
    assert_eq!(story.sent(), ["shop/test/1#1"], "21:59 in Tokyo");
    story.until("2026-11-20T13:00:00");
    story.told("shop/test/1#2", "succeeded");
    story.until("2026-11-20T16:00:00");
    story.told("site/live/4#1", "succeeded");
    story.told("site/live/5#1", "failed");
    assert_eq!(story.sent(), ["site/live/5#1"], "urgent");
    story.until("2026-11-20T22:59:59");
    assert_eq!(story.sent(), [""; 0]);
    story.until("2026-11-20T23:00:00");
    assert_eq!(story.sent(), ["[site/live/4#1 shop/test/1#2] +0 -0"]);
    story.told("shop/test/2#1", "waits");
    assert_eq!(story.sent(), ["shop/test/2#1"], "08:00 in Tokyo");
}

#[test]
fn quiet_hours_end_by_the_local_clock_in_the_night_the_clocks_are_put_back() {
    // New York, 1 November 2026: 08:00 is an hour later in UTC than the day before.
    let mut story = Story::of(sleeps("America/New_York"), "2026-11-01T03:00:00");
    story.told("shop/test/1#1", "succeeded");
    story.until("2026-11-01T12:59:59");
    assert_eq!(story.sent(), [""; 0]);
    story.until("2026-11-01T13:00:00");
    assert_eq!(story.sent(), ["[shop/test/1#1] +0 -0"]);
}

#[test]
fn a_digest_that_is_due_in_quiet_hours_waits_for_their_end() {
    let rules = Mailbox {
        digest: Some(Span::from_secs(1800)),
        ..sleeps("UTC")
    };
    let mut story = Story::of(rules, "2026-11-20T21:45:00");
    story.told("shop/test/1#1", "succeeded");
    story.until("2026-11-21T07:59:59");
    assert_eq!(story.sent(), [""; 0]);
    story.until("2026-11-21T08:00:00");
    assert_eq!(story.sent(), ["[shop/test/1#1] +0 -0"]);
}

#[test]
fn a_target_that_is_configured_no_more_is_told_what_waits_or_the_timeline_says_why_not() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    story.told("shop/test/1#1", "succeeded");
    story.job = Mailboxes::default();
    story.until("2026-11-20T10:15:00");
    // The runner finds no such target, so the deployment's timeline tells of it.
    assert_eq!(story.sent(), ["[shop/test/1#1] +0 -0"]);
    story.told("shop/test/2#1", "succeeded");
    assert_eq!(story.sent(), ["shop/test/2#1"]);
}

#[test]
fn a_notice_that_is_left_twice_is_told_once() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    story.leave("shop/test/1#1", "succeeded");
    story.leave("shop/test/1#1", "succeeded");
    story.decide();
    story.until("2026-11-20T11:00:00");
    assert_eq!(story.sent(), ["[shop/test/1#1] +0 -0"]);
}

#[test]
fn turns_that_were_left_together_are_taken_in_the_order_of_their_numbers() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    for turn in [10, 9, 2] {
        story.leave(&format!("shop/test/1#{turn}"), "waits");
    }
    story.decide();
    story.until("2026-11-20T11:00:00");
    assert_eq!(story.sent(), ["[shop/test/1#10] +2 -0"]);
}

#[test]
fn a_mailbox_holds_so_many_deployments_and_counts_the_rest() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    for number in 1..=MOST_WAITING + 3 {
        story.told(&format!("shop/test/{number}#1"), "succeeded");
    }
    story.until("2026-11-20T11:00:00");
    assert!(story.sent()[0].ends_with(" shop/test/4#1] +0 -3"));
}

#[test]
fn what_a_newer_sendo_wrote_is_left_alone() {
    let mut story = Story::of(collects(15), "2026-11-20T10:00:00");
    story.world.state = serde_json::json!({ "version": 99, "waiting": [] });
    story.leave("shop/test/1#1", "succeeded");
    let plan = story.job.decide(&story.world);
    assert_eq!((plan.state, plan.forget.len()), (story.world.state, 0));
}

fn threaded() -> Mailbox {
    Mailbox {
        digest: None,
        threads: true,
        ..collects(1)
    }
}

impl Story {
    /// The delivery under way came to this end, and the mailbox hears of it.
    fn ended(&mut self, key: &str, state: EffectState, outcome: Option<Outcome>) {
        let planned = self
            .planned
            .iter()
            .find(|planned| planned.key.0 == key)
            .unwrap();
        self.world.effects = vec![EffectView {
            key: planned.key.clone(),
            deployment: planned.deployment.clone(),
            effect: planned.effect.clone(),
            state,
            claimed: false,
            intended: true,
            attempts: 1,
            outcome,
            error: None,
            not_before: self.world.now,
        }];
        self.decide();
        self.world.effects = Vec::new();
    }

    fn stands(&mut self, key: &str) {
        let thread = "C1/1.5".to_owned();
        self.ended(key, EffectState::Done, Some(Outcome::Told { thread }));
    }
}

#[test]
fn the_notices_of_a_deployment_stand_in_one_thread_in_order_and_a_failure_in_the_channel_too() {
    let mut story = Story::of(threaded(), "2026-11-20T10:00:00");
    story.told("shop/test/1#1", "waits");
    story.told("shop/test/1#2", "waits");
    story.told("site/live/4#1", "waits");
    assert_eq!(
        story.sent(),
        ["shop/test/1#1 in None", "site/live/4#1 in None"],
        "the second waits for the first"
    );
    story.stands("thread/shop/test/1#1");
    story.told("shop/test/1#3", "failed");
    assert_eq!(story.sent(), ["shop/test/1#2 in Some(\"C1/1.5\")"]);
    story.stands("thread/shop/test/1#2");
    assert_eq!(
        story.sent(),
        ["shop/test/1#3 in Some(\"C1/1.5\") and the channel"]
    );
}

#[test]
fn a_notice_that_was_given_up_does_not_hold_up_the_next_one() {
    let mut story = Story::of(threaded(), "2026-11-20T10:00:00");
    story.told("shop/test/1#1", "waits");
    story.told("shop/test/1#2", "waits");
    story.sent();
    story.ended("thread/shop/test/1#1", EffectState::Failed, None);
    assert_eq!(
        story.sent(),
        ["shop/test/1#2 in None"],
        "it begins the thread"
    );
}

#[test]
fn what_waits_for_its_turn_is_bounded_and_the_rest_goes_on_its_own() {
    let mut story = Story::of(threaded(), "2026-11-20T10:00:00");
    for turn in 1..=threads::MOST_QUEUED + 2 {
        story.leave(&format!("shop/test/1#{turn}"), "waits");
    }
    story.decide();
    // The first is on its way and was taken from the five hundred; two had no room.
    assert_eq!(
        story.sent(),
        [
            "shop/test/1#501",
            "shop/test/1#502",
            "shop/test/1#1 in None"
        ]
    );
}
