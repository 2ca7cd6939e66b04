//! The event names that neither side may send (Socket.IO v5).

const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether the libraries of clients and servers fire an event of this name themselves. A packet
/// with such an event is an error.
pub fn is_reserved(name: &str) -> bool {
    has_reserved_length(name.len()) && RESERVED.contains(&name)
}

/// Whether a name of this length may be reserved: the shortest reserved name has 7 bytes, and the
/// longest has 14.
pub(super) fn has_reserved_length(length: usize) -> bool {
    (7..=14).contains(&length)
}
