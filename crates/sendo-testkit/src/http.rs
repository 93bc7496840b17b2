//! Requests to a server over loopback, one connection each.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A server that does not answer within this is as good as dead.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads JSON.
///
/// # Errors
/// When nobody answers, or with anything but 200.
pub fn get(address: SocketAddr, path: &str) -> Result<Value, String> {
    get_within(PATIENCE, address, path)
}

/// Reads JSON from a server that may be stopped.
///
/// # Errors
/// See [`get`].
pub fn get_within(patience: Duration, address: SocketAddr, path: &str) -> Result<Value, String> {
    let (status, body) = ask(patience, address, "GET", path, &[], "")?;
    if status != 200 {
        return Err(format!("GET {path}: {status} {body}"));
    }
    serde_json::from_str(&body).map_err(|error| format!("GET {path}: {error}"))
}

/// Sends a request; gives the status and the body.
///
/// # Errors
/// When nobody answers.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, String), String> {
    ask(PATIENCE, address, method, path, headers, body)
}

/// Signs in as a browser does, by a form; gives the cookie that it shows from then on.
///
/// # Errors
/// When nobody answers, or no session is opened.
pub fn sign_in(address: SocketAddr, path: &str, form: &str) -> Result<String, String> {
    let origin = format!("http://{address}");
    let headers = [
        ("Origin", origin.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let (_, head, body) = exchange(PATIENCE, address, "POST", path, &headers, form)?;
    let cookie = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_cookie = name.eq_ignore_ascii_case("set-cookie");
        is_cookie.then(|| value.split(';').next().unwrap_or_default().to_owned())
    });
    cookie.ok_or_else(|| format!("POST {path}: no session: {head} {body}"))
}

fn ask(
    patience: Duration,
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, String), String> {
    let (status, _, body) = exchange(patience, address, method, path, headers, body)?;
    Ok((status, body))
}

/// The status, the head and the body of an answer.
fn exchange(
    patience: Duration,
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, String, String), String> {
    let told = |error: std::io::Error| format!("{method} {path}: {error}");
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(told)?;
    stream.set_read_timeout(Some(patience)).map_err(told)?;
    stream.set_write_timeout(Some(patience)).map_err(told)?;
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    stream.write_all(text.as_bytes()).map_err(told)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(told)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| format!("{method} {path}: no answer"))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| format!("{method} {path}: {head}"))?;
    let chunked = head
        .to_ascii_lowercase()
        .contains("\r\ntransfer-encoding: chunked");
    let body = if chunked {
        whole(body)
    } else {
        Some(body.to_owned())
    };
    let body = body.ok_or_else(|| format!("{method} {path}: a broken answer"))?;
    Ok((status, head.to_owned(), body))
}

/// Puts the chunks of a body together.
fn whole(mut chunks: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (length, rest) = chunks.split_once("\r\n")?;
        let length = usize::from_str_radix(length.split(';').next()?.trim(), 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.push_str(rest.get(..length)?);
        chunks = rest.get(length..)?.strip_prefix("\r\n")?;
    }
}
