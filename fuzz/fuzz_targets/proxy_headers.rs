//! The headers that proxies append to: whatever a client sends in them, it cannot change what the
//! trusted proxy appends.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use specter_proto::forwarded::{ForwardedFor, forwarded, x_forwarded_for, x_forwarded_value};

const CLIENT: &str = "203.0.113.9";

fuzz_target!(|lines: Vec<Vec<u8>>| {
    // The trusted proxies have addresses in `10.0.0.0/8`.
    let is_trusted = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
    let client = ForwardedFor::Address(CLIENT.parse().expect("CLIENT is an address"));

    let sent_lines = || lines.iter().map(Vec::as_slice);
    let _ = forwarded(sent_lines(), is_trusted);
    let _ = x_forwarded_for(sent_lines(), is_trusted);
    let _ = x_forwarded_value(sent_lines());

    for element in [
        format!("for={CLIENT};proto=http"),
        format!("host=\"a\\\"b\";proto=\"http\";for=\"{CLIENT}:47\""),
    ] {
        // The proxy may append a line of its own.
        let read = forwarded(sent_lines().chain([element.as_bytes()]), is_trusted);
        assert_eq!((read.client, read.proto.as_deref()), (client, Some("http")));
        // The proxy may append an element to the last line.
        let extended = append(&lines, &element);
        let read = forwarded(extended.iter().map(Vec::as_slice), is_trusted);
        assert!(read.client == client || read.client == ForwardedFor::Hidden);
        assert!(read.proto.is_none_or(|proto| proto == "http"));
    }

    let extended = append(&lines, CLIENT);
    let extended = extended.iter().map(Vec::as_slice);
    assert_eq!(x_forwarded_for(extended, is_trusted), client);
    let extended = append(&lines, "https");
    let extended = extended.iter().map(Vec::as_slice);
    assert_eq!(x_forwarded_value(extended), Some("https"));
});

/// Returns the lines with one more element at the end of the last line.
fn append(lines: &[Vec<u8>], element: &str) -> Vec<Vec<u8>> {
    let mut extended = lines.to_vec();
    let mut last = extended.pop().unwrap_or_default();
    last.extend_from_slice(b", ");
    last.extend_from_slice(element.as_bytes());
    extended.push(last);
    extended
}
