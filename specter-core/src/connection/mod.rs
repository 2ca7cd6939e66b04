//! One Engine.IO session, from its handshake to its end, over whatever carries it.
//!
//! A session is one task. The task owns the transport (`link`), the protocol state, the timers and
//! the handler; everybody else holds a [`Connection`], through which packets are queued and the
//! session is closed. What messages mean is the handler's business: nothing here knows controllers.

mod answer;
mod buffer_budget;
mod burst;
mod close;
mod config;
mod config_error;
mod direct;
mod fan_out;
mod file_limit;
mod handle;
mod handler;
mod handshake;
mod id;
mod inbound;
mod ip_range;
pub(crate) mod lanes;
mod link;
mod mailbox;
mod origin;
mod origin_pattern;
mod outbox;
mod packets;
mod posted;
mod registry;
mod scratch;
mod served;
mod stream;
mod tally;
mod task;
mod task_waker;
mod timer;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod undriven;
mod writer;

pub use close::CloseReason;
pub(crate) use config::LONGEST;
pub use config::{EngineConfig, ProxyHeaders, QueuePolicy};
pub use config_error::ConfigError;
pub use handle::Connection;
pub use handler::{Acceptor, Incoming, MessageContext, MessageHandler, Refusal};
pub use handshake::Handshake;
pub use origin::OriginPolicy;
pub use origin_pattern::OriginFault;
pub use outbox::SendError;

pub use specter_proto::engine::Transport;

pub(crate) use answer::{Counted, PollAnswer};
pub(crate) use buffer_budget::BufferBudget;
pub(crate) use burst::Sendable;
pub(crate) use fan_out::{FanOut, fetch};
pub(crate) use handle::Stop;
pub(crate) use id::{ID_LENGTH, RandomId, random_id};
pub(crate) use ip_range::IpRange;
pub(crate) use mailbox::Misfit;
pub(crate) use origin::Origin;
pub(crate) use origin_pattern::OriginPattern;
pub(crate) use outbox::Wake;
pub(crate) use posted::Posted;
pub(crate) use registry::{Full, Registry, Seat};
pub(crate) use served::Served;
pub(crate) use task::Task;
pub(crate) use timer::Timer;
