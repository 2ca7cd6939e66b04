//! Error subscribers: functions that are notified of errors that no controller's `#[on_error]`
//! handles.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use super::callback::{AsyncFunction, SyncFunction};
use crate::gateway::dispatch::call_context::Failure;
use crate::gateway::dispatch::catch_unwind::{catch_panic, panic_text};
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::error::EventError;
use crate::logging::{OneLine, log_limited};
use crate::socket::Socket;
use crate::socket::service::BoxFuture;

/// An error, the event that failed, and the socket for which it failed. Clones share one report.
#[derive(Clone, Debug)]
pub struct ErrorReport(Arc<ReportData>);

#[derive(Debug)]
struct ReportData {
    error: EventError,
    event: EventInfo,
    socket: Socket,
}

impl ErrorReport {
    pub(crate) fn new(failure: Failure, socket: Socket) -> Self {
        let Failure { error, event } = failure;
        Self(Arc::new(ReportData {
            error,
            event,
            socket,
        }))
    }

    /// The error.
    pub fn error(&self) -> &EventError {
        &self.0.error
    }

    /// The event that failed. Its name is `connect` if the failure was at connect, and `disconnect`
    /// if it was at disconnect.
    pub fn event(&self) -> &EventInfo {
        &self.0.event
    }

    /// The socket for which the event failed.
    pub fn socket(&self) -> &Socket {
        &self.0.socket
    }
}

/// A function that is notified of errors: `Fn(ErrorReport)`, sync or async.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be notified of errors",
    label = "not a function that takes a report",
    note = "it takes the report and returns nothing: `|report: ErrorReport| …`; it may be async"
)]
pub trait ErrorCallback<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_erased(self) -> ErasedErrorCallback;
}

/// An error callback, type-erased.
pub struct ErasedErrorCallback(Callback);

type Callback = Arc<dyn Fn(ErrorReport) -> Option<BoxFuture<()>> + Send + Sync>;

impl<F: Fn(ErrorReport) + Send + Sync + 'static> ErrorCallback<SyncFunction> for F {
    fn into_erased(self) -> ErasedErrorCallback {
        ErasedErrorCallback(Arc::new(move |report| {
            self(report);
            None
        }))
    }
}

impl<F, R> ErrorCallback<(AsyncFunction, R)> for F
where
    F: Fn(ErrorReport) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    fn into_erased(self) -> ErasedErrorCallback {
        ErasedErrorCallback(Arc::new(move |report| Some(Box::pin(self(report)))))
    }
}

/// The error subscribers of a namespace or of the App, in the order of their subscription.
#[derive(Default)]
pub(crate) struct ErrorSubscribers(Mutex<List>);

#[derive(Default)]
struct List {
    next_id: u64,
    callbacks: Vec<(u64, Callback)>,
}

impl ErrorSubscribers {
    /// Adds a subscriber and returns its number, by which it is cancelled.
    pub(in crate::gateway) fn add<M>(&self, subscriber: impl ErrorCallback<M>) -> u64 {
        let mut list = self.0.lock();
        let id = list.next_id;
        list.next_id += 1;
        list.callbacks.push((id, subscriber.into_erased().0));
        id
    }

    pub(in crate::gateway) fn cancel(&self, id: u64) {
        self.0.lock().callbacks.retain(|(other, _)| *other != id);
    }

    /// Notifies all error subscribers, one after another, when the returned future is polled.
    /// `None` if there are none. If a subscriber panics, the panic is logged, and the next one is
    /// notified.
    pub(in crate::gateway) fn notify(&self, report: &ErrorReport) -> Option<BoxFuture<()>> {
        let list = self.0.lock();
        if list.callbacks.is_empty() {
            return None;
        }
        let callbacks = list.callbacks.iter();
        let callbacks: Vec<Callback> = callbacks.map(|(_, callback)| callback.clone()).collect();
        let report = report.clone();
        Some(Box::pin(async move {
            for callback in callbacks {
                let result = match catch_unwind(AssertUnwindSafe(|| callback(report.clone()))) {
                    Ok(Some(running)) => catch_panic(running).await,
                    Ok(None) => Ok(()),
                    Err(payload) => Err(payload),
                };
                if let Err(payload) = result {
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
