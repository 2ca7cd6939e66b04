//! The attachments of a packet that is being written.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;

use super::came::Came;

/// What is attached, and to whom it belongs.
#[derive(Clone, Debug)]
pub(super) enum Attached {
    /// Gathered from values.
    Gathered(Vec<Bytes>),
    /// Those of [`Args`](super::Args) that are all there is in the packet. Their placeholders were checked when they came.
    OfArgs(Arc<Came>),
}

impl Attached {
    /// Adds more behind what there is.
    pub(super) fn extend(&mut self, attachments: &[Bytes]) {
        let mut all = std::mem::take(self).into_vec();
        all.extend_from_slice(attachments);
        *self = Self::Gathered(all);
    }

    pub(super) fn into_vec(self) -> Vec<Bytes> {
        match self {
            Self::Gathered(attachments) => attachments,
            Self::OfArgs(came) => came.attachments().to_vec(),
        }
    }
}

impl Default for Attached {
    fn default() -> Self {
        Self::Gathered(Vec::new())
    }
}

impl Deref for Attached {
    type Target = [Bytes];

    fn deref(&self) -> &[Bytes] {
        match self {
            Self::Gathered(attachments) => attachments,
            Self::OfArgs(came) => came.attachments(),
        }
    }
}
