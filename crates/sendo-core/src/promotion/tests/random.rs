//! Worlds nobody thought of: lying outcomes, facts and states of any shape.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::convergence::{Dice, shuffle};
use super::harness::Harness;
use super::lanes::{engine, id, lane, main_branch, people, tagged};
use super::perform::Done;
use crate::act::Act;
use crate::effect::{CheckState, Class, EffectError, Outcome, Published};
use crate::engine::OnDegraded;
use crate::job::Job;
use crate::names::{Revision, TreeId};
use crate::promotion::state::LaneState;
use crate::promotion::{Mode, TagOrder, Trigger};
use crate::time::Span;

/// In one of four cases, something else than what happened.
pub(super) fn lie(dice: &mut Dice, class: Class) -> Option<Done> {
    if dice.of(4) != 0 {
        return None;
    }
    let trouble = |for_good| {
        let error = EffectError {
            reason_code: "lie".to_owned(),
            message: "no".to_owned(),
        };
        Some(Err((error, for_good)))
    };
    if class == Class::O {
        return trouble(dice.of(2) == 0);
    }
    let base = Revision::new("a".repeat(40)).unwrap();
    let tree = TreeId::new("b".repeat(40)).unwrap();
    let published = Published {
        base: base.clone(),
        commit: base.clone(),
        tree,
        old: Vec::new(),
    };
    let outcome = match dice.of(13) {
        0 => Outcome::Published(published),
        1 => Outcome::Unchanged { base },
        2 => Outcome::ValueChanged {
            from: "1".to_owned(),
            now: "2".to_owned(),
        },
        3 => Outcome::Opened {
            number: 1 + dice.of(3),
            url: String::new(),
        },
        4 => Outcome::Approved,
        5 => Outcome::Merged { revision: base },
        6 => Outcome::HeadMoved,
        7 => Outcome::Conflict,
        8 => Outcome::Closed,
        9 => Outcome::Observed,
        12 => Outcome::Asked,
        10 => return trouble(true),
        _ => return trouble(false),
    };
    Some(Ok((outcome, None)))
}

fn trigger(dice: &mut Dice) -> Trigger {
    match dice.of(6) {
        0 => Trigger::Image,
        1 => Trigger::Command,
        2 => tagged("v*", TagOrder::Semver),
        3 => tagged("v*", TagOrder::Pushed),
        _ => main_branch(),
    }
}

fn area(dice: &mut Dice) -> &'static str {
    ["*", "web", "*/test", "web/test"][usize::try_from(dice.of(4)).unwrap()]
}

/// On the newest deployment, one before it, or one there never was.
fn act(dice: &mut Dice, newest: u64) -> Act {
    let number = (newest + 1).saturating_sub(dice.of(4));
    match dice.of(8) {
        0 | 1 => Act::Approve { number },
        2 => Act::Cancel { number },
        3 => Act::Retry { number },
        4 => Act::Rollback {
            to: None,
            from: None,
        },
        5 => Act::Rollback {
            to: Some(number),
            from: None,
        },
        6 => Act::Release,
        _ => Act::Override { number },
    }
}

fn lived(seed: u64, lies: bool) -> Harness {
    let mut dice = Dice(seed | 1);
    let mut rules = lane("web/test", trigger(&mut dice));
    rules.deliver.checks = vec!["ci".to_owned(); usize::from(dice.of(2) == 0)];
    if dice.of(2) == 0 {
        rules.approval = people(1);
    } else if dice.of(3) == 0 {
        rules.deliver.mode = Mode::Commit;
    }
    let sees = dice.of(3) == 0;
    if sees {
        rules.engine = engine(if dice.of(2) == 0 {
            OnDegraded::RollBack
        } else {
            OnDegraded::Report
        });
        rules.engine.as_mut().unwrap().sync = dice.of(2) == 0;
    }
    let mut h = Harness::with(vec![rules]).with_cluster();
    h.chaos = lies.then(|| Dice(dice.of(u64::MAX) | 1));
    for turn in 0..20 {
        let head = h.outside.branches["main"].clone();
        match dice.of(if sees { 36 } else { 27 }) {
            0..=2 => _ = h.merge(&format!("change {turn}")),
            3 => h.push_tag(&format!("v{}", dice.of(9)), &head),
            4 => h.report_image(&head, &format!("{turn}")),
            5 => h.deploy("web/test", None, "alice"),
            6 => h.deploy("web/test", Some(head.as_str()), "bob"),
            7 => h.report_check("ci", CheckState::Failure),
            8 | 9 => h.report_check("ci", CheckState::Success),
            10 | 11 => h.approve_by("carol"),
            12 => h.foreign_push(),
            13 => h.close_by("dave"),
            14 => h.lock(area(&mut dice), "erin", None),
            15 => {
                let until = h.now + Span::from_secs(60);
                h.lock(area(&mut dice), "frank", Some(until));
            }
            16 | 17 => h.unlock(area(&mut dice), "erin"),
            24 | 25 => {
                let now = u32::try_from(h.now.0 / 1_000_000).unwrap();
                let window = (
                    now + [0, 30, 60][usize::try_from(dice.of(3)).unwrap()],
                    now + 90,
                );
                h.freeze(area(&mut dice), "audit", "erin", window);
            }
            26 => h.unfreeze(area(&mut dice), "audit", "frank"),
            27..=32 => h.engine_lives(&mut dice),
            _ => {
                let act = act(&mut dice, h.state("web/test").ordinal);
                h.act(
                    act,
                    ["alice", "bob", "carol"][usize::try_from(dice.of(3)).unwrap()],
                );
            }
        }
        h.deliver_all();
        h.spoil = dice.of(10) == 0;
        shuffle(&mut h, &mut dice);
    }
    h
}

/// Changes something somewhere in a value.
fn spoilt(value: &mut Value, dice: &mut Dice) {
    let junk = [
        json!(null),
        json!(-1),
        json!("x"),
        json!([[]]),
        json!({"a": 1}),
        json!(1_u32 << 31),
    ];
    let size = match value {
        Value::Object(map) => map.len(),
        Value::Array(all) => all.len(),
        _ => 0,
    };
    if size == 0 || dice.of(4) == 0 {
        *value = junk[usize::try_from(dice.of(6)).unwrap()].clone();
        return;
    }
    let place = usize::try_from(dice.of(size as u64)).unwrap();
    match value {
        Value::Object(map) if dice.of(6) == 0 => _ = map.insert("unknown".to_owned(), json!(1)),
        Value::Object(map) => map
            .values_mut()
            .nth(place)
            .into_iter()
            .for_each(|v| spoilt(v, dice)),
        Value::Array(all) => spoilt(&mut all[place], dice),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    // The harness itself checks, after each commit, that a decision is deterministic, that deciding
    // again is no news, that no key is used twice and nobody is told twice.
    #[test]
    fn nothing_that_effects_tell_can_panic_a_lane_or_keep_it_busy(seed: u64) {
        let mut h = lived(seed, true);
        h.settle();
        h.pass(200);
    }

    #[test]
    fn a_state_comes_back_from_json_as_it_was(seed: u64) {
        let h = lived(seed, false);
        let state = h.state("web/test");
        prop_assert_eq!(LaneState::read(&json!(state)), Ok(state));
    }

    #[test]
    fn a_state_of_any_shape_is_decided_on_or_kept(seed: u64) {
        let h = lived(seed, false);
        let mut world = h.world(&id("web/test").subject());
        let mut dice = Dice(seed | 1);
        for _ in 0..20 {
            let mut state = world.state.clone();
            spoilt(&mut state, &mut dice);
            std::mem::swap(&mut world.state, &mut state);
            let plan = h.job.decide(&world);
            if !world.state.is_null() && LaneState::read(&world.state).is_err() {
                prop_assert_eq!(plan, crate::plan::Plan { state: world.state.clone(), ..Default::default() });
            }
            world.state = state;
        }
    }
}

#[test]
fn a_source_that_cannot_be_looked_at_does_not_leave_its_engine_in_the_dark() {
    // In this life the engine is looked at while a look at the source is tried again and again.
    let mut h = lived(521_164_882_945_191_494, true);
    h.settle();
    h.pass(200);
}
