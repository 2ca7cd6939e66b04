//! The session of one connection, from its handshake to its end, on every transport.
//!
//! A session is one task (`task`). The task owns the transport (`link`), the protocol state, the
//! timers and the application's handler. HTTP requests reach it through a `mailbox`; all other code
//! holds a [`Connection`](crate::Connection).

pub(crate) mod buffer_budget;
pub(crate) mod buffer_sweep;
pub(crate) mod close_counters;
pub(crate) mod closing_websocket;
pub(crate) mod inbound;
pub(crate) mod link;
pub(crate) mod mailbox;
pub(crate) mod poll_response;
pub(crate) mod post_body;
pub(crate) mod registry;
pub(crate) mod requests;
pub(crate) mod task;
pub(crate) mod task_waker;
pub(crate) mod termination;
pub(crate) mod timer;
