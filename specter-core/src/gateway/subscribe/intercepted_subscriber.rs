//! Runs the call of a subscriber inside of its interceptors.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::callback::SubscriberCall;
use super::subscriber::Subscriber;
use crate::gateway::dispatch::call_context::{CallContext, Outcome};
use crate::gateway::policies::interceptor::{
    ErasedInterceptor, Innermost, InterceptContext, intercept,
};
use crate::socket::service::BoxFuture;

/// Runs the call of a subscriber inside of its interceptors.
pub(in crate::gateway) async fn intercepted_subscriber(
    interceptors: &[Arc<dyn ErasedInterceptor>],
    subscriber: &Subscriber,
    cx: CallContext,
) -> Outcome {
    let (socket, event) = (cx.socket.clone(), cx.event_info());
    let intercept_cx = InterceptContext {
        socket: &socket,
        event: &event,
        controller: subscriber.owner(),
        method: cx.handler,
    };
    let mut call = InnermostSubscriber::Ready(subscriber, Some(Box::new(cx)));
    intercept(interceptors, &intercept_cx, &mut call).await
}

/// The subscriber's call, which the `next.run()` of the last interceptor polls.
enum InnermostSubscriber<'a> {
    /// The call has not started. The context is `None` if the call completed without suspending.
    Ready(&'a Subscriber, Option<Box<CallContext>>),
    Running(BoxFuture<Outcome>),
}

impl Innermost for InnermostSubscriber<'_> {
    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Self::Ready(subscriber, context) = self {
            let Some(context) = context.take() else {
                return Poll::Pending;
            };
            match subscriber.call(*context) {
                SubscriberCall::Done(outcome) => return Poll::Ready(outcome),
                SubscriberCall::Pending(call) => *self = Self::Running(call),
            }
        }
        match self {
            Self::Running(call) => call.as_mut().poll(cx),
            Self::Ready(..) => Poll::Pending,
        }
    }
}
