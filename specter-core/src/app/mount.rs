//! Endpoints and the paths on which they are mounted.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;

use crate::socketio::SocketIoAcceptor;
use specter_engine::Endpoint;

/// The path and name of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct MountKey {
    /// Ends with a slash.
    pub(super) path: String,
    pub(super) namespace: String,
}

/// An endpoint and its path.
pub(super) struct Mount {
    pub(super) path: String,
    pub(super) endpoint: Endpoint<SocketIoAcceptor>,
    /// Set when the drain begins. From then on, CONNECT packets and events are ignored.
    pub(super) draining: Arc<AtomicBool>,
}

impl Mount {
    /// A router that serves the endpoint at its path, with and without a slash at the end.
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

/// Returns the path with one slash at its end. `None` if the path cannot be mounted.
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
