//! The client that trusted proxies name in the forwarding headers, whatever the client itself has
//! sent.

use std::net::IpAddr;

use proptest::prelude::*;
use specter_proto::forwarded::{
    Forwarded, ForwardedFor, forwarded, x_forwarded_for, x_forwarded_value,
};

/// Whether an address is a trusted proxy's: these proxies are in `10.0.0.0/8`.
fn trusts(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.octets()[0] == 10)
}

fn read<'a>(lines: &[&'a str]) -> Forwarded<'a> {
    forwarded(lines.iter().map(|line| line.as_bytes()), trusts)
}

fn read_x_forwarded_for(lines: &[&str]) -> ForwardedFor {
    x_forwarded_for(lines.iter().map(|line| line.as_bytes()), trusts)
}

fn at(address: &str) -> ForwardedFor {
    ForwardedFor::Address(address.parse().unwrap())
}

#[test]
fn without_a_header_there_is_no_client() {
    assert_eq!(read(&[]), Forwarded::default());
    assert_eq!(read_x_forwarded_for(&[]), ForwardedFor::Nobody);
    assert_eq!(x_forwarded_value(std::iter::empty()), None);
}

#[test]
fn elements_are_read_from_the_right_up_to_the_first_untrusted_address() {
    for (lines, client) in [
        (&["for=1.2.3.4"][..], "1.2.3.4"),
        (&["for=6.6.6.6, for=1.2.3.4"], "1.2.3.4"),
        (&["for=6.6.6.6", "for=1.2.3.4"], "1.2.3.4"),
        (&["for=6.6.6.6, for=1.2.3.4, for=10.0.0.2"], "1.2.3.4"),
        (
            &["for=6.6.6.6", "for=1.2.3.4", "for=10.0.0.3,for=10.0.0.2"],
            "1.2.3.4",
        ),
        (&["for=10.0.0.9,for=1.2.3.4", "for=10.0.0.2"], "1.2.3.4"),
        // All of them are trusted proxies, so the first one sent the request.
        (&["for=10.0.0.3, for=10.0.0.2"], "10.0.0.3"),
    ] {
        assert_eq!(read(lines).client, at(client), "{lines:?}");
        let values: Vec<_> = lines.iter().map(|line| line.replace("for=", "")).collect();
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        assert_eq!(read_x_forwarded_for(&values), at(client), "{values:?}");
    }
}

#[test]
fn all_forms_of_a_node_are_read() {
    for (node, client) in [
        ("1.2.3.4", at("1.2.3.4")),
        ("\"1.2.3.4\"", at("1.2.3.4")),
        ("\"1.2.3.4:4711\"", at("1.2.3.4")),
        ("\"1.2.3.4:_port\"", at("1.2.3.4")),
        ("\"[2001:db8::1]\"", at("2001:db8::1")),
        ("\"[2001:DB8::1]:4711\"", at("2001:db8::1")),
        ("\"[::ffff:1.2.3.4]:_p.o-r_t\"", at("1.2.3.4")),
        ("\"\\1.2\\.3.\\4\"", at("1.2.3.4")),
        ("unknown", ForwardedFor::Hidden),
        ("\"unknown:4711\"", ForwardedFor::Hidden),
        ("_hidden", ForwardedFor::Hidden),
        ("\"_hidden:_port\"", ForwardedFor::Hidden),
        ("\"\"", ForwardedFor::Hidden),
        ("client.example", ForwardedFor::Hidden),
        ("1.2.3", ForwardedFor::Hidden),
        ("999.1.1.1", ForwardedFor::Hidden),
        ("\"1.2.3.4:\"", ForwardedFor::Hidden),
        ("\"1.2.3.4:123456\"", ForwardedFor::Hidden),
        ("\"1.2.3.4:x\"", ForwardedFor::Hidden),
        ("\"1.2.3.4:_\"", ForwardedFor::Hidden),
        ("\"2001:db8::1\"", ForwardedFor::Hidden),
        ("\"[2001:db8::1\"", ForwardedFor::Hidden),
        ("\"[2001:db8::1]x\"", ForwardedFor::Hidden),
        ("\"[1.2.3.4]\"", ForwardedFor::Hidden),
        ("\" 1.2.3.4\"", ForwardedFor::Hidden),
    ] {
        let line = format!("for=6.6.6.6, for={node}");
        assert_eq!(read(&[&line]).client, client, "{line}");
    }
    for (node, client) in [
        ("1.2.3.4", at("1.2.3.4")),
        (" 1.2.3.4\t", at("1.2.3.4")),
        ("1.2.3.4:4711", at("1.2.3.4")),
        ("2001:db8::1", at("2001:db8::1")),
        ("[2001:db8::1]", at("2001:db8::1")),
        ("[2001:db8::1]:4711", at("2001:db8::1")),
        ("::ffff:1.2.3.4", at("1.2.3.4")),
        ("unknown", ForwardedFor::Hidden),
        ("_hidden", ForwardedFor::Hidden),
        ("", ForwardedFor::Hidden),
        ("1.2.3", ForwardedFor::Hidden),
        ("\"1.2.3.4\"", ForwardedFor::Hidden),
        ("1.2.3.4 5.6.7.8", ForwardedFor::Hidden),
        ("unix:", ForwardedFor::Hidden),
        ("1.2.3.4\u{e4}", ForwardedFor::Hidden),
    ] {
        let line = format!("6.6.6.6,{node}");
        assert_eq!(read_x_forwarded_for(&[&line]), client, "{line}");
    }
}

#[test]
fn proto_and_host_are_those_nearest_to_the_client() {
    for (lines, proto, host) in [
        (
            &["for=1.2.3.4;proto=https;host=app.example"][..],
            Some("https"),
            Some("app.example"),
        ),
        (
            &["For=1.2.3.4;PROTO=https;Host=\"app.example:8443\", for=10.0.0.2;proto=http;host=b"],
            Some("https"),
            Some("app.example:8443"),
        ),
        (
            &["for=1.2.3.4;proto=https, for=10.0.0.2;host=b"],
            Some("https"),
            Some("b"),
        ),
        (&["proto=https;host=a"], Some("https"), Some("a")),
        (
            &["for=unknown ; proto=https ;; host=a;"],
            Some("https"),
            Some("a"),
        ),
        (
            &["for=6.6.6.6;proto=https;host=evil", "for=1.2.3.4"],
            None,
            None,
        ),
        (&["proto=https;host=evil, for=_hidden"], None, None),
        (
            &["for=1.2.3.4;host=\"a\\\"\\\\b, c;d\""],
            None,
            Some("a\"\\b, c;d"),
        ),
        (
            &["for=1.2.3.4;secret=x;by=\"[::1]\";proto=https"],
            Some("https"),
            None,
        ),
    ] {
        let found = read(lines);
        assert_eq!(found.proto.as_deref(), proto, "{lines:?}");
        assert_eq!(found.host.as_deref(), host, "{lines:?}");
    }
}

#[test]
fn a_line_that_does_not_follow_the_grammar_hides_the_client() {
    for line in [
        "for=6.6.6.6;proto=https;x=\", for=203.0.113.9",
        "for=6.6.6.6;x=\"\\\", for=203.0.113.9",
        "for=6.6.6.6;x=\"a\"b, for=203.0.113.9",
        "for=6.6.6.6;x=\", for=\"203.0.113.9\"",
        "for=6.6.6.6;x=\", for=203.0.113.9;host=\"a\"",
        "for=6.6.6.6;x=\"\\",
        "for=6.6.6.6;x=\"\u{1}\"",
        "for=6.6.6.6;x=\"\\\u{7f}\"",
        "for=6.6.6.6;for=203.0.113.9",
        "for=6.6.6.6;proto=http;Proto=https",
        "for=6.6.6.6;by=a;by=b",
        "for=6.6.6.6;host=a;HOST=a",
        "for=6.6.6.6;proto",
        "for=6.6.6.6;=https",
        "for=6.6.6.6;proto=",
        "for=6.6.6.6;proto = https",
        "for=[2001:db8::1]",
        "for=6.6.6.6:80",
        "6.6.6.6",
        "for=6.6.6.6 proto=https",
        "for=6.6.6.6/24",
        "f\u{f6}r=6.6.6.6",
        "for=6.6.6.6\u{0}",
    ] {
        let hidden = Forwarded {
            client: ForwardedFor::Hidden,
            ..Forwarded::default()
        };
        assert_eq!(read(&[line]), hidden, "{line}");
        // Lines to its left are not read.
        assert_eq!(read(&["for=7.7.7.7;proto=https", line]), hidden, "{line}");
        // Lines to its right were written by later proxies and are read.
        let found = read(&[line, "for=1.2.3.4"]);
        assert_eq!(found.client, at("1.2.3.4"), "{line}");
        let found = read(&[line, "for=10.0.0.2;proto=https"]);
        assert_eq!(found.client, ForwardedFor::Hidden, "{line}");
        assert_eq!(found.proto.as_deref(), Some("https"), "{line}");
    }
}

#[test]
fn an_empty_element_hides_the_client() {
    for line in [
        "",
        " ",
        ",",
        "for=6.6.6.6,",
        "for=6.6.6.6, ;",
        "for=6.6.6.6, proto=https",
    ] {
        assert_eq!(
            read(&["for=7.7.7.7", line]).client,
            ForwardedFor::Hidden,
            "{line:?}"
        );
        let values = line.replace("for=", "");
        assert_eq!(
            read_x_forwarded_for(&["7.7.7.7", &values]),
            ForwardedFor::Hidden,
            "{line:?}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_hide_the_client() {
    let lines = [b"for=6.6.6.6".as_slice(), b"for=\"\xFF\""];
    assert_eq!(
        forwarded(lines.into_iter(), trusts).client,
        ForwardedFor::Hidden
    );
    let lines = [b"for=1.2.3.4;host=\"\xFF\"".as_slice()];
    let found = forwarded(lines.into_iter(), trusts);
    assert_eq!((found.client, found.host), (at("1.2.3.4"), None));
    let lines = [b"6.6.6.6".as_slice(), b"\xFF"];
    assert_eq!(
        x_forwarded_for(lines.into_iter(), trusts),
        ForwardedFor::Hidden
    );
}

#[test]
fn the_value_of_the_nearest_proxy_is_returned() {
    for (lines, value) in [
        (&[b"https".as_slice()][..], Some("https")),
        (&[b"http, https "], Some("https")),
        (&[b"http", b"https"], Some("https")),
        (&[b"https", b""], None),
        (&[b"https,"], None),
        (&[b"https", b"\xFF"], None),
        (&[b"https,\xFF"], None),
        (&[b"\xFF,https"], Some("https")),
    ] {
        let found = x_forwarded_value(lines.iter().copied());
        assert_eq!(found, value, "{lines:?}");
    }
}

/// The element that a trusted proxy appends for this client, in various forms.
fn appended() -> impl Strategy<Value = (&'static str, ForwardedFor)> {
    let real = || at("203.0.113.9");
    prop_oneof![
        Just(("for=203.0.113.9", real())),
        Just(("for=\"203.0.113.9\"", real())),
        Just((
            "for=\"203.0.113.9:47\";proto=http;host=\"app.example:80\"",
            real()
        )),
        Just(("host=app.example;proto=http;for=203.0.113.9", real())),
        Just((
            "by=\"[::1]\";for=203.0.113.9;host=\"a\\\"b;for=6.6.6.6\"",
            real()
        )),
        Just(("host=\";for=6.6.6.6;x=\";for=203.0.113.9", real())),
        Just(("for=\"[2001:db8::1]:47\"", at("2001:db8::1"))),
        Just(("for=unknown;proto=http", ForwardedFor::Hidden)),
    ]
}

/// Bytes that a client may send: any bytes, and texts that resemble such a header.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let pieces = "(for=|host=|proto=https|by=|x=|\"|\\\\|,|;| |=|6\\.6\\.6\\.6|10\\.0\\.0\\.1|\
                  \\[::1\\]|unknown|a){0,14}";
    prop_oneof![
        8 => pieces.prop_map(String::into_bytes),
        1 => "[ -~\t]{0,40}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn joined(sent: &[u8], separator: &str, appended: &str) -> Vec<u8> {
    [sent, separator.as_bytes(), appended.as_bytes()].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_client_cannot_change_the_element_of_a_proxy(
        lines in prop::collection::vec(sent(), 1..4),
        (appended, real) in appended(),
        separator in prop_oneof![Just(","), Just(", "), Just(" , ")],
        has_second_proxy in any::<bool>(),
    ) {
        let expected = read(&[appended]);
        let mut received = lines.clone();
        let last = received.pop().unwrap_or_default();
        received.push(joined(&last, separator, appended));
        if has_second_proxy {
            received.push(b"for=10.0.0.2".to_vec());
        }
        let found = forwarded(received.iter().map(Vec::as_slice), trusts);
        prop_assert!(found.client == real || found.client == ForwardedFor::Hidden, "{found:?}");
        prop_assert!(found.proto.is_none() || found.proto == expected.proto, "{found:?}");
        prop_assert!(found.host.is_none() || found.host == expected.host, "{found:?}");

        // The line that a proxy adds is read in any case.
        let mut received = lines;
        received.push(appended.as_bytes().to_vec());
        let found = forwarded(received.iter().map(Vec::as_slice), trusts);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_client_cannot_change_the_x_forwarded_element_of_a_proxy(
        lines in prop::collection::vec(sent(), 1..4),
        real in prop_oneof![
            Just("203.0.113.9"),
            Just("203.0.113.9:47"),
            Just("2001:db8::1"),
            Just("[2001:db8::1]:47"),
        ],
        has_second_proxy in any::<bool>(),
    ) {
        let expected = read_x_forwarded_for(&[real]);
        for separator in [",", ", "] {
            let mut received = lines.clone();
            let last = received.pop().unwrap_or_default();
            received.push(joined(&last, separator, real));
            if has_second_proxy {
                received.push(b"10.0.0.2".to_vec());
            }
            let received = received.iter().map(Vec::as_slice);
            prop_assert_eq!(x_forwarded_for(received, trusts), expected);
            let mut received = lines.clone();
            let last = received.pop().unwrap_or_default();
            received.push(joined(&last, separator, "https"));
            let received = received.iter().map(Vec::as_slice);
            prop_assert_eq!(x_forwarded_value(received), Some("https"));
        }
    }
}
