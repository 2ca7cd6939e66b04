//! The testing kit: what a gateway's test can do, and what it says when the gateway does not do
//! what was expected.

mod by_hand;
mod clients;
mod connections;
mod failures;
mod gateway;
mod providers;
