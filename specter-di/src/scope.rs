//! How long a provided value lives. Knows nothing of what is provided.

/// How many values a provider makes, and how long each lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// One value, built when the container starts, dropped with it.
    Singleton,
    /// One value in each scope that needs it, dropped with the scope.
    ///
    /// What such a scope is, the embedder decides and names:
    /// [`Graph::scope_name`](crate::Graph::scope_name).
    Scoped,
    /// A value of its own for each place that needs one. It lives as long as the singleton or scope
    /// that it was built for.
    Transient,
}
