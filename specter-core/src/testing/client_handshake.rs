//! Opens a WebSocket to the application: creates an in-memory stream to its HTTP server, and sends
//! the upgrade request on it.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::BytesMut;
use http::{HeaderMap, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower_service::Service as _;

use crate::testing::ConnectError;

/// The capacity of the stream in each direction, in bytes. The socket buffers of a kernel have a
/// similar size.
const BUFFER: usize = 256 * 1024;

/// The request that opens a connection.
#[derive(Clone, Debug)]
pub(super) struct Handshake {
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) address: SocketAddr,
}

/// Opens a WebSocket. Returns the stream, and the bytes that were already received after the
/// response.
pub(super) async fn open(
    router: &Router,
    handshake: &Handshake,
) -> Result<(DuplexStream, BytesMut), ConnectError> {
    let mut stream = serve(router.clone(), handshake.address);
    let response = exchange(&mut stream, handshake).await;
    let (status, rest) = response.unwrap_or_else(|error| {
        panic!("the application did not answer the handshake with HTTP: {error}")
    });
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Ok((stream, rest));
    }
    Err(ConnectError::Handshake {
        status,
        body: String::from_utf8_lossy(&rest).into_owned(),
    })
}

/// Serves one end of a stream with the application's HTTP server, and returns the other end.
fn serve(router: Router, address: SocketAddr) -> DuplexStream {
    let (client, server) = tokio::io::duplex(BUFFER);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(server), service)
        .with_upgrades();
    // An error means that the client closed the stream before the response was sent.
    tokio::spawn(async move { drop(connection.await) });
    client
}

/// Sends the upgrade request. Returns the response's status, and the bytes after its head.
async fn exchange(
    stream: &mut DuplexStream,
    handshake: &Handshake,
) -> io::Result<(StatusCode, BytesMut)> {
    stream.write_all(&request(handshake)).await?;
    let mut buffer = BytesMut::new();
    let end = loop {
        if let Some(at) = find(&buffer, b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&buffer.split_to(end)).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or(io::ErrorKind::InvalidData)?;
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let length = content_length(&head);
        while buffer.len() < length && stream.read_buf(&mut buffer).await? != 0 {}
    }
    Ok((status, buffer))
}

/// The upgrade request, as bytes. Its `sec-websocket-key` may be any 16 bytes.
fn request(handshake: &Handshake) -> Vec<u8> {
    let target = &handshake.target;
    let mut request = format!(
        "GET {target} HTTP/1.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: c3BlY3RlciB0ZXN0IGtpdA==\r\n"
    )
    .into_bytes();
    if !handshake.headers.contains_key(http::header::HOST) {
        request.extend_from_slice(b"host: test.local\r\n");
    }
    for (name, value) in &handshake.headers {
        request.extend_from_slice(name.as_str().as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

fn content_length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}
