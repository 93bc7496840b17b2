//! What stands between two parts of a chain: a line that is cut, and a courier who loses and repeats.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Connections to an address, all of which can be cut.
pub(crate) struct Line {
    address: SocketAddr,
    open: Arc<Mutex<Vec<TcpStream>>>,
    cuts: AtomicUsize,
}

impl Line {
    pub(crate) fn to(target: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::<Mutex<Vec<TcpStream>>>::default();
        let kept = Arc::clone(&open);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(target) else {
                    continue;
                };
                let ends = [&near, &far].map(|end| end.try_clone().unwrap());
                kept.lock().unwrap().extend(ends);
                let (back, there) = (far.try_clone().unwrap(), near.try_clone().unwrap());
                thread::spawn(move || pass(near, far));
                thread::spawn(move || pass(back, there));
            }
        });
        Self {
            address,
            open,
            cuts: AtomicUsize::new(0),
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection there is, in the middle of whatever it carries.
    pub(crate) fn cut(&self) {
        for end in self.open.lock().unwrap().drain(..) {
            if end.shutdown(Shutdown::Both).is_ok() {
                self.cuts.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many ends of connections were cut that had been open.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

/// Takes deliveries and hands them to a server: every third one never, every other one twice; and what
/// it ever took again, the newest first.
#[derive(Clone, Default)]
pub(crate) struct Courier {
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Courier {
    /// Begins; gives the URL that deliveries are sent to.
    pub(crate) fn between(&self, server: SocketAddr) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let courier = self.clone();
        thread::spawn(move || {
            for (count, mut stream) in listener.incoming().flatten().enumerate() {
                let delivery = read(&mut stream);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                courier.taken.lock().unwrap().push(delivery.clone());
                if count % 3 != 2 {
                    hand(server, &delivery);
                    hand(server, &delivery);
                }
                if count % 4 == 3 {
                    courier.again(server);
                }
            }
        });
        url
    }

    /// Hands over everything once more, the newest first; gives how much that was.
    pub(crate) fn again(&self, server: SocketAddr) -> usize {
        let taken = self.taken.lock().unwrap().clone();
        for delivery in taken.iter().rev() {
            hand(server, delivery);
        }
        taken.len()
    }
}

/// A whole request.
fn read(stream: &mut TcpStream) -> Vec<u8> {
    let (mut whole, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut part) {
        whole.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&whole);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_it = name.eq_ignore_ascii_case("content-length");
            is_it.then(|| value.parse().unwrap_or(0))
        });
        if body.len() >= length.unwrap_or(0) {
            break;
        }
    }
    whole
}

/// The same bytes; only that the connection is for them alone.
fn hand(server: SocketAddr, delivery: &[u8]) {
    let text = String::from_utf8_lossy(delivery);
    let text = text.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    // A server that is dead hears nothing.
    if let Ok(mut stream) = TcpStream::connect(server) {
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.read_to_end(&mut Vec::new());
    }
}
