//! A proxy before the Gitea that does something at the very moment: before a request arrives there, or
//! after it was answered and before the answer arrives here.

use std::sync::{Arc, Mutex};

use crate::loopback::{self, Answering, Asked, reply};
use crate::world::{env, http, push};
use sendo_git::RemoteRepository;

/// What happens, once.
#[derive(Clone)]
pub(crate) enum Meddling {
    /// Somebody pushes a file to our branch before the request arrives.
    PushBefore(RemoteRepository),
    /// Somebody pushes a file to our branch when it was answered.
    PushAfter(RemoteRepository),
    /// The answer is lost.
    Lose,
}

/// What is waited for: a method, the end of a path, and what happens then.
#[derive(Clone, Default)]
pub(crate) struct Meddler(Arc<Mutex<Option<(String, String, Meddling)>>>);

impl Meddler {
    /// Starts the proxy; gives its address, which is used in the Gitea's place.
    pub(crate) async fn start() -> (Self, String) {
        let meddler = Self::default();
        let waiting = meddler.clone();
        let client = http();
        let url = loopback::serve(move |asked| -> Answering {
            let (waiting, client) = (waiting.clone(), client.clone());
            Box::pin(async move { waiting.answer(&client, asked).await })
        })
        .await;
        (meddler, url)
    }

    /// Waits for a request.
    pub(crate) fn at(&self, method: &str, path: &str, meddling: Meddling) {
        *self.0.lock().unwrap() = Some((method.to_owned(), path.to_owned(), meddling));
    }

    /// Whether it happened.
    pub(crate) fn happened(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }

    async fn answer(&self, client: &reqwest::Client, asked: Asked) -> Vec<u8> {
        let is_it = |(method, path, _): &mut (String, String, Meddling)| {
            *method == asked.method && asked.route().ends_with(path.as_str())
        };
        let meddling = self
            .0
            .lock()
            .unwrap()
            .take_if(is_it)
            .map(|(_, _, what)| what);
        if let Some(Meddling::PushBefore(git)) = &meddling {
            push(git, crate::world::BRANCH, "theirs", "1\n").await;
        }
        let answer = forward(client, &asked).await;
        match meddling {
            Some(Meddling::PushAfter(git)) => {
                push(&git, crate::world::BRANCH, "theirs", "1\n").await;
                answer
            }
            Some(Meddling::Lose) => Vec::new(),
            _ => answer,
        }
    }
}

async fn forward(client: &reqwest::Client, asked: &Asked) -> Vec<u8> {
    let url = format!("{}{}", env("GITEA_URL"), asked.path);
    let method = asked.method.parse().unwrap();
    let mut request = client.request(method, url).body(asked.body.clone());
    for line in asked.head.lines() {
        let (key, value) = line.split_once(':').unwrap();
        if !matches!(key.to_lowercase().as_str(), "host" | "content-length") {
            request = request.header(key, value.trim());
        }
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let mut headers = String::new();
    for (key, value) in response.headers() {
        if !matches!(
            key.as_str(),
            "content-length" | "transfer-encoding" | "connection"
        ) {
            headers.push_str(&format!("{key}: {}\r\n", value.to_str().unwrap()));
        }
    }
    reply(status, &headers, &response.bytes().await.unwrap())
}
