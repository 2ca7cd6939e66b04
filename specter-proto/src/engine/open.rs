//! The packet that opens a session and tells the client its settings.

use std::time::Duration;

use serde_json::Value;

use super::frame::{Frame, FrameKind};

/// What the server tells a client in the OPEN packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open<'a> {
    /// The session's id: whoever knows it can speak for the client.
    pub sid: &'a str,
    /// The transports that the client may move to: `websocket`, or none.
    pub upgrades: &'a [&'a str],
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How long either side waits for the other's heartbeat.
    pub ping_timeout: Duration,
    /// The largest body or message that the server takes, in bytes.
    pub max_payload: usize,
}

impl Open<'_> {
    /// The packet. Its keys stand in the order in which the reference server writes them, and times
    /// are whole milliseconds.
    pub fn encode(&self) -> Frame {
        let text = format!(
            r#"0{{"sid":{},"upgrades":{},"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
            Value::from(self.sid),
            Value::from(self.upgrades),
            self.ping_interval.as_millis(),
            self.ping_timeout.as_millis(),
            self.max_payload,
        );
        Frame::joined(FrameKind::Text, &[text.as_bytes()])
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
    fn keys_stand_in_the_reference_order() {
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
