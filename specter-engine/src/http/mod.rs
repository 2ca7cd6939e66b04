//! Engine.IO over HTTP: the tower service that is mounted in a router.
//!
//! It answers handshakes, polls, posts and upgrades, applies the origin policy and CORS, reads
//! proxy headers, and rejects requests with the bodies that Engine.IO v4 prescribes. Nothing here
//! outlives its request: sessions run in `session`.

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
