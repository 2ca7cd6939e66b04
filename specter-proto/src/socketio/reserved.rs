//! The event names that neither side may send (Socket.IO v5).

const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether an event of this name is one that the libraries of clients and servers fire themselves.
/// Such an event is an error in a packet.
pub fn is_reserved(name: &str) -> bool {
    has_reserved_length(name.len()) && RESERVED.contains(&name)
}

/// Whether there are reserved names of this length.
pub(super) fn has_reserved_length(length: usize) -> bool {
    (7..=14).contains(&length)
}
