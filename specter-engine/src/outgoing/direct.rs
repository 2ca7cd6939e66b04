//! Sending and receiving on a TCP socket, on Linux by the system call itself: the C library makes a
//! point of cancellation of each.
//!
//! Tokio knows when there is something to do: what it knows is looked at first, and it is told when
//! there is nothing more.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use tokio::net::TcpStream;

/// Receives what there is, at most as much as fits. Nothing received is the end of the stream.
pub(crate) fn poll_recv(
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
pub(crate) fn poll_send(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    poll_writing(stream, cx, || try_send(stream, bytes))
}

/// The same of several slices.
pub(crate) fn poll_send_vectored(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    poll_writing(stream, cx, || try_send_vectored(stream, slices))
}

/// Writes once the socket may take something.
#[inline]
fn poll_writing(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    write: impl Fn() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(cx))?;
        match write() {
            Err(error) if is_nothing(&error) => {}
            sent => return Poll::Ready(sent),
        }
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(target_os = "linux")]
pub(crate) use crate::outgoing::direct::linux::send;
#[cfg(target_os = "linux")]
use crate::outgoing::direct::linux::{try_recv, try_send, try_send_vectored};
#[cfg(not(target_os = "linux"))]
pub(crate) use crate::outgoing::direct::others::send;
#[cfg(not(target_os = "linux"))]
use crate::outgoing::direct::others::{send as try_send, try_recv, try_send_vectored};

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, IoSlice};

    use rustix::net::{self, RecvFlags, SendAncillaryBuffer, SendFlags};
    use tokio::io::Interest;
    use tokio::net::TcpStream;

    const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

    pub(crate) fn try_recv(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len();
        try_part(stream, Interest::READABLE, length, || {
            let (_, received) = net::recv(stream, buffer, RecvFlags::DONTWAIT)?;
            Ok(received)
        })
    }

    pub(crate) fn try_send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        try_part(stream, Interest::WRITABLE, bytes.len(), || {
            send(stream, bytes)
        })
    }

    pub(crate) fn try_send_vectored(
        stream: &TcpStream,
        slices: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        try_part(stream, Interest::WRITABLE, length, || {
            let control = &mut SendAncillaryBuffer::default();
            Ok(net::sendmsg(stream, slices, control, SEND)?)
        })
    }

    /// Where a part of the whole is all that is possible now, Tokio hears that, and waits for more
    /// without another call.
    fn try_part(
        stream: &TcpStream,
        interest: Interest,
        whole: usize,
        transfer: impl FnOnce() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut part = None;
        let transferred = stream.try_io(interest, || {
            let transferred = transfer()?;
            if transferred == 0 || transferred == whole {
                return Ok(transferred);
            }
            part = Some(transferred);
            Err(io::ErrorKind::WouldBlock.into())
        });
        part.map_or(transferred, Ok)
    }

    /// Sends at once what the socket takes. Tokio is not asked, nor told.
    pub(crate) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        Ok(net::send(stream, bytes, SEND)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use std::io::{self, IoSlice};

    use tokio::net::TcpStream;

    pub(crate) fn try_recv(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.try_read(buffer)
    }

    pub(crate) fn try_send_vectored(
        stream: &TcpStream,
        slices: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        stream.try_write_vectored(slices)
    }

    /// Sends at once what the socket takes.
    pub(crate) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        stream.try_write(bytes)
    }
}
