//! The parsed controller.

use proc_macro2::{Ident, TokenStream};
use syn::LitStr;

use crate::syntax::{fields::Construction, policies::Policies, runtime::Runtime};

/// An annotated struct.
pub(crate) struct Controller {
    pub(crate) runtime: Runtime,
    pub(crate) name: Ident,
    pub(crate) endpoint: Endpoint,
    pub(crate) priority: i32,
    /// Whether the warning is silenced that no module lists the controller.
    pub(crate) unlisted: bool,
    pub(crate) on_panic: OnPanic,
    /// Whether one instance serves all sockets.
    pub(crate) singleton: bool,
    /// The priorities of single events, by their names.
    pub(crate) event_priorities: Vec<(LitStr, i32)>,
    pub(crate) policies: Policies,
    pub(crate) construction: Construction,
}

/// The controller's path and namespace, and the settings of the path's endpoint.
#[derive(Default)]
pub(crate) struct Endpoint {
    /// The request path. `None`: the application's path.
    pub(crate) path: Option<LitStr>,
    /// The namespace. `None`: `/`.
    pub(crate) namespace: Option<LitStr>,
    /// The settings of the endpoint on the path.
    pub(crate) settings: Vec<Setting>,
}

/// A setting of the endpoint.
pub(crate) struct Setting {
    /// The variant of the runtime's `EndpointOption`, with the span of the option's name.
    pub(crate) variant: Ident,
    /// A constant expression.
    pub(crate) value: TokenStream,
}

/// What happens to a socket after one of its handlers has panicked.
#[derive(Clone, Copy, Default)]
pub(crate) enum OnPanic {
    #[default]
    Continue,
    Disconnect,
}
