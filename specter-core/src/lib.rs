//! The runtime.

pub mod connection;
pub mod http;
