//! How the load waits for the server.

use std::hint;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

/// Between two looks, so that the load does not dispute what the kernel shares with the server all
/// the time.
const PAUSE: Duration = Duration::from_micros(5);

/// What the load does while nothing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It sleeps, as a client beside its server does. On loopback the server pays for each time
    /// that it is woken, and the slower the server, the more often that is.
    Asleep,
    /// It looks again and again. Then the server wakes nobody, as where its clients are on other
    /// machines.
    Awake,
}

impl Waiting {
    /// Waits until something came, at most so long.
    pub(super) fn wait(
        self,
        poll: &mut Poll,
        ready: &mut Events,
        patience: Duration,
    ) -> io::Result<()> {
        if self == Self::Asleep {
            return poll.poll(ready, Some(patience));
        }
        let begun = Instant::now();
        loop {
            poll.poll(ready, Some(Duration::ZERO))?;
            let looked = Instant::now();
            if !ready.is_empty() || looked - begun >= patience {
                return Ok(());
            }
            while looked.elapsed() < PAUSE {
                hint::spin_loop();
            }
        }
    }
}
