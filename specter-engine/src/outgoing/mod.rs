//! Everything that writes to a client.
//!
//! Senders push packets into the connection's queue (`queue`). The connection's task writes them,
//! either from the queue or from the batch of its own turn (`write_batch`). While the task is idle,
//! a broadcast writes in its place (`fan_out`), through the write half that the task parked in a
//! `writer_slot`.

pub(crate) mod direct;
pub(crate) mod fan_out;
pub(crate) mod frame_writer;
pub(crate) mod packet_deque;
pub(crate) mod queue;
pub(crate) mod tcp_writer;
pub(crate) mod write_batch;
pub(crate) mod writer_slot;
