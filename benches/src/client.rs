//! A Socket.IO client over a WebSocket, without a runtime: it blocks until it is connected, and is
//! polled afterwards.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpStream;

use crate::requests::websocket_handshake;
use crate::wire::{self, CLOSE, PING, PONG, TEXT};

/// How long a server may take to answer a handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that is in the namespace `/`.
pub struct Client {
    /// Registered with a poll for reading and writing.
    pub stream: TcpStream,
    /// A partly received frame.
    partial: Vec<u8>,
    /// Bytes that the kernel did not take.
    unsent: Vec<u8>,
}

impl Client {
    /// Connects: TCP, upgrade, OPEN, CONNECT and its reply. A server without Socket.IO only has to
    /// echo the CONNECT.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
        stream.write_all(websocket_handshake(address).as_bytes())?;
        let mut connect = Vec::new();
        wire::push_client_frame(&mut connect, TEXT, b"40");
        let mut bytes = Vec::new();
        read_response(&mut stream, &mut bytes)?;
        stream.write_all(&connect)?;
        let (mut connected, mut pinged) = (false, false);
        loop {
            let used = wire::frames(&bytes, |_, payload| {
                connected |= payload.starts_with(b"40");
                pinged |= payload == b"2";
            });
            bytes.drain(..used);
            if std::mem::take(&mut pinged) {
                let mut pong = Vec::new();
                wire::push_client_frame(&mut pong, TEXT, b"3");
                stream.write_all(&pong)?;
            }
            if connected {
                break;
            }
            read_some(&mut stream, &mut bytes)?;
        }
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            partial: bytes,
            unsent: Vec::new(),
        })
    }

    /// A connection's whole life: connects, has one event acknowledged, ends the connection as
    /// `socket.disconnect()` of the official client does (a DISCONNECT packet, then a close frame
    /// without a status), and waits until the server has closed the TCP connection. A server
    /// without Socket.IO only has to echo the event.
    pub fn live(address: SocketAddr) -> io::Result<()> {
        let mut client = Self::connect(address)?;
        let mut frames = Vec::new();
        wire::push_client_frame(&mut frames, TEXT, b"421[\"echo\",\"x\"]");
        // The empty buffer of a new connection has room for it.
        client.stream.write_all(&frames)?;
        let mut stream = client.into_blocking()?;
        let (mut bytes, mut is_answered) = (Vec::new(), false);
        while !is_answered {
            read_some(&mut stream, &mut bytes)?;
            let used = wire::frames(&bytes, |_, payload| {
                is_answered |= payload.starts_with(b"43") || payload.starts_with(b"42");
            });
            bytes.drain(..used);
        }
        let mut end = Vec::new();
        wire::push_client_frame(&mut end, TEXT, b"41");
        wire::push_client_frame(&mut end, CLOSE, &[]);
        stream.write_all(&end)?;
        loop {
            match stream.read(&mut [0; 256]) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // The server may close the TCP connection before it has read the close frame.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// The socket of a client that has written everything.
    pub(crate) fn into_blocking(self) -> io::Result<std::net::TcpStream> {
        let stream = std::net::TcpStream::from(self.stream);
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    /// Reads all bytes that were received, and passes each message to `take`. Answers the server's
    /// pings.
    pub fn read(&mut self, scratch: &mut [u8], mut take: impl FnMut(u8, &[u8])) -> io::Result<()> {
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let all = read == scratch.len();
            let bytes = &scratch[..read];
            let mut answers = Vec::new();
            let mut sort = |opcode: u8, payload: &[u8]| {
                if opcode == PING {
                    wire::push_client_frame(&mut answers, PONG, payload);
                } else if payload == b"2" {
                    wire::push_client_frame(&mut answers, TEXT, b"3");
                } else {
                    take(opcode, payload);
                }
            };
            if self.partial.is_empty() {
                let used = wire::frames(bytes, &mut sort);
                self.partial.extend_from_slice(&bytes[used..]);
            } else {
                self.partial.extend_from_slice(bytes);
                let used = wire::frames(&self.partial, &mut sort);
                self.partial.drain(..used);
            }
            if !answers.is_empty() {
                self.write(&answers)?;
            }
            // A short read has emptied the socket; the next edge reports more.
            if !all {
                return Ok(());
            }
        }
    }

    /// Writes the bytes. Keeps those that the kernel does not take for [`flush`](Self::flush).
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return self.flush();
        }
        let written = write_some(&mut self.stream, bytes)?;
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Writes the kept bytes, as far as the socket has room.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let written = write_some(&mut self.stream, &self.unsent)?;
            self.unsent.drain(..written);
        }
        Ok(())
    }

    /// Whether everything was passed to the kernel.
    pub fn is_flushed(&self) -> bool {
        self.unsent.is_empty()
    }
}

fn write_some(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

/// Reads a response's head, which must be 101. The bytes after it stay in `bytes`.
fn read_response(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            if !bytes.starts_with(b"HTTP/1.1 101") {
                let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                return Err(io::Error::other(head));
            }
            bytes.drain(..end + 4);
            return Ok(());
        }
        read_some(stream, bytes)?;
    }
}

fn read_some(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        read => {
            bytes.extend_from_slice(&buffer[..read]);
            Ok(())
        }
    }
}
