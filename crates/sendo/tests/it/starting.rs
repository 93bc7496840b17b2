//! What a server keeps to before it is one.

use std::net::TcpListener;

use sendo_testkit::Server;
use sendo_testkit::database::Database;
use sendo_testkit::stage::{Stage, free_port};

use crate::serving::stage;

/// A stage whose server is to listen at that address.
fn listening(address: &str) -> Stage {
    let stage = stage("");
    let file = stage.configuration();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text.replace("127.0.0.1:0", address)).unwrap();
    stage
}

#[test]
fn a_server_that_cannot_listen_leaves_nothing_behind() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let stage = listening(&taken.local_addr().unwrap().to_string());
    let refused = stage.sendo(&["serve", "--config", "sendo.yaml"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.err.contains("nothing can listen on"),
        "{}",
        refused.err
    );
    let left = std::fs::read_dir(stage.folder()).unwrap();
    let mut left = left.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(left.all(|name| !name.starts_with("sendo.db")));
}

#[test]
fn who_hands_over_its_database_hands_over_its_address() {
    if Database::is_postgres_run() {
        return;
    }
    let stage = listening(&format!("127.0.0.1:{}", free_port()));
    let first = stage.served();
    let mut command = stage.command(env!("CARGO_BIN_EXE_sendo").as_ref());
    command.args(["serve", "--config", "sendo.yaml"]);
    let mut second = Server::start(command, &stage.folder().join("second.log"));
    assert_eq!(first.end(), Some(0));
    assert!(second.came_up(), "{}", second.log());
}
