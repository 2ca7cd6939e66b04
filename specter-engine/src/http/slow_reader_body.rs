//! The body of the response to a poll, which fails if its client does not read it in time.
//!
//! The HTTP server reads the body in parts, and while the client does not read, only as much as its
//! buffers hold. If nothing was read for too long, the rest of the body is freed and the response
//! fails.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::session::poll_response::{PollResponse, QueueCharge};

/// The size of a part.
const SLICE: usize = 16 * 1024;

/// The client read the response too slowly; its bytes are freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the response to a poll was not read in time")]
pub struct TooSlow;

/// The body of a response of an [`Endpoint`](crate::Endpoint), with known length.
///
/// It fails if the client does not read it in time.
pub struct SlowReaderBody(Rest);

/// The rest of a body.
enum Rest {
    /// At most one part, which the next poll returns.
    Short(Bytes),
    /// More than one part.
    Long(Long),
}

/// The rest of a long response.
struct Long {
    answer: Arc<Mutex<LongBody>>,
    left: usize,
    watch: AbortHandle,
}

struct LongBody {
    bytes: Vec<u8>,
    /// The number of bytes that were returned.
    taken: usize,
    /// `None` if the client read too slowly; the bytes are freed then too.
    charge: Option<QueueCharge>,
    /// Whether something was read since the last check.
    was_read: bool,
    /// Whether the session had ended at the last check.
    was_orphaned: bool,
}

impl SlowReaderBody {
    /// A body that fails if nothing of it is read for `patience`.
    pub(crate) fn new(answer: PollResponse, patience: Duration) -> Self {
        if answer.len() <= SLICE {
            return Self(Rest::Short(answer.into_bytes()));
        }
        let (bytes, charge) = answer.into_parts();
        let left = bytes.len();
        let answer = Arc::new(Mutex::new(LongBody {
            bytes,
            taken: 0,
            charge: Some(charge),
            was_read: false,
            was_orphaned: false,
        }));
        // A separate task, because the server does not poll a body while the client leaves no room
        // for it: the body itself could not detect the timeout.
        let watch = tokio::spawn(watch(Arc::downgrade(&answer), patience)).abort_handle();
        Self(Rest::Long(Long {
            answer,
            left,
            watch,
        }))
    }
}

/// An empty body.
impl Default for SlowReaderBody {
    fn default() -> Self {
        Self(Rest::Short(Bytes::new()))
    }
}

/// A short body without a charge.
impl<T: Into<Bytes>> From<T> for SlowReaderBody {
    fn from(bytes: T) -> Self {
        Self(Rest::Short(bytes.into()))
    }
}

/// Checks a long response each time that `patience` has passed. Frees it if nothing was read since
/// the last check, or if its session had already ended at the last check.
async fn watch(answer: Weak<Mutex<LongBody>>, patience: Duration) {
    loop {
        sleep(patience).await;
        let Some(answer) = answer.upgrade() else {
            return;
        };
        let mut answer = answer.lock();
        let orphaned = answer.charge.as_ref().is_none_or(QueueCharge::is_orphaned);
        if !answer.was_read || orphaned && answer.was_orphaned {
            answer.bytes = Vec::new();
            answer.charge = None;
            return;
        }
        answer.was_read = false;
        answer.was_orphaned = orphaned;
    }
}

impl LongBody {
    /// The next part, as a copy, so that the server's buffer does not keep the whole body alive.
    fn take(&mut self) -> Result<Bytes, TooSlow> {
        let charge = self.charge.as_mut().ok_or(TooSlow)?;
        let end = self.bytes.len().min(self.taken + SLICE);
        let slice = self.bytes.get(self.taken..end).unwrap_or_default();
        let slice = charge.part(slice.to_vec());
        self.taken = end;
        self.was_read = true;
        Ok(slice)
    }
}

impl Body for SlowReaderBody {
    type Data = Bytes;
    type Error = TooSlow;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TooSlow>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let slice = match &mut self.0 {
            Rest::Short(bytes) => Ok(std::mem::take(bytes)),
            Rest::Long(long) => {
                let slice = long.answer.lock().take();
                long.left -= slice.as_ref().map_or(long.left, Bytes::len);
                slice
            }
        };
        Poll::Ready(Some(slice.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Rest::Short(bytes) => bytes.is_empty(),
            Rest::Long(long) => long.left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left = match &self.0 {
            Rest::Short(bytes) => bytes.len(),
            Rest::Long(long) => long.left,
        };
        SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::{SLICE, SlowReaderBody, TooSlow};
    use crate::close_reason::CloseReason;
    use crate::config::EngineConfig;
    use crate::connection::Connection;
    use crate::detached::detached;
    use crate::session::poll_response::PollResponse;
    use http_body::Body;
    use http_body_util::BodyExt;
    use specter_proto::engine::Frame;
    use std::time::Duration;
    use tokio::time::advance;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A body with one packet of this length, and the connection to whose queue it is charged.
    fn charged(len: usize) -> (SlowReaderBody, Connection) {
        let connection = detached(&EngineConfig::default());
        let packet = Frame::binary_message(&vec![0; len]);
        connection.send(packet.into()).unwrap();
        let cost = connection.queued_bytes();
        let answer = PollResponse::charged(vec![b'x'; len], connection.charged(), cost);
        (SlowReaderBody::new(answer, PATIENCE), connection)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_in_slices_and_counts_until_the_last_is_dropped() {
        let (mut body, connection) = charged(2 * SLICE + 1);
        let mut slices = Vec::new();
        for (left, len) in [(2 * SLICE + 1, SLICE), (SLICE + 1, SLICE), (1, 1)] {
            assert_eq!(body.size_hint().exact(), u64::try_from(left).ok());
            assert!(!body.is_end_stream());
            let slice = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(slice.len(), len);
            slices.push(slice);
        }
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
        drop(body);
        while slices.pop().is_some() {
            assert_eq!(connection.queued_bytes() == 0, slices.is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_body_no_longer_counts() {
        for len in [1, SLICE, 10 * SLICE] {
            let (body, connection) = charged(len);
            assert!(connection.queued_bytes() > len);
            drop(body);
            assert_eq!(connection.queued_bytes(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_not_read_is_freed() {
        let (mut body, connection) = charged(10 * SLICE);
        for _ in 0..3 {
            tokio::task::yield_now().await;
            advance(PATIENCE * 9 / 10).await;
            assert!(body.frame().await.unwrap().is_ok());
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(2 * PATIENCE).await;
        assert_eq!(connection.queued_bytes(), 0);
        assert_eq!(body.frame().await.unwrap().err(), Some(TooSlow));
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_does_not_outlive_its_session_for_long() {
        let (mut body, connection) = charged(100 * SLICE);
        connection.close(CloseReason::ForcedServerClose);
        let mut slices = 0;
        while let Some(Ok(_)) = body.frame().await {
            slices += 1;
            tokio::time::sleep(PATIENCE / 2).await;
        }
        assert!((3..=5).contains(&slices), "{slices}");
    }
}
