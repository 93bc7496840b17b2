//! The server: accepts connections within limits, and ends them in order.
//!
//! A connection takes a seat when it asks for something, and none for a probe: however many hold theirs
//! or say nothing, whoever asks whether this process lives is answered.
//!
//! A client that is slow to send a head, a body or to take an answer holds its connection for a
//! bounded time only. When told to stop, the server takes no more connections, lets requests end,
//! and cuts off what is left after the drain time.

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
use tokio::task::JoinSet;
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
    let seats = Arc::new(Semaphore::new(limits.connections));
    let places = Arc::new(Semaphore::new(limits.arrivals));
    let graceful = GracefulShutdown::new();
    let (mut arrivals, mut connections) = (JoinSet::new(), JoinSet::new());
    let (stop, stopped) = watch::channel(false);
    let mut begin = |(stream, seat): Arrived| {
        while connections.try_join_next().is_some() {}
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            // Who asked without a seat asks once.
            .keep_alive(seat.is_some())
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
            accepted = accept(&listener, &places) => {
                let (stream, place) = accepted?;
                let arrival = arrival(stream, Arc::clone(&seats), limits);
                let mut stopped = stopped.clone();
                arrivals.spawn(async move {
                    let _place = place;
                    tokio::select! {
                        biased;
                        arrived = arrival => arrived,
                        _ = stopped.wait_for(|stopped| *stopped) => None,
                    }
                });
            }
            Some(arrived) = arrivals.join_next() => arrived.into_iter().flatten().for_each(&mut begin),
        }
    }
    drop(listener);
    // Who has asked already is still answered.
    stop.send_replace(true);
    while let Some(arrived) = arrivals.join_next().await {
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

/// A connection that asks for something, with its seat unless that is a probe.
type Arrived = (TcpStream, Option<OwnedSemaphorePermit>);

/// Waits until a connection asks for something and there is a seat for it; `None` for one that says
/// nothing for too long, and when there is no seat for as long as a head may take.
async fn arrival(stream: TcpStream, seats: Arc<Semaphore>, limits: Limits) -> Option<Arrived> {
    let mut head = [0; 16];
    let count = timeout(limits.silence, stream.peek(&mut head)).await;
    let said = head.get(..count.ok()?.ok()?)?;
    if PROBES.iter().any(|probe| said.starts_with(probe)) {
        return Some((stream, None));
    }
    if said.is_empty() {
        return None;
    }
    let seat = timeout(limits.head, seats.acquire_owned()).await;
    Some((stream, Some(seat.ok()?.ok()?)))
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places
        .clone()
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small answers leave at once; without it they only leave later.
                let _ = stream.set_nodelay(true);
                return Ok((stream, place));
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
