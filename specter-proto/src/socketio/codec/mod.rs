//! The encodings of Socket.IO packets. There is one, [`json`].

pub mod json;
