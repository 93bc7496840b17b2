//! Requests over loopback, one connection each, read to their end.
//!
//! Spoken is HTTP/1.0, so that no answer comes in chunks. Nothing here leaves the machine.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// A server that does not answer within this is as good as dead.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request to a port of this machine.
pub(crate) struct Request<'a> {
    pub(crate) port: u16,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The value of `Authorization`; nothing when empty.
    pub(crate) authorization: &'a str,
    /// JSON, or nothing.
    pub(crate) body: &'a str,
}

impl Request<'_> {
    /// Sends it; gives the status and the body.
    pub(crate) fn send(&self) -> std::io::Result<(u16, String)> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut text = format!(
            "{} {} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n",
            self.method,
            self.path,
            self.body.len()
        );
        if !self.body.is_empty() {
            text.push_str("Content-Type: application/json\r\n");
        }
        if !self.authorization.is_empty() {
            text.push_str(&format!("Authorization: {}\r\n", self.authorization));
        }
        text.push_str("\r\n");
        text.push_str(self.body);
        stream.write_all(text.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        parse(&answer).ok_or_else(|| std::io::Error::other(format!("not HTTP: {answer}")))
    }
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}
