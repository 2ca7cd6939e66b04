//! Echo over HTTP long-polling, as the official clients do it: a GET is pending on one connection
//! all the time, and events are posted on another.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::measure::{Target, Window, Windows};
use crate::requests::PollingRequest;

/// The case.
#[derive(Clone, Copy, Debug)]
pub struct PollingEcho {
    /// The number of clients.
    pub connections: usize,
    /// The bytes of the argument.
    pub size: usize,
}

/// A client. It posts its next event when the previous event is acknowledged and the previous POST
/// is answered.
struct Client {
    poll: Connection,
    post: Connection,
    get: PollingRequest,
    event: PollingRequest,
    pong: PollingRequest,
    /// Whether an event is not acknowledged yet.
    awaits_ack: bool,
    /// Whether a POST is not answered yet.
    is_posting: bool,
    /// Whether a pong must be posted next.
    owes_pong: bool,
    sent: Instant,
}

/// One kept-alive connection of a client.
struct Connection {
    stream: mio::net::TcpStream,
    inbox: Vec<u8>,
}

impl PollingEcho {
    /// Runs the case.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let (waiting, mut poll) = (windows.waiting(), Poll::new()?);
        let mut clients = Vec::new();
        for number in 0..self.connections {
            let mut client = self.open(windows.target())?;
            let registry = poll.registry();
            let [of_poll, of_post] = [2 * number, 2 * number + 1].map(Token);
            registry.register(&mut client.poll.stream, of_poll, Interest::READABLE)?;
            registry.register(&mut client.post.stream, of_post, Interest::READABLE)?;
            clients.push(client);
        }
        for client in &mut clients {
            client.poll.stream.write_all(client.get.next_bytes())?;
            client.post_next()?;
        }
        let mut ready = Events::with_capacity(1024);
        while let Some(mut window) = windows.next()? {
            while window.is_open(Instant::now())? {
                waiting.wait(&mut poll, &mut ready, Duration::from_secs(1))?;
                for event in &ready {
                    let token = event.token().0;
                    let client = &mut clients[token / 2];
                    if token % 2 == 0 {
                        client.read_poll(&mut window)?;
                    } else {
                        client.read_post()?;
                    }
                }
            }
            windows.close(window)?;
        }
        Ok(())
    }

    /// Performs the handshake, CONNECT and its reply.
    fn open(&self, target: Target) -> io::Result<Client> {
        let mut stream = connect(target)?;
        let mut inbox = Vec::new();
        let mut ask = |request: &mut PollingRequest| {
            stream.write_all(request.next_bytes())?;
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
        let address = target.address;
        let open = ask(&mut PollingRequest::get(address, None))?;
        let open: serde_json::Value = serde_json::from_slice(open.get(1..).unwrap_or_default())?;
        let session_id = open["sid"].as_str().unwrap_or_default();
        let post = |body: &str| PollingRequest::post(address, session_id, body);
        let mut get = PollingRequest::get(address, Some(session_id));
        ask(&mut post("40"))?;
        // Some servers ping immediately.
        let connected = (0..3).any(|_| {
            let packets = ask(&mut get).unwrap_or_default();
            if has_packet(&packets, b"2") {
                let _ = ask(&mut post("3"));
            }
            has_packet(&packets, b"40")
        });
        if !connected {
            return Err(io::Error::other("CONNECT was not answered"));
        }
        let event = format!("4210[\"echo\",\"{}\"]", "x".repeat(self.size));
        Ok(Client {
            poll: Connection::new(stream, inbox)?,
            post: Connection::new(connect(target)?, Vec::new())?,
            get,
            event: post(&event),
            pong: post("3"),
            awaits_ack: false,
            is_posting: false,
            owes_pong: false,
            sent: Instant::now(),
        })
    }
}

impl Client {
    /// Posts the next packet, if the connection is free.
    fn post_next(&mut self) -> io::Result<()> {
        if self.is_posting {
            return Ok(());
        }
        if self.owes_pong {
            self.owes_pong = false;
            self.is_posting = true;
            return self.post.stream.write_all(self.pong.next_bytes());
        }
        if self.awaits_ack {
            return Ok(());
        }
        self.awaits_ack = true;
        self.is_posting = true;
        self.sent = Instant::now();
        self.post.stream.write_all(self.event.next_bytes())
    }

    /// Reads responses to the GET, and sends the next one after each.
    fn read_poll(&mut self, window: &mut Window) -> io::Result<()> {
        self.poll.read()?;
        while let Some(body) = self.poll.take_response()? {
            if has_packet(&body, b"43") {
                self.awaits_ack = false;
                window.record(self.sent.elapsed());
            }
            self.owes_pong |= has_packet(&body, b"2");
            self.poll.stream.write_all(self.get.next_bytes())?;
            self.post_next()?;
        }
        Ok(())
    }

    /// Reads responses to POSTs.
    fn read_post(&mut self) -> io::Result<()> {
        self.post.read()?;
        while self.post.take_response()?.is_some() {
            self.is_posting = false;
            self.post_next()?;
        }
        Ok(())
    }
}

impl Connection {
    fn new(stream: TcpStream, inbox: Vec<u8>) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: mio::net::TcpStream::from_std(stream),
            inbox,
        })
    }

    /// Reads everything that was received.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.inbox.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// The body of the next response, if it was received completely.
    fn take_response(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some((body, length)) = response(&self.inbox)? else {
            return Ok(None);
        };
        self.inbox.drain(..length);
        Ok(Some(body))
    }
}

fn connect(target: Target) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(target.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// Whether a packet of the body has this beginning.
fn has_packet(body: &[u8], start: &[u8]) -> bool {
    body.split(|byte| *byte == 0x1e)
        .any(|packet| packet.starts_with(start))
}

/// The body of a complete response at the start of `bytes`, and the length of the response.
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
    Err(io::Error::other(
        "the response has neither a length nor chunks",
    ))
}

/// The chunked body that starts at `at`.
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
