//! Histories and lists of a Gitea that has one line of commits, some of which touch very much.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use reqwest::redirect::Policy;
use secrecy::SecretString;
use sendo_git::{LogQuery, Oid, RefEntry, RefName};
use serde_json::{Value, json};

use super::History;
use super::client::{Ask, Client, Role};
use crate::error::ForgeError;
use loopback::{Answering, Asked};

#[path = "../../tests/loopback/mod.rs"]
mod loopback;

/// A Gitea, and the questions it was asked.
struct World {
    history: History,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A Gitea whose commit `n` has the commit before as its parent and `weigh(n)` bytes of files, which
/// gives at most `most` entries at a time.
async fn gitea(most: usize, weigh: fn(u64) -> usize) -> World {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&asked);
    let url = loopback::serve(move |asked| -> Answering {
        seen.lock().unwrap().push(asked.path.clone());
        assert_eq!(asked.method, "GET");
        let value = answer(&asked, most, weigh);
        Box::pin(async move { loopback::json(200, &value) })
    })
    .await;
    World {
        history: History::new(client(&url), "acme:acme/web".parse().unwrap()),
        asked,
    }
}

fn client(url: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().redirect(Policy::none());
    let token = SecretString::from("token");
    Client::new(http.build().unwrap(), url, token, Role::Proposer).unwrap()
}

fn oid(n: u64) -> Oid {
    format!("{n:040x}").parse().unwrap()
}

fn number(oid: &str) -> u64 {
    u64::from_str_radix(oid, 16).unwrap()
}

fn answer(asked: &Asked, most: usize, weigh: fn(u64) -> usize) -> Value {
    let said = |key: &str| {
        let query = asked.path.split_once('?').unwrap().1;
        let mut words = query.split('&').filter_map(|word| word.split_once('='));
        words
            .find(|(word, _)| *word == key)
            .map(|(_, value)| value.to_owned())
    };
    let commit = |n: u64| {
        let files = said("files").as_deref() == Some("true");
        json!({
            "sha": oid(n).to_string(), "commit": { "message": "x" },
            "parents": [{ "sha": oid(n - 1).to_string() }],
            "files": files.then(|| json!([{ "filename": "f".repeat(weigh(n)) }])),
        })
    };
    if asked.route().ends_with("/tags") {
        let tag = |name| json!({ "name": name, "commit": { "created": "2026-01-01T00:00:00Z" } });
        let is_first = said("page").as_deref() == Some("1");
        return json!(is_first.then(|| ["v1", "w1"].map(tag)));
    }
    if let Some(one) = asked.route().split("/git/commits/").nth(1) {
        return commit(number(one));
    }
    let number_of = |key| said(key).map_or(0, |oid| number(&oid));
    let limit = said("limit").unwrap().parse::<usize>().unwrap().min(most);
    let page: usize = said("page").unwrap().parse().unwrap();
    let line = (number_of("not") + 1..=number_of("sha")).rev();
    let shown: Vec<_> = line
        .skip((page - 1) * limit)
        .take(limit)
        .map(commit)
        .collect();
    json!(shown)
}

impl World {
    async fn log(&self, to: u64, touched: bool) -> Result<(Vec<u64>, Vec<u64>), ForgeError> {
        let query = LogQuery {
            to: oid(to),
            from_exclusive: Some(oid(100)),
            first_parent: false,
            limit: 1_000,
            touched,
        };
        let log = self.history.log(query).await?;
        let n = |one: &sendo_git::LoggedCommit| number(&one.info.oid.to_string());
        let is_cut = |one: &&sendo_git::LoggedCommit| {
            one.touched.as_ref().is_some_and(|touched| touched.cut)
        };
        Ok((
            log.commits.iter().map(n).collect(),
            log.commits.iter().filter(is_cut).map(n).collect(),
        ))
    }
}

fn down_to_101(from: u64) -> Vec<u64> {
    (101..=from).rev().collect()
}

#[tokio::test]
async fn a_page_that_is_too_long_is_asked_for_in_parts_and_every_entry_is_read_once() {
    // Two neighbours do not fit into one answer, at a place where a large page begins and elsewhere.
    let weigh: fn(u64) -> usize = |n| match n {
        250 | 249 | 111 | 110 | 178 | 150 => 600_000,
        n if n > 200 => 30_000,
        _ => 10,
    };
    for most in [50, 30, 7, 3] {
        for to in [250, 163] {
            let world = gitea(most, weigh).await;
            let (read, cut) = world.log(to, true).await.unwrap();
            assert_eq!(read, down_to_101(to), "{most} {to}");
            assert!(cut.is_empty());
        }
    }
}

#[tokio::test]
async fn a_long_page_costs_few_questions_and_the_rest_of_the_list_none() {
    let world = gitea(50, |n| if n == 600 { 900_000 } else { 9_000 }).await;
    let (read, _) = world.log(1_000, true).await.unwrap();
    assert_eq!(read, down_to_101(1_000));
    let asked = world.asked.lock().unwrap().len();
    assert!(asked < 19 + 20, "{asked}");
}

#[tokio::test]
async fn a_commit_that_touches_more_than_is_read_counts_as_cut() {
    let world = gitea(50, |n| if n == 120 { 2 << 20 } else { 10 }).await;
    let (read, cut) = world.log(160, true).await.unwrap();
    assert_eq!((read, cut), (down_to_101(160), vec![120]));
}

#[tokio::test]
async fn where_histories_part_is_not_known_of_one_that_was_not_read_to_there() {
    let world = gitea(50, |_| 1).await;
    let parting = async |to| world.history.merge_base(oid(100), oid(to)).await;
    assert_eq!(parting(100).await, Ok(Some(oid(100))));
    assert_eq!(parting(4_050).await, Ok(Some(oid(100))));
    let unknown = parting(4_101).await.unwrap_err();
    assert_eq!(unknown.reason_code, "history_too_long", "{unknown}");
}

#[tokio::test]
async fn a_change_that_was_turned_away_is_not_said_to_be_made_perhaps() {
    let change = async |url: &str| {
        let ask = Ask::server("close it", &["close"]);
        let changed = client(url).change(Method::POST, &ask, None).await;
        changed.err().unwrap().message
    };
    let doubt = |said: &str| said.contains("may have been done");
    let nowhere = change("http://127.0.0.1:9").await;
    assert!(!doubt(&nowhere), "{nowhere}");
    for (status, in_doubt) in [
        (301, false),
        (401, false),
        (429, false),
        (408, true),
        (502, true),
    ] {
        let url = loopback::serve(move |_| -> Answering {
            Box::pin(async move { loopback::json(status, &json!({})) })
        });
        let said = change(&url.await).await;
        assert_eq!(doubt(&said), in_doubt, "{said}");
    }
    let broken = loopback::serve(|_| -> Answering { Box::pin(async { Vec::new() }) });
    assert!(doubt(&change(&broken.await).await));
}

#[tokio::test]
async fn tags_of_two_prefixes_are_both_remembered() {
    let world = gitea(50, |_| 1).await;
    for n in [1, 2, 1, 2] {
        let name = if n == 1 {
            "refs/tags/v1"
        } else {
            "refs/tags/w1"
        };
        let tag = RefEntry {
            name: RefName::new(name).unwrap(),
            oid: oid(n),
            commit: Some(oid(n)),
            created_at: None,
        };
        let dated = world.history.dated(vec![tag]).await.unwrap();
        assert_eq!(dated[0].created_at, Some(1_767_225_600));
    }
    // Two pages for each that was not known, the second of them empty.
    assert_eq!(world.asked.lock().unwrap().len(), 4);
}
