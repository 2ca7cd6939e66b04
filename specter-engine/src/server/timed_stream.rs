//! A TCP socket of the framework's own server, with a timeout for writes.
//!
//! hyper would wait without limit for a client that does not read, and keep the bytes to write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::session::link::scratch::Scratch;

/// How long a write may make no progress before it fails.
pub(crate) const WRITE_LIMIT: Duration = Duration::from_secs(60);

/// Slices of up to this many bytes in all are copied and written as one.
const JOINED: usize = 4 * 1024;

/// A stream whose writes fail if they make no progress for too long.
pub(crate) struct TimedStream<S = TcpStream> {
    stream: S,
    /// Runs while a write is pending. An idle connection has no timer.
    limit: Option<Pin<Box<Sleep>>>,
}

impl TimedStream {
    /// Wraps an accepted connection.
    pub(crate) fn accepted(stream: TcpStream) -> Self {
        // Responses are written in parts on keep-alive connections; without this option the last
        // part waits until the client has acknowledged the earlier ones. A socket that does not
        // support it still works.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(target: "specter::engine", %error, "TCP_NODELAY could not be set");
        }
        Self::over(stream)
    }
}

impl<S> TimedStream<S> {
    fn over(stream: S) -> Self {
        Self {
            stream,
            limit: None,
        }
    }

    /// The stream, without the timeout.
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// The result of a write, or a timeout.
    fn limited<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.limit = None;
            return write;
        }
        let limit = self
            .limit
            .get_or_insert_with(|| Box::pin(sleep(WRITE_LIMIT)));
        limit
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.limited(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = slices.iter().map(|slice| slice.len()).sum::<usize>();
        let write = if len <= JOINED {
            // A write of several slices takes the system longer than copying a head and a short
            // body.
            let mut joined = Scratch::borrow();
            let mut at = 0;
            for slice in slices {
                if let Some(place) = joined.get_mut(at..at + slice.len()) {
                    place.copy_from_slice(slice);
                }
                at += slice.len();
            }
            let bytes = joined.get(..len).unwrap_or_default();
            Pin::new(&mut self.stream).poll_write(cx, bytes)
        } else {
            Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
        };
        self.limited(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{JOINED, TimedStream, WRITE_LIMIT};
    use std::io::{ErrorKind, IoSlice};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_write_that_nobody_reads_fails_after_the_timeout() {
        let (near, _far) = duplex(8);
        let mut stream = TimedStream::over(near);
        let start = Instant::now();
        stream.write_all(b"12345678").await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 0);
        let error = stream.write_all(b"9").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), WRITE_LIMIT);
    }

    #[tokio::test]
    async fn a_list_of_slices_arrives_in_its_order() {
        for lens in [[3, 0, 5, 1], [JOINED, 1, 1, JOINED], [1, JOINED - 1, 0, 0]] {
            let (near, mut far) = duplex(4 * JOINED);
            let mut stream = TimedStream::over(near);
            let parts = [0, 1, 2, 3].map(|part: u8| vec![part; lens[usize::from(part)]]);
            let all = parts.concat();
            let mut sent = 0;
            while sent < all.len() {
                let mut slices = parts.each_ref().map(|part| IoSlice::new(part));
                let mut slices = &mut slices[..];
                IoSlice::advance_slices(&mut slices, sent);
                sent += stream.write_vectored(slices).await.unwrap();
            }
            let mut seen = vec![0; all.len()];
            far.read_exact(&mut seen).await.unwrap();
            assert_eq!(seen, all);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_that_is_read_restarts_the_timeout() {
        let (near, mut far) = duplex(1);
        let mut stream = TimedStream::over(near);
        let reading = async {
            for _ in 0..4 {
                tokio::time::sleep(WRITE_LIMIT * 9 / 10).await;
                far.read_u8().await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(stream.write_all(b"12345"), reading);
        written.unwrap();
    }
}
