//! Errors whose text clients must not see. The text is logged with an id, and the client receives
//! only the id.
//!
//! A handler's code converts such an error, often far from the event. The line is written later,
//! when the framework receives the error and knows the event that failed.

use tracing::Level;

use super::Socket;
use crate::logging::{KeyedLogLimit, LeftOut, OneLine, Untrusted, describe_redacted};

/// The log line of an internal error, until it is written. If it is dropped, it is written without
/// the place of the failure. A clone is empty, because one error has one line.
#[derive(Default)]
pub(crate) struct PendingReport(Option<Box<Report>>);

struct Report {
    id: String,
    error: String,
    left_out: LeftOut,
}

/// Where a handler failed, for the log.
#[derive(Clone, Copy)]
pub(crate) struct FailurePlace<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) event: &'a str,
    /// The name of the method, or what else failed, for example `a guard`.
    pub(crate) handler: &'static str,
}

impl PendingReport {
    /// Prepares the line for `error` and its causes, and creates the id for the line and the
    /// client. The number of lines in a minute is limited for each `kind`, which is the type of the
    /// error.
    #[cold]
    pub(crate) fn of(
        kind: &'static str,
        error: &(dyn std::error::Error + 'static),
    ) -> (String, Self) {
        static LIMIT: KeyedLogLimit = KeyedLogLimit::new();
        let id = fresh_id();
        if !tracing::enabled!(target: "specter::gateway", Level::ERROR) {
            return (id, Self::default());
        }
        let report = LIMIT.pass(kind).map(|left_out| Report {
            id: id.clone(),
            error: describe_redacted(error),
            left_out,
        });
        (id, Self(report.map(Box::new)))
    }

    /// Writes the line, unless it was written before or was left out.
    #[inline]
    pub(crate) fn write(&mut self, place: FailurePlace<'_>) {
        if let Some(report) = self.0.take() {
            report.write(place);
        }
    }
}

impl Report {
    #[cold]
    fn write(&self, place: FailurePlace<'_>) {
        tracing::error!(
            target: "specter::gateway", left_out = self.left_out, id = self.id,
            namespace = place.socket.hub().name(), event = ?Untrusted(place.event),
            handler = place.handler, socket = %place.socket.id(), error = %OneLine(&self.error),
            "a handler failed; the client sees the id only"
        );
    }
}

impl Clone for PendingReport {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Drop for PendingReport {
    fn drop(&mut self) {
        if let Some(report) = self.0.take() {
            tracing::error!(
                target: "specter::gateway", left_out = report.left_out, id = report.id,
                error = %OneLine(&report.error), "a handler failed; the client sees the id only"
            );
        }
    }
}

/// A new id by which a failure can be found in the log.
pub(crate) fn fresh_id() -> String {
    let mut id = specter_engine::internals::random_id().as_str().to_owned();
    id.truncate(10);
    id
}
