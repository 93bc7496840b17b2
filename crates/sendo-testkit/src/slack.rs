//! Slack's Web API as far as notices use it, as a model in memory: channels with messages and
//! threads, metadata, scopes, a rate limit, and answers that get lost.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// The bot's token.
pub const TOKEN: &str = "xoxb-test";
/// The only channel there is.
pub const CHANNEL: &str = "C0123456789";
/// How many messages a page of a history has.
const PAGE: usize = 3;

/// A listener on loopback; ends when it is dropped.
#[derive(Debug)]
pub struct Slack {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What goes wrong with a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// HTTP 429: the bot has to wait a second.
    Limited,
    /// The message stands there and the connection is cut before the answer.
    AnswerLost,
    /// HTTP 503, and nothing stands there.
    Down,
    /// HTTP 200 with `ok: false` and this error.
    Says(&'static str),
}

/// A message as it stands in the channel.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its timestamp, which is its name.
    pub ts: String,
    /// The thread it answers in.
    pub thread: Option<String>,
    /// Whether the channel shows it as well.
    pub broadcast: bool,
    /// The notice's id, from its metadata.
    pub id: Option<String>,
    /// Its text for notifications.
    pub text: String,
}

#[derive(Debug, Default)]
struct Book {
    standing: Vec<Standing>,
    posts: u32,
    /// What goes wrong with the post of a number, counted from 1.
    troubles: BTreeMap<u32, Trouble>,
    /// Whether the bot may not read what stands there.
    blind: bool,
}

impl Slack {
    /// Listens on a free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (book, stop) = (Arc::<Mutex<Book>>::default(), Arc::<AtomicBool>::default());
        let (shared, stopping) = (Arc::clone(&book), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::Relaxed) {
                    break;
                }
                if let Ok(stream) = stream {
                    let book = Arc::clone(&shared);
                    std::thread::spawn(move || serve(&stream, &book));
                }
            }
        });
        Self {
            address,
            book,
            stop,
            thread: Some(thread),
        }
    }

    /// Where its API is.
    #[must_use]
    pub fn api(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// What stands in the channel, oldest first.
    #[must_use]
    pub fn standing(&self) -> Vec<Standing> {
        self.book().standing.clone()
    }

    /// Goes wrong with the post of that number, counted from 1.
    pub fn trouble(&self, post: u32, trouble: Trouble) {
        self.book().troubles.insert(post, trouble);
    }

    /// From now on the bot may write and not read.
    pub fn blind(&self) {
        self.book().blind = true;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slack {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Book {
    /// An answer's status and body; `None` is none at all.
    fn answer(&mut self, method: &str, query: &str, body: &str) -> Option<(u16, Value)> {
        let ok = |value: Value| Some((200, value));
        let error = |code: &str| Some((200, json!({ "ok": false, "error": code })));
        if method == "chat.postMessage" {
            self.posts += 1;
            return match self.troubles.get(&self.posts).copied() {
                Some(Trouble::Limited) => {
                    Some((429, json!({ "ok": false, "error": "ratelimited" })))
                }
                Some(Trouble::Down) => Some((503, Value::Null)),
                Some(Trouble::Says(code)) => error(code),
                Some(Trouble::AnswerLost) => {
                    let _arrived = self.post(body);
                    None
                }
                None => ok(self.post(body)),
            };
        }
        if self.blind {
            let needed = "channels:history";
            return ok(json!({ "ok": false, "error": "missing_scope", "needed": needed }));
        }
        let asked: BTreeMap<&str, &str> = query
            .split('&')
            .filter_map(|one| one.split_once('='))
            .collect();
        if asked.get("channel") != Some(&CHANNEL) {
            return error("channel_not_found");
        }
        let root = asked.get("ts").map(ToString::to_string);
        let mut found: Vec<&Standing> = match method {
            "conversations.replies" => {
                let of = |one: &&Standing| Some(&one.ts) == root.as_ref() || one.thread == root;
                self.standing.iter().filter(of).collect()
            }
            "conversations.history" => {
                let shown = |one: &&Standing| one.thread.is_none() || one.broadcast;
                self.standing.iter().filter(shown).rev().collect()
            }
            _ => return error("unknown_method"),
        };
        let from: usize = asked
            .get("cursor")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let more = found.len() > from + PAGE;
        found = found.into_iter().skip(from).take(PAGE).collect();
        let next = if more {
            (from + PAGE).to_string()
        } else {
            String::new()
        };
        ok(json!({
            "ok": true,
            "messages": found.iter().map(|one| shown(one)).collect::<Vec<_>>(),
            "has_more": more,
            "response_metadata": { "next_cursor": next },
        }))
    }

    fn post(&mut self, body: &str) -> Value {
        let Ok(message) = serde_json::from_str::<Value>(body) else {
            return json!({ "ok": false, "error": "invalid_json" });
        };
        if message["channel"] != CHANNEL {
            return json!({ "ok": false, "error": "channel_not_found" });
        }
        let thread = message["thread_ts"].as_str().map(ToOwned::to_owned);
        let has = |ts: &String| self.standing.iter().any(|one| one.ts == *ts);
        if thread.as_ref().is_some_and(|ts| !has(ts)) {
            return json!({ "ok": false, "error": "thread_not_found" });
        }
        let standing = Standing {
            ts: format!("1795434000.{:06}", self.standing.len() + 1),
            thread,
            broadcast: message["reply_broadcast"] == true,
            id: message["metadata"]["event_payload"]["id"]
                .as_str()
                .map(ToOwned::to_owned),
            text: message["text"].as_str().unwrap_or_default().to_owned(),
        };
        let answer = json!({
            "ok": true,
            "channel": CHANNEL,
            "ts": standing.ts,
            "message": shown(&standing),
        });
        self.standing.push(standing);
        answer
    }
}

fn shown(one: &Standing) -> Value {
    let mut message = json!({ "type": "message", "ts": one.ts, "text": one.text });
    if let Some(thread) = &one.thread {
        message["thread_ts"] = json!(thread);
    }
    if let Some(id) = &one.id {
        let payload = json!({ "id": id });
        message["metadata"] = json!({ "event_type": "sendo_notice", "event_payload": payload });
    }
    message
}

/// Answers the requests of one connection.
fn serve(stream: &TcpStream, book: &Mutex<Book>) {
    let Ok(reading) = stream.try_clone() else {
        return;
    };
    let (mut reader, mut writer) = (BufReader::new(reading), stream);
    loop {
        let (mut head, mut length, mut token) = (String::new(), 0, false);
        loop {
            let mut line = String::new();
            if !matches!(reader.read_line(&mut line), Ok(n) if n > 0) {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            token |= lower.trim_end() == format!("authorization: bearer {TOKEN}");
            if head.is_empty() {
                head = line;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let method = path.strip_prefix("/api/").unwrap_or_default();
        let answer = if token {
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            book.answer(method, query, &String::from_utf8_lossy(&body))
        } else {
            Some((200, json!({ "ok": false, "error": "invalid_auth" })))
        };
        // Nobody can tell from outside whether it arrived.
        let Some((status, body)) = answer else { return };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nRetry-After: 1\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
