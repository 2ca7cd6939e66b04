//! The headers of proxies, whatever the client sent: it cannot change what a proxy appends.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use specter_proto::forwarded::{ForwardedFor, forwarded, x_forwarded_for, x_forwarded_value};

const CLIENT: &str = "203.0.113.9";

fuzz_target!(|sent: Vec<Vec<u8>>| {
    // Proxies have addresses in `10.0.0.0/8`.
    let trusts = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
    let client = ForwardedFor::Address(CLIENT.parse().expect("an address"));

    let lines = || sent.iter().map(Vec::as_slice);
    let _ = forwarded(lines(), trusts);
    let _ = x_forwarded_for(lines(), trusts);
    let _ = x_forwarded_value(lines());

    for element in [
        format!("for={CLIENT};proto=http"),
        format!("host=\"a\\\"b\";proto=\"http\";for=\"{CLIENT}:47\""),
    ] {
        // The proxy adds a line of its own.
        let said = forwarded(lines().chain([element.as_bytes()]), trusts);
        assert_eq!((said.client, said.proto.as_deref()), (client, Some("http")));
        // The proxy appends to the last line.
        let received = append(&sent, &element);
        let said = forwarded(received.iter().map(Vec::as_slice), trusts);
        assert!(said.client == client || said.client == ForwardedFor::Hidden);
        assert!(said.proto.is_none_or(|proto| proto == "http"));
    }

    let received = append(&sent, CLIENT);
    let received = received.iter().map(Vec::as_slice);
    assert_eq!(x_forwarded_for(received, trusts), client);
    let received = append(&sent, "https");
    let received = received.iter().map(Vec::as_slice);
    assert_eq!(x_forwarded_value(received), Some("https"));
});

/// The lines with an element more at the end of the last one.
fn append(sent: &[Vec<u8>], element: &str) -> Vec<Vec<u8>> {
    let mut lines = sent.to_vec();
    let mut last = lines.pop().unwrap_or_default();
    last.extend_from_slice(b", ");
    last.extend_from_slice(element.as_bytes());
    lines.push(last);
    lines
}
