//! The event names that neither side may send.

const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether an event of this name is one that the clients' and servers' libraries fire themselves.
/// Sent over the wire it is an error.
pub fn is_reserved(name: &str) -> bool {
    is_suspect(name.len()) && RESERVED.contains(&name)
}

/// Whether a name of this length may be reserved.
pub(super) fn is_suspect(length: usize) -> bool {
    (7..=14).contains(&length)
}
