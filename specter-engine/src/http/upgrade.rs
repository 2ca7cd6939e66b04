//! The HTTP side of a WebSocket handshake (RFC 6455, section 4.2): checks the request and creates
//! the `101` response.

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, request};
use hyper::upgrade::OnUpgrade;
use specter_proto::engine::BadRequest;
use specter_proto::websocket::accept_key;

use crate::http::rejection::Rejection;
use crate::http::reply::Response;
use crate::http::slow_reader_body::SlowReaderBody;

/// A valid request for a WebSocket.
pub(crate) struct Upgrade {
    stream: OnUpgrade,
    accept: HeaderValue,
    protocol: Option<HeaderValue>,
}

/// Whether the client requests a WebSocket, with a valid request or not.
pub(crate) fn is_wanted(request: &request::Parts) -> bool {
    has_token(&request.headers, &UPGRADE, "websocket")
}

impl Upgrade {
    /// Checks the request and takes its stream.
    pub(crate) fn of(request: &mut request::Parts) -> Result<Self, Rejection> {
        let headers = &request.headers;
        let proper = request.method == Method::GET
            && request.version == Version::HTTP_11
            && is_wanted(request)
            && has_token(headers, &CONNECTION, "upgrade");
        if !proper {
            return Err(BadRequest::TransportHandshake.into());
        }
        if headers
            .get(SEC_WEBSOCKET_VERSION)
            .map(HeaderValue::as_bytes)
            != Some(b"13")
        {
            return Err(Rejection::WebSocketVersion);
        }
        let accept = headers
            .get(SEC_WEBSOCKET_KEY)
            .and_then(|key| accept_key(key.to_str().ok()?))
            .and_then(|accept| HeaderValue::try_from(accept).ok())
            .ok_or(BadRequest::TransportHandshake)?;
        let protocol = first_protocol(headers);
        let stream = request.extensions.remove::<OnUpgrade>();
        let stream = stream.ok_or(Rejection::NoUpgrade)?;
        Ok(Self {
            stream,
            accept,
            protocol,
        })
    }

    /// The response that accepts the WebSocket, and the stream, which is available once the
    /// response is written.
    pub(crate) fn grant(self) -> (Response, OnUpgrade) {
        let mut response = Response::new(SlowReaderBody::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = self.protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        (response, self.stream)
    }
}

/// The first subprotocol that the client offers. It has no meaning here, but a browser that offered
/// one closes the WebSocket unless one is selected.
fn first_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let first = offered.split(',').next()?.trim();
    let is_token = !first.is_empty()
        && first
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    is_token
        .then(|| HeaderValue::from_str(first).ok())
        .flatten()
}

/// Whether a comma-separated header contains a token, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::{Rejection, Upgrade, first_protocol};
    use http::{HeaderMap, HeaderValue, Request, Version, header, request};
    use specter_proto::engine::BadRequest;

    fn request(change: impl FnOnce(&mut request::Parts)) -> request::Parts {
        let request = Request::builder()
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let mut parts = request.body(()).unwrap().into_parts().0;
        change(&mut parts);
        parts
    }

    fn refusal(change: impl FnOnce(&mut request::Parts)) -> Option<Rejection> {
        Upgrade::of(&mut request(change)).err()
    }

    #[test]
    fn each_missing_part_is_rejected() {
        let bad = Some(Rejection::from(BadRequest::TransportHandshake));
        assert_eq!(refusal(|parts| parts.method = http::Method::POST), bad);
        assert_eq!(refusal(|parts| parts.version = Version::HTTP_10), bad);
        for name in [
            header::CONNECTION,
            header::UPGRADE,
            header::SEC_WEBSOCKET_KEY,
        ] {
            assert_eq!(refusal(|parts| drop(parts.headers.remove(&name))), bad);
        }
        let key = HeaderValue::from_static("short");
        assert_eq!(
            refusal(|parts| drop(parts.headers.insert(header::SEC_WEBSOCKET_KEY, key))),
            bad
        );
        let version = HeaderValue::from_static("8");
        assert_eq!(
            refusal(|parts| drop(parts.headers.insert(header::SEC_WEBSOCKET_VERSION, version))),
            Some(Rejection::WebSocketVersion)
        );
        // The request is valid, but the server offers no stream.
        assert_eq!(refusal(|_| {}), Some(Rejection::NoUpgrade));
    }

    #[test]
    fn the_first_subprotocol_is_chosen_if_it_is_valid() {
        let choose = |offered: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(offered),
            );
            first_protocol(&headers)
        };
        assert_eq!(choose("a, b"), Some(HeaderValue::from_static("a")));
        assert_eq!(choose("a b"), None);
        assert_eq!(choose(",,"), None);
    }
}
