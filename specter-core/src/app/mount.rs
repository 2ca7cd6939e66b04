//! Mounts: each pairs an endpoint with the path that it is served at.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;

use crate::socketio::SocketIoAcceptor;
use specter_engine::Endpoint;

/// A namespace on a path: the same namespace may exist on several paths.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct MountKey {
    /// Ends with a slash.
    pub(super) path: String,
    pub(super) namespace: String,
}

/// An endpoint and the path that it is served at.
pub(super) struct Mount {
    /// Ends with a slash.
    pub(super) path: String,
    pub(super) endpoint: Endpoint<SocketIoAcceptor>,
    /// Set at shutdown: the endpoint rejects each further CONNECT.
    pub(super) draining: Arc<AtomicBool>,
}

impl Mount {
    /// A router that serves the endpoint at its path, with and without the final slash.
    pub(super) fn into_router(self) -> Router {
        let bare = self.path.trim_end_matches('/');
        let router = Router::new();
        let router = if bare.is_empty() {
            router
        } else {
            router.route_service(bare, self.endpoint.clone())
        };
        router.route_service(&format!("{bare}/"), self.endpoint)
    }
}

/// The path with exactly one slash at its end. `None` if axum cannot serve the path, or would read
/// it as a pattern.
pub(super) fn normalize_path(path: &str) -> Option<String> {
    let trimmed = path.trim_end_matches('/');
    let is_plain = !path.contains(['{', '}', '*', '?', '#', ' ']) && !path.contains("//");
    (path.starts_with('/') && is_plain).then(|| format!("{trimmed}/"))
}

#[cfg(test)]
mod tests {
    use super::normalize_path;

    #[test]
    fn paths_end_with_one_slash() {
        assert_eq!(normalize_path("/socket.io").as_deref(), Some("/socket.io/"));
        assert_eq!(
            normalize_path("/socket.io/").as_deref(),
            Some("/socket.io/")
        );
        assert_eq!(normalize_path("/").as_deref(), Some("/"));
        assert_eq!(normalize_path("socket.io"), None);
        assert_eq!(normalize_path("/a/{b}"), None);
        assert_eq!(normalize_path("/a//b"), None);
    }
}
