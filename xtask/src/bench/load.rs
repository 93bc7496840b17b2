//! A bounded load on a server of this machine: one thread a connection, each kept alive.
//!
//! Only loopback is ever a target, and every run ends by itself.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Connections that send at the same time.
pub(super) const CONNECTIONS: u32 = 16;
/// A longer load is a mistake.
const LONGEST: Duration = Duration::from_secs(60);
/// An answer that takes longer counts as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a load goes, and what it sends.
pub(super) struct Load<'a> {
    pub(super) server: SocketAddr,
    pub(super) token: &'a str,
    pub(super) path: &'a str,
    /// The body of the nth request; each is sent once.
    pub(super) body: &'a (dyn Fn(u64) -> String + Sync),
}

impl Load<'_> {
    /// How many requests a second are accepted when every connection sends its next one as soon
    /// as the last is answered.
    pub(super) fn saturate(&self, first: u64, length: Duration) -> Result<f64> {
        let next = AtomicU64::new(first);
        let started = Instant::now();
        let until = started + length.min(LONGEST);
        self.on_every_connection(|_, connection| {
            while Instant::now() < until {
                self.send(connection, next.fetch_add(1, Ordering::Relaxed))?;
            }
            Ok(Vec::new())
        })?;
        let accepted = next.load(Ordering::Relaxed) - first;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
        Ok(accepted as f64 / started.elapsed().as_secs_f64())
    }

    /// How long each answer took, in milliseconds, when requests are due at a steady rate. A
    /// request that had to wait for the connection is measured from when it was due.
    pub(super) fn steady(&self, first: u64, rate: u32, length: Duration) -> Result<Vec<f64>> {
        let gap = Duration::from_secs(1) / rate;
        let started = Instant::now();
        let length = length.min(LONGEST);
        self.on_every_connection(|own, connection| {
            let mut taken = Vec::new();
            for turn in 0.. {
                let number = turn * CONNECTIONS + own;
                let due = gap * number;
                if due >= length {
                    break;
                }
                thread::sleep((started + due).saturating_duration_since(Instant::now()));
                self.send(connection, first + u64::from(number))?;
                taken.push((started.elapsed() - due).as_secs_f64() * 1000.0);
            }
            Ok(taken)
        })
    }

    fn on_every_connection(
        &self,
        work: impl Fn(u32, &mut BufReader<TcpStream>) -> Result<Vec<f64>> + Sync,
    ) -> Result<Vec<f64>> {
        ensure!(
            self.server.ip().is_loopback(),
            "only this machine is loaded"
        );
        let connections = (0..CONNECTIONS)
            .map(|own| Ok((own, self.connect()?)))
            .collect::<Result<Vec<_>>>()?;
        let work = &work;
        thread::scope(|scope| {
            let threads: Vec<_> = connections
                .into_iter()
                .map(|(own, mut connection)| scope.spawn(move || work(own, &mut connection)))
                .collect();
            let mut all = Vec::new();
            for thread in threads {
                match thread.join() {
                    Ok(done) => all.extend(done?),
                    Err(_) => bail!("a connection's thread ended early"),
                }
            }
            Ok(all)
        })
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.server).context("the server does not answer")?;
        stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
            .context("could not set up a connection")?;
        Ok(BufReader::new(stream))
    }

    /// Sends one request and reads its answer; anything but success is an error.
    fn send(&self, connection: &mut BufReader<TcpStream>, number: u64) -> Result<()> {
        let body = (self.body)(number);
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.path,
            self.token,
            body.len()
        );
        connection
            .get_mut()
            .write_all(request.as_bytes())
            .context("could not send a request")?;
        let (status, body) = answer(connection).context("could not read an answer")?;
        ensure!(
            status.contains(" 20"),
            "the server refused a request: {} {}",
            status.trim(),
            String::from_utf8_lossy(&body)
        );
        Ok(())
    }
}

/// The status line and the body of an answer that tells its length.
fn answer(connection: &mut impl BufRead) -> std::io::Result<(String, Vec<u8>)> {
    let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
    connection.read_line(&mut status)?;
    loop {
        line.clear();
        if connection.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end_and_no_further() {
        let mut text: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200";
        let (status, body) = answer(&mut text).unwrap();
        assert_eq!(
            (status.trim(), body.as_slice()),
            ("HTTP/1.1 202 Accepted", b"{}".as_slice())
        );
        assert_eq!(text, b"HTTP/1.1 200");
    }

    #[test]
    fn only_this_machine_is_loaded() {
        let load = Load {
            server: SocketAddr::from(([192, 0, 2, 1], 80)),
            token: "",
            path: "/",
            body: &|_| String::new(),
        };
        let said = load.saturate(0, Duration::from_millis(1)).unwrap_err();
        assert_eq!(said.to_string(), "only this machine is loaded");
    }
}
