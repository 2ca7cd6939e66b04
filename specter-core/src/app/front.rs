//! Where a request of the framework's own server goes: straight to the gateways of its path, else
//! to the router.
//!
//! The router holds the gateways too, for servers of others; a request of a client that polls need
//! not pass through it.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use futures_util::future::Either;
use futures_util::{FutureExt, TryFutureExt};
use http_body_util::Either as EitherBody;
use hyper::body::Incoming;
use tower_service::Service;

use super::App;
use crate::connection::Acceptor;
use crate::connection::lanes::SocketIo;
use crate::http::{Endpoint, Paced};

/// An endpoint's answer, or the router's.
type FrontBody = EitherBody<Paced, Body>;

/// Clones are the same front.
pub(super) struct Front<A = SocketIo> {
    /// By path, without the slash at its end.
    endpoints: Arc<[(String, Endpoint<A>)]>,
    router: Router,
}

impl<A> Clone for Front<A> {
    fn clone(&self) -> Self {
        Self {
            endpoints: Arc::clone(&self.endpoints),
            router: self.router.clone(),
        }
    }
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

impl<A: Acceptor> Front<A> {
    /// With these paths, without the slashes at their ends.
    #[cfg(test)]
    pub(super) fn of<const N: usize>(endpoints: [(String, Endpoint<A>); N]) -> Self {
        Self {
            endpoints: endpoints.into(),
            router: Router::new(),
        }
    }

    /// The endpoint of a path, with or without a slash at its end.
    fn endpoint(&self, path: &str) -> Option<&Endpoint<A>> {
        let bare = path.strip_suffix('/').unwrap_or(path);
        let found = self.endpoints.iter().find(|(path, _)| path == bare);
        found.map(|(_, endpoint)| endpoint)
    }

    /// Answers a request of this client.
    pub(super) fn call(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Result<Response<FrontBody>, Infallible>> + Send + use<A> {
        if let Some(endpoint) = self.endpoint(request.uri().path()) {
            let answer = endpoint.answer(request, Some(peer));
            Either::Left(answer.map(|response| Ok(response.map(EitherBody::Left))))
        } else {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = self.router.clone().call(request);
            // Boxed: nearly all requests are of the other kind.
            Either::Right(Box::pin(answer).map_ok(|response| response.map(EitherBody::Right)))
        }
    }
}
