//! The handshake with the fields that the reference server's `socket.handshake` has.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use specter::prelude::*;

#[derive(Serialize)]
pub(super) struct HandshakeView {
    headers: BTreeMap<String, String>,
    time: String,
    address: String,
    xdomain: bool,
    secure: bool,
    issued: i64,
    url: String,
    query: BTreeMap<String, String>,
    auth: Option<Box<RawValue>>,
}

impl HandshakeView {
    pub(super) fn of(socket: &Socket) -> Self {
        let handshake = socket.handshake();
        let issued = Timestamp::try_from(handshake.issued).unwrap_or_default();
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        };
        Self {
            headers: handshake.headers().iter().map(header).collect(),
            time: issued
                .strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
                .to_string(),
            address: handshake
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            xdomain: handshake.has_origin(),
            secure: handshake.secure,
            issued: issued.as_millisecond(),
            url: handshake.uri.to_string(),
            query: handshake
                .query()
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            auth: socket
                .auth()
                .and_then(Result::ok)
                .or_else(|| RawValue::from_string("{}".to_owned()).ok()),
        }
    }
}
