//! What the row asks of others: Gitea, the API server through `kubectl proxy`, and Sendo.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::process::stop;

/// Where somebody is asked on this machine, and as whom.
#[derive(Clone)]
pub(super) struct Place {
    address: String,
    token: String,
    prefix: &'static str,
}

impl Place {
    pub(super) fn new(address: String, token: String, prefix: &'static str) -> Self {
        Self {
            address,
            token,
            prefix,
        }
    }

    /// Sends a request; gives the status and the JSON that was answered.
    pub(super) fn try_call(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        let mut answer = String::new();
        self.send(method, path, body)?
            .read_to_string(&mut answer)
            .with_context(|| format!("{method} {path} was not answered"))?;
        let (head, body) = answer.split_once("\r\n\r\n").context("not HTTP")?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let body = serde_json::from_str(body).unwrap_or_default();
        Ok((status.context("not HTTP")?, body))
    }

    /// The same where it has to work.
    pub(super) fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.try_call(method, path, body)?;
        ensure!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        Ok(answer)
    }

    /// Reads what a watch tells, until it tells what is waited for.
    pub(super) fn watch(&self, path: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
        for line in BufReader::new(self.send("GET", path, &Value::Null)?).lines() {
            let line = line.context("a watch broke off")?;
            if let Ok(told) = serde_json::from_str::<Value>(&line)
                && is(&told["object"])
            {
                return Ok(told["object"].clone());
            }
        }
        bail!("a watch ended: {path}")
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)
            .with_context(|| format!("nobody at {}", self.address))?;
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let kind = if method == "PATCH" && self.token.is_empty() {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let who = match self.token.as_str() {
            "" => String::new(),
            token => format!("Authorization: {token}\r\n"),
        };
        // In HTTP/1.0 no answer comes in chunks.
        let text = format!(
            "{method} {}{path} HTTP/1.0\r\nHost: {}\r\n{who}Content-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.prefix,
            self.address,
            body.len()
        );
        stream.write_all(text.as_bytes()).context("broken off")?;
        Ok(stream)
    }
}

/// `kubectl proxy`: the API server without TLS, so that a call costs no process. Ends when dropped.
pub(super) struct Proxy {
    child: Child,
    pub(super) cluster: Place,
}

impl Proxy {
    pub(super) fn start() -> Result<Self> {
        let mut child = Command::new("kubectl")
            .args(["proxy", "--port=0"])
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start kubectl proxy")?;
        let mut line = String::new();
        let output = child.stdout.take().context("it tells nothing")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line
            .trim()
            .rsplit(' ')
            .next()
            .unwrap_or_default()
            .to_owned();
        let cluster = Place::new(address, String::new(), "");
        Ok(Self { child, cluster })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}
