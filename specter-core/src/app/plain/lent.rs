//! A lane's socket while a post is worked on: lent to the task of the session, which answers by itself.
//!
//! To wake the lane's task for that would take as long as a small part of the echo. Where the lane has more to do than to wait (the next
//! request is there, the server stops), or the network does not take all, it is woken and writes.

use std::io;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::writing::Writing;
use crate::connection::{PostOutcome, Served};
use crate::http::Reply;

/// A lane's socket, which may be lent.
pub(super) struct Socket {
    /// `None` while it is lent.
    served: Option<Served>,
    /// Where it is lent; `None` before the first time.
    lent: Option<Arc<Lent>>,
}

/// The place of a socket that is lent, the same for all posts.
#[derive(Default)]
struct Lent(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    served: Option<Served>,
    state: State,
    /// The lane's task.
    waker: Option<Waker>,
}

#[derive(Default)]
enum State {
    /// There is no post.
    #[default]
    Idle,
    /// The session's task answers.
    Waits,
    /// The lane does, and is woken for it.
    Watched,
    Ended(Ended),
}

/// What became of a post.
pub(super) enum Ended {
    /// It is answered, since then.
    Answered(Instant),
    /// Its answer is begun.
    Begun(Writing),
    /// It was taken, and is to be answered.
    Taken,
    /// Its session is over.
    Lost,
}

impl Socket {
    pub(super) fn new(served: Served) -> Self {
        Self {
            served: Some(served),
            lent: None,
        }
    }

    /// The socket where it is not lent.
    pub(super) fn get(&mut self) -> io::Result<&mut Served> {
        self.served.as_mut().ok_or_else(not_there)
    }

    /// Lends it to whoever works on a post that is about to be handed over.
    pub(super) fn lend(&mut self) -> Option<Arc<dyn PostOutcome>> {
        let served = self.served.take()?;
        let lent = self.lent.get_or_insert_default();
        let mut inner = lent.0.lock();
        (inner.served, inner.state) = (Some(served), State::Waits);
        drop(inner);
        Some(Arc::<Lent>::clone(lent))
    }

    /// Takes it back if it is lent, whatever has become of the post.
    pub(super) fn take_back(&mut self) {
        if let Some(lent) = self.lent.as_ref().filter(|_| self.served.is_none()) {
            let mut inner = lent.0.lock();
            inner.state = State::Idle;
            self.served = inner.served.take();
        }
    }

    /// Ready, with the socket back, when the post is done with. The task is woken for that if `is_watched` or something came from the
    /// client; else it may not be.
    pub(super) fn poll_back(
        &mut self,
        cx: &mut Context<'_>,
        is_watched: bool,
    ) -> Poll<io::Result<Ended>> {
        let Some(lent) = &self.lent else {
            return Poll::Ready(Err(not_there()));
        };
        let mut inner = lent.0.lock();
        let state = mem::take(&mut inner.state);
        let served = match (&inner.served, state) {
            (Some(served), State::Waits | State::Watched) => served,
            (Some(_), State::Ended(ended)) => {
                self.served = inner.served.take();
                return Poll::Ready(Ok(ended));
            }
            (Some(_), State::Idle) | (None, _) => return Poll::Ready(Err(not_there())),
        };
        let is_watched = is_watched || served.poll_readable(cx).is_ready();
        inner.state = if is_watched {
            State::Watched
        } else {
            State::Waits
        };
        let waker = inner.waker.as_ref();
        if !waker.is_some_and(|waker| waker.will_wake(cx.waker())) {
            inner.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// The socket itself.
    pub(super) fn into_served(mut self) -> Option<Served> {
        self.take_back();
        self.served.take()
    }
}

/// However its owner goes, it goes too.
impl Drop for Socket {
    fn drop(&mut self) {
        self.take_back();
    }
}

fn not_there() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl Lent {
    /// Ends what waits, and wakes the lane if it has anything to do with it.
    fn end(&self, how: impl FnOnce(&Served, bool) -> Ended) {
        let mut inner = self.0.lock();
        let is_watched = match inner.state {
            State::Waits => false,
            State::Watched => true,
            State::Idle | State::Ended(_) => return,
        };
        let Some(served) = &inner.served else { return };
        let ended = how(served, is_watched);
        let waker = match ended {
            Ended::Answered(_) => None,
            _ => inner.waker.clone(),
        };
        inner.state = State::Ended(ended);
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl PostOutcome for Lent {
    fn taken(&self, now: Instant) {
        self.end(|served, is_watched| {
            if is_watched {
                return Ended::Taken;
            }
            let mut writing = Writing::new(Reply::Taken, false, now);
            // What went wrong shows when the lane goes on with it.
            if let Ok(true) = writing.try_all(served) {
                Ended::Answered(now)
            } else {
                Ended::Begun(writing)
            }
        });
    }

    fn lost(&self) {
        self.end(|_, _| Ended::Lost);
    }
}
