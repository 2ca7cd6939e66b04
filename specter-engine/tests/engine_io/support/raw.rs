//! A client on a WebSocket whose bytes the test itself writes and reads.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// A client on a WebSocket that may write any bytes.
pub(crate) struct Raw(pub(crate) DuplexStream);

/// Opens a WebSocket by hand.
pub(crate) async fn raw_upgrade(mut pipe: DuplexStream, query: &str) -> Raw {
    let request = upgrade_request(query);
    pipe.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut pipe).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    Raw(pipe)
}

pub(crate) fn upgrade_request(query: &str) -> String {
    format!(
        "GET /engine.io/?{query} HTTP/1.1\r\nHost: server.example\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A response's head, up to and with the empty line.
pub(crate) async fn read_head(pipe: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = pipe.read_u8().await.expect("the head is complete");
        head.push(byte);
    }
    String::from_utf8(head).expect("text")
}

/// A client's frame with this first byte. A `mask` of zeros leaves the payload as it is.
pub(crate) fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..65_536 => {
            bytes.push(0xFE);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(0xFF);
            bytes.extend(u64::try_from(len).unwrap().to_be_bytes());
        }
    }
    bytes.extend(mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A text frame in one piece.
pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes(), [1, 2, 3, 4])
}

impl Raw {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the stream is open");
    }

    /// The next frame from the server: its opcode and payload. `None` at the end of the stream.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await.ok()?;
        assert_eq!(
            first & 0xF0,
            0x80,
            "each message is one frame without extensions"
        );
        let len = match self.0.read_u8().await.ok()? {
            126 => u64::from(self.0.read_u16().await.ok()?),
            127 => self.0.read_u64().await.ok()?,
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((first & 0x0F, payload))
    }

    pub(crate) async fn expect_text(&mut self, text: &str) {
        let (opcode, payload) = self.frame().await.expect("a frame");
        assert_eq!(opcode, 1);
        assert_eq!(String::from_utf8(payload).unwrap(), text);
    }

    /// Expects a close frame with this code (0: none), then the end.
    pub(crate) async fn expect_close(&mut self, code: u16) {
        let payload = if code == 0 {
            Vec::new()
        } else {
            code.to_be_bytes().to_vec()
        };
        assert_eq!(self.frame().await, Some((8, payload)));
        assert_eq!(self.frame().await, None);
    }
}
