//! `-o`: what people and programs are given of the same thing.

use std::collections::BTreeSet;
use std::process::Stdio;

use sendo_testkit::Server;
use sendo_testkit::stage::{Ended, Stage};
use serde_json::Value;

use crate::sendo::Folder;
use crate::serving::{ask, asking, ended, stage, until};

/// A server on which one merge arrived and a lane is locked.
fn evening() -> (Stage, Server) {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let lock = ["lock", "shop/production", "--reason", "no: \"yet\" # 12"];
    assert_eq!(ask(&stage, &mut server, &lock, None).code, 0);
    (stage, server)
}

const READS: [&[&str]; 7] = [
    &["status"],
    &["history"],
    &["history", "shop/production/1"],
    &["locks"],
    &["delivery", "list"],
    &["token", "list"],
    &["history", "nowhere"],
];

/// Runs a verb whose standard output goes there.
fn printed_to(stage: &Stage, server: &mut Server, arguments: &[&str], to: Stdio) -> Ended {
    let mut command = asking(stage, server, arguments, None);
    let command = command.stdout(to).stderr(Stdio::piped());
    ended(command.spawn().unwrap().wait_with_output().unwrap())
}

#[test]
fn what_a_full_disk_swallows_is_no_success() {
    let (stage, mut server) = evening();
    let create = ["token", "create", "ci", "--scope", "read"];
    for arguments in [
        &["history"][..],
        &["status", "-o", "json"],
        &create,
        &["--help"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let full = printed_to(&stage, &mut server, arguments, full.unwrap().into());
        assert_eq!(full.code, 1, "{arguments:?}: {full:?}");
        assert!(full.err.contains("could not be written"), "{}", full.err);
        let lost = full.err.contains("sendo token revoke ");
        assert_eq!(lost, arguments == create, "{}", full.err);
    }
}

#[test]
fn a_reader_that_left_is_not_an_error() {
    let (stage, mut server) = evening();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let left = printed_to(&stage, &mut server, &["history"], writer.into());
    assert_eq!((left.code, left.err.as_str()), (0, ""));
}

#[test]
fn yaml_is_the_very_value_that_json_is() {
    let (stage, mut server) = evening();
    for arguments in READS {
        let mut printed = |form: &str| {
            let asked = [arguments, &["-o", form]].concat();
            ask(&stage, &mut server, &asked, None).out
        };
        let mut json: Value = serde_json::from_str(&printed("json")).unwrap();
        let mut yaml: Value = serde_saphyr::from_str(&printed("yaml")).unwrap();
        // The moment of asking, and the moment its token was last used, are no part of it.
        for value in [&mut json, &mut yaml] {
            value.as_object_mut().map(|fields| fields.remove("at"));
            value.pointer_mut("/tokens/0/last_used_at").map(Value::take);
        }
        assert_eq!(yaml, json, "{arguments:?}");
    }
}

#[test]
fn wide_shows_what_text_leaves_out_and_cuts_nothing_off() {
    let (stage, mut server) = evening();
    let mut printed = |arguments: &[&str], form: &str| {
        let asked = [arguments, &["-o", form]].concat();
        ask(&stage, &mut server, &asked, None).out
    };
    let listed = printed(&["history"], "json");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let revision = listed[0]["revision"].as_str().unwrap();
    for (arguments, heading) in [
        (&["status"][..], "WHERE IT STANDS"),
        (&["history"], "CHANGE REQUEST"),
    ] {
        let wide = printed(arguments, "wide");
        assert!(wide.contains(heading) && wide.contains(revision), "{wide}");
        assert!(!printed(arguments, "text").contains(revision));
    }
    for (arguments, heading) in [
        (&["locks"][..], "UNTIL"),
        (&["delivery", "list"], "AGAIN"),
        (&["token", "list"], "LAST USED"),
    ] {
        assert!(printed(arguments, "wide").contains(heading));
        assert!(!printed(arguments, "text").contains(heading));
    }
}

#[test]
fn wide_is_text_where_there_is_no_table() {
    let folder = Folder::with(&[("sendo.yaml", "applications: {}\n")]);
    let text = folder.run(&["validate", "-o", "text"]);
    let wide = folder.run(&["validate", "-o", "wide"]);
    assert_eq!((wide.out, wide.err), (text.out, text.err));
}

#[test]
fn yaml_reads_back_whatever_a_text_looks_like() {
    let odd = "a: 'no'\nb: '0x1f'\nc: \"x\\n  y\\n\"\nd: ' '\ne: '~'\nf: '1e3'\ng: '- #'\n";
    let folder = Folder::with(&[("values.yaml", odd)]);
    let set = ["manifest", "set", "values.yaml", ".a=yes: no", "--dry-run"];
    let printed = |form: &str| folder.run(&[&set[..], &["-o", form]].concat()).out;
    let json: Value = serde_json::from_str(&printed("json")).unwrap();
    let yaml: Value = serde_saphyr::from_str(&printed("yaml")).unwrap();
    assert_eq!(yaml, json);
    assert!(json["diff"].as_str().unwrap().contains("0x1f"), "{json}");
}

#[test]
fn a_failure_is_a_value_too() {
    let folder = Folder::with(&[]);
    let keys = |form: &str| -> BTreeSet<String> {
        let failed = folder.run(&["history", "a/b/c/../d", "-o", form]);
        let value: Value = serde_saphyr::from_str(&failed.out).unwrap();
        let error = value["error"].as_object().unwrap();
        error.keys().cloned().collect()
    };
    assert_eq!(keys("yaml"), keys("json"));
}
