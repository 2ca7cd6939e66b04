//! Binds a listener to an address, with a configurable backlog.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, ToSocketAddrs, lookup_host};

/// Listens on the first of the addresses that works.
pub async fn bind(address: impl ToSocketAddrs, backlog: u32) -> io::Result<TcpListener> {
    let mut failed = None;
    for address in lookup_host(address).await? {
        match bind_one(address, backlog) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = Some(error),
        }
    }
    let none = || {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "the name resolves to no address",
        )
    };
    Err(failed.unwrap_or_else(none))
}

fn bind_one(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As Tokio and the standard library do: a restarted server need not wait for the connections of
    // its predecessor. On other systems this would let another process take the address over.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

#[cfg(test)]
mod tests {
    use super::bind;
    use std::time::Duration;
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    /// The system drops the first packet of connections that exceed the backlog, and their clients
    /// wait a second or longer.
    #[tokio::test]
    async fn the_system_holds_as_many_connections_as_the_backlog_allows() {
        let listener = bind("127.0.0.1:0", 4096).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut connections = Vec::new();
        for _ in 0..400 {
            let connecting = TcpStream::connect(address);
            let connected = timeout(Duration::from_millis(900), connecting).await;
            connections.push(connected.expect("there is room").unwrap());
        }
    }

    #[tokio::test]
    async fn the_first_address_that_works_is_used() {
        let first = bind("127.0.0.1:0", 1).await.unwrap();
        let taken = first.local_addr().unwrap();
        let free: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listener = bind(&[taken, free][..], 1).await.unwrap();
        assert_ne!(listener.local_addr().unwrap(), taken);
        let unresolved: &[std::net::SocketAddr] = &[];
        assert!(bind(unresolved, 1).await.is_err());
    }
}
