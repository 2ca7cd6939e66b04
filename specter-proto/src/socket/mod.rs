//! Socket.IO v5: packets, their arguments and their binary attachments.
