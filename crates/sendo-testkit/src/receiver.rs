//! Takes notices in, as a chat or a dashboard would, and counts them by their ids.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::shim::Failing;
use crate::wait;

/// The first answer takes this long, so that a claim's heart has to beat meanwhile.
const SLOW: Duration = Duration::from_millis(450);

/// A listener on loopback; ends when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What came in, and what is to go wrong.
#[derive(Debug, Default)]
struct Book {
    /// How often each notice arrived.
    seen: BTreeMap<String, u64>,
    calls: u64,
    faults: Option<Faults>,
    failed: usize,
    /// Whether nobody is there any more to be told.
    gone: bool,
}

/// Of all calls, the one of number `first` fails and every `stride`-th after it.
#[derive(Debug, Clone, Copy)]
struct Faults {
    first: u64,
    stride: u64,
    failing: Failing,
}

impl Book {
    /// Writes a call down; how it fails, if it does.
    fn take(&mut self, id: Option<String>) -> Option<Failing> {
        self.calls += 1;
        let due = |faults: &Faults| self.calls % faults.stride == faults.first % faults.stride;
        let failing = self.faults.filter(due).map(|faults| faults.failing);
        if failing.is_some() {
            self.failed += 1;
        }
        if let (Some(id), None | Some(Failing::Ambiguous)) = (id, failing) {
            *self.seen.entry(id).or_default() += 1;
        }
        failing
    }
}

impl Receiver {
    /// Listens on a free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (book, stop) = (Arc::<Mutex<Book>>::default(), Arc::<AtomicBool>::default());
        let (shared, stopping) = (Arc::clone(&book), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                if stopping.load(Ordering::Relaxed) {
                    break;
                }
                if let Ok(stream) = stream {
                    let book = Arc::clone(&shared);
                    std::thread::spawn(move || take(stream, &book, n == 0));
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

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often each notice arrived.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<String, u64> {
        self.book().seen.clone()
    }

    /// From now on the call of number `first` fails, counted from 1, and every `stride`-th after it.
    pub fn fail(&self, first: u64, stride: u64, failing: Failing) {
        self.book().faults = Some(Faults {
            first,
            stride,
            failing,
        });
    }

    /// From now on every call is refused for good.
    pub fn go(&self) {
        self.book().gone = true;
    }

    /// How many calls failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.book().failed
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers the requests of one connection.
fn take(stream: TcpStream, book: &Mutex<Book>, mut slow: bool) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let Ok(writing) = stream.try_clone() else {
        return;
    };
    let (mut reader, mut writer) = (BufReader::new(stream), writing);
    loop {
        let (mut id, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(n) if n > 0 => {}
                _ => return,
            }
            if line.trim().is_empty() {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if lower.starts_with("webhook-id:") {
                id = Some(line["webhook-id:".len()..].trim().to_owned());
            } else if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        if std::mem::take(&mut slow) {
            wait::pass(SLOW);
        }
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match book.take(id) {
            _ if book.gone => "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
            None => "HTTP/1.1 204 No Content\r\n\r\n",
            Some(Failing::Refused) => {
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
            }
            // Nobody can tell from outside whether it arrived.
            Some(Failing::Killed | Failing::Ambiguous) => return,
        };
        drop(book);
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
