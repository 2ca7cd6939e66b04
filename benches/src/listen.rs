//! What every server program does first.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::machine;

/// The core of the server; the load runs on the other one.
pub const SERVER_CORE: usize = 0;
/// The core of the load.
pub const LOAD_CORE: usize = 1;

/// Places the program, listens on a free port of loopback and prints `listening on PORT`.
pub fn listen() -> io::Result<TcpListener> {
    machine::settle(SERVER_CORE)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    listener.set_nonblocking(true)?;
    // The standard library listens with a backlog of 128, on which a storm of connects would wait.
    rustix_listen(&listener)?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?.port())?;
    out.flush()?;
    Ok(listener)
}

fn rustix_listen(listener: &TcpListener) -> io::Result<()> {
    rustix::net::listen(listener, 4096)?;
    Ok(())
}
