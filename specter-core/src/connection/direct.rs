//! Sending and receiving on a TCP socket, on Linux by the system call itself: the C library makes a point of cancellation of each.
//!
//! Tokio knows when there is something to do: what it knows is looked at first, and it is told when there is nothing more.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::net::TcpStream;

/// Receives what there is, at most as much as fits. Nothing received is the end of the stream.
pub(super) fn poll_recv(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    loop {
        match try_recv(stream, buffer) {
            Err(error) if is_nothing(&error) => ready!(stream.poll_read_ready(cx))?,
            received => return Poll::Ready(received),
        }
    }
}

/// Sends what the socket takes.
pub(super) fn poll_send(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(cx))?;
        match try_send(stream, bytes) {
            Err(error) if is_nothing(&error) => {}
            sent => return Poll::Ready(sent),
        }
    }
}

pub(super) fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(target_os = "linux")]
pub(super) use self::linux::send;
#[cfg(target_os = "linux")]
use self::linux::{try_recv, try_send};
#[cfg(not(target_os = "linux"))]
pub(super) use self::others::send;
#[cfg(not(target_os = "linux"))]
use self::others::{send as try_send, try_recv};

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    use rustix::net::{self, RecvFlags, SendFlags};
    use tokio::io::Interest;
    use tokio::net::TcpStream;

    pub(super) fn try_recv(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        let mut last = None;
        let received = stream.try_io(Interest::READABLE, || {
            let (_, received) = net::recv(stream, &mut *buffer, RecvFlags::DONTWAIT)?;
            if received == 0 || received == buffer.len() {
                return Ok(received);
            }
            // Less than fits is all there was: Tokio hears that, and waits for more without another call.
            last = Some(received);
            Err(io::ErrorKind::WouldBlock.into())
        });
        last.map_or(received, Ok)
    }

    pub(super) fn try_send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        stream.try_io(Interest::WRITABLE, || send(stream, bytes))
    }

    /// Sends at once what the socket takes. Tokio is not asked, nor told.
    pub(in crate::connection) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        Ok(net::send(stream, bytes, flags)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use std::io;

    use tokio::net::TcpStream;

    pub(super) fn try_recv(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.try_read(buffer)
    }

    /// Sends at once what the socket takes.
    pub(in crate::connection) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        stream.try_write(bytes)
    }
}
