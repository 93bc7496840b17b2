//! The server: accepts connections within limits, and ends them in order.
//!
//! A connection takes a seat when it asks for something, and a probe one of those kept for probes:
//! however many hold theirs, wait for one or say nothing, whoever asks whether this process lives is
//! answered. Where too many say nothing, the one that has done so for longest goes.
//!
//! A client that is slow to send a head, a body or to take an answer holds its connection for a
//! bounded time only. When told to stop, the server takes no more connections, lets requests end,
//! and cuts off what is left after the drain time.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::state::Limits;

/// Bytes of a request's head.
const HEAD: usize = 64 * 1024;

/// Serves until `shutdown` is done, within the usual limits.
///
/// # Errors
/// When the listener is gone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_within(listener, router, Limits::default(), shutdown).await
}

/// Serves until `shutdown` is done. Give the limits the router was made with.
///
/// # Errors
/// When the listener is gone.
pub async fn serve_within(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let seats = Seats {
        callers: Arc::new(Semaphore::new(limits.connections)),
        waiting: Arc::new(Semaphore::new(limits.arrivals)),
        probes: Arc::new(Semaphore::new(PROBING)),
    };
    let places = Arc::new(Semaphore::new(limits.arrivals));
    let mut silent = VecDeque::new();
    let graceful = GracefulShutdown::new();
    let (mut arrivals, mut waiting) = (JoinSet::new(), JoinSet::new());
    let mut connections = JoinSet::new();
    let (stop, stopped) = watch::channel(false);
    let mut begin = |Arrived {
                         stream,
                         seat,
                         probes,
                     }: Arrived| {
        while connections.try_join_next().is_some() {}
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // A probe is short, and asks once.
            .header_read_timeout(if probes { limits.silence } else { limits.head })
            .keep_alive(!probes)
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(Patient::new(stream, limits.stall)), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // How a connection ends is the client's affair.
            if let Err(error) = connection.await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a connection ended early"
                );
            }
            drop(seat);
        });
    };
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener) => {
                let stream = accepted?;
                let place = place(&places, &mut silent).await?;
                let spoken = until(&stopped, spoken(stream, place, limits.silence));
                silent.push_back(arrivals.spawn(spoken));
            }
            Some(spoken) = arrivals.join_next() => {
                silent.retain(|one: &AbortHandle| !one.is_finished());
                for spoken in spoken.into_iter().flatten() {
                    waiting.spawn(until(&stopped, seated(spoken, seats.clone(), limits.head)));
                }
            }
            Some(arrived) = waiting.join_next() => arrived.into_iter().flatten().for_each(&mut begin),
        }
    }
    drop(listener);
    // Who has asked already is still answered.
    stop.send_replace(true);
    while let Some(spoken) = arrivals.join_next().await {
        for spoken in spoken.into_iter().flatten() {
            waiting.spawn(until(&stopped, seated(spoken, seats.clone(), limits.head)));
        }
    }
    while let Some(arrived) = waiting.join_next().await {
        arrived.into_iter().flatten().for_each(&mut begin);
    }
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests did not end within the drain time and are cut off");
    }
    connections.shutdown().await;
    Ok(())
}

/// How the requests begin that are answered without a seat: somebody decides by them whether this
/// process is killed.
const PROBES: [&[u8]; 2] = [b"GET /livez ", b"GET /readyz "];

/// How many probes are answered at the same time.
const PROBING: usize = 16;

/// What a connection takes once it has asked.
#[derive(Clone)]
struct Seats {
    callers: Arc<Semaphore>,
    /// For those who wait for one of these.
    waiting: Arc<Semaphore>,
    probes: Arc<Semaphore>,
}

/// A connection that asks for something.
struct Spoken {
    stream: TcpStream,
    probes: bool,
}

/// The same with its seat.
struct Arrived {
    stream: TcpStream,
    seat: OwnedSemaphorePermit,
    probes: bool,
}

/// What comes of it, unless the server stops before.
fn until<T, F: Future<Output = Option<T>>>(
    stopped: &watch::Receiver<bool>,
    what: F,
) -> impl Future<Output = Option<T>> + use<T, F> {
    let mut stopped = stopped.clone();
    async move {
        tokio::select! {
            biased;
            came = what => came,
            _ = stopped.wait_for(|stopped| *stopped) => None,
        }
    }
}

/// Waits until a connection asks for something; `None` for one that says nothing for too long.
async fn spoken(
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    silence: Duration,
) -> Option<Spoken> {
    let mut head = [0; 16];
    let count = timeout(silence, stream.peek(&mut head)).await;
    let said = head
        .get(..count.ok()?.ok()?)
        .filter(|said| !said.is_empty())?;
    let probes = PROBES.iter().any(|probe| said.starts_with(probe));
    Some(Spoken { stream, probes })
}

/// Waits for a seat; `None` when there is none for as long as a head may take, or too many wait.
async fn seated(
    Spoken { stream, probes }: Spoken,
    seats: Seats,
    head: Duration,
) -> Option<Arrived> {
    let seat = if probes {
        seats.probes.try_acquire_owned().ok()?
    } else {
        let _waits = seats.waiting.try_acquire_owned().ok()?;
        timeout(head, seats.callers.acquire_owned())
            .await
            .ok()?
            .ok()?
    };
    Some(Arrived {
        stream,
        seat,
        probes,
    })
}

/// A place for somebody who has said nothing yet. When all are taken, who has been silent for longest
/// gives theirs.
async fn place(
    places: &Arc<Semaphore>,
    silent: &mut VecDeque<AbortHandle>,
) -> io::Result<OwnedSemaphorePermit> {
    if places.available_permits() == 0
        && let Some(oldest) = silent.pop_front()
    {
        oldest.abort();
    }
    let place = places.clone().acquire_owned().await;
    place.map_err(io::Error::other)
}

/// The next connection.
async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small answers leave at once; without it they only leave later.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a connection could not be accepted; trying again"
                );
                // Out of file descriptors, as a rule: some will come free.
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// A stream that fails when the other side takes nothing for too long.
struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs only while a write waits.
    stalled: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<S> Patient<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            stalled: Box::pin(sleep(patience)),
            waiting: false,
        }
    }

    /// Lets a write be pending for as long as the patience lasts.
    fn bounded<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waiting = false;
            return polled;
        }
        if !self.waiting {
            self.waiting = true;
            self.stalled.as_mut().reset(Instant::now() + self.patience);
        }
        ready!(self.stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.bounded(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(polled, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_dropped_when_patience_ends() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let mut stream = Patient::new(ours, Duration::from_secs(30));
        let error = stream.write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
