//! Connections, with two things that a plain socket does not offer: one can be reset on purpose, and all can be cut at
//! once when the sandbox ends.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    /// Cuts the connections that have carried no request: a graceful shutdown waits for those.
    pub(crate) closing: CancellationToken,
    /// Cuts every connection.
    pub(crate) kill: CancellationToken,
}

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            if let Ok((stream, peer)) = self.listener.accept().await {
                // Without it the last part of a page waits for the client's acknowledgement.
                stream.set_nodelay(true).ok();
                let kill = self.kill.clone();
                let ends = Box::pin(self.closing.clone().cancelled_owned());
                return (Wire { stream, link: Link::default(), ends, kill: Some(kill) }, peer);
            }
            // Out of file descriptors, most likely: some will be closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection as its requests see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link(Arc<Ending>);

#[derive(Debug, Default)]
struct Ending {
    with_reset: AtomicBool,
    at_once: AtomicBool,
    is_used: AtomicBool,
}

impl Link {
    /// When the connection ends, the client gets a reset instead of an orderly close.
    pub(crate) fn end_with_reset(&self) {
        self.0.with_reset.store(true, Ordering::Relaxed);
    }

    /// Not a byte more is written.
    pub(crate) fn end_at_once(&self) {
        self.0.at_once.store(true, Ordering::Relaxed);
    }

    /// A request has come.
    pub(crate) fn mark_used(&self) {
        self.0.is_used.store(true, Ordering::Relaxed);
    }

    fn ends_with_reset(&self) -> bool {
        self.0.with_reset.load(Ordering::Relaxed)
    }

    fn ends_at_once(&self) -> bool {
        self.0.at_once.load(Ordering::Relaxed)
    }
}

impl Connected<IncomingStream<'_, Door>> for Link {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().link.clone()
    }
}

pub(crate) struct Wire {
    stream: TcpStream,
    link: Link,
    /// First `closing`, then, if there was a request, `kill`.
    ends: Pin<Box<WaitForCancellationFutureOwned>>,
    kill: Option<CancellationToken>,
}

impl Wire {
    /// `poll`, unless everything is being cut.
    fn unless_killed<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let polled = poll(Pin::new(&mut self.stream), cx);
        while polled.is_pending() && self.ends.as_mut().poll(cx).is_ready() {
            let is_used = self.link.0.is_used.load(Ordering::Relaxed);
            let Some(kill) = self.kill.take().filter(|_| is_used) else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            };
            self.ends = Box::pin(kill.cancelled_owned());
        }
        polled
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.unless_killed(cx, |stream, cx| stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.link.ends_at_once() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.unless_killed(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.link.ends_at_once() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.unless_killed(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A shutdown would say goodbye before the reset could be rude.
        if self.link.ends_with_reset() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.link.ends_with_reset() {
            self.stream.set_zero_linger().ok();
        }
    }
}
