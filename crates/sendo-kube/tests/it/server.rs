//! A server that answers each request by what its path and query are.

use std::sync::{Arc, Mutex};

use sendo_core::names::ClusterName;
use sendo_kube::{Access, ArgoCd, Cluster};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is sent back; then the connection ends.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Json(u16, String),
    Text(u16, &'static str),
    /// The beginning of an answer that never comes whole.
    Cut(&'static str),
    /// Nothing.
    Closed,
}

/// The requests that came, as `METHOD PATH?QUERY BODY`.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

/// Serves; gives its address and the requests it is asked.
pub(crate) async fn serve(
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let log = Log::default();
    let noted = log.clone();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, noted) = (answer.clone(), noted.clone());
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let request = read(&mut stream).await;
                noted.lock().unwrap().push(request.clone());
                // Who hangs up has had enough.
                let _ = write(stream.get_mut(), answer(&request)).await;
            });
        }
    });
    (address, log)
}

async fn read(stream: &mut BufReader<TcpStream>) -> String {
    let mut first = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) < 3 {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if first.is_empty() {
            first = line.trim_end_matches(" HTTP/1.1\r\n").to_owned();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    format!("{first} {}", String::from_utf8(body).unwrap())
}

async fn write(stream: &mut TcpStream, answer: Answer) -> std::io::Result<()> {
    let (status, kind, body, length) = match &answer {
        Answer::Json(status, body) => (*status, "application/json", body.as_str(), body.len()),
        Answer::Text(status, body) => (*status, "text/html", *body, body.len()),
        Answer::Cut(body) => (200, "application/json", *body, body.len() + 100),
        Answer::Closed => return Ok(()),
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// A cluster at an address.
pub(crate) async fn cluster(address: &str) -> Cluster {
    let text = format!(
        "current-context: a\nclusters: [{{name: a, cluster: {{server: '{address}'}}}}]\n\
         users: [{{name: u, user: {{token: s3cret}}}}]\n\
         contexts: [{{name: a, context: {{cluster: a, user: u}}}}]\n"
    );
    let access = Access::Kubeconfig {
        text: text.into(),
        context: None,
    };
    let name = ClusterName::new("hub").unwrap();
    Cluster::connect(name, access).await.unwrap()
}

/// The Argo CD there.
pub(crate) async fn argocd(address: &str) -> ArgoCd {
    ArgoCd::new(cluster(address).await, "argocd").unwrap()
}
