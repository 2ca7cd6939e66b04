//! The default encoding (Socket.IO v5, "Packet encoding"): the data of a packet is JSON, and each
//! attachment is a binary message after it.
//!
//! For received packets, `decoder` checks a text in one pass (`scanner`) and copies it once; the
//! arguments are read later, by `args_deserializer`. For outgoing packets, [`encode`] writes a
//! value directly into the frame that is sent, through `args_serializer`.

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
pub(crate) mod scan_error;
pub(crate) mod scanner;
pub(crate) mod string_scan;
pub(crate) mod surrogates;
pub(crate) mod unread;
