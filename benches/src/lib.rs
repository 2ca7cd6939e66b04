//! What the benchmark programs share: the client's side of the wire, a client, and what the kernel knows about a process.

pub mod client;
pub mod listen;
pub mod load;
pub mod machine;
pub mod process;
pub mod wire;
