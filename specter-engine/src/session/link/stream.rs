//! The byte stream of a WebSocket, taken over from hyper: as a plain TCP socket if it is one.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use crate::outgoing::tcp_writer::TcpWriter;
use crate::outgoing::websocket_writer::WriteSide;
use crate::server::timed_stream::TimedStream;

/// A stream in both directions of any kind.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A byte stream after an HTTP upgrade.
pub(crate) struct Stream(State);

enum State {
    /// The response to the upgrade request is not written yet.
    Awaited(OnUpgrade),
    /// The halves of a socket. The write half is `None` while it is parked.
    Tcp(OwnedReadHalf, Option<TcpWriter>),
    Other(Box<dyn Duplex>),
}

impl Stream {
    /// The stream of an upgrade request whose response is not written yet.
    pub(crate) fn awaited(upgrade: OnUpgrade) -> Self {
        Self(State::Awaited(upgrade))
    }

    /// A stream that is available immediately.
    #[cfg(test)]
    pub(crate) fn of(duplex: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(State::Other(Box::new(duplex)))
    }

    #[cfg(test)]
    pub(crate) fn of_tcp(stream: TcpStream) -> Self {
        Self(split(stream))
    }

    /// Ready when the stream is available. The first time it returns the bytes that were received
    /// after the request.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let State::Awaited(upgrade) = &mut self.0 else {
            return Poll::Ready(Ok(Bytes::new()));
        };
        let upgraded = ready!(Pin::new(upgrade).poll(cx)).map_err(io::Error::other)?;
        let (state, early) = take_over(upgraded);
        self.0 = state;
        Poll::Ready(Ok(early))
    }

    /// Whether the response to the request is not written yet.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(&self.0, State::Awaited(_))
    }

    /// Ready when there may be something to read. Otherwise the task is woken then.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.0 {
            State::Tcp(reader, _) => reader.as_ref().poll_read_ready(cx),
            State::Awaited(_) | State::Other(_) => Poll::Ready(Ok(())),
        }
    }

    /// Whether the peer has closed its side. The operating system reports that for a TCP socket
    /// before all bytes are read. Always `false` for other streams.
    pub(crate) fn is_peer_gone(&self) -> bool {
        let State::Tcp(reader, _) = &self.0 else {
            return false;
        };
        let ready = pin!(reader.ready(Interest::READABLE));
        match ready.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(ready)) => ready.is_read_closed(),
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        }
    }

    /// Reads available bytes, as many as fit. Reading 0 bytes is the end of the stream.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        match &mut self.0 {
            State::Awaited(_) => return Poll::Pending,
            State::Tcp(reader, _) => ready!(Pin::new(reader).poll_read(cx, &mut buffer))?,
            State::Other(stream) => ready!(Pin::new(stream).poll_read(cx, &mut buffer))?,
        }
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// The write half, if it is available.
    fn write_side(&mut self) -> Option<Pin<&mut (dyn AsyncWrite + Unpin)>> {
        match &mut self.0 {
            State::Tcp(_, Some(writer)) => Some(Pin::new(writer)),
            State::Other(stream) => Some(Pin::new(stream.as_mut())),
            State::Awaited(_) | State::Tcp(_, None) => None,
        }
    }
}

impl WriteSide for Stream {
    type Half = TcpWriter;

    fn park(&mut self) -> Option<TcpWriter> {
        match &mut self.0 {
            State::Tcp(_, writer) => writer.take(),
            State::Awaited(_) | State::Other(_) => None,
        }
    }

    fn reclaim(&mut self, writer: TcpWriter) {
        if let State::Tcp(_, place) = &mut self.0 {
            *place = Some(writer);
        }
    }

    fn is_parked(&self) -> bool {
        matches!(&self.0, State::Tcp(_, None))
    }

    fn try_write_parked(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0 {
            State::Tcp(reader, None) => reader.as_ref().try_write(bytes),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// Writes fail with `NotConnected` while the stream is not available, or its write half is parked.
impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.write_side() {
            Some(stream) => stream.poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.write_side() {
            Some(stream) => stream.poll_write_vectored(cx, slices),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            State::Awaited(_) => false,
            State::Tcp(..) => true,
            State::Other(stream) => stream.is_write_vectored(),
        }
    }

    /// Flushes what the stream itself buffers, as TLS does.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            State::Awaited(_) | State::Tcp(..) => Poll::Ready(Ok(())),
            State::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.write_side() {
            Some(stream) => stream.poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// Unwraps the stream of hyper: the TCP socket itself if `App::listen`, axum's or hyper's own
/// server served it; otherwise (TLS, a pipe in a test) the stream as it is.
fn take_over(upgraded: Upgraded) -> (State, Bytes) {
    let upgraded = match upgraded.downcast::<TokioIo<TimedStream>>() {
        Ok(parts) => {
            let stream = parts.io.into_inner().into_inner();
            return (split(stream), parts.read_buf);
        }
        Err(upgraded) => upgraded,
    };
    let upgraded = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => return (tcp(parts.io.into_inner()), parts.read_buf),
        Err(upgraded) => upgraded,
    };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => (tcp(parts.io.into_inner()), parts.read_buf),
        // The stream itself returns the bytes that were read too early.
        Err(upgraded) => (State::Other(Box::new(TokioIo::new(upgraded))), Bytes::new()),
    }
}

/// A socket of another server.
fn tcp(stream: TcpStream) -> State {
    // Without this option, small messages wait for earlier ones to be acknowledged. A socket that
    // does not support it still works.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(target: "specter::engine", %error, "TCP_NODELAY could not be set");
    }
    split(stream)
}

fn split(stream: TcpStream) -> State {
    let (reader, writer) = TcpWriter::split(stream);
    State::Tcp(reader, Some(writer))
}

#[cfg(test)]
mod tests {
    use super::{State, take_over};
    use crate::server::timed_stream::TimedStream;
    use axum::body::Body;
    use http::{Request, Response, StatusCode, header};
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use std::convert::Infallible;
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    const HEAD: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: b\r\n\r\n";

    #[tokio::test]
    async fn a_tcp_socket_is_unwrapped_together_with_the_bytes_that_were_read_early() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let sent = format!("{HEAD}early");
        client.write_all(sent.as_bytes()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (sender, mut upgrades) = mpsc::unbounded_channel();
        let service = service_fn(|request: Request<Incoming>| {
            sender.send(hyper::upgrade::on(request)).unwrap();
            let answer = Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header(header::CONNECTION, "upgrade")
                .header(header::UPGRADE, "b");
            async { Ok::<_, Infallible>(answer.body(Body::empty()).unwrap()) }
        });
        let served = TimedStream::accepted(stream);
        http1::Builder::new()
            .serve_connection(TokioIo::new(served), service)
            .with_upgrades()
            .await
            .unwrap();
        let upgrade = upgrades.recv().await.unwrap();
        let (state, early) = take_over(upgrade.await.unwrap());
        assert_eq!(early, "early");
        assert!(matches!(state, State::Tcp(reader, Some(_)) if reader.as_ref().nodelay().unwrap()));
    }
}
