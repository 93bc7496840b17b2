//! Pages that listen.

use sendo_web::token::Scope;

use crate::client::{read_until, reply};
use crate::harness::{Server, lane};
use crate::seed;
use crate::sign_in::sign_in;

#[tokio::test]
async fn a_page_that_listens_is_told_of_a_change_and_not_what_it_is() {
    let server = Server::start().await;
    let mut stream = server.get("/events").open().await;
    let hello = read_until(&mut stream, "retry: 2000").await;
    assert!(hello.contains("content-type: text/event-stream"));
    let row = seed::deployment(&lane("web", "staging"), 1, "very secret");
    seed::write(&*server.store, row, "very secret").await;
    let told = read_until(&mut stream, "data: changed").await;
    assert!(told.contains("id: ") && !told.contains("secret") && !told.contains("web"));
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_missed_something_while_away_looks_again() {
    let server = Server::start().await;
    let row = seed::deployment(&lane("web", "staging"), 1, "main");
    seed::write(&*server.store, row, "main").await;
    let call = server.get("/events").header("last-event-id", "0");
    read_until(&mut call.open().await, "data: resync").await;
    server.stop().await;
}

#[tokio::test]
async fn seats_are_bounded_and_come_free_when_a_page_is_closed() {
    let server = Server::start().await;
    let mut pages = Vec::new();
    for _ in 0..4 {
        let mut stream = server.get("/events").open().await;
        read_until(&mut stream, "retry").await;
        pages.push(stream);
    }
    let full = server.get("/events").send().await;
    assert_eq!((full.status, full.reason().as_str()), (503, "feed_full"));
    drop(pages);
    while server.feed.clients() > 0 {
        tokio::task::yield_now().await;
    }
    read_until(&mut server.get("/events").open().await, "retry").await;
    server.stop().await;
}

#[tokio::test]
async fn who_signs_out_or_whose_token_is_revoked_is_told_nothing_more() {
    let server = Server::closed().await;
    let admin = server.token(&[Scope::Admin], &[]).await;
    let tokens = [(); 3].map(|()| server.token(&[Scope::Read], &[]));
    let [ended, revoked, other] = futures_util::future::join_all(tokens)
        .await
        .try_into()
        .expect("three");
    let cookie = sign_in(&server, &ended).await;
    let listen = async |name: &str, value: &str| {
        let mut stream = server.get("/events").header(name, value).open().await;
        read_until(&mut stream, "retry").await;
        stream
    };
    let mut out = listen("cookie", &cookie).await;
    let mut gone = listen("authorization", &format!("Bearer {revoked}")).await;
    let mut stays = listen("authorization", &format!("Bearer {other}")).await;
    let call = server.post("/sign-out", "").form(&[]);
    assert_eq!(call.header("cookie", &cookie).send().await.status, 303);
    assert_eq!(reply(&mut out).await.status, 0, "ended, and nothing told");
    let id = revoked.split('_').nth(1).expect("an id");
    let call = server.delete(&format!("/api/v1/tokens/{id}"));
    assert_eq!(call.token(&admin).send().await.status, 200);
    assert_eq!(reply(&mut gone).await.status, 0, "ended, and nothing told");
    let row = seed::deployment(&lane("web", "staging"), 1, "main");
    seed::write(&*server.store, row, "main").await;
    read_until(&mut stays, "data: changed").await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_at_once() {
    let server = Server::start().await;
    let mut stream = server.get("/events").open().await;
    read_until(&mut stream, "retry").await;
    server.stop().await;
    assert_eq!(reply(&mut stream).await.body, "");
}
