//! The crash suite: the server is killed, stopped and refused at every point there is, and in the
//! end nothing is lost and nothing was done twice.
//!
//! Runs on SQLite, or on the Postgres of `SENDO_TEST_POSTGRES`, there with two replicas as well. The server under test is this
//! program itself, started again with a variable that names the point.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking"
)]

mod calls;
mod child;
mod copies;
mod kills;
mod outside;
mod points;
mod random;
mod replicas;
mod run;
mod stops;
mod store;

use sendo_testkit::{Database, suite};

/// Tests beside each other, on a database of each server's own: some are one long story, in which a server
/// is waited for again and again. A Postgres that all of them share would be what they wait for.
const BESIDE: usize = 2;

fn main() -> std::process::ExitCode {
    if let Some(code) = child::as_asked() {
        return code;
    }
    let mut tests: Vec<suite::Test> = vec![
        ("every_point_is_reached", points::every_point_is_reached),
        (
            "every_step_is_performed_twice",
            kills::every_step_is_performed_twice,
        ),
        (
            "killed_in_every_transaction_the_server_seldom_makes",
            store::killed_in_every_transaction_the_server_seldom_makes,
        ),
        (
            "killed_before_and_after_every_effect_and_every_commit",
            kills::killed_before_and_after_every_effect_and_every_commit,
        ),
        (
            "a_part_that_panics_ends_the_server_and_loses_nothing",
            kills::a_part_that_panics_ends_the_server_and_loses_nothing,
        ),
        (
            "stopped_past_the_lease_at_every_step_of_every_effect",
            stops::stopped_past_the_lease_at_every_step_of_every_effect,
        ),
        (
            "dropped_and_doubled_pushes_end_in_the_same_state",
            outside::dropped_and_doubled_pushes_end_in_the_same_state,
        ),
        (
            "three_hundred_random_kills_under_load",
            random::three_hundred_random_kills_under_load,
        ),
        (
            "a_killed_backup_leaves_a_whole_file_or_none",
            copies::a_killed_backup_leaves_a_whole_file_or_none,
        ),
        (
            "a_killed_restore_leaves_the_old_state_or_the_new_one",
            copies::a_killed_restore_leaves_the_old_state_or_the_new_one,
        ),
        (
            "a_killed_move_leaves_nothing_or_everything",
            copies::a_killed_move_leaves_nothing_or_everything,
        ),
        ("every_outside_call_fails", calls::every_outside_call_fails),
    ];
    let mut beside = BESIDE;
    // A SQLite file belongs to one process.
    if Database::is_postgres_run() {
        beside = 1;
        tests.push((
            "a_branch_that_is_published_too_late_is_taken_back",
            stops::a_branch_that_is_published_too_late_is_taken_back,
        ));
        tests.push((
            "two_replicas_restarted_in_turn_lose_nothing_and_always_answer",
            replicas::two_replicas_restarted_in_turn_lose_nothing_and_always_answer,
        ));
    }
    suite::run(beside, &tests)
}
