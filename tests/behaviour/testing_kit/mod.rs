//! The testing kit: what tests of a gateway can do, and the messages with which they fail.

mod by_hand;
mod clients;
mod connections;
mod failures;
mod gateway;
mod providers;
