//! `IngressError`: why a function could not be subscribed.

/// Why a function could not be subscribed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IngressError {
    /// Neither a controller nor a listed `EventHandler` serves the namespace.
    #[error(
        "no controller and no listed event handler serves the namespace `{0}`; add one to a module \
         of the App"
    )]
    UnknownNamespace(String),
    /// The name is reserved. `on_connect` and `on_disconnect` subscribe to connects and
    /// disconnects; clients cannot emit the other reserved names.
    #[error(
        "`{0}` is not an event that clients emit; to follow connects and disconnects, use \
         `on_connect` and `on_disconnect`"
    )]
    Reserved(String),
    /// The App does not provide exactly one singleton of the type that a parameter, guard,
    /// interceptor or error filter needs.
    #[error(
        "{role} needs a singleton of type `{service}`, but the App does not have exactly one; add \
         it to the providers of one module"
    )]
    NotProvided {
        /// What needs it: `parameter 1`, `guard`, `interceptor` or `error filter`.
        role: String,
        /// The type that it needs.
        service: String,
    },
}

impl IngressError {
    /// A stable name of the error, for programs: `ingress_unknown_namespace`, `ingress_reserved`
    /// or `ingress_not_provided`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownNamespace(_) => "ingress_unknown_namespace",
            Self::Reserved(_) => "ingress_reserved",
            Self::NotProvided { .. } => "ingress_not_provided",
        }
    }
}
