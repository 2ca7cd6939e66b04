//! The headers in which proxies name the client of a request: `Forwarded` (RFC 7239), and the older
//! `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
//!
//! Every proxy appends to the header that it received, and the client may have sent anything. The
//! headers are therefore read from the right, one element for each trusted proxy, up to the first
//! element that is not the address of a trusted proxy. An element that cannot be read also ends the
//! reading, and the client's address is unknown. The same holds for a whole line of `Forwarded`
//! that does not follow the grammar, because a quote that the client left open changes the meaning
//! of the text that a proxy appended.
//!
//! This module only reads texts. The caller knows which proxies are trusted, and whether the
//! connection comes from one of them.

use std::borrow::Cow;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str;

/// The client of a request, as trusted proxies name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ForwardedFor {
    /// The request has no such header, so the proxy that sent it names no client.
    #[default]
    Nobody,
    /// The client's address cannot be read: it is `unknown`, an obfuscated name, or malformed.
    Hidden,
    /// The client has this address. An IPv4 address that is mapped into IPv6 is converted to IPv4.
    Address(IpAddr),
}

/// The part of a request's `Forwarded` header that trusted proxies wrote.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Forwarded<'a> {
    /// The rightmost address that is not a trusted proxy's, or the leftmost one if all of them are.
    pub client: ForwardedFor,
    /// The `proto` parameter of the element nearest to the client, among the elements that were
    /// read.
    pub proto: Option<Cow<'a, str>>,
    /// The `host` parameter of the element nearest to the client, among the elements that were
    /// read.
    pub host: Option<Cow<'a, str>>,
}

/// Reads the lines of a request's `Forwarded` header (RFC 7239), in the order in which the request
/// has them. Call it only for a request that comes from a trusted proxy. `trusts` returns whether
/// another address is a trusted proxy's.
///
/// ```
/// use specter_proto::forwarded::{ForwardedFor, forwarded};
///
/// let line = b"for=6.6.6.6, for=\"[2001:db8::1]:47\";proto=https, for=10.0.0.2".as_slice();
/// let found = forwarded([line].into_iter(), |address| address.to_string() == "10.0.0.2");
/// assert_eq!(found.client, ForwardedFor::Address("2001:db8::1".parse().unwrap()));
/// assert_eq!(found.proto.as_deref(), Some("https"));
/// ```
pub fn forwarded<'a>(
    lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusts: impl Fn(IpAddr) -> bool,
) -> Forwarded<'a> {
    let mut found = Forwarded::default();
    for line in lines.rev() {
        let Some(elements) = elements(line) else {
            found.client = ForwardedFor::Hidden;
            return found;
        };
        for element in elements.into_iter().rev() {
            found.proto = element.proto.and_then(Value::text).or(found.proto);
            found.host = element.host.and_then(Value::text).or(found.host);
            let node = element.node.and_then(Value::text);
            match node.and_then(|node| parse_node(&node)) {
                None => {
                    found.client = ForwardedFor::Hidden;
                    return found;
                }
                Some(address) => {
                    found.client = ForwardedFor::Address(address);
                    if !trusts(address) {
                        return found;
                    }
                }
            }
        }
    }
    found
}

/// Reads the lines of a request's `X-Forwarded-For` header, in the same way as [`forwarded`]. Each
/// element is an address with or without a port: `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1`,
/// `[2001:db8::1]:5`.
///
/// ```
/// use specter_proto::forwarded::{ForwardedFor, x_forwarded_for};
///
/// let lines = [b"6.6.6.6, 203.0.113.9".as_slice(), b"10.0.0.2"];
/// let client = x_forwarded_for(lines.into_iter(), |address| address.to_string() == "10.0.0.2");
/// assert_eq!(client, ForwardedFor::Address("203.0.113.9".parse().unwrap()));
/// ```
pub fn x_forwarded_for<'a>(
    lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusts: impl Fn(IpAddr) -> bool,
) -> ForwardedFor {
    let mut client = ForwardedFor::Nobody;
    let elements = lines
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    for element in elements {
        let text = str::from_utf8(element).unwrap_or_default().trim();
        let bare = text
            .parse()
            .ok()
            .map(|address: IpAddr| address.to_canonical());
        let Some(address) = bare.or_else(|| parse_node(text)) else {
            return ForwardedFor::Hidden;
        };
        client = ForwardedFor::Address(address);
        if !trusts(address) {
            break;
        }
    }
    client
}

/// Returns the value that the nearest proxy gave to `X-Forwarded-Proto` or `X-Forwarded-Host`,
/// which is the last one of the list. The lines are in the order in which the request has them.
/// Returns `None` if that value is empty or not UTF-8. A value to its left is never used instead,
/// because the client may have written it.
///
/// ```
/// use specter_proto::forwarded::x_forwarded_value;
///
/// let lines = [b"evil.example, app.example".as_slice()];
/// assert_eq!(x_forwarded_value(lines.into_iter()), Some("app.example"));
/// ```
pub fn x_forwarded_value<'a>(
    mut lines: impl DoubleEndedIterator<Item = &'a [u8]>,
) -> Option<&'a str> {
    let line = lines.next_back()?;
    let last = line.rsplit(|byte| *byte == b',').next()?;
    let text = str::from_utf8(last).ok()?.trim();
    (!text.is_empty()).then_some(text)
}

/// The parameters by which one proxy describes the request that it received (RFC 7239, section 4).
#[derive(Default)]
struct Element<'a> {
    node: Option<Value<'a>>,
    by: Option<Value<'a>>,
    proto: Option<Value<'a>>,
    host: Option<Value<'a>>,
}

impl<'a> Element<'a> {
    /// Sets a parameter. Returns `None` if the element has the parameter already.
    fn set(&mut self, name: &[u8], value: Value<'a>) -> Option<()> {
        let parameters = [
            ("for", &mut self.node),
            ("by", &mut self.by),
            ("proto", &mut self.proto),
            ("host", &mut self.host),
        ];
        for (parameter, slot) in parameters {
            if name.eq_ignore_ascii_case(parameter.as_bytes()) {
                return slot.replace(value).is_none().then_some(());
            }
        }
        // Other parameters are extensions and are ignored.
        Some(())
    }
}

/// The value of a parameter as it is written in the line, without its quotes.
#[derive(Clone, Copy)]
struct Value<'a> {
    raw: &'a [u8],
    has_escapes: bool,
}

impl<'a> Value<'a> {
    /// Returns the value without its escapes, or `None` if it is not UTF-8.
    fn text(self) -> Option<Cow<'a, str>> {
        if !self.has_escapes {
            return str::from_utf8(self.raw).ok().map(Cow::Borrowed);
        }
        let mut bytes = Vec::with_capacity(self.raw.len());
        let mut raw = self.raw.iter();
        while let Some(byte) = raw.next() {
            let byte = if *byte == b'\\' { raw.next()? } else { byte };
            bytes.push(*byte);
        }
        String::from_utf8(bytes).ok().map(Cow::Owned)
    }
}

/// Splits a line into its elements, in order. Returns `None` if the line does not follow the
/// grammar. Whitespace is allowed around separators, because several proxies write it after
/// semicolons.
fn elements(line: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut reader = Reader(line);
    let mut elements = Vec::new();
    let mut element = Element::default();
    loop {
        reader.skip_whitespace();
        let name = reader.token();
        if !name.is_empty() {
            reader.take(b'=')?;
            element.set(name, reader.value()?)?;
            reader.skip_whitespace();
        }
        match reader.next() {
            Some(b';') => {}
            Some(b',') => elements.push(mem::take(&mut element)),
            Some(_) => return None,
            None => {
                elements.push(element);
                return Some(elements);
            }
        }
    }
}

/// The part of a line that is not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    /// Takes the bytes before the first one that `accepts` rejects.
    fn take_while(&mut self, accepts: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !accepts(*byte));
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn skip_whitespace(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// Takes a token (RFC 9110, section 5.6.2). It is empty if there is none.
    fn token(&mut self) -> &'a [u8] {
        self.take_while(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    }

    /// Takes a token or a quoted string.
    fn value(&mut self) -> Option<Value<'a>> {
        if self.take(b'"').is_some() {
            return self.quoted();
        }
        let raw = self.token();
        (!raw.is_empty()).then_some(Value {
            raw,
            has_escapes: false,
        })
    }

    /// Takes the rest of a quoted string (RFC 9110, section 5.6.4), after its opening quote.
    fn quoted(&mut self) -> Option<Value<'a>> {
        let start = self.0;
        let mut has_escapes = false;
        loop {
            self.take_while(|byte| is_text(byte) && !matches!(byte, b'"' | b'\\'));
            match self.next()? {
                b'"' => {
                    let len = start.len().checked_sub(self.0.len() + 1)?;
                    let raw = start.get(..len)?;
                    return Some(Value { raw, has_escapes });
                }
                b'\\' if is_text(self.next()?) => has_escapes = true,
                _ => return None,
            }
        }
    }
}

/// Whether a quoted string may contain this byte, by itself or after a backslash.
fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// Parses the address of a node (RFC 7239, section 6): `1.2.3.4` or `[2001:db8::1]`, either of them
/// with an optional port or obfuscated port after it. Returns `None` for `unknown`, for an
/// obfuscated name, and for a malformed node.
fn parse_node(text: &str) -> Option<IpAddr> {
    let (address, rest) = if let Some(inside) = text.strip_prefix('[') {
        let (address, rest) = inside.split_once(']')?;
        (IpAddr::V6(address.parse::<Ipv6Addr>().ok()?), rest)
    } else {
        let end = text.find(':').unwrap_or(text.len());
        let (address, rest) = text.split_at_checked(end)?;
        (IpAddr::V4(address.parse::<Ipv4Addr>().ok()?), rest)
    };
    let is_node = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    is_node.then(|| address.to_canonical())
}

/// Whether a text is a port or an obfuscated port.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => {
            let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !name.is_empty() && name.bytes().all(valid)
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
