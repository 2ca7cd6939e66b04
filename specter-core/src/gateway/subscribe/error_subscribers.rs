//! Functions that are notified of failures which no controller handles.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use super::subscriber::{Later, Now};
use crate::gateway::dispatch::call_context::Failure;
use crate::gateway::dispatch::catch_unwind::{caught, panic_text};
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::error::EventError;
use crate::logging::{OneLine, log_limited};
use crate::socket::Socket;
use crate::socket::service::BoxFuture;

/// What failed, where, and for whom. Clones are the same report.
#[derive(Clone, Debug)]
pub struct ErrorReport(Arc<Reported>);

#[derive(Debug)]
struct Reported {
    error: EventError,
    event: EventInfo,
    socket: Socket,
}

impl ErrorReport {
    pub(crate) fn new(failure: Failure, socket: Socket) -> Self {
        let Failure { error, event } = failure;
        Self(Arc::new(Reported {
            error,
            event,
            socket,
        }))
    }

    /// The error.
    pub fn error(&self) -> &EventError {
        &self.0.error
    }

    /// The event; its name is `connect` or `disconnect` for those.
    pub fn event(&self) -> &EventInfo {
        &self.0.event
    }

    /// The socket.
    pub fn socket(&self) -> &Socket {
        &self.0.socket
    }
}

/// A function that is told of failures: `Fn(ErrorReport)`, sync or async.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be told of errors",
    label = "not a function of a report",
    note = "it takes the report, and returns nothing: `|report: ErrorReport| …`, or an async \
        function"
)]
pub trait ErrorCallback<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_tell(self) -> ErasedTell;
}

/// A function behind one vtable.
pub struct ErasedTell(Tell);

type Tell = Arc<dyn Fn(ErrorReport) -> Option<BoxFuture<()>> + Send + Sync>;

impl<F: Fn(ErrorReport) + Send + Sync + 'static> ErrorCallback<Now> for F {
    fn into_tell(self) -> ErasedTell {
        ErasedTell(Arc::new(move |report| {
            self(report);
            None
        }))
    }
}

impl<F, R> ErrorCallback<(Later, R)> for F
where
    F: Fn(ErrorReport) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    fn into_tell(self) -> ErasedTell {
        ErasedTell(Arc::new(move |report| Some(Box::pin(self(report)))))
    }
}

/// Error subscribers in the order of their subscription.
#[derive(Default)]
pub(crate) struct ErrorSubscribers(Mutex<List>);

#[derive(Default)]
struct List {
    next: u64,
    subscribed: Vec<(u64, Tell)>,
}

impl ErrorSubscribers {
    pub(in crate::gateway) fn add<M>(&self, subscriber: impl ErrorCallback<M>) -> u64 {
        let mut list = self.0.lock();
        let id = list.next;
        list.next += 1;
        list.subscribed.push((id, subscriber.into_tell().0));
        id
    }

    pub(in crate::gateway) fn cancel(&self, id: u64) {
        self.0.lock().subscribed.retain(|(other, _)| *other != id);
    }

    /// Tells all of them, one after another; nothing where there are none.
    pub(in crate::gateway) fn notify(&self, report: &ErrorReport) -> Option<BoxFuture<()>> {
        let list = self.0.lock();
        if list.subscribed.is_empty() {
            return None;
        }
        let told: Vec<Tell> = list
            .subscribed
            .iter()
            .map(|(_, tell)| tell.clone())
            .collect();
        let report = report.clone();
        Some(Box::pin(async move {
            for tell in told {
                let ended = match catch_unwind(AssertUnwindSafe(|| tell(report.clone()))) {
                    Ok(Some(telling)) => caught(telling).await,
                    Ok(None) => Ok(()),
                    Err(payload) => Err(payload),
                };
                if let Err(payload) = ended {
                    log_limited!(
                        ERROR, target: "specter::gateway", panic = %OneLine(panic_text(&*payload)),
                        "an error subscriber panicked"
                    );
                }
            }
        }))
    }
}

impl std::fmt::Debug for ErrorSubscribers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ErrorSubscribers").finish_non_exhaustive()
    }
}
