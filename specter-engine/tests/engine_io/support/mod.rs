//! The test bench: an application whose behaviour a test sets and observes, and clients for it.

mod hooked;
mod lab;
mod log;
mod polling;
mod raw;
mod websocket;

pub(crate) use lab::{Lab, Seen};
pub(crate) use log::Log;
pub(crate) use polling::{Answer, Session, answer, request, sid_of};
pub(crate) use raw::{Raw, frame, raw_upgrade, read_head, text_frame, upgrade_request};
pub(crate) use websocket::Ws;

/// Lets every other task run until it waits for something.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
