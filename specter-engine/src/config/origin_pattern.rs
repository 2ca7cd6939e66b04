//! The entries of the setting `origins`: an origin, or all subdomains of a domain.
//!
//! An entry that no `Origin` header could match is rejected with its fault.

use std::net::Ipv4Addr;

use crate::config::origin::{Origin, is_scheme};

/// A parsed entry of the setting `origins`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OriginPattern {
    /// One origin.
    Exact(Origin),
    /// Every subdomain, at any depth, of a host. The host itself is not one of them.
    Subdomains(Origin),
}

/// The fault of an entry of the setting `origins`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginFault {
    /// There is no scheme, as in `app.example` or `*.example`.
    #[error("it has no scheme; write `https://app.example`")]
    NoScheme,
    /// The scheme contains characters that are not allowed in a scheme.
    #[error(
        "its scheme may hold only letters, digits, `+`, `-` and `.`; write `https://app.example`"
    )]
    Scheme,
    /// There is no host, or one of its labels is empty, as in `https://` or `https://.example`.
    #[error("its host, or a part of its host, is empty; write `https://app.example`")]
    EmptyHost,
    /// There is no IPv6 address between the brackets.
    #[error("it has no IPv6 address in brackets; write `http://[2001:db8::1]:8080`")]
    Address,
    /// The port is not a number from 0 to 65535.
    #[error("its port is not a number from 0 to 65535; write `https://app.example:8443`")]
    Port,
    /// It ends with a slash.
    #[error("it ends with a slash; write `https://app.example`, without the slash")]
    TrailingSlash,
    /// It has a path, a query or a fragment.
    #[error(
        "it has a path, a query or a fragment; write only scheme, host and port, as in \
         `https://app.example:8443`"
    )]
    Path,
    /// It has a user name or a password.
    #[error("it has a user name; write `https://app.example`, without the part before the `@`")]
    UserInfo,
    /// A `*` that is not the first label of a domain.
    #[error(
        "`*` may only be the first label of a domain, as in `https://*.app.example`, which allows \
         all subdomains; to allow every origin use `OriginPolicy::Any`"
    )]
    Wildcard,
    /// It has a space or a character outside of ASCII.
    #[error(
        "it has a character that browsers do not send; write other scripts in Punycode, as in \
         `https://xn--bcher-kva.example`"
    )]
    Character,
}

impl OriginPattern {
    /// Parses an entry of the setting.
    pub(crate) fn parse(text: &str) -> Result<Self, OriginFault> {
        if text == "null" {
            return Ok(Self::Exact(Origin::Opaque));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OriginFault::Character);
        }
        if text == "*" {
            return Err(OriginFault::Wildcard);
        }
        let (scheme, authority) = text.split_once("://").ok_or(OriginFault::NoScheme)?;
        if scheme.contains('*') {
            return Err(OriginFault::Wildcard);
        }
        if scheme.is_empty() {
            return Err(OriginFault::NoScheme);
        }
        if !is_scheme(scheme) {
            return Err(OriginFault::Scheme);
        }
        check_authority(authority)?;
        match authority.strip_prefix("*.") {
            Some(domain) => {
                check_host(domain)?;
                let is_address =
                    domain.starts_with('[') || host_of(domain).parse::<Ipv4Addr>().is_ok();
                if is_address || domain.contains('*') {
                    return Err(OriginFault::Wildcard);
                }
                let origin = Origin::from_parts(scheme, domain).ok_or(OriginFault::Port)?;
                Ok(Self::Subdomains(origin))
            }
            None if authority.contains('*') => Err(OriginFault::Wildcard),
            None => {
                if authority.is_empty() && scheme.eq_ignore_ascii_case("file") {
                    return Ok(Self::Exact(Origin::file()));
                }
                check_host(authority)?;
                let origin = Origin::from_parts(scheme, authority).ok_or(OriginFault::Port)?;
                Ok(Self::Exact(origin))
            }
        }
    }

    /// Whether the entry allows pages of this origin.
    pub(crate) fn matches(&self, origin: &Origin) -> bool {
        match self {
            Self::Exact(exact) => exact == origin,
            Self::Subdomains(parent) => origin.is_subdomain_of(parent),
        }
    }
}

/// Rejects a path, query, fragment or user information.
fn check_authority(authority: &str) -> Result<(), OriginFault> {
    let bare = authority.strip_suffix('/').unwrap_or(authority);
    if bare.contains(['/', '?', '#', '\\']) {
        return Err(OriginFault::Path);
    }
    if bare.contains('@') {
        return Err(OriginFault::UserInfo);
    }
    if bare.len() < authority.len() {
        return Err(OriginFault::TrailingSlash);
    }
    Ok(())
}

/// Rejects invalid hosts. Any fault that remains is in the port.
fn check_host(authority: &str) -> Result<(), OriginFault> {
    if let Some(rest) = authority.strip_prefix('[') {
        let is_address = rest
            .split_once(']')
            .is_some_and(|(address, _)| address.parse::<std::net::Ipv6Addr>().is_ok());
        return is_address.then_some(()).ok_or(OriginFault::Address);
    }
    let host = host_of(authority);
    // A fully qualified domain name ends with a dot.
    let labels = host.strip_suffix('.').unwrap_or(host);
    if labels.split('.').any(str::is_empty) {
        return Err(OriginFault::EmptyHost);
    }
    if authority.len() > host.len() && authority.ends_with(':') {
        return Err(OriginFault::Port);
    }
    Ok(())
}

/// The host, without the port.
fn host_of(authority: &str) -> &str {
    authority.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{OriginFault, OriginPattern};
    use crate::config::origin::Origin;

    fn matches(pattern: &str, origin: &str) -> bool {
        let pattern = OriginPattern::parse(pattern).unwrap();
        Origin::parse(origin).is_some_and(|origin| pattern.matches(&origin))
    }

    #[test]
    fn an_origin_matches_itself_however_it_is_written() {
        for (pattern, origin) in [
            ("https://app.example", "https://app.example"),
            ("https://App.Example:443", "wss://app.example"),
            ("wss://app.example", "https://app.example:443"),
            ("ws://app.example:81", "http://app.example:81"),
            ("http://[2001:DB8::0:1]:8080", "http://[2001:db8::1]:8080"),
            ("null", "null"),
            ("file://", "file://"),
            ("FILE://", "file://"),
            ("capacitor://localhost", "capacitor://localhost"),
            (
                "https://xn--bcher-kva.example",
                "https://xn--bcher-kva.example",
            ),
        ] {
            assert!(matches(pattern, origin), "{pattern} {origin}");
        }
        for (pattern, origin) in [
            ("https://app.example", "http://app.example"),
            ("https://app.example", "ws://app.example"),
            ("https://app.example", "https://app.example:8443"),
            ("https://app.example", "https://sub.app.example"),
            ("file://", "null"),
            ("null", "file://"),
        ] {
            assert!(!matches(pattern, origin), "{pattern} {origin}");
        }
    }

    #[test]
    fn a_wildcard_matches_subdomains_at_any_depth() {
        for (pattern, origin) in [
            ("https://*.example.org", "https://a.example.org"),
            ("https://*.example.org", "wss://a.b.c.EXAMPLE.org:443"),
            ("wss://*.example.org", "https://a.example.org"),
            ("https://*.example", "https://a.example"),
            ("https://*.example:8443", "https://a.example:8443"),
            ("http://*.localhost:3000", "http://a.localhost:3000"),
        ] {
            assert!(matches(pattern, origin), "{pattern} {origin}");
        }
        for (pattern, origin) in [
            ("https://*.example.org", "https://example.org"),
            ("https://*.example.org", "https://.example.org"),
            ("https://*.example.org", "https://*.example.org"),
            ("https://*.example.org", "https://badexample.org"),
            (
                "https://*.example.org",
                "https://a.example.org.evil.example",
            ),
            ("https://*.example.org", "http://a.example.org"),
            ("https://*.example.org", "https://a.example.org:8443"),
            ("https://*.example:8443", "https://a.example"),
            ("https://*.example.org", "null"),
        ] {
            assert!(!matches(pattern, origin), "{pattern} {origin}");
        }
    }

    #[test]
    fn entries_that_could_never_match_are_refused_with_their_fault() {
        for (text, fault) in [
            ("", OriginFault::NoScheme),
            ("app.example", OriginFault::NoScheme),
            ("*.example", OriginFault::NoScheme),
            ("//app.example", OriginFault::NoScheme),
            ("://app.example", OriginFault::NoScheme),
            ("NULL", OriginFault::NoScheme),
            ("ht_tp://app.example", OriginFault::Scheme),
            ("https://", OriginFault::EmptyHost),
            ("https://:443", OriginFault::EmptyHost),
            ("https://.example", OriginFault::EmptyHost),
            ("https://a..example", OriginFault::EmptyHost),
            ("https://*.", OriginFault::EmptyHost),
            ("https://*.:8443", OriginFault::EmptyHost),
            ("https://*..example", OriginFault::EmptyHost),
            ("https://[::1", OriginFault::Address),
            ("https://[app.example]", OriginFault::Address),
            ("https://a:x", OriginFault::Port),
            ("https://a:", OriginFault::Port),
            ("https://a:+1", OriginFault::Port),
            ("https://a:70000", OriginFault::Port),
            ("https://a:1:2", OriginFault::Port),
            ("https://[::1]x", OriginFault::Port),
            ("https://*.example:x", OriginFault::Port),
            ("https://app.example/", OriginFault::TrailingSlash),
            ("file:///", OriginFault::TrailingSlash),
            ("https://app.example/chat", OriginFault::Path),
            ("https://app.example/chat/", OriginFault::Path),
            ("https://app.example?a", OriginFault::Path),
            ("https://app.example#a", OriginFault::Path),
            ("https://me@app.example", OriginFault::UserInfo),
            ("https://me:secret@app.example/", OriginFault::UserInfo),
            ("*", OriginFault::Wildcard),
            ("*://app.example", OriginFault::Wildcard),
            ("https://*", OriginFault::Wildcard),
            ("https://*:8443", OriginFault::Wildcard),
            ("https://api.*", OriginFault::Wildcard),
            ("https://a*.example", OriginFault::Wildcard),
            ("https://a.*.example", OriginFault::Wildcard),
            ("https://*.*.example", OriginFault::Wildcard),
            ("https://*example.org", OriginFault::Wildcard),
            ("https://app.example:*", OriginFault::Wildcard),
            ("https://*.10.0.0.1", OriginFault::Wildcard),
            ("https://*.[::1]", OriginFault::Wildcard),
            (" https://app.example", OriginFault::Character),
            ("https://bücher.example", OriginFault::Character),
        ] {
            assert_eq!(OriginPattern::parse(text), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn each_fault_shows_a_valid_origin() {
        for fault in [
            OriginFault::NoScheme,
            OriginFault::Scheme,
            OriginFault::EmptyHost,
            OriginFault::Address,
            OriginFault::Port,
            OriginFault::TrailingSlash,
            OriginFault::Path,
            OriginFault::UserInfo,
            OriginFault::Wildcard,
            OriginFault::Character,
        ] {
            let text = fault.to_string();
            let example = text.split('`').find(|part| part.contains("://"));
            let example = example.expect("an example");
            assert!(OriginPattern::parse(example).is_ok(), "{text}");
        }
    }
}
