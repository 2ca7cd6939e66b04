//! Engine.IO over HTTP: the tower service that is mounted in a router.
//!
//! Handshakes, polls, posts and upgrades; origins and CORS; proxies; refusals with their exact
//! bodies. Sessions themselves live in [`connection`](crate::connection): nothing here outlives its
//! request.

mod body;
mod client;
mod cors;
mod endpoint;
mod paced;
mod refused;
mod reply;
mod sessions;
mod tally;
mod upgrade;

pub use endpoint::Endpoint;
pub(crate) use paced::Paced;
