//! `sendo status --watch`: the river as it flows, told against the real program.

use sendo_testkit::stage::Stage;
use sendo_testkit::{Server, wait};
use serde_json::Value;

use crate::serving::{LONGEST, stage};
use crate::typed::{Typed, at_a_terminal, typed};

fn shop() -> (Stage, Server) {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let server = stage.served();
    (stage, server)
}

/// Waits until a merge arrived, as the verb tells it.
fn merged(stage: &Stage, watch: &Typed) -> String {
    let revision = stage.work("shop", "main", "Add a cart");
    watch.says(&format!("{}: succeeded", &revision[..7]));
    revision
}

#[test]
fn without_a_terminal_every_change_is_a_line() {
    let (stage, mut server) = shop();
    let mut watch = typed(&stage, &mut server, "status --watch");
    watch.says("shop/production: nothing runs here yet.\n");
    merged(&stage, &watch);
    let out = watch.out();
    assert!(out.lines().all(|line| line.contains(" UTC  ")), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
    watch.interrupt();
    assert_eq!(watch.ended(), 130, "{}", watch.err());
}

#[test]
fn a_program_gets_a_document_on_a_line_for_every_change() {
    let (stage, mut server) = shop();
    let mut watch = typed(&stage, &mut server, "status --watch -o json");
    watch.says("\n");
    let revision = stage.work("shop", "main", "Add a cart");
    let boards = || -> Vec<Value> {
        let out = watch.out();
        let whole = out.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let boards = whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        boards.collect()
    };
    let arrived = || {
        let last = boards().pop()?;
        (last["lanes"][0]["running"]["revision"] == revision.as_str()).then_some(())
    };
    wait::until("the last shows the merge", LONGEST, arrived).unwrap();
    let all = boards();
    let lanes = || all.iter().map(|board| &board["lanes"]);
    assert!(lanes().zip(lanes().skip(1)).all(|(one, next)| one != next));
    watch.interrupt();
    assert_eq!(watch.ended(), 130);
}

#[test]
fn a_server_that_goes_is_named_and_one_that_comes_back_is_heard_again() {
    let (stage, mut server) = shop();
    let watch = typed(&stage, &mut server, "status --watch");
    watch.says("nothing runs here yet");
    let address = server.address().unwrap().to_string();
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    std::fs::write(stage.configuration(), text.replace("127.0.0.1:0", &address)).unwrap();
    assert_eq!(server.end(), Some(0));
    watch.notes("it is tried again in 1 s");
    watch.notes("it is tried again in 2 s");
    let _server = stage.served();
    watch.notes("the server is back");
    merged(&stage, &watch);
}

#[test]
fn at_a_terminal_the_river_is_drawn_in_its_place_and_the_terminal_is_left_as_it_was() {
    let (stage, mut server) = shop();
    let mut watch = at_a_terminal(&stage, &mut server, "status --watch");
    watch.says("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[H");
    let revision = stage.work("shop", "main", "Add a cart");
    watch.says(&format!("◉ {}]", &revision[..7]));
    assert!(watch.out().matches("\u{1b}[H").count() > 1);
    watch.interrupt();
    assert_eq!(watch.ended(), 130, "{}", watch.err());
    watch.says("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l");
    assert!(watch.out().ends_with("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"));
}

#[test]
fn a_server_that_is_not_there_or_refuses_ends_it() {
    let (stage, mut server) = shop();
    let address = server.address().unwrap();
    assert_eq!(server.end(), Some(0));
    let url = format!("http://{address}");
    let gone = stage.sendo(&["status", "--watch", "--server", &url]);
    assert_eq!(gone.code, 9, "{}", gone.err);
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    let public = "lease: 1s, url: \"https://sendo.example.com\"";
    std::fs::write(stage.configuration(), text.replace("lease: 1s", public)).unwrap();
    let mut server = stage.served();
    let url = format!("http://{}", server.address().unwrap());
    let refused = stage.sendo(&["status", "--watch", "--server", &url]);
    assert_eq!(refused.code, 4, "{}", refused.err);
}
