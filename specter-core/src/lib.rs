//! The runtime.

pub mod connection;
pub mod engine;
pub mod http;
