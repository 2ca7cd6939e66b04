//! How many attachments an outgoing packet may have.

/// The largest number of attachments of any outgoing packet.
pub const MAX_ATTACHMENTS: usize = 255;

/// The largest number of attachments of one packet that current JavaScript clients accept, unless
/// their parser is configured otherwise. They close the connection over a packet with more.
pub const CLIENT_MAX_ATTACHMENTS: usize = 10;
