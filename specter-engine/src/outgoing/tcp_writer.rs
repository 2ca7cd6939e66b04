//! The write side of a TCP socket, apart from its read side.
//!
//! As Tokio's own halves, but it does not end the stream when it is dropped (with both sides gone
//! the socket is closed), and where the socket lies can be known to those who do not hold it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use crate::outgoing::direct;

/// The write side. There is one for each socket.
pub(crate) struct TcpWriter(Arc<TcpStream>);

impl TcpWriter {
    /// Splits a socket: whoever has the shared one reads.
    pub(crate) fn split(stream: TcpStream) -> (Arc<TcpStream>, Self) {
        let stream = Arc::new(stream);
        (Arc::clone(&stream), Self(stream))
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.0
    }

    /// Where the socket lies, which keeps nothing open.
    pub(crate) fn place(&self) -> Weak<TcpStream> {
        Arc::downgrade(&self.0)
    }
}

impl AsyncWrite for TcpWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        direct::poll_send(&self.0, cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        direct::poll_send_vectored(&self.0, cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        use rustix::net::{Shutdown, shutdown};

        Poll::Ready(shutdown(&*self.0, Shutdown::Write).map_err(io::Error::from))
    }
}

#[cfg(test)]
mod tests {
    use super::TcpWriter;
    use std::io::IoSlice;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    async fn split() -> (Arc<TcpStream>, TcpWriter, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (server, client) = tokio::join!(listener.accept(), connecting);
        let (reader, writer) = TcpWriter::split(server.unwrap().0);
        (reader, writer, client.unwrap())
    }

    #[tokio::test]
    async fn what_was_written_comes_before_the_end_and_reading_goes_on() {
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

    /// More than any socket holds, in parts: it is told when there is room again, and writes on
    /// where it stopped.
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
        let (parts, received) = tokio::time::timeout(Duration::from_secs(20), both)
            .await
            .expect("it was not told");
        assert!(parts > 1);
        assert!(received[..EACH].iter().all(|byte| *byte == 1));
        assert!(received[EACH..].iter().all(|byte| *byte == 2));
    }

    #[tokio::test]
    async fn the_socket_is_closed_when_both_sides_are_gone_though_its_place_is_known() {
        let (reader, writer, mut client) = split().await;
        let place = writer.place();
        drop(writer);
        assert_eq!(place.strong_count(), 1, "the read side holds it");
        drop(reader);
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
