//! The default codec (Socket.IO v5, "Packet encoding"): a packet is a text whose data is JSON, and
//! each attachment is a separate binary message.
//!
//! Inbound, `decoder` checks a text in one pass (`scanner`) and copies it once. Arguments are read
//! later (`args_deserializer`). Outbound, [`encode`] writes a value directly into the frame that is
//! sent (`args_serializer`).

pub(crate) mod args_deserializer;
pub(crate) mod args_serializer;
pub(crate) mod decoder;
pub mod encode;
pub(crate) mod error_path;
pub(crate) mod event_prefix_cache;
pub(crate) mod header;
pub(crate) mod lenient;
pub(crate) mod missing;
pub(crate) mod placeholder;
pub(crate) mod scanner;
pub(crate) mod string_scan;
pub(crate) mod surrogates;
pub(crate) mod unread;
