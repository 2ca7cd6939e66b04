//! Receives the body of a request within a limit of bytes and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

/// How many bytes of a body that is too long are still received, so that a client that is sending
/// it can read the response instead of a connection reset.
const DISCARDED: u64 = 256 * 1024;
/// How long the server may take to receive them.
const DISCARD_LIMIT: Duration = Duration::from_secs(1);

/// Why a body was not received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BodyError {
    /// The body is longer than allowed.
    TooLong,
    /// The body did not arrive in time.
    TooSlow,
    /// The client aborted the request.
    Broken,
}

/// Receives a body of at most `limit` bytes within `patience`. Calls `arrived` with the length of
/// each part; if it returns `false`, the rest is not received.
pub(crate) async fn receive<B: Body<Data = Bytes> + Unpin>(
    mut body: B,
    limit: usize,
    patience: Duration,
    arrived: impl FnMut(usize) -> bool,
) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    let limit_u64 = u64::try_from(limit).unwrap_or(u64::MAX);
    let received = if announced > limit_u64 {
        Err(BodyError::TooLong)
    } else {
        timeout(patience, gather(&mut body, limit, arrived))
            .await
            .unwrap_or(Err(BodyError::TooSlow))
    };
    if received == Err(BodyError::TooLong) && announced <= limit_u64.saturating_add(DISCARDED) {
        // Best effort: the response is the same if it fails. Boxed, because it is rare.
        let _ = Box::pin(timeout(DISCARD_LIMIT, discard(&mut body))).await;
    }
    received
}

/// Joins the parts as they arrive, so that many tiny parts cost no more than their bytes.
async fn gather<B: Body<Data = Bytes> + Unpin>(
    body: &mut B,
    limit: usize,
    mut arrived: impl FnMut(usize) -> bool,
) -> Result<Bytes, BodyError> {
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > limit - joined.len() {
            return Err(BodyError::TooLong);
        }
        if joined.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        if !arrived(data.len()) {
            return Err(BodyError::Broken);
        }
        joined.extend_from_slice(&data);
    }
    Ok(joined.freeze())
}

async fn discard<B: Body<Data = Bytes> + Unpin>(body: &mut B) {
    let mut left = DISCARDED;
    while let Some(Ok(frame)) = body.frame().await {
        let len = frame.data_ref().map_or(0, Bytes::len);
        left = left.saturating_sub(u64::try_from(len).unwrap_or(u64::MAX));
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyError, receive};
    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::stream;
    use std::convert::Infallible;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn chunked(parts: &[&'static str]) -> Body {
        let parts: Vec<Result<Bytes, Infallible>> = parts
            .iter()
            .map(|part| Ok(Bytes::from_static(part.as_bytes())))
            .collect();
        Body::from_stream(stream::iter(parts))
    }

    #[tokio::test]
    async fn bodies_up_to_the_limit_are_received() {
        let body = receive(Body::from("12345"), 5, PATIENCE, |_| true).await;
        assert_eq!(body, Ok(Bytes::from_static(b"12345")));
        let body = receive(chunked(&["12", "", "345"]), 5, PATIENCE, |_| true).await;
        assert_eq!(body, Ok(Bytes::from_static(b"12345")));
        let body = receive(Body::empty(), 5, PATIENCE, |_| true).await;
        assert_eq!(body, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn longer_bodies_are_rejected_announced_or_not() {
        let body = receive(Body::from("123456"), 5, PATIENCE, |_| true).await;
        assert_eq!(body, Err(BodyError::TooLong));
        let body = receive(chunked(&["12", "3456"]), 5, PATIENCE, |_| true).await;
        assert_eq!(body, Err(BodyError::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_in_time_is_too_slow() {
        let stalled = stream::pending::<Result<Bytes, Infallible>>();
        let body = receive(Body::from_stream(stalled), 5, PATIENCE, |_| true).await;
        assert_eq!(body, Err(BodyError::TooSlow));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_broken() {
        let parts = [
            Ok(Bytes::from_static(b"1")),
            Err(std::io::Error::other("x")),
        ];
        let body = receive(Body::from_stream(stream::iter(parts)), 5, PATIENCE, |_| {
            true
        })
        .await;
        assert_eq!(body, Err(BodyError::Broken));
    }
}
