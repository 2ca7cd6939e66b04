//! Plain requests: those that the framework's own server has read by itself, whole, without what HTTP can do beyond that.
//!
//! They are answered by the same steps as others. A request of an open session is looked at as it was sent; one that needs more than
//! that, a handshake or one of a page of some origin, is made into what HTTP's types make of it. It must not know sockets.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::Full;
use specter_proto::engine::{Query, Transport};
use tokio::sync::oneshot;

use super::endpoint::{Asked, Endpoint, Inner, Polled};
use super::refused::Refused;
use super::reply::{Reply, Response};
use crate::connection::{Acceptor, Connection, PollReply, Posted, headers_of};

/// A GET or a POST of HTTP/1.1 for a path of an endpoint, with its whole body.
pub(crate) struct PlainRequest<'a> {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) query: &'a str,
    /// The headers as they were sent, with the empty line behind them.
    pub(crate) fields: &'a [u8],
    /// Whether one of them is an `Origin`.
    pub(crate) has_origin: bool,
    /// Whether its `Content-Type` is that of bytes.
    pub(crate) is_binary: bool,
    pub(crate) body: &'a [u8],
}

/// What becomes of a plain request.
pub(crate) enum Begun<A> {
    Answered(Reply),
    Waits(Answering<A>),
}

/// A plain request that waits for its answer. Dropped, it is broken off.
pub(crate) struct Answering<A> {
    endpoint: Arc<Inner<A>>,
    wait: Wait,
}

enum Wait {
    Poll(Connection, oneshot::Receiver<PollReply>),
    Post(oneshot::Receiver<()>),
    Other(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// See [`Endpoint::begin`].
pub(super) fn begin<A: Acceptor>(
    endpoint: &Endpoint<A>,
    inner: &Arc<Inner<A>>,
    request: &PlainRequest<'_>,
    peer: SocketAddr,
) -> Option<Begun<A>> {
    let query = Query::parse(request.query);
    if request.has_origin || query.sid.is_none() {
        if query.sid.is_none() && !is_handshake(request, &query) {
            return None;
        }
        let answer = endpoint.answer(full(request)?, Some(peer));
        return Some(inner.wait(Wait::Other(Box::pin(answer))));
    }
    let begun = inner.begin_plain(request, &query);
    Some(begun.unwrap_or_else(|refused| Begun::Answered(inner.refuse(refused, false).into())))
}

/// Whether it asks for a session that polls.
fn is_handshake(request: &PlainRequest<'_>, query: &Query<'_>) -> bool {
    request.method == Method::GET && query.transport.as_deref() == Some(Transport::Polling.name())
}

/// As other servers hand a request over.
#[inline(never)]
fn full(request: &PlainRequest<'_>) -> Option<Request<Full<Bytes>>> {
    let mut full = Request::new(Full::new(Bytes::copy_from_slice(request.body)));
    full.method_mut().clone_from(&request.method);
    *full.uri_mut() = request.target.parse::<Uri>().ok()?;
    *full.headers_mut() = headers_of(request.fields)?;
    Some(full)
}

impl<A: Acceptor> Inner<A> {
    /// Begins to answer a request of an open session that no page has sent.
    fn begin_plain(
        self: &Arc<Self>,
        request: &PlainRequest<'_>,
        query: &Query<'_>,
    ) -> Result<Begun<A>, Refused> {
        match self.asked(query, &request.method, false)? {
            Asked::Poll(connection) => Ok(match self.begin_poll(&connection)? {
                Polled::AtOnce(reply) => Begun::Answered(reply),
                Polled::Waits(outcome) => self.wait(Wait::Poll(connection, outcome)),
            }),
            Asked::Post(connection) => {
                let permit = connection.begin_post()?;
                if request.is_binary {
                    // Dropping the permit ends the session.
                    return Err(Refused::BinaryBody);
                }
                if request.body.len() > self.config.max_payload {
                    return Err(Refused::BodyTooLong);
                }
                let posted = Posted::of_text(request.fields, request.body);
                Ok(self.wait(Wait::Post(permit.deliver(posted)?)))
            }
            // Neither is asked without a handshake, or without an `Upgrade`.
            Asked::Open(_) | Asked::Upgrade(_) => Err(Refused::Method),
        }
    }

    fn wait(self: &Arc<Self>, wait: Wait) -> Begun<A> {
        let endpoint = Arc::clone(self);
        Begun::Waits(Answering { endpoint, wait })
    }
}

impl<A: Acceptor> Answering<A> {
    /// Ready with the answer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Reply> {
        let endpoint = &self.endpoint;
        let reply = match &mut self.wait {
            Wait::Poll(connection, outcome) => {
                let outcome = ready!(Pin::new(outcome).poll(cx));
                endpoint.end_poll(connection, outcome)
            }
            Wait::Post(outcome) => Inner::<A>::end_post(ready!(Pin::new(outcome).poll(cx))),
            Wait::Other(answer) => Ok(ready!(answer.as_mut().poll(cx)).into()),
        };
        Poll::Ready(reply.unwrap_or_else(|refused| endpoint.refuse(refused, false).into()))
    }
}
