//! The body of a response to a poll, which is given up when its client does not read it.
//!
//! The HTTP server takes the body slice by slice, and no more than its buffers hold while the
//! client does not read. When nothing was taken for too long, the rest is freed and the response
//! breaks off.

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

/// What is handed over at once.
const SLICE: usize = 16 * 1024;

/// The answer was taken too slowly, and is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer to a poll was not read in time")]
pub struct TooSlow;

/// The body of an [`Endpoint`](crate::Endpoint)'s response, of known length.
///
/// It fails when the client does not read it in time.
pub struct SlowReaderBody(Rest);

/// What is left of a body.
enum Rest {
    /// At most one slice, which is handed over with the next look.
    Short(Bytes),
    /// More than that.
    Long(Long),
}

/// What is left of a long answer.
struct Long {
    answer: Arc<Mutex<Answer>>,
    left: usize,
    watch: AbortHandle,
}

struct Answer {
    bytes: Vec<u8>,
    /// So many are handed over.
    taken: usize,
    /// `None` when it was taken too slowly; its bytes are gone then too.
    counted: Option<QueueCharge>,
    /// Something was taken since the watch looked last.
    moved: bool,
    /// The session was over when the watch looked last.
    orphaned: bool,
}

impl SlowReaderBody {
    /// A body that is broken off when nothing of it was taken for as long as `patience`.
    pub(crate) fn new(answer: PollResponse, patience: Duration) -> Self {
        if answer.len() <= SLICE {
            return Self(Rest::Short(answer.into_bytes()));
        }
        let (bytes, counted) = answer.into_parts();
        let left = bytes.len();
        let answer = Arc::new(Mutex::new(Answer {
            bytes,
            taken: 0,
            counted: Some(counted),
            moved: false,
            orphaned: false,
        }));
        // The server does not look at a body that its client leaves no room for, so that the body
        // itself could never notice.
        let watch = tokio::spawn(watch(Arc::downgrade(&answer), patience)).abort_handle();
        Self(Rest::Long(Long {
            answer,
            left,
            watch,
        }))
    }
}

/// Nothing.
impl Default for SlowReaderBody {
    fn default() -> Self {
        Self(Rest::Short(Bytes::new()))
    }
}

/// What counts for nothing, and is not long.
impl<T: Into<Bytes>> From<T> for SlowReaderBody {
    fn from(bytes: T) -> Self {
        Self(Rest::Short(bytes.into()))
    }
}

/// Frees an answer of which nothing is taken, and one that is not through long after its session.
async fn watch(answer: Weak<Mutex<Answer>>, patience: Duration) {
    loop {
        sleep(patience).await;
        let Some(answer) = answer.upgrade() else {
            return;
        };
        let mut answer = answer.lock();
        let orphaned = answer.counted.as_ref().is_none_or(QueueCharge::is_orphaned);
        if !answer.moved || orphaned && answer.orphaned {
            answer.bytes = Vec::new();
            answer.counted = None;
            return;
        }
        answer.moved = false;
        answer.orphaned = orphaned;
    }
}

impl Answer {
    /// The next slice: a copy, so that what the server holds of it does not hold all of it.
    fn take(&mut self) -> Result<Bytes, TooSlow> {
        let counted = self.counted.as_mut().ok_or(TooSlow)?;
        let end = self.bytes.len().min(self.taken + SLICE);
        let slice = self.bytes.get(self.taken..end).unwrap_or_default();
        let slice = counted.part(slice.to_vec());
        self.taken = end;
        self.moved = true;
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

    /// A body with one packet of so many bytes in it, and the connection in whose queue it counts.
    fn counted(len: usize) -> (SlowReaderBody, Connection) {
        let connection = detached(&EngineConfig::default());
        let packet = Frame::binary_message(&vec![0; len]);
        connection.send(packet.into()).unwrap();
        let cost = connection.queued_bytes();
        let answer = PollResponse::charged(vec![b'x'; len], connection.charged(), cost);
        (SlowReaderBody::new(answer, PATIENCE), connection)
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_handed_over_in_slices_and_counts_until_the_last_is_dropped() {
        let (mut body, connection) = counted(2 * SLICE + 1);
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
    async fn it_counts_no_more_when_it_is_dropped() {
        for len in [1, SLICE, 10 * SLICE] {
            let (body, connection) = counted(len);
            assert!(connection.queued_bytes() > len);
            drop(body);
            assert_eq!(connection.queued_bytes(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_freed_when_nothing_is_taken() {
        let (mut body, connection) = counted(10 * SLICE);
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
    async fn it_does_not_outlive_its_session_for_long() {
        let (mut body, connection) = counted(100 * SLICE);
        connection.close(CloseReason::ForcedServerClose);
        let mut slices = 0;
        while let Some(Ok(_)) = body.frame().await {
            slices += 1;
            tokio::time::sleep(PATIENCE / 2).await;
        }
        assert!((3..=5).contains(&slices), "{slices}");
    }
}
