//! A polling body that was received in full, and the headers of the request that carried it.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;

/// A body with its headers.
pub(crate) struct PostBody {
    body: Bytes,
    headers: HeaderMap,
}

impl PostBody {
    pub(crate) fn new(headers: HeaderMap, body: Bytes) -> Self {
        Self { body, headers }
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// Shows neither: headers may contain tokens.
impl fmt::Debug for PostBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostBody").finish_non_exhaustive()
    }
}
