//! Echo over HTTP long-polling: an event by POST, its acknowledgement by GET, on one kept-alive
//! connection a client.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::measure::{Target, Window, Windows};

/// The case.
#[derive(Clone, Copy, Debug)]
pub struct PollingEcho {
    /// Clients.
    pub connections: usize,
    /// Bytes of the argument.
    pub size: usize,
}

struct Lane {
    stream: mio::net::TcpStream,
    post: Vec<u8>,
    get: Vec<u8>,
    pong: Vec<u8>,
    inbox: Vec<u8>,
    /// Whether the event is still to be acknowledged.
    waits: bool,
    sent: Instant,
}

impl PollingEcho {
    /// Runs it.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let (waiting, mut poll) = (windows.waiting(), Poll::new()?);
        let mut lanes = Vec::new();
        for token in 0..self.connections {
            let mut lane = self.open(windows.target())?;
            poll.registry()
                .register(&mut lane.stream, Token(token), Interest::READABLE)?;
            lanes.push(lane);
        }
        for lane in &mut lanes {
            lane.post()?;
        }
        let mut ready = Events::with_capacity(1024);
        while let Some(mut window) = windows.next()? {
            while window.is_open(Instant::now())? {
                waiting.wait(&mut poll, &mut ready, Duration::from_secs(1))?;
                for event in &ready {
                    lanes[event.token().0].serve(&mut window)?;
                }
            }
            windows.close(window)?;
        }
        Ok(())
    }

    /// Handshake, CONNECT and its reply.
    fn open(&self, target: Target) -> io::Result<Lane> {
        let mut stream = TcpStream::connect(target.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut inbox = Vec::new();
        let mut ask = |request: &[u8]| {
            stream.write_all(request)?;
            loop {
                if let Some((body, length)) = response(&inbox)? {
                    inbox.drain(..length);
                    return Ok(body);
                }
                let mut buffer = [0; 4096];
                match stream.read(&mut buffer)? {
                    0 => return Err(io::Error::from(ErrorKind::UnexpectedEof)),
                    read => inbox.extend_from_slice(&buffer[..read]),
                }
            }
        };
        let open = ask(&get(""))?;
        let open: serde_json::Value = serde_json::from_slice(open.get(1..).unwrap_or_default())?;
        let sid = format!("&sid={}", open["sid"].as_str().unwrap_or_default());
        ask(&post(&sid, "40"))?;
        // Some servers ping at once.
        let connected = (0..3).any(|_| {
            let packets = ask(&get(&sid)).unwrap_or_default();
            if has_packet(&packets, b"2") {
                let _ = ask(&post(&sid, "3"));
            }
            has_packet(&packets, b"40")
        });
        if !connected {
            return Err(io::Error::other("CONNECT was not answered"));
        }
        let event = format!("4210[\"echo\",\"{}\"]", "x".repeat(self.size));
        stream.set_nonblocking(true)?;
        Ok(Lane {
            stream: mio::net::TcpStream::from_std(stream),
            post: post(&sid, &event),
            get: get(&sid),
            pong: post(&sid, "3"),
            inbox,
            waits: false,
            sent: Instant::now(),
        })
    }
}

impl Lane {
    fn post(&mut self) -> io::Result<()> {
        self.waits = true;
        self.sent = Instant::now();
        self.stream.write_all(&self.post)
    }

    fn serve(&mut self, window: &mut Window) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.inbox.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while let Some((body, length)) = response(&self.inbox)? {
            self.inbox.drain(..length);
            if has_packet(&body, b"43") {
                self.waits = false;
                window.record(self.sent.elapsed());
            }
            if has_packet(&body, b"2") {
                // The next event follows when this is taken.
                self.stream.write_all(&self.pong)?;
            } else if self.waits {
                self.stream.write_all(&self.get)?;
            } else {
                self.post()?;
            }
        }
        Ok(())
    }
}

/// Whether one of a body's packets begins like this.
fn has_packet(body: &[u8], start: &[u8]) -> bool {
    body.split(|byte| *byte == 0x1e)
        .any(|packet| packet.starts_with(start))
}

fn get(sid: &str) -> Vec<u8> {
    format!("GET /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .into_bytes()
}

fn post(sid: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain;charset=UTF-8\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The body of a whole response at the start of `bytes`, and how long all of it is.
fn response(bytes: &[u8]) -> io::Result<Option<(Vec<u8>, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") {
        return Err(io::Error::other(head));
    }
    let start = end + 4;
    let field = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    if let Some(length) = field("content-length").and_then(|length| length.parse::<usize>().ok()) {
        let body = bytes.get(start..start + length);
        return Ok(body.map(|body| (body.to_vec(), start + length)));
    }
    if field("transfer-encoding").as_deref() == Some("chunked") {
        return Ok(chunked(bytes, start));
    }
    Err(io::Error::other("a response without a length"))
}

/// A chunked body that begins at `at`.
fn chunked(bytes: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    loop {
        let rest = bytes.get(at..)?;
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        let data = at + line + 2;
        body.extend_from_slice(bytes.get(data..data + size)?);
        bytes.get(data + size..data + size + 2)?;
        at = data + size + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}
