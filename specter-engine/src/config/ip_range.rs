//! Ranges of IP addresses in CIDR notation, for the setting `trusted_proxies`.

use std::net::IpAddr;

/// All addresses with the same leading bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpRange {
    network: u128,
    mask: u128,
}

impl IpRange {
    /// Parses `10.0.0.0/8`, `fd00::/8`, or a single address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits: u32 = match bits {
            Some(bits) => bits.trim().parse().ok()?,
            None => width,
        };
        if bits > width {
            return None;
        }
        // The bits of an IPv4 range are the last 32 of its IPv4-mapped form.
        let host_bits = width - bits;
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Some(Self {
            network: mapped(address) & mask,
            mask,
        })
    }

    /// Whether the address is in the range. An IPv4-mapped IPv6 address counts as its IPv4 address.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        mapped(address) & self.mask == self.network
    }
}

/// The address as a number. An IPv4 address is converted to its IPv4-mapped form.
fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::IpRange;

    fn contains(range: &str, address: &str) -> bool {
        IpRange::parse(range)
            .unwrap()
            .contains(address.parse().unwrap())
    }

    #[test]
    fn ranges_contain_addresses_with_their_prefix() {
        assert!(contains("10.0.0.0/8", "10.255.1.2"));
        assert!(contains("10.1.2.3/8", "10.255.1.2"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("127.0.0.1", "127.0.0.1"));
        assert!(!contains("127.0.0.1", "127.0.0.2"));
        assert!(contains("0.0.0.0/0", "8.8.8.8"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("::/0", "2001:db8::1"));
        assert!(contains("fd00::/8", "fd12::1"));
        assert!(contains("127.0.0.1", "::ffff:127.0.0.1"));
    }

    #[test]
    fn invalid_ranges_are_rejected() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "a", "10.0.0.0/-1"] {
            assert_eq!(IpRange::parse(text), None, "{text}");
        }
    }
}
