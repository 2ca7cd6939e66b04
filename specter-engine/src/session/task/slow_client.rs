//! Decides whether a client reads too slowly, and whether its session is closed for that.
//!
//! The queue counts what it holds and what has left it; the task, which has a clock, compares. The
//! task also informs the heartbeat about a peer that makes room in a full stream: such a peer is
//! alive, even if its pong is delayed by the data that it has to read.

use tokio::time::Instant;

use crate::application::MessageHandler;
use crate::close_reason::CloseReason;
use crate::logging::log_limited;
use crate::session::task::Task;
use crate::session::termination::Termination;

/// How many bytes must have left the queue of a polling session to show that its client reads.
const SIGN_OF_LIFE: u64 = 64 * 1024;

/// How many poll responses must have been full within a window to show that the client reads as
/// fast as `max_packets_per_poll` and the network allow. The client polls again only after it has
/// received the previous response.
const FULL_ANSWERS: u64 = 2;

/// The measurement of a connection that is behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BehindWatch {
    since: Instant,
    /// The end of the current window of `slow_client_timeout`.
    window_end: Instant,
    /// How many bytes had left the queue at the start of the window.
    bytes_left_before: u64,
    /// How many poll responses had been full by then.
    full_answers_before: u64,
}

impl<H: MessageHandler> Task<H> {
    /// Checks how fast the queue empties, after the turn's packets were written as far as the
    /// transport takes them.
    #[inline]
    pub(crate) fn check_queue(&mut self, now: Instant) -> Result<(), Termination> {
        if self.behind.is_some() || self.connection.is_behind() {
            self.check_behind(now)?;
        }
        Ok(())
    }

    #[cold]
    fn check_behind(&mut self, now: Instant) -> Result<(), Termination> {
        let queue = self.connection.outgoing_queue();
        if !queue.is_behind() {
            self.behind = None;
            return Ok(());
        }
        let (bytes_left, full_answers) = (queue.bytes_left(), queue.full_answers());
        let window = self.config.slow_client_timeout;
        let since = match &self.behind {
            Some(watch) if now < watch.window_end => return Ok(()),
            Some(watch) => {
                let passed = bytes_left - watch.bytes_left_before;
                let answers = full_answers - watch.full_answers_before;
                let is_slow = passed < queue.limits().max_queued_bytes as u64;
                if is_slow && answers < FULL_ANSWERS {
                    match queue.discard_events() {
                        None => return Err(Termination::decided(CloseReason::SlowClient)),
                        Some(true) => self.warn_of_discarding(now),
                        Some(false) => {}
                    }
                }
                watch.since
            }
            None => now,
        };
        self.behind = Some(BehindWatch {
            since,
            window_end: now + window,
            bytes_left_before: bytes_left,
            full_answers_before: full_answers,
        });
        self.skip_checks_until = None;
        Ok(())
    }

    /// The end of the current window, if the connection is behind.
    pub(crate) fn slow_client_deadline(&self) -> Option<Instant> {
        self.behind.map(|watch| watch.window_end)
    }

    /// Postpones the pong timeout, because the peer has made room in a full stream: its pong may be
    /// delayed by the data that it reads.
    #[cold]
    pub(crate) fn note_peer_has_read(&mut self, now: Instant) {
        self.session.postpone_pong(now.into_std());
        self.skip_checks_until = None;
    }

    /// Extends the pong timeout of a polling session if its client has taken a good part of a
    /// response meanwhile and has not received all of it yet.
    pub(crate) fn note_poll_was_read(&mut self, now: Instant) {
        let queue = self.connection.outgoing_queue();
        let bytes_left = queue.bytes_left();
        let passed = bytes_left - self.bytes_left_at_pong_check;
        self.bytes_left_at_pong_check = bytes_left;
        if !self.link.is_websocket() && passed >= SIGN_OF_LIFE && queue.bytes() > 0 {
            self.session.postpone_pong(now.into_std());
        }
    }

    fn behind_for(&self, now: Instant) -> std::time::Duration {
        let since = self.behind.map_or(now, |watch| watch.since);
        now.saturating_duration_since(since)
    }

    fn warn_of_discarding(&self, now: Instant) {
        log_limited!(
            WARN, target: "specter::engine",
            queued_bytes = self.connection.outgoing_queue().bytes(),
            max_queued_bytes = self.connection.outgoing_queue().limits().max_queued_bytes,
            behind_for = ?self.behind_for(now),
            setting = "slow_client_timeout",
            "a client reads too slowly: its events are discarded until it has caught up, because \
             `queue_policy` is `Drop`"
        );
    }

    /// Logs which limit has made the server close the connection, and the setting for it.
    pub(crate) fn warn_of_slow_client(&self, reason: CloseReason, now: Instant) {
        let queue = self.connection.outgoing_queue();
        let queued_bytes = queue.bytes_at_close();
        let other_bytes = queue.share().other();
        let behind_for = self.behind_for(now);
        match reason {
            CloseReason::SlowClient => log_limited!(
                WARN, target: "specter::engine",
                queued_bytes,
                limit = queue.limits().max_queued_bytes,
                ?behind_for,
                setting = "slow_client_timeout",
                slow_client_timeout = ?self.config.slow_client_timeout,
                "a connection was closed because its client reads more slowly than the server \
                 sends to it: fewer than `max_queued_bytes` left its queue within \
                 `slow_client_timeout`; send less, or raise `slow_client_timeout`"
            ),
            CloseReason::QueueFull => log_limited!(
                WARN, target: "specter::engine",
                queued_bytes,
                other_bytes,
                limit = queue.limits().max_burst_bytes,
                ?behind_for,
                setting = "max_burst_bytes",
                "a connection was closed because more was sent to its client at once than \
                 `max_burst_bytes` allows: send less at a time, or raise the setting"
            ),
            CloseReason::BufferLimit => log_limited!(
                WARN, target: "specter::engine",
                queued_bytes,
                other_bytes,
                limit = queue.share().budget().limit(),
                ?behind_for,
                setting = "max_buffered_total",
                "a connection was closed because all connections together held more than \
                 `max_buffered_total`, and this was one of the largest: raise the setting if the \
                 machine has enough memory"
            ),
            _ => {}
        }
    }
}
