//! Whatever the order in which news arrives, and whatever is lost, the lane ends where it should.

use std::collections::BTreeSet;

use super::harness::Harness;
use super::lanes::{engine, lane, main_branch, people};
use crate::deployment::Waiting;
use crate::effect::CheckState;
use crate::engine::{Health, OnDegraded};
use crate::event::Event;
use crate::promotion::LaneRules;
use crate::time::Span;

/// All orders of `0..count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let insert = |order: &Vec<usize>, place| {
        let mut longer = order.clone();
        longer.insert(place, count - 1);
        longer
    };
    shorter
        .iter()
        .flat_map(|order| (0..count).map(move |place| insert(order, place)))
        .collect()
}

/// What a lane came to. Left out, because they tell how it got there and not where it is: times,
/// ordinals (an announcement heard late gets its row, and its number, later) and how many effects
/// and notices it took.
fn standing(h: &Harness) -> String {
    let lane = h.state("web/test");
    let running = lane
        .running
        .map(|r| (r.candidate.revision, r.waiting, r.approved.is_some()));
    let queued = lane.queued.map(|candidate| candidate.revision);
    let open: Vec<_> = h
        .outside
        .open()
        .map(|(_, change)| h.outside.head_of(change))
        .collect();
    let last = lane
        .succeeded
        .first()
        .map(|success| success.revision.clone());
    format!(
        "{} {:?} {running:?} {queued:?} {last:?} {}",
        h.at("test"),
        lane.considered,
        open.len()
    )
}

fn rules() -> LaneRules {
    let mut rules = lane("web/test", main_branch());
    rules.approval = people(1);
    rules.deliver.checks = vec!["ci".to_owned()];
    rules
}

/// A lane with an open change request.
fn begun() -> Harness {
    let mut h = Harness::with(vec![rules()]);
    h.sampled = true;
    h.merge("zero");
    h.run();
    h
}

/// The same, and everything that happens to it next.
fn scene(foreign: bool) -> (Harness, Vec<Vec<Event>>) {
    let mut h = begun();
    let mut news = Vec::new();
    h.merge("one");
    news.push(std::mem::take(&mut h.mail));
    h.merge("two");
    news.push(std::mem::take(&mut h.mail));
    for state in [CheckState::Failure, CheckState::Success] {
        h.report_check("ci", state);
        news.push(std::mem::take(&mut h.mail));
    }
    h.approve_by("alice");
    news.push(std::mem::take(&mut h.mail));
    if foreign {
        h.foreign_push();
        news.push(std::mem::take(&mut h.mail));
    }
    (h, news)
}

#[test]
fn every_order_of_deliveries_ends_in_the_same_state() {
    let mut counted = 0;
    for foreign in [true, false] {
        // Between two deliveries the lane gets to do nothing, something, or everything.
        let (before, news) = scene(foreign);
        for steps in if foreign {
            vec![1_000]
        } else {
            vec![0, 3, 1_000]
        } {
            let mut ends = BTreeSet::new();
            for order in orders(news.len()) {
                let mut h = before.clone();
                for place in order {
                    news[place].iter().for_each(|event| h.deliver(event));
                    (0..steps).take_while(|_| h.step()).count();
                }
                h.settle();
                ends.insert(standing(&h));
                counted += 1;
            }
            assert_eq!(ends.len(), 1, "{ends:#?}");
        }
    }
    println!("{counted} orders of deliveries");
    assert_eq!(counted, 720 + 3 * 120);
}

#[test]
fn every_order_of_changes_outside_keeps_what_must_hold() {
    let acts: [fn(&mut Harness); 6] = [
        |h| _ = h.merge("one"),
        |h| _ = h.merge("two"),
        |h| h.report_check("ci", CheckState::Failure),
        |h| h.report_check("ci", CheckState::Success),
        |h| h.approve_by("alice"),
        Harness::foreign_push,
    ];
    let mut counted = 0;
    let before = begun();
    for order in orders(acts.len()) {
        // Half of them in the middle of things, half of them when all is quiet.
        let steps = if counted % 2 == 0 { 4 } else { 1_000 };
        let mut h = before.clone();
        for act in &order {
            acts[*act](&mut h);
            h.deliver_all();
            (0..steps).take_while(|_| h.step()).count();
            never_backwards(&h);
        }
        h.settle();
        people_finish(&mut h);
        counted += 1;
    }
    println!("{counted} orders of changes outside");
    assert_eq!(counted, 720);
}

/// The base never moves to an older revision; nobody asked for one in these tests.
fn never_backwards(h: &Harness) {
    let mut values = Vec::new();
    let mut at = h.outside.refs.get("main").cloned();
    while let Some(revision) = at {
        let commit = &h.outside.commits[&revision];
        let value = commit.content["test.yaml.tag"].clone();
        values.push(value);
        at = commit.parents.first().cloned();
    }
    let age = |value: &String| {
        let known = h
            .outside
            .commits
            .iter()
            .find(|(revision, _)| revision.as_str() == value);
        known.map_or(0, |(_, commit)| commit.seq)
    };
    let ages: Vec<usize> = values.iter().map(age).collect();
    assert!(ages.is_sorted_by(|newer, older| newer >= older), "{ages:?}");
}

/// Whatever stands open is seen through by CI and people, each step found by one sweep alone.
fn people_finish(h: &mut Harness) {
    for _ in 0..6 {
        h.mail.clear();
        if h.rows.values().all(|row| row.state.is_terminal()) {
            break;
        }
        if matches!(h.waiting(), Some(Waiting::ForeignCommits { .. })) {
            h.merge_by_person("bob");
        } else {
            h.report_check("ci", CheckState::Success);
            h.approve_by("bob");
        }
        h.mail.clear();
        h.sweep();
        never_backwards(h);
    }
    let head = h.outside.branches["main"].clone();
    assert_eq!(
        h.at("test"),
        head.as_str(),
        "{:#?} {:?}",
        h.state("web/test"),
        h.rows
    );
    assert_eq!(h.state("web/test").succeeded[0].revision, head);
    assert_eq!(h.open(), None);
    assert!(h.rows.values().all(|row| row.state.is_terminal()));
}

/// Numbers that are the same in every run.
#[derive(Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn of(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
}

/// Does some of what is there to be done: decides, begins or ends an effect, in any order.
pub(super) fn shuffle(h: &mut Harness, dice: &mut Dice) {
    for _ in 0..dice.of(12) {
        _ = match dice.of(5) {
            0 | 1 => h.decide_while(|_| {}),
            2 => h.decide_while(|h| _ = h.begin_next()),
            3 => h.begin_next(),
            _ => h.finish_next(),
        };
    }
}

#[test]
fn losing_doubling_and_delaying_a_third_of_all_deliveries_costs_one_sweep() {
    let before = begun();
    let (mut lost, mut doubled, mut delayed, mut sent) = (0, 0, 0, 0);
    for seed in 1..=500 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut h = before.clone();
        let mut late = Vec::new();
        for _ in 0..15 {
            match dice.of(9) {
                0 | 1 => _ = h.merge(&format!("change {seed}")),
                2 => h.report_check("ci", CheckState::Failure),
                3 | 4 => h.report_check("ci", CheckState::Success),
                5 | 6 => h.approve_by("alice"),
                7 if dice.of(4) == 0 => h.foreign_push(),
                _ => h.set_by_hand("other.yaml", &format!("{}", h.now)),
            }
            for event in std::mem::take(&mut h.mail) {
                sent += 1;
                match dice.of(10) {
                    0 => lost += 1,
                    1 => {
                        doubled += 1;
                        h.deliver(&event);
                        h.deliver(&event);
                    }
                    2 => {
                        delayed += 1;
                        late.push(event);
                    }
                    _ => h.deliver(&event),
                }
            }
            if dice.of(4) == 0 && !late.is_empty() {
                let event = late.swap_remove(0);
                h.deliver(&event);
            }
            shuffle(&mut h, &mut dice);
            never_backwards(&h);
        }
        h.sweep();
        let settled = standing(&h);
        late.iter().for_each(|event| h.deliver(event));
        h.settle();
        h.sweep();
        assert_eq!(
            standing(&h),
            settled,
            "seed {seed}: neither late news nor another sweep changes anything"
        );
        let newest = h.outside.branches["main"].clone();
        assert_eq!(h.state("web/test").considered, Some(newest), "seed {seed}");
        people_finish(&mut h);
    }
    println!("500 runs, {sent} deliveries: {lost} lost, {doubled} doubled, {delayed} late");
}

/// A lane with an engine, in the middle of being applied.
fn applied() -> Harness {
    let mut rules = lane("web/test", main_branch());
    rules.engine = engine(OnDegraded::Report);
    let mut h = Harness::with(vec![rules]).with_cluster();
    h.sampled = true;
    h.merge("zero");
    h.run();
    h
}

/// In the end everything in the cluster is well, and only a sweep finds it.
fn cluster_finishes(h: &mut Harness) {
    for _ in 0..6 {
        let head = h.outside.refs["main"].clone();
        h.engine(|one| {
            (one.looked, one.applied) = (head.clone(), head);
            (one.health, one.next, one.attempt) = (Health::Healthy, Health::Healthy, None);
            (one.window, one.automated) = (None, true);
            one.causes.clear();
        });
        h.mail.clear();
        h.sweep();
        if h.rows.values().all(|row| row.state.is_terminal()) {
            break;
        }
    }
    assert!(
        h.rows.values().all(|row| row.state.is_terminal()),
        "{:?}",
        h.waiting()
    );
    let head = h.outside.branches["main"].clone();
    assert_eq!(h.at("test"), head.as_str());
    h.leaves_nothing();
}

#[test]
fn every_order_of_what_is_told_of_a_cluster_ends_in_the_same_state() {
    let mut before = applied();
    let mut news = Vec::new();
    before.merge("one");
    news.push(std::mem::take(&mut before.mail));
    before.health(Health::Degraded);
    news.push(std::mem::take(&mut before.mail));
    before.health(Health::Progressing);
    news.push(std::mem::take(&mut before.mail));
    before.health(Health::Healthy);
    before.next_is(Health::Healthy);
    news.push(std::mem::take(&mut before.mail));
    for steps in [0, 3, 1_000] {
        let mut ends = BTreeSet::new();
        for order in orders(news.len()) {
            // All told once, all twice, none, and one of them lost.
            let mut told = vec![[1; 4], [2; 4], [0; 4]];
            told.extend((0..4).map(|lost| {
                let mut all = [1; 4];
                all[lost] = 0;
                all
            }));
            for told in told {
                let mut h = before.clone();
                for place in &order {
                    let times = told[*place];
                    for event in &news[*place] {
                        (0..times).for_each(|_| h.deliver(event));
                    }
                    (0..steps).take_while(|_| h.step()).count();
                }
                h.sweep();
                ends.insert(standing(&h));
            }
        }
        assert_eq!(ends.len(), 1, "{ends:#?}");
    }
}

#[test]
fn losing_and_doubling_what_is_told_of_a_cluster_costs_one_sweep() {
    let before = applied();
    for seed in 1..=300 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut h = before.clone();
        for _ in 0..20 {
            if dice.of(4) == 0 {
                h.merge(&format!("change {seed}"));
            } else {
                h.engine_lives(&mut dice);
            }
            for event in std::mem::take(&mut h.mail) {
                let times = usize::try_from(dice.of(3)).unwrap();
                (0..times).for_each(|_| h.deliver(&event));
            }
            if dice.of(4) == 0 {
                h.now = h.now + Span::from_secs(10);
            }
            shuffle(&mut h, &mut dice);
            never_backwards(&h);
        }
        h.sweep();
        let settled = standing(&h);
        h.touch_engine();
        h.run();
        h.sweep();
        assert_eq!(
            standing(&h),
            settled,
            "seed {seed}: another look sees the same"
        );
        let newest = h.outside.branches["main"].clone();
        assert_eq!(h.state("web/test").considered, Some(newest), "seed {seed}");
        cluster_finishes(&mut h);
    }
}
