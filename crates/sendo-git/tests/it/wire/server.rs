//! A git server on the loopback: HTTP in front of the real `git http-backend`, with switches for what
//! real servers and networks do. Also run by the example `git_server`, for measurements.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use futures_util::stream::unfold;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// What the server does to requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switches {
    /// Added to every request.
    pub(crate) latency: Duration,
    /// The header that every request must have.
    pub(crate) authorization: Option<String>,
    /// Refuses a POST to a service whose capabilities nobody has read, with this status.
    pub(crate) insists: Option<u16>,
    /// What happens to requests whose method and service are these, so many times.
    pub(crate) faults: Vec<(&'static str, Fault, usize)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Not looked at; answered with status, content type and body.
    Answer(u16, &'static str, String),
    /// Not looked at; answered as git would, with these bytes.
    Raw(Vec<u8>),
    /// Carried out, and the connection closed after so many bytes of the answer.
    Cut(usize),
    /// Not looked at, and never answered.
    Hang,
}

/// A request, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Method and service: `POST git-receive-pack`.
    pub(crate) what: String,
    pub(crate) up: usize,
    pub(crate) body: Bytes,
}

#[derive(Debug, Default)]
struct Inner {
    root: PathBuf,
    switches: Mutex<Switches>,
    seen: Mutex<Vec<Seen>>,
    down: Mutex<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    inner: Arc<Inner>,
}

impl Server {
    /// Serves every repository below `root` until the runtime ends.
    pub(crate) async fn start(root: &Path) -> Self {
        let inner = Arc::new(Inner {
            root: root.to_owned(),
            ..Inner::default()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inner }
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }

    pub(crate) fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.inner.switches.lock().unwrap());
    }

    /// The requests since this was last asked, and how many bytes were answered.
    pub(crate) fn seen(&self) -> (Vec<Seen>, usize) {
        let seen = std::mem::take(&mut *self.inner.seen.lock().unwrap());
        (seen, std::mem::take(&mut *self.inner.down.lock().unwrap()))
    }
}

async fn handle(State(server): State<Arc<Inner>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let service = match path.rsplit('/').next() {
        Some("refs") => query.trim_start_matches("service="),
        service => service.unwrap_or_default(),
    };
    let what = format!("{} {service}", head.method);
    let switches = server.switches.lock().unwrap().clone();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    tokio::time::sleep(switches.latency).await;
    let asked_before = {
        let mut seen = server.seen.lock().unwrap();
        let get = format!("GET {service}");
        let before = seen.iter().any(|seen| seen.what == get);
        let up = body.len();
        let (what, body) = (what.clone(), body.clone());
        seen.push(Seen { what, up, body });
        before
    };
    let given = head.headers.get("authorization");
    if let Some(expected) = &switches.authorization
        && given.is_none_or(|given| given.to_str().unwrap() != expected)
    {
        return plain(401, "who is there?");
    }
    if let Some(status) = switches.insists
        && head.method == "POST"
        && !asked_before
    {
        return plain(status, "ask for the refs first");
    }
    let fault = {
        let mut switches = server.switches.lock().unwrap();
        let fault = switches
            .faults
            .iter_mut()
            .find(|(on, _, times)| *on == what && *times > 0);
        fault.map(|(_, fault, times)| {
            *times -= 1;
            fault.clone()
        })
    };
    let result = match head.method.as_str() {
        "GET" => format!("application/x-{service}-advertisement"),
        _ => format!("application/x-{service}-result"),
    };
    match fault {
        Some(Fault::Answer(status, kind, body)) => answer(status, kind, body),
        Some(Fault::Raw(bytes)) => answer(200, &result, bytes),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Cut(after)) => {
            let whole = backend(
                &server,
                head.method.as_str(),
                &path,
                &query,
                &head.headers,
                body,
            )
            .await;
            let whole = to_bytes(whole.into_body(), usize::MAX).await.unwrap();
            let pieces = [Ok(whole.slice(..after.min(whole.len()))), Err("cut")];
            let stream = futures_util::stream::iter(pieces);
            answer(200, &result, Body::from_stream(stream))
        }
        None => {
            backend(
                &server,
                head.method.as_str(),
                &path,
                &query,
                &head.headers,
                body,
            )
            .await
        }
    }
}

fn plain(status: u16, text: &'static str) -> Response<Body> {
    answer(status, "text/plain", text)
}

fn answer(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::builder().status(status);
    if status / 100 == 3 {
        response = response.header(
            "location",
            "https://elsewhere.example:8443/r.git/git-upload-pack?token=hunter2",
        );
    }
    response
        .header("content-type", kind)
        .body(body.into())
        .unwrap()
}

/// The program that git ships for web servers to run.
async fn backend(
    server: &Arc<Inner>,
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", &server.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "alice")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("HTTP_GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writing = tokio::spawn(async move {
        // One that dies of what it is told does not read the rest.
        let _ = stdin.write_all(&body).await;
    });
    let mut stdout = BufReader::with_capacity(64 * 1024, child.stdout.take().unwrap());
    let mut response = Response::builder();
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        response = match name {
            "Status" => response.status(StatusCode::from_bytes(&value.as_bytes()[..3]).unwrap()),
            name => response.header(name, value),
        };
    }
    let state = (Arc::clone(server), child, stdout, writing);
    response
        .body(Body::from_stream(unfold(state, piece)))
        .unwrap()
}

type Running = (
    Arc<Inner>,
    Child,
    BufReader<ChildStdout>,
    tokio::task::JoinHandle<()>,
);

async fn piece(mut running: Running) -> Option<(std::io::Result<Bytes>, Running)> {
    let mut piece = vec![0; 64 * 1024];
    let read = running.2.read(&mut piece).await.unwrap();
    if read == 0 {
        // Not before it has ended, so that whoever was answered finds everything done.
        running.1.wait().await.unwrap();
        return None;
    }
    piece.truncate(read);
    *running.0.down.lock().unwrap() += read;
    Some((Ok(piece.into()), running))
}
