//! A bare echo: epoll, its own framing, and one write for each batch that was read. It has no
//! runtime, no Socket.IO and no limits, and is therefore the lower bound for all servers.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use specter_bench::listen::{answer, listen};
use specter_bench::wire::{self, Head, TEXT};

const LISTENER: Token = Token(usize::MAX);

struct Peer {
    stream: TcpStream,
    upgraded: bool,
    partial: Vec<u8>,
    unsent: Vec<u8>,
}

struct Server {
    /// All peers, indexed by token. They are adjacent in memory, because a broadcast iterates over
    /// them.
    peers: Vec<Option<Peer>>,
    scratch: Vec<u8>,
    out: Vec<u8>,
}

fn main() -> io::Result<()> {
    let mut listener = TcpListener::from_std(listen()?);
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut server = Server {
        peers: Vec::new(),
        scratch: vec![0; 64 * 1024],
        out: Vec::new(),
    };
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                server.serve(event.token().0);
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                stream.set_nodelay(true)?;
                let both = Interest::READABLE | Interest::WRITABLE;
                let token = Token(server.peers.len());
                poll.registry().register(&mut stream, token, both)?;
                let peer = Peer {
                    stream,
                    upgraded: false,
                    partial: Vec::new(),
                    unsent: Vec::new(),
                };
                server.peers.push(Some(peer));
            }
        }
    }
}

impl Server {
    fn serve(&mut self, id: usize) {
        let Some(Some(peer)) = self.peers.get_mut(id) else {
            return;
        };
        let mut broadcast = Vec::new();
        let served = peer.serve(&mut self.scratch, &mut self.out, &mut broadcast);
        if served.is_err() {
            self.peers[id] = None;
        }
        if broadcast.is_empty() {
            return;
        }
        for peer in self.peers.iter_mut().flatten() {
            let _ = peer.send(&broadcast);
        }
    }
}

impl Peer {
    fn serve(
        &mut self,
        scratch: &mut [u8],
        out: &mut Vec<u8>,
        broadcast: &mut Vec<u8>,
    ) -> io::Result<()> {
        self.send(&[])?;
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let all = read == scratch.len();
            if !self.upgraded {
                self.partial.extend_from_slice(&scratch[..read]);
                self.upgrade()?;
            } else if self.partial.is_empty() {
                let used = echo(&mut scratch[..read], out, broadcast);
                self.partial.extend_from_slice(&scratch[used..read]);
            } else {
                self.partial.extend_from_slice(&scratch[..read]);
                let used = echo(&mut self.partial, out, broadcast);
                self.partial.drain(..used);
            }
            if !out.is_empty() {
                self.send(out)?;
                out.clear();
            }
            if !all {
                return Ok(());
            }
        }
    }

    fn upgrade(&mut self) -> io::Result<()> {
        let Some(end) = self.partial.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(());
        };
        let answer = answer(&self.partial[..end]).ok_or(ErrorKind::InvalidData)?;
        self.partial.drain(..end + 4);
        self.upgraded = true;
        self.send(answer.as_bytes())
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            let unsent = std::mem::take(&mut self.unsent);
            return self.send(&unsent);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.unsent.extend_from_slice(rest);
        Ok(())
    }
}

/// Echoes each complete frame. A `broadcast` event is returned in `broadcast` instead. Returns the
/// number of processed bytes.
fn echo(bytes: &mut [u8], out: &mut Vec<u8>, broadcast: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while let Some(head) = Head::parse(&bytes[at..]) {
        let start = at + head.header;
        let Some(payload) = bytes.get_mut(start..start + head.payload) else {
            break;
        };
        let mask = head.mask.unwrap_or_default();
        for chunk in payload.chunks_mut(4) {
            for (byte, key) in chunk.iter_mut().zip(mask) {
                *byte ^= key;
            }
        }
        if head.opcode == TEXT && payload.starts_with(b"42[\"broadcast\"") {
            wire::push_server_frame(broadcast, TEXT, payload);
        } else {
            wire::push_server_frame(out, head.opcode, payload);
        }
        at = start + head.payload;
    }
    at
}
