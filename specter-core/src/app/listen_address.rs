//! The addresses that `App::listen` accepts.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use tokio::net::lookup_host;

/// An address that an App can listen on.
///
/// | Type | Example | Listens on |
/// |---|---|---|
/// | `u16` | `listen(3000)` | the port, on loopback (127.0.0.1): only this machine can connect |
/// | `&str`, `String` | `listen("0.0.0.0:3000")` | the address; the name of a host is resolved |
/// | `&str`, `String` of digits | `listen("3000")` | as `u16`, for a port from the environment |
/// | `SocketAddr`, also V4 and V6 | `listen(address)` | the address |
/// | `(IpAddr, u16)`, also V4 and V6 | `listen((Ipv4Addr::UNSPECIFIED, 3000))` | address and port |
/// | `(&str, u16)`, `(String, u16)` | `listen(("localhost", 3000))` | the host's address and the port |
///
/// Port 0 lets the operating system choose a free port. If a host has several addresses, the first
/// on which the App can listen is used.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an address that an App can listen on",
    label = "not an address",
    note = "pass a port of type `u16`, `listen(3000)`, for clients on this machine; or an address \
        with a port, `listen(\"0.0.0.0:3000\")`, for clients on others"
)]
pub trait ListenAddress {
    #[doc(hidden)]
    fn into_target(self) -> ListenTarget;
}

/// An address that may have to be resolved.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum ListenTarget {
    Address(SocketAddr),
    Host(String, u16),
    Text(String),
}

impl ListenTarget {
    /// The addresses, in the order in which they are tried.
    pub(super) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::Address(address) => Ok(vec![*address]),
            Self::Host(host, port) => Ok(lookup_host((host.as_str(), *port)).await?.collect()),
            Self::Text(text) => resolve_text(text).await,
        }
    }
}

impl fmt::Display for ListenTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
            Self::Text(text) => write!(f, "`{text}`"),
        }
    }
}

fn on_loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

async fn resolve_text(text: &str) -> io::Result<Vec<SocketAddr>> {
    if let Ok(port) = text.parse() {
        return Ok(vec![on_loopback(port)]);
    }
    if !text.contains(':') {
        let message = "it has no port: write an address and a port, such as `127.0.0.1:3000`";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    // `:3000` means all addresses elsewhere; here it is an error, because nobody should become
    // reachable from the network unknowingly.
    if text.starts_with(':') {
        let message = format!(
            "it has no host: write `127.0.0.1{text}` for clients on this machine, or \
             `0.0.0.0{text}` for all"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(lookup_host(text).await?.collect())
}

/// Implements the trait for types with this conversion.
macro_rules! addresses {
    ($($address:ty: |$this:ident| $target:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl ListenAddress for $address {
            fn into_target(self) -> ListenTarget {
                let $this = self;
                $target
            }
        }
    )+};
}

addresses! {
    u16: |port| ListenTarget::Address(on_loopback(port));
    &str: |text| ListenTarget::Text(text.to_owned());
    String: |text| ListenTarget::Text(text);
    &String: |text| ListenTarget::Text(text.clone());
    (&str, u16): |host| ListenTarget::Host(host.0.to_owned(), host.1);
    (String, u16): |host| ListenTarget::Host(host.0, host.1);
    SocketAddr: |address| ListenTarget::Address(address);
    SocketAddrV4: |address| ListenTarget::Address(address.into());
    SocketAddrV6: |address| ListenTarget::Address(address.into());
    (IpAddr, u16): |address| ListenTarget::Address(address.into());
    (Ipv4Addr, u16): |address| ListenTarget::Address(address.into());
    (Ipv6Addr, u16): |address| ListenTarget::Address(address.into());
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::ListenAddress;

    async fn resolved(address: impl ListenAddress) -> Result<String, String> {
        let addresses = address.into_target().resolve().await;
        let addresses = addresses.map_err(|error| error.to_string())?;
        Ok(addresses[0].to_string())
    }

    #[tokio::test]
    async fn a_port_alone_is_on_loopback() {
        let expected = Ok("127.0.0.1:3000".to_owned());
        assert_eq!(resolved(3000).await, expected);
        assert_eq!(resolved("3000").await, expected);
        assert_eq!(resolved("3000".to_owned()).await, expected);
    }

    #[tokio::test]
    async fn an_address_is_what_it_says() {
        let expected = Ok("0.0.0.0:3000".to_owned());
        assert_eq!(resolved("0.0.0.0:3000").await, expected);
        assert_eq!(resolved((Ipv4Addr::UNSPECIFIED, 3000)).await, expected);
        assert_eq!(resolved(("0.0.0.0", 3000)).await, expected);
        assert_eq!(resolved("[::1]:80").await.as_deref(), Ok("[::1]:80"));
    }

    #[tokio::test]
    async fn a_missing_part_is_named() {
        let error = resolved("localhost").await.unwrap_err();
        assert!(error.contains("no port"), "{error}");
        let error = resolved(":3000").await.unwrap_err();
        assert!(error.contains("`127.0.0.1:3000`"), "{error}");
        assert!(resolved("70000").await.is_err());
    }
}
