//! `Ack`: a parameter by which a handler sends the acknowledgement itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};

use serde::Serialize;
use specter_proto::socketio::{PacketWriter, encode};

use crate::gateway::error::EventError;
use crate::socket::internal_error::FailurePlace;
use crate::socket::{EmitError, Socket};

/// The acknowledgement of an event, as a parameter. A handler that takes it sends the
/// acknowledgement itself: at any time, from any task, at most once.
///
/// If the `Ack` is dropped without being sent, the client receives the handler's error; if the
/// handler succeeds, it receives the error `not answered`. If the client requested no
/// acknowledgement, sending does nothing.
///
/// A handler that acknowledges by its return value can take
/// [`WantsAck`](crate::extract::WantsAck) to learn whether the client requested an acknowledgement.
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

    /// Uses the `Ack` up: calls `action` if the client requested an acknowledgement. A second call
    /// does nothing.
    fn complete(&mut self, action: impl FnOnce(&AckCell)) {
        if let Some(cell) = self.cell.take() {
            action(&cell);
            cell.socket.ack_settled();
        }
    }

    /// Whether the client requested an acknowledgement.
    pub fn is_requested(&self) -> bool {
        self.cell.is_some()
    }

    /// Sends the acknowledgement. `data` is its arguments: `()` for none, a tuple for several,
    /// anything else for one.
    ///
    /// # Errors
    /// `data` cannot be encoded. The client then receives `internal error`.
    pub fn send<T: Serialize>(mut self, data: T) -> Result<(), EmitError> {
        let mut sent = Ok(());
        self.complete(|cell| {
            match encode::outgoing_ack(cell.socket.hub().destination(), cell.id(), &data) {
                Ok(packet) => cell.answer(packet),
                Err(error) => {
                    let mut failure = EventError::internal_dyn(&error);
                    failure.report_at(FailurePlace {
                        socket: &cell.socket,
                        event: "",
                        handler: "Ack::send",
                    });
                    cell.answer_with_error(&failure);
                    sent = Err(error.into());
                }
            }
        });
        sent
    }

    /// Sends no acknowledgement at all. The client waits for it until the client's own timeout, if
    /// the client has one.
    pub fn leave_unanswered(mut self) {
        self.complete(|cell| cell.state.store(ANSWERED, Ordering::Release));
    }

    /// Sends an error as the acknowledgement, as for a handler that fails.
    pub fn fail(mut self, error: impl crate::gateway::error::IntoEventError) {
        self.complete(|cell| cell.answer_with_error(&error.into_event_error()));
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        self.complete(AckCell::on_dropped);
    }
}

/// The state that a handler's `Ack` and the dispatch share. The dispatch uses it again for later
/// events of the socket.
pub(crate) struct AckCell {
    socket: Socket,
    id: AtomicU64,
    /// Whether the handler has taken the `Ack`.
    taken: AtomicBool,
    /// One of the constants below.
    state: AtomicU8,
}

/// The handler is running, and the `Ack` exists.
const RUNNING: u8 = 0;
/// The handler is running, and the `Ack` was dropped: the handler's outcome decides what is sent.
const DROPPED_EARLY: u8 = 1;
/// The handler has ended, and the `Ack` still exists.
const FINISHED: u8 = 2;
/// The acknowledgement was sent, or is never to be sent.
const ANSWERED: u8 = 3;

impl AckCell {
    /// The cell for the acknowledgement with this id. The cell of an earlier event is used again,
    /// unless the `Ack` of that event still exists.
    pub(crate) fn recycled(earlier: Option<Arc<Self>>, socket: &Socket, id: u64) -> Arc<Self> {
        match earlier {
            // This is the only reference, and there are no weak ones: no `Ack` uses the cell.
            Some(cell) if Arc::strong_count(&cell) == 1 => {
                // Orders the stores of the earlier `Ack`, which released its reference, before the
                // stores below.
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

    /// Sends the acknowledgement, unless one was sent before.
    fn answer(&self, packet: PacketWriter) {
        if self.state.swap(ANSWERED, Ordering::AcqRel) != ANSWERED {
            self.socket.send_ack_packet(packet);
        }
    }

    fn answer_with_error(&self, error: &EventError) {
        if let Ok(packet) = encode::outgoing_ack(self.socket.hub().destination(), self.id(), error)
        {
            self.answer(packet);
        }
    }

    /// Changes the state from `RUNNING` to `next`. If the state is another one, returns it as the
    /// error.
    fn leave_running(&self, next: u8) -> Result<(), u8> {
        let exchanged =
            self.state
                .compare_exchange(RUNNING, next, Ordering::AcqRel, Ordering::Acquire);
        exchanged.map(drop)
    }

    /// The `Ack` was dropped without being sent. If the handler has already succeeded, the error
    /// `not answered` is sent; otherwise [`on_handler_finished`](Self::on_handler_finished) decides
    /// what is sent.
    fn on_dropped(&self) {
        if self.leave_running(DROPPED_EARLY) == Err(FINISHED) {
            self.answer_with_error(&not_answered());
        }
    }

    /// The handler has ended. Its error is sent, unless an acknowledgement was sent before.
    pub(crate) fn on_handler_finished(&self, error: Option<&EventError>) {
        if self.is_answered() {
            return;
        }
        match error {
            None => {
                if self.leave_running(FINISHED) == Err(DROPPED_EARLY) {
                    self.answer_with_error(&not_answered());
                }
            }
            Some(error) => {
                if matches!(self.state.load(Ordering::Acquire), RUNNING | DROPPED_EARLY) {
                    self.answer_with_error(error);
                }
            }
        }
    }
}

fn not_answered() -> EventError {
    EventError::new("not answered").with_code("not_answered")
}
