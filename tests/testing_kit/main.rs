//! The testing kit: what a gateway's test can do, and what it says when the gateway does not do what was expected.
#![allow(
    clippy::unused_self,
    clippy::unused_async,
    clippy::needless_pass_by_value,
    reason = "handlers have the shape that they need elsewhere"
)]

mod by_hand;
mod clients;
mod connections;
mod failures;
mod gateway;
mod providers;
