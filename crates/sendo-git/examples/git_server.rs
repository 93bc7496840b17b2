//! A git server for measurements: `git_server FOLDER MILLISECONDS` serves the repositories in a folder
//! by `git http-backend`, with that much added to every request.
//!
//! Prints its address. To every line it is told it answers with one JSON object: how many requests
//! there were since the last, and how many bytes came and went.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for another program, which reads its lines"
)]

use std::io::BufRead;
use std::path::Path;
use std::time::Duration;

#[expect(dead_code, reason = "shared with the tests, which do more to a server")]
#[path = "../tests/it/wire/server.rs"]
mod server;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (folder, latency) = (Path::new(&args[1]), args[2].parse().unwrap());
    let server = server::Server::start(folder).await;
    server.switch(|switches| switches.latency = Duration::from_millis(latency));
    println!("http://{}", server.address);
    let asked = tokio::task::spawn_blocking(move || {
        for _ in std::io::stdin().lock().lines() {
            let (seen, down) = server.seen();
            let up: usize = seen.iter().map(|seen| seen.up).sum();
            let (requests, what) = (seen.len(), seen.iter().map(|seen| &seen.what));
            let what: Vec<_> = what.collect();
            let line = serde_json::json!({
                "requests": requests, "up": up, "down": down, "what": what,
            });
            println!("{line}");
        }
    });
    asked.await.unwrap();
}
