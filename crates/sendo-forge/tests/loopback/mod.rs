//! An HTTP server on loopback that answers byte for byte what a test says, also what no server should.

use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// The lines of the head after the first.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// A header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(found.1.trim())
    }

    /// The path without its query and what all of them begin with.
    pub(crate) fn route(&self) -> String {
        let path = self.path.split('?').next().unwrap();
        path.trim_start_matches("/api/v1").to_owned()
    }
}

/// The bytes of an answer; none at all ends the connection without one.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Vec<u8>> + Send>>;

/// Answers every request by `answer`, for as long as the test runs. Gives the address.
pub(crate) async fn serve(answer: impl Fn(Asked) -> Answering + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                if let Some(asked) = read(&mut stream).await {
                    let bytes = answer(asked).await;
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    url
}

/// An answer with its length, after which the connection ends.
pub(crate) fn reply(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes = format!(
        "HTTP/1.1 {status} Answer\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// An answer in JSON.
pub(crate) fn json(status: u16, value: &serde_json::Value) -> Vec<u8> {
    reply(
        status,
        "content-type: application/json\r\n",
        value.to_string().as_bytes(),
    )
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let (first, head) = text.split_once("\r\n").unwrap_or((&text, ""));
    let mut words = first.split(' ');
    let mut asked = Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        head: head.to_owned(),
        body: bytes[end + 4..].to_vec(),
    };
    let length: usize = asked
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    while asked.body.len() < length {
        if stream.read_buf(&mut asked.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(asked)
}
