//! What is known of a controller before anything is generated.

use proc_macro2::{Ident, TokenStream};
use syn::LitStr;

use crate::syntax::{fields::Construction, policies::Policies, runtime::Runtime};

/// An annotated struct.
pub(crate) struct Controller {
    pub(crate) runtime: Runtime,
    pub(crate) name: Ident,
    pub(crate) endpoint: Endpoint,
    pub(crate) priority: i32,
    /// The application means it to stand in no module.
    pub(crate) unlisted: bool,
    pub(crate) on_panic: OnPanic,
    /// Whether one instance serves all sockets.
    pub(crate) singleton: bool,
    /// Pairs of an event's name and its place among the controllers of that event.
    pub(crate) event_priorities: Vec<(LitStr, i32)>,
    pub(crate) policies: Policies,
    pub(crate) construction: Construction,
}

/// Where clients find the controller.
#[derive(Default)]
pub(crate) struct Endpoint {
    /// The request path; without one, the application's.
    pub(crate) path: Option<LitStr>,
    /// The namespace; without one, `/`.
    pub(crate) namespace: Option<LitStr>,
    /// The settings of the endpoint on the path.
    pub(crate) settings: Vec<Setting>,
}

/// A setting of the endpoint.
pub(crate) struct Setting {
    /// The variant of the runtime's `EndpointOption`, standing at the option's name.
    pub(crate) variant: Ident,
    /// A constant expression.
    pub(crate) value: TokenStream,
}

/// What becomes of a socket in whose handler a panic was caught.
#[derive(Clone, Copy, Default)]
pub(crate) enum OnPanic {
    #[default]
    Continue,
    Disconnect,
}
