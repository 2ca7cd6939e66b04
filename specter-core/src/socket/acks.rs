//! Acknowledgements that the server awaits from a client, from the emit to the answer, the timeout
//! or the disconnect.
//!
//! An entry lives no longer than the future that awaits it.

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

/// Why an acknowledgement did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not answer in time.
    #[error("the client did not acknowledge within {0:?}")]
    Timeout(Duration),
    /// The socket disconnected before it answered.
    #[error("the socket disconnected before it acknowledged")]
    Disconnected,
    /// Too many events of this connection wait to be handled: nothing more is read from it, so no
    /// answer could arrive.
    #[error(
        "the acknowledgement cannot arrive: too many events of this connection wait to be handled"
    )]
    Backlogged,
    /// The socket is not connected yet: a client can answer only after `connect`.
    #[error("an acknowledgement cannot be asked for before the socket is connected")]
    NotConnected,
    /// The event was not sent.
    #[error(transparent)]
    Emit(EmitError),
    /// The answer is not of the expected type.
    #[error("the acknowledgement is not what was expected: {0}")]
    Invalid(ArgumentError),
}

impl AckError {
    /// A stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Timeout(_) => "ack_timeout",
            Self::Disconnected => "ack_gone",
            Self::Backlogged => "ack_backlogged",
            Self::NotConnected => "ack_not_connected",
            Self::Emit(error) => error.code(),
            Self::Invalid(_) => "ack_invalid",
        }
    }
}

/// A socket's open acknowledgements.
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
    /// Opens an entry and returns its id.
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

    /// The client's answer. One that nobody waits for (late, twice, made up) is dropped.
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

    /// Reading of the connection stopped or goes on. While it stands still, whoever waits is told.
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

    /// The socket is gone; whoever waits is told.
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

/// A client's acknowledgement to come: await it for its arguments as a `T`, of which `()` takes
/// none, a tuple several and anything else one.
///
/// The event was queued when this was made; the time-out (the App's `ack_timeout`, else
/// [`timeout`](Self::timeout)) runs from then. Dropping it is the way to stop waiting; a late
/// answer is ignored.
#[must_use = "the event is sent, but nobody waits for its acknowledgement"]
pub struct EmitWithAck<T> {
    waiting: Waiting,
    answer: PhantomData<fn() -> T>,
}

impl<T> EmitWithAck<T> {
    pub(crate) fn new(waiting: Waiting) -> Self {
        Self {
            waiting,
            answer: PhantomData,
        }
    }

    /// Waits no longer than `limit` after the emit.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.waiting.limit = limit;
        self.waiting.sleep = None;
        self
    }

    /// Waits for all arguments of the answer, unread.
    pub async fn args(self) -> Result<Args, AckError> {
        self.waiting.await.map(|answer| answer.raw_args())
    }
}

impl<T: DeserializeOwned> Future for EmitWithAck<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.waiting).poll(cx).map(|answer| {
            let answer = answer?;
            let read = answer.args().decode().map_err(AckError::Invalid);
            answer.recycle();
            read
        })
    }
}

/// What [`EmitWithAck`] waits with, whatever it decodes to.
pub(crate) struct Waiting {
    socket: Socket,
    sent: Instant,
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    question: Question,
}

/// What became of the event that asks.
enum Question {
    /// It was sent with this id.
    Sent(u64),
    /// It was not, and nobody was told yet.
    NotSent(AckError),
    /// It was not, and that was told.
    Told,
}

impl Waiting {
    /// Opens an entry and sends the event with its id.
    pub(crate) fn send(
        socket: &Socket,
        limit: Duration,
        send: impl FnOnce(u64) -> Result<(), AckError>,
    ) -> Self {
        let id = socket.acks().open();
        let question = match send(id) {
            Ok(()) => Question::Sent(id),
            Err(error) => {
                socket.acks().forget(id);
                Question::NotSent(error)
            }
        };
        Self {
            socket: socket.clone(),
            sent: Instant::now(),
            limit,
            sleep: None,
            question,
        }
    }
}

impl Future for Waiting {
    type Output = Result<AckPacket, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Question::Sent(id) = this.question else {
            return match mem::replace(&mut this.question, Question::Told) {
                Question::NotSent(error) => Poll::Ready(Err(error)),
                Question::Told | Question::Sent(_) => Poll::Ready(Err(AckError::Disconnected)),
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

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Question::Sent(id) = self.question {
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
    fn an_entry_is_answered_once_and_gone_when_forgotten() {
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
    fn a_backlog_fails_who_waits_while_it_lasts_and_the_end_for_good() {
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
