//! The attachments of a packet that is being encoded.

use std::ops::Deref;

use bytes::Bytes;
use triomphe::Arc;

use super::packet_buf::PacketBuf;

/// The attachments, with their owner.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::box_collection,
    reason = "an unboxed vector would make every value of this type twice as large"
)]
pub(super) enum Attachments {
    /// There are none, as in most packets.
    #[default]
    Nothing,
    /// Attachments that were collected from values. They are boxed because this type is moved often
    /// and is `Nothing` in most cases.
    Owned(Box<Vec<Bytes>>),
    /// The attachments of [`Args`](crate::socketio::Args) that are the only arguments of the
    /// packet. Their placeholders were checked when their own packet was received.
    Shared(Arc<PacketBuf>),
}

impl Attachments {
    /// Appends attachments.
    pub(super) fn extend(&mut self, attachments: &[Bytes]) {
        let mut all = std::mem::take(self).into_vec();
        all.extend_from_slice(attachments);
        *self = all.into();
    }

    /// Whether there are no attachments, found by the variant alone.
    #[inline]
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    pub(super) fn into_vec(self) -> Vec<Bytes> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Owned(attachments) => *attachments,
            Self::Shared(packet) => packet.attachments().to_vec(),
        }
    }
}

impl From<Vec<Bytes>> for Attachments {
    fn from(attachments: Vec<Bytes>) -> Self {
        if attachments.is_empty() {
            Self::Nothing
        } else {
            Self::Owned(Box::new(attachments))
        }
    }
}

impl Deref for Attachments {
    type Target = [Bytes];

    fn deref(&self) -> &[Bytes] {
        match self {
            Self::Nothing => &[],
            Self::Owned(attachments) => attachments.as_slice(),
            Self::Shared(packet) => packet.attachments(),
        }
    }
}
