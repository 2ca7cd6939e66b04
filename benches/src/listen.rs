//! The start of every server program: it pins itself to a core, listens, and prints its port. Also
//! the handshake and the runtime of the bare echoes.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use specter_proto::websocket::accept_key;

use crate::machine;

/// The core of the server; the load runs on the other one.
pub const SERVER_CORE: usize = 0;
/// The core of the load.
pub const LOAD_CORE: usize = 1;

/// Pins the program to its core, listens on a free port of loopback, and prints `listening on
/// PORT`.
pub fn listen() -> io::Result<TcpListener> {
    machine::settle(SERVER_CORE)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    listener.set_nonblocking(true)?;
    // The standard library's backlog of 128 would delay a storm of connects.
    rustix::net::listen(&listener, 4096)?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?.port())?;
    out.flush()?;
    Ok(listener)
}

/// Answers a WebSocket handshake on a new connection, for bare echoes whose crate does not
/// implement HTTP.
pub async fn upgrade(stream: &mut tokio::net::TcpStream) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let answer = answer(&head).ok_or(io::ErrorKind::InvalidData)?;
    stream.write_all(answer.as_bytes()).await
}

/// The response to a WebSocket handshake.
#[must_use]
pub fn answer(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let (_, key) = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))?;
    let accept = accept_key(key)?;
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: \
         websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

/// The runtime of a bare echo: accepts connections, and spawns a task for each.
pub fn serve_each<F>(serve: impl Fn(tokio::net::TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let listener = listen()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let serving = serve(stream);
            tokio::spawn(async move {
                // An error means that the client has disconnected.
                let _ = serving.await;
            });
        }
    })
}
