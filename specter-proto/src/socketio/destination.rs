//! The namespace of an outgoing packet, and the number of attachments that its clients accept.

use super::attachment_limits::MAX_ATTACHMENTS;
use super::error::EncodeError;

/// A namespace, and the number of attachments of one packet that its clients accept.
///
/// The name of a namespace converts into a destination that accepts [`MAX_ATTACHMENTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    namespace: &'a str,
    max_attachments: usize,
}

impl<'a> Destination<'a> {
    /// Creates a destination whose clients accept `max_attachments`, but at most
    /// [`MAX_ATTACHMENTS`].
    pub fn new(namespace: &'a str, max_attachments: usize) -> Self {
        Self {
            namespace,
            max_attachments: max_attachments.min(MAX_ATTACHMENTS),
        }
    }

    /// The namespace's name.
    pub fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// Checks whether the destination accepts a packet with `count` attachments. If not, returns
    /// [`EncodeError::TooManyAttachments`].
    pub fn check_attachments(&self, count: usize) -> Result<(), EncodeError> {
        let max = self.max_attachments;
        if count > max {
            Err(EncodeError::TooManyAttachments { count, max })
        } else {
            Ok(())
        }
    }
}

impl<'a, T: AsRef<str> + ?Sized> From<&'a T> for Destination<'a> {
    fn from(namespace: &'a T) -> Self {
        Self::new(namespace.as_ref(), MAX_ATTACHMENTS)
    }
}
