//! The scopes of providers.

/// The scope of a provider: how many values it makes, and how long each of them lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// One value, which is built when the container starts and dropped with the container.
    Singleton,
    /// One value in each open scope that needs it. It is dropped with the scope.
    ///
    /// The embedder decides what a scope is, for example a request, and names it by
    /// [`Graph::scope_name`](crate::Graph::scope_name).
    Scoped,
    /// One value for each dependency that takes it. It lives as long as the container, if it was
    /// built for a singleton, and as long as the scope otherwise.
    Transient,
}
