//! Servers that are not there, say nothing, or say no: what whoever typed a command is told.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use crate::sendo::{Ended, Folder};
use crate::serving::{ask, stage};

fn typed(address: SocketAddr, line: &str) -> Ended {
    let line = format!("{line} --server http://{address}");
    let words: Vec<&str> = line.split_whitespace().collect();
    Folder::with(&[]).run(&words)
}

/// Somebody who hears one request and hangs up.
fn hangs_up() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut caller, _) = listener.accept().unwrap();
        let _ = caller.read(&mut [0; 4096]);
    });
    address
}

#[test]
fn a_server_that_is_not_there_is_told_with_the_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let alone = typed(address, "history");
    assert_eq!(alone.code, 9, "{alone:?}");
    assert!(
        alone.err.contains("why: connection refused"),
        "{}",
        alone.err
    );
    assert!(alone.err.contains("next: sendo serve"), "{}", alone.err);
}

#[test]
fn a_request_whose_answer_is_lost_may_have_been_done() {
    let lost = typed(hangs_up(), "deploy shop production");
    assert_eq!(lost.code, 9, "{lost:?}");
    assert!(lost.err.contains("may have been done"), "{}", lost.err);
    assert!(lost.err.contains("look whether it was: sendo history"));
    let read = typed(hangs_up(), "history");
    assert!(read.err.contains("no answer came"), "{}", read.err);
    assert!(!read.err.contains("may have been done"), "{}", read.err);
}

#[test]
fn programs_are_given_the_code_of_the_server_that_refuses() {
    let stage = stage("");
    let mut server = stage.served();
    for (arguments, code, reason) in [
        (&["history", "nowhere"][..], 5, "application_unknown"),
        (&["history", "shop/production/9"], 5, "deployment_unknown"),
        (&["unlock", "shop"], 5, "not_locked"),
    ] {
        let refused = ask(
            &stage,
            &mut server,
            &[arguments, &["-o", "json"]].concat(),
            None,
        );
        let said: Value = serde_json::from_str(&refused.out).unwrap();
        assert_eq!(
            (refused.code, said["error"]["reason_code"].as_str()),
            (code, Some(reason))
        );
    }
}

#[test]
fn without_a_token_it_is_said_where_one_comes_from() {
    let stage = stage("");
    let mut server = stage.served();
    let address = server.address().unwrap();
    let refused = typed(address, "lock shop --reason x");
    assert_eq!(refused.code, 4, "{refused:?}");
    for said in ["SENDO_TOKEN", "sendo context set", "sendo token create"] {
        assert!(refused.err.contains(said), "{}", refused.err);
    }
    assert!(!refused.err.contains("Authorization"), "{}", refused.err);
}
