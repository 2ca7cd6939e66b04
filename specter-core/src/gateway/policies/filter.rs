//! Error filters, which may change an error before the client and the error handlers see it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::gateway::dispatch::catch_unwind::{catch_panic, panic_text};
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::error::EventError;
use crate::socket::Socket;
use crate::socket::internal_error::FailurePlace;

/// Replaces the error of a handler, or returns it unchanged. A filter is an injectable singleton.
///
/// It receives the errors of an event: a guard's rejection, an invalid argument, the handler's
/// error or panic. At connect it receives the errors of guards, `connect` handlers and subscribers,
/// but not the errors of providers, and not the error `connect timeout`.
///
/// The client, in the acknowledgement or in `CONNECT_ERROR`, and `#[on_error]` receive the error
/// that the filters return. The event's filters run first, then the controller's, the module's and
/// the App's. Errors of `disconnect` and of `#[on_error]` itself are logged without being filtered.
///
/// ```
/// use specter_core::gateway::{ErrorFilter, EventError, FilterContext};
///
/// struct ParseErrors;
///
/// impl ErrorFilter for ParseErrors {
///     async fn filter(&self, error: EventError, _cx: &FilterContext<'_>) -> EventError {
///         match error.downcast_ref::<std::num::ParseIntError>() {
///             Some(cause) => EventError::new(cause.to_string()).with_code("not_a_number"),
///             None => error,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error filter",
    label = "not an error filter",
    note = "an error filter is a struct that implements `ErrorFilter` and is `#[injectable]`; a \
        module lists it under `providers`"
)]
pub trait ErrorFilter: Send + Sync + 'static {
    /// Returns `error`, or the error that replaces it.
    fn filter(
        &self,
        error: EventError,
        cx: &FilterContext<'_>,
    ) -> impl Future<Output = EventError> + Send;
}

/// The socket and the event of a failed call, for an error filter.
#[derive(Debug)]
pub struct FilterContext<'a> {
    socket: &'a Socket,
    event: &'a EventInfo,
}

impl FilterContext<'_> {
    /// The socket whose event failed.
    pub fn socket(&self) -> &Socket {
        self.socket
    }

    /// The event that failed. Its name is `connect` if connecting failed.
    pub fn event(&self) -> &EventInfo {
        self.event
    }
}

/// A type-erased error filter.
pub(crate) trait ErasedFilter: Send + Sync {
    fn filter_boxed<'a>(
        &'a self,
        error: EventError,
        cx: &'a FilterContext<'a>,
    ) -> Pin<Box<dyn Future<Output = EventError> + Send + 'a>>;
}

impl<F: ErrorFilter> ErasedFilter for F {
    fn filter_boxed<'a>(
        &'a self,
        error: EventError,
        cx: &'a FilterContext<'a>,
    ) -> Pin<Box<dyn Future<Output = EventError> + Send + 'a>> {
        Box::pin(self.filter(error, cx))
    }
}

/// Passes an error through filters, in their order. If a filter panics, the next filter receives
/// the error of the panic.
pub(in crate::gateway) async fn run_filters(
    filters: Vec<Arc<dyn ErasedFilter>>,
    socket: Socket,
    event: EventInfo,
    mut error: EventError,
) -> EventError {
    let cx = FilterContext {
        socket: &socket,
        event: &event,
    };
    let place = FailurePlace {
        socket: &socket,
        event: event.name(),
        handler: "an error filter",
    };
    for filter in filters {
        error = match catch_panic(filter.filter_boxed(error, &cx)).await {
            Ok(error) => error,
            Err(payload) => EventError::panicked(panic_text(&*payload), place),
        };
        error.report_at(place);
    }
    error
}
