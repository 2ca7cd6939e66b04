//! Acknowledgements that the server awaits from a client, from the emit to the client's answer, the
//! timeout or the disconnect.
//!
//! Each acknowledgement has an entry, which is removed when the future that awaits it is dropped.

use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use specter_proto::socketio::{AckPacket, Args, ArgumentError};
use tokio::time::{Instant, Sleep};

use super::{EmitError, Socket};

/// Why no acknowledgement was received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not acknowledge within the timeout.
    #[error("the client did not acknowledge within {0:?}")]
    Timeout(Duration),
    /// The socket disconnected before the client acknowledged.
    #[error("the socket disconnected before it acknowledged")]
    Disconnected,
    /// Too many events of this connection are pending: the server has stopped reading from it, so
    /// that no acknowledgement could arrive.
    #[error(
        "the acknowledgement cannot arrive: too many events of this connection wait to be handled"
    )]
    Backlogged,
    /// The socket is not connected yet: a client can acknowledge only after CONNECT is answered.
    #[error(
        "an acknowledgement cannot be requested before the socket is connected: emit after CONNECT \
         is answered"
    )]
    NotConnected,
    /// The event was not sent.
    #[error(transparent)]
    Emit(EmitError),
    /// The arguments of the acknowledgement cannot be decoded as the expected type.
    #[error("the acknowledgement is not what was expected: {0}")]
    Invalid(ArgumentError),
}

impl AckError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Timeout(_) => "ack_timeout",
            Self::Disconnected => "ack_disconnected",
            Self::Backlogged => "ack_backlogged",
            Self::NotConnected => "ack_not_connected",
            Self::Emit(error) => error.code(),
            Self::Invalid(_) => "ack_invalid",
        }
    }
}

/// The acknowledgements that a socket awaits.
#[derive(Default)]
pub(crate) struct Acks {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    pending: HashMap<u64, Pending>,
    backlogged: bool,
    ended: bool,
}

#[derive(Default)]
struct Pending {
    answer: Option<AckPacket>,
    waker: Option<Waker>,
}

impl Acks {
    /// Creates an entry and returns its id.
    fn open(&self) -> u64 {
        let mut state = self.state.lock();
        let id = state.next;
        state.next += 1;
        state.pending.insert(id, Pending::default());
        id
    }

    fn forget(&self, id: u64) {
        self.state.lock().pending.remove(&id);
    }

    /// Passes an acknowledgement to the future that awaits it. A late, repeated or unknown
    /// acknowledgement is dropped.
    pub(crate) fn answer(&self, packet: AckPacket) {
        let mut state = self.state.lock();
        match state.pending.get_mut(&packet.id()) {
            Some(pending) if pending.answer.is_none() => {
                pending.answer = Some(packet);
                wake(pending.waker.take());
            }
            _ => packet.recycle(),
        }
    }

    /// Records whether the server has stopped reading from the connection. Until it reads again,
    /// waiting futures fail, because no acknowledgement can arrive.
    pub(crate) fn set_backlogged(&self, backlogged: bool) {
        let mut state = self.state.lock();
        state.backlogged = backlogged;
        if backlogged {
            state
                .pending
                .values_mut()
                .for_each(|pending| wake(pending.waker.take()));
        }
    }

    /// Makes waiting futures fail: the socket has disconnected.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.ended = true;
        state
            .pending
            .values_mut()
            .for_each(|pending| wake(pending.waker.take()));
    }

    fn poll_answer(&self, id: u64, cx: &Context<'_>) -> Poll<Result<AckPacket, AckError>> {
        let mut state = self.state.lock();
        let (ended, backlogged) = (state.ended, state.backlogged);
        let Some(pending) = state.pending.get_mut(&id) else {
            return Poll::Ready(Err(AckError::Disconnected));
        };
        if let Some(answer) = pending.answer.take() {
            return Poll::Ready(Ok(answer));
        }
        if ended {
            return Poll::Ready(Err(AckError::Disconnected));
        }
        if backlogged {
            return Poll::Ready(Err(AckError::Backlogged));
        }
        pending.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A future of a client's acknowledgement. It resolves to the acknowledgement's arguments as a `T`:
/// `()` for none, a tuple for several, anything else for one.
///
/// [`Socket::emit_with_ack`] has queued the event when it returns this future, and the timeout (the
/// App's `ack_timeout`, or [`timeout`](Self::timeout)) starts at that time. If the future is
/// dropped, an acknowledgement that arrives later is ignored.
#[must_use = "the event is sent, but its acknowledgement is ignored unless this is awaited"]
pub struct EmitWithAck<T> {
    pending_answer: PendingAnswer,
    answer: PhantomData<fn() -> T>,
}

impl<T> EmitWithAck<T> {
    pub(crate) fn new(pending_answer: PendingAnswer) -> Self {
        Self {
            pending_answer,
            answer: PhantomData,
        }
    }

    /// Sets the timeout, counted from the emit. Default: the App's `ack_timeout`. After that the
    /// future fails with [`AckError::Timeout`].
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.pending_answer.limit = limit;
        self.pending_answer.sleep = None;
        self
    }

    /// Waits for the acknowledgement, and returns its arguments without decoding them.
    pub async fn args(self) -> Result<Args, AckError> {
        self.pending_answer.await.map(|answer| answer.raw_args())
    }
}

impl<T: DeserializeOwned> Future for EmitWithAck<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.pending_answer).poll(cx).map(|answer| {
            let answer = answer?;
            let read = answer.args().decode().map_err(AckError::Invalid);
            answer.recycle();
            read
        })
    }
}

/// A future of an acknowledgement whose arguments are not decoded yet.
pub(crate) struct PendingAnswer {
    socket: Socket,
    sent: Instant,
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    request: RequestState,
}

/// The state of the event that requests the acknowledgement.
enum RequestState {
    /// It was sent with this id.
    Sent(u64),
    /// It was not sent; the error is not returned yet.
    NotSent(AckError),
    /// It was not sent, and the error was returned.
    ErrorReturned,
}

impl PendingAnswer {
    /// Creates an entry and sends the event with its id.
    pub(crate) fn send(
        socket: &Socket,
        limit: Duration,
        send: impl FnOnce(u64) -> Result<(), AckError>,
    ) -> Self {
        let id = socket.acks().open();
        let request = match send(id) {
            Ok(()) => RequestState::Sent(id),
            Err(error) => {
                socket.acks().forget(id);
                RequestState::NotSent(error)
            }
        };
        Self {
            socket: socket.clone(),
            sent: Instant::now(),
            limit,
            sleep: None,
            request,
        }
    }
}

impl Future for PendingAnswer {
    type Output = Result<AckPacket, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let RequestState::Sent(id) = this.request else {
            return match mem::replace(&mut this.request, RequestState::ErrorReturned) {
                RequestState::NotSent(error) => Poll::Ready(Err(error)),
                RequestState::ErrorReturned | RequestState::Sent(_) => {
                    Poll::Ready(Err(AckError::Disconnected))
                }
            };
        };
        if let Poll::Ready(answer) = this.socket.acks().poll_answer(id, cx) {
            return Poll::Ready(answer);
        }
        let deadline = this
            .sent
            .checked_add(this.limit)
            .unwrap_or(this.sent + specter_engine::internals::LONGEST);
        let sleep = this
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        sleep
            .as_mut()
            .poll(cx)
            .map(|()| Err(AckError::Timeout(this.limit)))
    }
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        if let RequestState::Sent(id) = self.request {
            self.socket.acks().forget(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use specter_proto::socketio::{AckPacket, Decoder, DecoderLimits, Packet};

    use super::{AckError, Acks};

    fn answer(id: u64) -> AckPacket {
        match Decoder::new(DecoderLimits::default()).text(&format!("3{id}[\"yes\"]")) {
            Ok(Some(Packet::Ack(packet))) => packet,
            other => panic!("{other:?}"),
        }
    }

    fn poll(acks: &Acks, id: u64) -> Poll<Result<AckPacket, AckError>> {
        acks.poll_answer(id, &Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_entry_is_answered_once_and_removed_when_forgotten() {
        let acks = Acks::default();
        let (first, second) = (acks.open(), acks.open());
        assert_ne!(first, second);
        assert!(poll(&acks, first).is_pending());
        acks.answer(answer(first));
        acks.answer(answer(99));
        assert!(matches!(poll(&acks, first), Poll::Ready(Ok(_))));
        acks.forget(first);
        acks.forget(second);
        assert!(acks.state.lock().pending.is_empty());
    }

    #[test]
    fn a_backlog_fails_waiting_futures_while_it_lasts_and_a_disconnect_fails_them_permanently() {
        let acks = Acks::default();
        let id = acks.open();
        acks.set_backlogged(true);
        assert!(matches!(
            poll(&acks, id),
            Poll::Ready(Err(AckError::Backlogged))
        ));
        acks.set_backlogged(false);
        assert!(poll(&acks, id).is_pending());
        acks.end();
        assert!(matches!(
            poll(&acks, id),
            Poll::Ready(Err(AckError::Disconnected))
        ));
    }
}
