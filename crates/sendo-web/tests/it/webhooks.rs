//! What a Gitea delivers: signed, bounded, stored before it is answered, and once.

use std::collections::BTreeMap;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sendo_intake::gitea::Senders;
use sendo_web::{GITEA_PATH, Limits};
use sha2::Sha256;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;

use crate::client::{Call, Reply, reply};
use crate::harness::{Server, short};

const MEBIBYTE: usize = 1024 * 1024;

async fn server(limits: Limits) -> Server {
    let keys = ["new", "old"].map(SecretString::from).to_vec();
    let senders = BTreeMap::from([("acme".parse().expect("a name"), keys)]);
    let senders = Arc::new(Senders::new(senders));
    Server::with(limits, |web| web.senders = watch::channel(senders).1).await
}

fn signed(key: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
    let bytes = mac.chain_update(body).finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn deliver(server: &Server, signature: &str, body: &[u8]) -> Reply {
    let call = server
        .post(GITEA_PATH, "")
        .header("x-gitea-event", "push")
        .header("x-gitea-delivery", "5a1e")
        .header("x-gitea-signature", signature);
    call.json(body).send().await
}

/// A delivery that may be signed, as far as its head tells.
fn begun(server: &Server) -> Call {
    let call = server.post(GITEA_PATH, "").header("x-gitea-event", "push");
    call.header("x-gitea-signature", &"a".repeat(64))
}

async fn stored(server: &Server) -> usize {
    server
        .store
        .deliveries(None, 100)
        .await
        .expect("deliveries")
        .len()
}

#[tokio::test]
async fn a_delivery_signed_with_any_key_in_force_is_stored_once() {
    let server = server(Limits::default()).await;
    let first = deliver(&server, &signed("old", b"{}"), b"{}").await;
    assert_eq!(
        (first.status, &first.json()["duplicate"]),
        (202, &false.into())
    );
    let again = deliver(&server, &signed("new", b"{}"), b"{}").await;
    assert_eq!(
        (again.status, &again.json()["duplicate"]),
        (202, &true.into())
    );
    assert_eq!(stored(&server).await, 1);
    server.stop().await;
}

#[tokio::test]
async fn nothing_is_stored_of_what_is_not_signed_for_exactly_these_bytes() {
    let server = server(Limits::default()).await;
    for signature in [signed("other", b"{}"), signed("new", b"[]"), "f".repeat(64)] {
        let refused = deliver(&server, &signature, b"{}").await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert_eq!(refused.json()["error"]["reason_code"], "signature_mismatch");
    }
    // One header more, and nobody knows which of the two counts.
    let good = signed("new", b"{}");
    let call = server.post(GITEA_PATH, "").header("x-gitea-event", "push");
    let call = call
        .header("x-gitea-signature", &good)
        .header("X-Gitea-Signature", &good);
    let refused = call.json(b"{}").send().await;
    assert_eq!(refused.json()["error"]["reason_code"], "signature_missing");
    assert_eq!(stored(&server).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_delivery_of_mebibytes_is_taken_and_one_beyond_the_limit_is_not() {
    let server = server(Limits::default()).await;
    let body = vec![b' '; 3 * MEBIBYTE];
    let taken = deliver(&server, &signed("new", &body), &body).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    let long = (25 * MEBIBYTE + 1).to_string();
    let refused = begun(&server).header("content-length", &long).send().await;
    assert_eq!(refused.status, 413, "{refused:?}");
    assert_eq!(stored(&server).await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_delivery_that_never_ends_gives_its_room_back() {
    let server = server(short()).await;
    // Room for two of them: they begin together, and each sends all but its end.
    let mut streams = Vec::new();
    for _ in 0..4 {
        let call = begun(&server).header("content-length", "26000000");
        let mut stream = call.open().await;
        // Who finds no room is answered before all of it was read.
        let _ = stream.write_all(&vec![b' '; 25_000_000]).await;
        streams.push(stream);
    }
    let small = deliver(&server, &signed("new", b"{}"), b"{}").await;
    assert_eq!(small.status, 202, "{small:?}");
    let mut answers = Vec::new();
    for mut stream in streams {
        answers.push(reply(&mut stream).await.status);
    }
    answers.sort_unstable();
    assert!(
        answers.iter().all(|status| [408, 503, 0].contains(status)),
        "{answers:?}"
    );
    assert!(answers.contains(&408), "{answers:?}");
    let body = vec![b' '; 20 * MEBIBYTE];
    let taken = deliver(&server, &signed("new", &body), &body).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    server.stop().await;
}
