//! The request router of the framework's own server: passes a request directly to the endpoint of
//! its path, or to the program's fallback.
//!
//! A program's axum router contains the endpoints too, for other servers. This router spares
//! requests to an endpoint the way through axum.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::Either;
use http::{Request, Response};
use http_body_util::Either as EitherBody;
use hyper::body::Incoming;

use crate::application::Acceptor;
use crate::http::endpoint::Endpoint;
use crate::http::slow_reader_body::SlowReaderBody;

/// Answers the requests whose path belongs to no endpoint.
pub trait Fallback: Clone + Send + Sync + 'static {
    /// The body of its responses.
    type Body: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static;

    /// Answers a request that was received from `peer`.
    fn call(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Self::Body>> + Send>>;
}

/// The body of an endpoint's response or of the fallback's.
type RoutedBody<B> = EitherBody<SlowReaderBody, B>;

/// The endpoints of a server by path, and the fallback. Clones share them.
pub struct RequestRouter<A, F> {
    /// By path, without a trailing slash.
    endpoints: Arc<[(String, Endpoint<A>)]>,
    fallback: F,
}

impl<A, F: Clone> Clone for RequestRouter<A, F> {
    fn clone(&self) -> Self {
        Self {
            endpoints: Arc::clone(&self.endpoints),
            fallback: self.fallback.clone(),
        }
    }
}

impl<A: Acceptor, F: Fallback> RequestRouter<A, F> {
    /// A router of these endpoints by path. A trailing slash of a path is ignored.
    pub fn new(endpoints: impl IntoIterator<Item = (String, Endpoint<A>)>, fallback: F) -> Self {
        let without_slash = |(path, endpoint): (String, Endpoint<A>)| {
            (path.trim_end_matches('/').to_owned(), endpoint)
        };
        Self {
            endpoints: endpoints.into_iter().map(without_slash).collect(),
            fallback,
        }
    }

    /// The endpoint of a path, with or without a trailing slash.
    fn endpoint(&self, path: &str) -> Option<&Endpoint<A>> {
        let bare = path.strip_suffix('/').unwrap_or(path);
        let found = self.endpoints.iter().find(|(path, _)| path == bare);
        found.map(|(_, endpoint)| endpoint)
    }

    /// Answers a request that was received from `peer`.
    pub(super) fn call(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Result<Response<RoutedBody<F::Body>>, Infallible>> + Send + use<A, F>
    {
        if let Some(endpoint) = self.endpoint(request.uri().path()) {
            let response = endpoint.answer(request, Some(peer));
            Either::Left(response.map(|response| Ok(response.map(EitherBody::Left))))
        } else {
            let response = self.fallback.call(request, peer);
            Either::Right(response.map(|response| Ok(response.map(EitherBody::Right))))
        }
    }
}
