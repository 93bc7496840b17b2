//! A client that can be as rude as a story needs: requests are written byte by byte to a socket.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for anything that is going to happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A request in the making.
pub(crate) struct Call {
    address: SocketAddr,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn new(address: SocketAddr, method: &'static str, path: &str) -> Self {
        Self {
            address,
            method,
            path: path.to_owned(),
            headers: vec![("host".to_owned(), address.to_string())],
            body: Vec::new(),
        }
    }

    /// Sets a header in place of one of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: impl Into<Vec<u8>>) -> Self {
        let mut call = self.header("content-type", "application/json");
        call.body = body.into();
        call
    }

    /// A form as a browser sends it from a page of ours.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let plain = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| {
                let value: String = plain(value);
                format!("{name}={value}")
            })
            .collect();
        let mut call = self
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html");
        call.body = fields.join("&").into_bytes();
        call
    }

    pub(crate) async fn send(self) -> Reply {
        let mut stream = self.open().await;
        stream
            .write_all(&self.body)
            .await
            .expect("the body is sent");
        reply(&mut stream).await
    }

    /// Sends the head alone; the body, if one is announced, is left to the story.
    pub(crate) async fn open(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("a listener");
        stream
            .write_all(self.head().as_bytes())
            .await
            .expect("the head is sent");
        stream
    }

    fn head(&self) -> String {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = |name| self.headers.iter().any(|(known, _)| known == name);
        if !framed("content-length") && !framed("transfer-encoding") {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head + "\r\n"
    }
}

/// Reads until the server closes.
pub(crate) async fn reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    // A server that answers before it has read everything may reset the connection afterwards.
    let _ = timeout(SOON, stream.read_to_end(&mut bytes))
        .await
        .expect("an answer in time");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Reply {
        status: status.unwrap_or(0),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

/// Reads until a text has come by.
pub(crate) async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut seen = String::new();
    let reading = async {
        let mut buffer = [0; 4096];
        while !seen.contains(wanted) {
            let count = stream.read(&mut buffer).await.expect("readable");
            assert!(count > 0, "ended before {wanted:?}: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    let came = timeout(SOON, reading).await.is_ok();
    assert!(came, "{wanted:?} did not come: {seen}");
    seen
}

impl Reply {
    /// A header's value, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The body as JSON; `Null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The reason code of a refusal that is complete.
    pub(crate) fn reason(&self) -> String {
        let error = &self.json()["error"];
        for field in ["message", "next"] {
            assert!(
                error[field].as_str().is_some_and(|text| !text.is_empty()),
                "{self:?}"
            );
        }
        error["reason_code"].as_str().unwrap_or_default().to_owned()
    }
}
