//! Sending and receiving on a TCP socket by the system call itself, where that is known to be right.
//!
//! The C library makes a point of cancellation of both, which takes longer than all else around the call. Tokio knows when there is something
//! to do; it is asked first, and told when there is nothing more.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::TcpStream;

/// Receives what there is, at most as much as fits. Nothing received is the end of the stream.
#[cfg(target_os = "linux")]
pub(super) fn poll_recv(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    use rustix::net::RecvFlags;
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let mut last = None;
        let received = stream.try_io(Interest::READABLE, || {
            let (_, received) = rustix::net::recv(stream, &mut *buffer, RecvFlags::DONTWAIT)?;
            if received == 0 || received == buffer.len() {
                return Ok(received);
            }
            // Less than fits is all there was: Tokio hears that, and waits for more without another call.
            last = Some(received);
            Err(io::ErrorKind::WouldBlock.into())
        });
        match (last, received) {
            (Some(received), _) | (None, Ok(received)) => return Poll::Ready(Ok(received)),
            (None, Err(error)) if is_nothing(&error) => {}
            (None, Err(error)) => return Poll::Ready(Err(error)),
        }
    }
}

/// Receives what there is, at most as much as fits.
#[cfg(not(target_os = "linux"))]
pub(super) fn poll_recv(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        match stream.try_read(buffer) {
            Err(error) if is_nothing(&error) => {}
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
        match stream.try_io(Interest::WRITABLE, || send(stream, bytes)) {
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

/// Sends at once what the socket takes. Tokio is not asked, nor told.
#[cfg(target_os = "linux")]
pub(super) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    use rustix::net::SendFlags;
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    Ok(rustix::net::send(stream, bytes, flags)?)
}

/// Sends at once what the socket takes.
#[cfg(not(target_os = "linux"))]
pub(super) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.try_write(bytes)
}
