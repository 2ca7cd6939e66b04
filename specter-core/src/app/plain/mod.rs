//! A lane for plain polling requests, in front of the HTTP server: most of what a poll costs there is for what it does not use.
//!
//! It serves a connection as long as its requests are plain, in their order. The first that is not goes to the HTTP server with all
//! that was read, and so does the rest of the connection. What it does of itself is what that server does: clients see no difference,
//! unless they are gone already when their request is read, which that server may then leave as it is.

mod date;
mod head;
mod known;
#[cfg(test)]
mod tests;
mod writing;

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;
use tokio::time::Instant;

use self::known::Known;
use self::writing::Writing;
use super::front::Front;
use crate::connection::lanes::SocketIo;
use crate::connection::{Acceptor, Scratch, Served, Timer};
use crate::http::{Answering, Begun, Reply};

/// How many bytes are read at once, and held of a connection: a longer request is not plain.
const READ: usize = 16 * 1024;

/// After how many answers in one turn other connections have theirs.
const TURN: usize = 16;

/// A connection whose requests are plain, so far.
pub(super) struct Lane<A = SocketIo> {
    served: Served,
    front: Front<A>,
    peer: SocketAddr,
    /// What was read and is not begun with: nothing, and no memory, while the connection is idle.
    read: Bytes,
    /// What its requests have in common.
    known: Known,
    state: State<A>,
    wait: HeadWait,
}

/// The time of one turn, asked for once as long as nobody else's code has run in it.
#[derive(Default)]
struct Clock(Option<Instant>);

impl Clock {
    fn now(&mut self) -> Instant {
        *self.0.get_or_insert_with(Instant::now)
    }
}

/// What ends the wait for a request.
pub(super) struct HeadWait {
    limit: Duration,
    pub(super) timer: Option<Timer>,
    /// Of the wait that goes on.
    pub(super) deadline: Option<Instant>,
}

enum State<A> {
    /// For a request.
    Waits,
    /// A request waits for its answer.
    Answering(Answering<A>),
    Writing(Writing),
    /// The last answer is written.
    Ends,
}

/// How a connection ended here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It is over.
    Over,
    /// A request is not plain. The stream has all that was read still to be read.
    NotPlain,
}

impl<A: Acceptor> Lane<A> {
    /// A connection of this client.
    pub(super) fn new(served: Served, front: Front<A>, peer: SocketAddr, wait: HeadWait) -> Self {
        Self {
            served,
            front,
            peer,
            read: Bytes::new(),
            known: Known::default(),
            state: State::Waits,
            wait,
        }
    }

    /// Serves until the connection ends here, or fails. When the server stops it ends after the request under way.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, stopping: bool) -> Poll<io::Result<End>> {
        let mut answers = 0;
        let mut clock = Clock::default();
        loop {
            match &mut self.state {
                State::Waits if stopping => self.state = State::Ends,
                State::Waits => match ready!(self.poll_request(cx, &mut clock))? {
                    Next::Begun(Begun::Answered(reply)) => self.write(reply, stopping, &mut clock),
                    Next::Begun(Begun::Waits(answering)) => {
                        self.state = State::Answering(answering);
                    }
                    Next::NotPlain => return Poll::Ready(Ok(End::NotPlain)),
                    Next::Nothing => self.state = State::Ends,
                },
                State::Answering(answering) => match answering.poll(cx) {
                    Poll::Ready(reply) => {
                        // What decides on a handshake may have taken its time.
                        clock = Clock::default();
                        self.write(reply, stopping, &mut clock);
                    }
                    Poll::Pending => return self.poll_gone(cx),
                },
                State::Writing(writing) => match writing.poll(cx, &mut self.served) {
                    Poll::Ready(written) => {
                        written?;
                        let ends = writing.is_last() || stopping;
                        self.state = if ends { State::Ends } else { State::Waits };
                        answers += 1;
                        if answers == TURN {
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                    }
                    Poll::Pending => return self.poll_gone(cx),
                },
                State::Ends => {
                    ready!(Pin::new(&mut self.served).poll_shutdown(cx))?;
                    return Poll::Ready(Ok(End::Over));
                }
            }
        }
    }

    /// What another goes on with.
    pub(super) fn into_parts(self) -> (Served, Front<A>, HeadWait) {
        (self.served, self.front, self.wait)
    }

    fn write(&mut self, reply: Reply, is_last: bool, clock: &mut Clock) {
        self.state = State::Writing(Writing::new(reply, is_last, clock.now()));
    }

    /// The next request, begun with if it is plain.
    fn poll_request(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<io::Result<Next<A>>> {
        if !self.read.is_empty() {
            let mut bytes = mem::take(&mut self.read);
            let Some((begun, len)) = self.begin(&bytes) else {
                return Poll::Ready(Ok(Next::NotPlain));
            };
            if len < bytes.len() {
                bytes.advance(len);
                self.read = bytes;
            }
            return Poll::Ready(Ok(Next::Begun(begun)));
        }
        let mut scratch = Scratch::borrow();
        let place = scratch.get_mut(..READ).unwrap_or_default();
        match self.served.poll_recv(cx, place)? {
            Poll::Pending => {
                let waited = self.wait.poll(cx, clock.now());
                waited.map(|()| Ok(Next::Nothing))
            }
            Poll::Ready(0) => Poll::Ready(Ok(Next::Nothing)),
            Poll::Ready(read) => {
                let read = place.get(..read).unwrap_or_default();
                let Some((begun, len)) = self.begin(read) else {
                    return Poll::Ready(Ok(Next::NotPlain));
                };
                let rest = read.get(len..).unwrap_or_default();
                self.read = Bytes::copy_from_slice(rest);
                Poll::Ready(Ok(Next::Begun(begun)))
            }
        }
    }

    /// Begins with the request at the start of `bytes`, so many of which are its. One that is not plain goes back to the stream.
    fn begin(&mut self, bytes: &[u8]) -> Option<(Begun<A>, usize)> {
        let begun = head::read(bytes, &mut self.known).and_then(|head| {
            let begun = self.front.begin(head.path, &head.request, self.peer)?;
            Some((begun, head.len))
        });
        if begun.is_some() {
            self.wait.deadline = None;
        } else {
            self.served.put_back(bytes);
        }
        begun
    }

    /// Ready when the client is gone, which breaks off what it asked for. What it sends meanwhile is kept for later; behind that its
    /// end is not seen.
    fn poll_gone<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if !self.read.is_empty() {
            return Poll::Pending;
        }
        let mut scratch = Scratch::borrow();
        let place = scratch.get_mut(..READ).unwrap_or_default();
        let read = ready!(self.served.poll_recv(cx, place))?;
        if read == 0 {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.read = Bytes::copy_from_slice(place.get(..read).unwrap_or_default());
        Poll::Pending
    }
}

/// What came where a request was waited for.
enum Next<A> {
    Begun(Begun<A>),
    NotPlain,
    /// Nothing any more, or not in time.
    Nothing,
}

impl HeadWait {
    /// So long for each.
    pub(super) const fn new(limit: Duration) -> Self {
        Self {
            limit,
            timer: None,
            deadline: None,
        }
    }

    /// Ready when it has lasted too long.
    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let deadline = *self.deadline.get_or_insert_with(|| now + self.limit);
        let timer = self.timer.get_or_insert_with(|| Timer::new(deadline));
        timer.poll_until(cx, now, deadline)
    }
}
