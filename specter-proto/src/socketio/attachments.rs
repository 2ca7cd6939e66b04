//! The attachments of a packet that is being encoded.

use std::ops::Deref;

use bytes::Bytes;
use triomphe::Arc;

use super::packet_buf::PacketBuf;

/// What is attached, and to whom it belongs.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::box_collection,
    reason = "a vector by itself would make all of them twice as large"
)]
pub(super) enum Attachments {
    /// The rule.
    #[default]
    Nothing,
    /// Gathered from values. Boxed: what is attached is handed on many times, and mostly nothing.
    Gathered(Box<Vec<Bytes>>),
    /// Those of [`Args`](crate::socketio::Args) that are all there is in the packet. Their
    /// placeholders were checked when they came.
    Shared(Arc<PacketBuf>),
}

impl Attachments {
    /// Adds more behind what there is.
    pub(super) fn extend(&mut self, attachments: &[Bytes]) {
        let mut all = std::mem::take(self).into_vec();
        all.extend_from_slice(attachments);
        *self = all.into();
    }

    /// Whether that is so without a look at how many there are.
    #[inline]
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    pub(super) fn into_vec(self) -> Vec<Bytes> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Gathered(attachments) => *attachments,
            Self::Shared(came) => came.attachments().to_vec(),
        }
    }
}

impl From<Vec<Bytes>> for Attachments {
    fn from(attachments: Vec<Bytes>) -> Self {
        if attachments.is_empty() {
            Self::Nothing
        } else {
            Self::Gathered(Box::new(attachments))
        }
    }
}

impl Deref for Attachments {
    type Target = [Bytes];

    fn deref(&self) -> &[Bytes] {
        match self {
            Self::Nothing => &[],
            Self::Gathered(attachments) => attachments.as_slice(),
            Self::Shared(came) => came.attachments(),
        }
    }
}
