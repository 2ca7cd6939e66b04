//! The OPEN packet, which opens a session and tells the client the session's settings.

use std::time::Duration;

use serde_json::Value;

use super::frame::{Frame, FrameKind};

/// The content of the OPEN packet (Engine.IO v4, "Handshake").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open<'a> {
    /// The session's id. It is a secret: anybody who knows it can send requests in the client's
    /// name.
    pub sid: &'a str,
    /// The transports to which the client may upgrade: `websocket`, or none.
    pub upgrades: &'a [&'a str],
    /// The time between two pings of the server.
    pub ping_interval: Duration,
    /// How long the server waits for the pong. The client waits for the next ping for
    /// `ping_interval` plus this time. Whoever waits longer closes the connection.
    pub ping_timeout: Duration,
    /// The largest polling body or message that the server accepts, in bytes.
    pub max_payload: usize,
}

impl Open<'_> {
    /// Encodes the packet. The keys are in the order in which the reference server writes them, and
    /// times are whole milliseconds.
    pub fn encode(&self) -> Frame {
        let text = format!(
            r#"0{{"sid":{},"upgrades":{},"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
            Value::from(self.sid),
            Value::from(self.upgrades),
            self.ping_interval.as_millis(),
            self.ping_timeout.as_millis(),
            self.max_payload,
        );
        Frame::from_parts(FrameKind::Text, &[text.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open<'a>(sid: &'a str, upgrades: &'a [&'a str]) -> Open<'a> {
        Open {
            sid,
            upgrades,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: 1_000_000,
        }
    }

    #[test]
    fn keys_are_in_the_reference_order() {
        assert_eq!(
            open("lv_VI97HAXpY6yYWAAAC", &["websocket"]).encode().payload(),
            br#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
    }

    #[test]
    fn no_upgrades_are_an_empty_list_and_ids_are_escaped() {
        assert_eq!(
            open("a\"b", &[]).encode().payload(),
            br#"0{"sid":"a\"b","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
    }
}
