//! The namespace of an outgoing packet, and how many attachments its clients accept.

use super::error::EncodeError;

/// How many attachments a packet may have, whoever reads it.
pub const MAX_ATTACHMENTS: usize = 255;

/// How many attachments of a packet current JavaScript clients take, unless their parser is
/// configured otherwise. Over a packet with more they close the connection.
pub const CLIENT_MAX_ATTACHMENTS: usize = 10;

/// A namespace, and how many attachments of a packet its clients take.
///
/// A namespace's name by itself is a destination where [`MAX_ATTACHMENTS`] are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    namespace: &'a str,
    max_attachments: usize,
}

impl<'a> Destination<'a> {
    /// The namespace of this name, whose clients take `max_attachments`, but [`MAX_ATTACHMENTS`] at
    /// most.
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

    /// Checks how many attachments a packet has that is to go there.
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
