//! A server that is put back to an older state: what it did since is found, and not done again.

use sendo_testkit::{Server, Stage, http, wait};
use serde_json::Value;

use crate::serving::{LONGEST, stage, until};

fn sendo(stage: &Stage, arguments: &[&str]) {
    let ended = stage.sendo(arguments);
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
}

/// Every deployment that ended, newest first, once none is left under way.
fn settled(server: &mut Server, many: usize) -> Vec<Value> {
    let address = server.address().unwrap();
    let found = wait::until("all deployments end", LONGEST, || {
        let listed = http::get(address, "/api/v1/deployments?limit=100").ok()?;
        let rows = listed["deployments"].as_array()?.clone();
        let over = rows.iter().all(|row| row["state"] == "succeeded");
        (over && rows.len() == many).then_some(rows)
    });
    found.unwrap_or_else(|error| panic!("{error}\n{}", server.log()))
}

fn merges(stage: &Stage) -> usize {
    let log = ["log", "--merges", "--format=%H", "refs/heads/main"];
    stage
        .git(&stage.bare("manifests"), "reader", &log)
        .lines()
        .count()
}

#[test]
fn what_was_merged_after_the_backup_is_adopted_and_not_repeated() {
    let stage = stage("approval: { people: 1 }");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "people");
    // Under way at the time of the backup, and merged after it.
    sendo(&stage, &["backup", "--to", "a.backup"]);
    let approve = |number: &str| {
        sendo(
            &stage,
            &[
                "change",
                "review",
                "manifests.git",
                number,
                "--approve",
                "--as",
                "bo",
            ],
        );
    };
    approve("1");
    until(&mut server, "succeeded");
    // Begun and merged after the backup: its number will be given out again.
    stage.work("shop", "main", "Add a till");
    until(&mut server, "people");
    approve("2");
    settled(&mut server, 2);
    assert_eq!((server.end(), merges(&stage)), (Some(0), 2));
    sendo(&stage, &["restore", "--from", "a.backup", "--replace"]);
    let mut server = stage.served();
    let rows = settled(&mut server, 2);
    assert_eq!(rows[1]["change"]["number"], 1);
    assert_eq!(merges(&stage), 2, "nothing was merged again: {rows:#?}");
    // It goes on: the next one gets a branch and a change request of its own.
    let revision = stage.work("shop", "main", "Add a receipt");
    until(&mut server, "people");
    approve("3");
    let rows = settled(&mut server, 3);
    assert_eq!(
        (&rows[0]["revision"], merges(&stage)),
        (&Value::from(revision), 3)
    );
    assert_eq!(server.end(), Some(0));
}
