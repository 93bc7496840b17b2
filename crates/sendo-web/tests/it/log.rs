//! What the log tells, and what it never does.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sendo_web::token::Scope;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::Server;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_storm_of_forged_tokens_neither_fills_the_log_nor_shows_a_token() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let forged = format!("sendo_000000000000_{}", "e".repeat(64));
    // Tests beside this one may have had the line's interest noted as none at the same moment.
    let first = Server::start().await;
    first.get("/").token(&forged).send().await;
    first.stop().await;
    tracing::callsite::rebuild_interest_cache();
    let server = Server::start().await;
    let good = server.token(&[Scope::Deploy], &[]).await;
    for _ in 0..300 {
        server.get("/").token(&forged).send().await;
    }
    let body = r#"{"application":"example1","environment":"test"}"#;
    let call = server.post("/api/v1/deployments", body).token(&good);
    assert_eq!(call.send().await.status, 202);
    let text = String::from_utf8(log.0.lock().expect("one thread").clone()).expect("text");
    let lines = text.lines().filter(|line| line.contains("token_invalid"));
    assert!((1..20).contains(&lines.count()), "{text}");
    assert!(
        !text.contains(&good[19..]) && !text.contains("eeeeeeee"),
        "{text}"
    );
    server.stop().await;
}
