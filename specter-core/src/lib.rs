//! The runtime.

pub mod connection;
