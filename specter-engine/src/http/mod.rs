//! Engine.IO over HTTP: the tower service that is mounted in a router.
//!
//! It answers handshakes, polls, posts and upgrades, applies origins and CORS, reads proxy headers,
//! and rejects requests with the bodies that the protocol prescribes. Nothing here outlives its
//! request: sessions live in `session`.

mod body;
mod client_address;
mod cors;
pub(crate) mod endpoint;
mod open_session;
mod rejection;
mod rejection_counters;
mod reply;
pub(crate) mod slow_reader_body;
pub(crate) mod state;
mod upgrade;
