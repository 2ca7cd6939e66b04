//! The HTTP requests of the load: those of the official JavaScript client (`socket.io-client`
//! 4.8.4) in Chromium 156, as a page of the server's own origin sends them.
//!
//! Requests with fewer or shorter headers would be easier to serve than those of browsers. The
//! client in Node.js sends fewer headers, and opens a TCP connection for each polling request.

use std::net::SocketAddr;

const BROWSER: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 \
    (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\r\n";
const ACCEPTED: &str = "Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n";

/// The request that opens a WebSocket.
#[must_use]
pub fn websocket_handshake(server: SocketAddr) -> String {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
         Host: {server}\r\n\
         Connection: Upgrade\r\n\
         Pragma: no-cache\r\n\
         Cache-Control: no-cache\r\n\
         {BROWSER}\
         Upgrade: websocket\r\n\
         Origin: http://{server}\r\n\
         Sec-WebSocket-Version: 13\r\n\
         {ACCEPTED}\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    )
}

/// A polling request that is sent many times. The client puts a new value into the query's `t` each
/// time, so that no cache answers the request.
#[derive(Clone, Debug)]
pub struct PollingRequest {
    bytes: Vec<u8>,
    timestamp_at: usize,
    sent: u64,
}

/// The number of characters of `t`.
const TIMESTAMP_LEN: usize = 8;

impl PollingRequest {
    /// The GET of a session; without a session id, the GET that opens one.
    #[must_use]
    pub fn get(server: SocketAddr, session_id: Option<&str>) -> Self {
        let start = start(server, "GET", session_id);
        Self::new(format!(
            "{start}\
             sec-ch-ua-platform: \"Linux\"\r\n\
             {BROWSER}\
             Accept: */*\r\n\
             sec-ch-ua: \"Not:A-Brand\";v=\"8\", \"Chromium\";v=\"156\"\r\n\
             sec-ch-ua-mobile: ?0\r\n\
             {}\r\n",
            end(server)
        ))
    }

    /// A POST with this body.
    #[must_use]
    pub fn post(server: SocketAddr, session_id: &str, body: &str) -> Self {
        let start = start(server, "POST", Some(session_id));
        Self::new(format!(
            "{start}\
             Content-Length: {}\r\n\
             sec-ch-ua-platform: \"Linux\"\r\n\
             {BROWSER}\
             Accept: */*\r\n\
             sec-ch-ua: \"Not:A-Brand\";v=\"8\", \"Chromium\";v=\"156\"\r\n\
             Content-type: text/plain;charset=UTF-8\r\n\
             sec-ch-ua-mobile: ?0\r\n\
             Origin: http://{server}\r\n\
             {}\r\n\
             {body}",
            body.len(),
            end(server)
        ))
    }

    fn new(text: String) -> Self {
        let timestamp_at = text.find("&t=").map_or(0, |at| at + "&t=".len());
        Self {
            bytes: text.into_bytes(),
            timestamp_at,
            sent: 0,
        }
    }

    /// The request's bytes, with a value of `t` that no earlier call returned.
    pub fn next_bytes(&mut self) -> &[u8] {
        let mut rest = self.sent;
        self.sent += 1;
        let timestamp = &mut self.bytes[self.timestamp_at..][..TIMESTAMP_LEN];
        for digit in timestamp.iter_mut().rev() {
            *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
            rest /= 36;
        }
        &self.bytes
    }
}

/// The request line, and the headers before those of its method.
fn start(server: SocketAddr, method: &str, session_id: Option<&str>) -> String {
    let session = session_id.map_or(String::new(), |id| format!("&sid={id}"));
    format!(
        "{method} /socket.io/?EIO=4&transport=polling&t=00000000{session} HTTP/1.1\r\n\
         Host: {server}\r\n\
         Connection: keep-alive\r\n"
    )
}

fn end(server: SocketAddr) -> String {
    format!(
        "Sec-Fetch-Site: same-origin\r\n\
         Sec-Fetch-Mode: cors\r\n\
         Sec-Fetch-Dest: empty\r\n\
         Referer: http://{server}/\r\n\
         {ACCEPTED}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: ([u8; 4], u16) = ([127, 0, 0, 1], 3000);

    #[test]
    fn each_polling_request_has_another_timestamp_and_nothing_else_changes() {
        let mut request = PollingRequest::get(SERVER.into(), Some("abc"));
        let mut sent = || String::from_utf8(request.next_bytes().to_vec()).unwrap();
        let (first, second) = (sent(), sent());
        assert!(first.starts_with(
            "GET /socket.io/?EIO=4&transport=polling&t=00000000&sid=abc HTTP/1.1\r\n"
        ));
        assert_eq!(second, first.replace("t=00000000", "t=00000001"));
        assert!(first.ends_with("q=0.9\r\n\r\n"));
    }

    #[test]
    fn a_post_announces_the_length_of_its_body() {
        let mut request = PollingRequest::post(SERVER.into(), "abc", "42[\"x\"]");
        let text = String::from_utf8(request.next_bytes().to_vec()).unwrap();
        assert!(text.contains("\r\nContent-Length: 7\r\n"));
        assert!(text.ends_with("\r\n\r\n42[\"x\"]"));
    }
}
