//! Event names that neither side may send.

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
    RESERVED.contains(&name)
}
