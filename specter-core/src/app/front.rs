//! Where a request of the framework's own server goes: straight to the gateways of its path, else to the router.
//!
//! The router holds the gateways too, for servers of others; a request of a client that polls need not pass through it.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures_util::future::Either;
use tower_service::Service;

use super::App;
use crate::connection::lanes::SocketIo;
use crate::http::Endpoint;

/// Clones are the same front.
#[derive(Clone)]
pub(super) struct Front {
    /// By path, without the slash at its end.
    endpoints: Arc<[(String, Endpoint<SocketIo>)]>,
    router: Router,
}

impl App {
    pub(super) fn into_front(self) -> Front {
        let mounts = self.mounts.iter();
        let endpoints = mounts.map(|mount| {
            let path = mount.path.trim_end_matches('/');
            (path.to_owned(), mount.endpoint.clone())
        });
        Front {
            endpoints: endpoints.collect(),
            router: self.into_router(),
        }
    }
}

impl Front {
    /// Answers a request.
    pub(super) fn call(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        let path = request.uri().path();
        let bare = path.strip_suffix('/').unwrap_or(path);
        let found = self.endpoints.iter().find(|(path, _)| path == bare);
        match found {
            Some((_, endpoint)) => Either::Left(endpoint.clone().call(request)),
            None => Either::Right(self.router.clone().call(request)),
        }
    }
}
