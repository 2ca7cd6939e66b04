//! The write half of a TCP socket.
//!
//! It wraps Tokio's write half, with one difference: dropping it does not shut the stream down. The
//! socket is closed when both halves are dropped.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::write_half::WriteHalf;

/// The write half of a socket. `None` only while it is dropped.
pub(crate) struct TcpWriter(Option<OwnedWriteHalf>);

impl TcpWriter {
    /// Splits a socket into its halves.
    pub(crate) fn split(stream: TcpStream) -> (OwnedReadHalf, Self) {
        let (reader, writer) = stream.into_split();
        (reader, Self(Some(writer)))
    }

    fn half(&mut self) -> io::Result<Pin<&mut OwnedWriteHalf>> {
        let half = self.0.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(half))
    }
}

impl WriteHalf for TcpWriter {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let half = self.0.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        half.try_write(bytes)
    }
}

impl AsyncWrite for TcpWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.half()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.half()?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.half()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.half()?.poll_shutdown(cx)
    }
}

impl Drop for TcpWriter {
    fn drop(&mut self) {
        if let Some(half) = self.0.take() {
            half.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TcpWriter;
    use std::io::IoSlice;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::tcp::OwnedReadHalf;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    async fn split() -> (OwnedReadHalf, TcpWriter, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (server, client) = tokio::join!(listener.accept(), connecting);
        let (reader, writer) = TcpWriter::split(server.unwrap().0);
        (reader, writer, client.unwrap())
    }

    #[tokio::test]
    async fn shutdown_follows_the_written_bytes_and_reading_continues() {
        let (reader, mut writer, mut client) = split().await;
        writer.write_all(b"last").await.unwrap();
        writer.shutdown().await.unwrap();
        let mut received = String::new();
        client.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "last");
        client.write_all(b"yes").await.unwrap();
        reader.readable().await.unwrap();
        let mut answer = [0; 4];
        assert_eq!(reader.try_read(&mut answer).unwrap(), 3);
    }

    /// A write of more than a socket's buffer: the writer is woken when there is room, and
    /// continues where it stopped.
    #[tokio::test]
    async fn several_slices_arrive_in_order_when_the_socket_takes_them_in_parts() {
        const EACH: usize = 8 * 1024 * 1024;
        let (_reader, mut writer, mut client) = split().await;
        let writing = async {
            let slices = [vec![1; EACH], vec![2; EACH]];
            let mut rest = [IoSlice::new(&slices[0]), IoSlice::new(&slices[1])];
            let (mut rest, mut parts) = (&mut rest[..], 0);
            while !rest.is_empty() {
                let written = writer.write_vectored(rest).await.unwrap();
                IoSlice::advance_slices(&mut rest, written);
                parts += 1;
            }
            parts
        };
        let reading = async {
            let mut received = vec![0; 2 * EACH];
            client.read_exact(&mut received).await.unwrap();
            received
        };
        let both = async { tokio::join!(writing, reading) };
        let (parts, received) = timeout(Duration::from_secs(20), both)
            .await
            .expect("the writer was not woken");
        assert!(parts > 1);
        assert!(received[..EACH].iter().all(|byte| *byte == 1));
        assert!(received[EACH..].iter().all(|byte| *byte == 2));
    }

    #[tokio::test]
    async fn the_socket_is_closed_when_both_halves_are_dropped_and_not_before() {
        let (reader, writer, mut client) = split().await;
        drop(writer);
        client.write_all(b"still open").await.unwrap();
        reader.readable().await.unwrap();
        let early = timeout(Duration::from_millis(20), client.read(&mut [0; 1])).await;
        assert!(early.is_err(), "the stream ended with its write half");
        assert!(reader.try_read(&mut [0; 100]).unwrap() > 0);
        drop(reader);
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
