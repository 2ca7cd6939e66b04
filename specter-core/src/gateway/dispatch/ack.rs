//! `Ack`: an acknowledgement that a handler sends itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};

use serde::Serialize;
use specter_proto::socketio::{PacketWriter, encode};

use crate::gateway::error::EventError;
use crate::socket::{EmitError, Socket};

/// The acknowledgement of an event, as a parameter. The handler answers itself: later, from any
/// task, at most once.
///
/// If it is dropped unsent, the client receives the handler's error, or `not answered`. If the
/// client asked for no acknowledgement, sending does nothing.
///
/// A handler that answers by its return value can take [`WantsAck`](crate::extract::WantsAck) to
/// learn whether the client asked for an acknowledgement.
///
/// ```
/// # use specter_core::gateway::Ack;
/// async fn later(ack: Ack) {
///     tokio::spawn(async move { ack.send(&("done", 42)) });
/// }
/// ```
pub struct Ack {
    cell: Option<Arc<AckCell>>,
}

impl Ack {
    pub(crate) fn take(cell: Option<Arc<AckCell>>) -> Self {
        if let Some(cell) = &cell {
            cell.taken.store(true, Ordering::Release);
            cell.socket.ack_taken();
        }
        Self { cell }
    }

    /// Claims the acknowledgement, if the client asked for one and it is not sent yet.
    fn settle(&mut self, how: impl FnOnce(&AckCell)) {
        if let Some(cell) = self.cell.take() {
            how(&cell);
            cell.socket.ack_settled();
        }
    }

    /// Whether the client asked for an acknowledgement.
    pub fn is_requested(&self) -> bool {
        self.cell.is_some()
    }

    /// Sends the acknowledgement. `data` is its arguments: `()` none, a tuple several, anything
    /// else one.
    pub fn send<T: Serialize>(mut self, data: T) -> Result<(), EmitError> {
        let mut sent = Ok(());
        self.settle(|cell| {
            match encode::outgoing_ack(cell.socket.hub().destination(), cell.id(), &data) {
                Ok(packet) => cell.answer(packet),
                Err(error) => {
                    let id = crate::socket::internal_error::report("Ack::send", &error);
                    cell.refuse(&EventError::hidden(id));
                    sent = Err(error.into());
                }
            }
        });
        sent
    }

    /// Never answers, on purpose: the client waits until its own timeout, if it has one.
    pub fn leave_unanswered(mut self) {
        self.settle(|cell| cell.state.store(ANSWERED, Ordering::Release));
    }

    /// Sends an error, as a failed handler would.
    pub fn fail(mut self, error: impl crate::gateway::error::IntoEventError) {
        self.settle(|cell| cell.refuse(&error.into_event_error()));
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        self.settle(AckCell::dropped);
    }
}

/// The state that a handler's `Ack` and the dispatch share. It is recycled for later events of the
/// socket.
pub(crate) struct AckCell {
    socket: Socket,
    id: AtomicU64,
    taken: AtomicBool,
    state: AtomicU8,
}

/// The handler runs, and the `Ack` exists.
const RUNNING: u8 = 0;
/// The handler runs and has dropped the `Ack`: its outcome decides the answer.
const DROPPED_EARLY: u8 = 1;
/// The handler has ended, and the `Ack` still exists.
const FINISHED: u8 = 2;
/// Nothing more is sent.
const ANSWERED: u8 = 3;

impl AckCell {
    /// The cell for the event with this id: that of an earlier event, if nobody else holds it.
    pub(crate) fn renewed(spare: Option<Arc<Self>>, socket: &Socket, id: u64) -> Arc<Self> {
        match spare {
            // Nobody else has it, and none of its kind looks at it without having it.
            Some(cell) if Arc::strong_count(&cell) == 1 => {
                // What the last `Ack` did to it comes before.
                fence(Ordering::Acquire);
                cell.id.store(id, Ordering::Relaxed);
                cell.taken.store(false, Ordering::Relaxed);
                cell.state.store(RUNNING, Ordering::Relaxed);
                cell
            }
            _ => Arc::new(Self {
                socket: socket.clone(),
                id: AtomicU64::new(id),
                taken: AtomicBool::new(false),
                state: AtomicU8::new(RUNNING),
            }),
        }
    }

    fn is_answered(&self) -> bool {
        self.state.load(Ordering::Acquire) == ANSWERED
    }

    fn id(&self) -> u64 {
        self.id.load(Ordering::Relaxed)
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// Sends the first answer. Later ones are not sent.
    fn answer(&self, packet: PacketWriter) {
        if self.state.swap(ANSWERED, Ordering::AcqRel) != ANSWERED {
            self.socket.send_ack_packet(packet);
        }
    }

    fn refuse(&self, error: &EventError) {
        if let Ok(packet) = encode::outgoing_ack(self.socket.hub().destination(), self.id(), error)
        {
            self.answer(packet);
        }
    }

    /// From running to `next`; where it was the other's turn already, what that was.
    fn pass(&self, next: u8) -> Result<(), u8> {
        let passed =
            self.state
                .compare_exchange(RUNNING, next, Ordering::AcqRel, Ordering::Acquire);
        passed.map(drop)
    }

    fn dropped(&self) {
        if self.pass(DROPPED_EARLY) == Err(FINISHED) {
            self.refuse(&not_answered());
        }
    }

    /// The handler has ended. Its error is the answer, unless it has answered.
    pub(crate) fn handler_finished(&self, error: Option<&EventError>) {
        if self.is_answered() {
            return;
        }
        match error {
            None => {
                if self.pass(FINISHED) == Err(DROPPED_EARLY) {
                    self.refuse(&not_answered());
                }
            }
            Some(error) => {
                if matches!(self.state.load(Ordering::Acquire), RUNNING | DROPPED_EARLY) {
                    self.refuse(error);
                }
            }
        }
    }
}

fn not_answered() -> EventError {
    EventError::new("not answered").with_code("not_answered")
}
