//! Requests and their responses, and a client that polls.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::settle;

/// A response, read in full.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a plain header"))
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.body.as_str()), (status, body));
    }
}

/// A request to the endpoint.
pub(crate) fn request(method: &str, query: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("/engine.io/?{query}"))
        .header("host", "server.example")
        .body(body.into())
        .expect("a proper request")
}

pub(crate) async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("text"),
    }
}

/// The session id in an OPEN packet.
pub(crate) fn sid_of(open: &str) -> String {
    let json = open.strip_prefix('0').expect("an OPEN packet");
    let open: HashMap<String, serde_json::Value> = serde_json::from_str(json).expect("JSON");
    open["sid"].as_str().expect("a text").to_owned()
}

/// A client that polls.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) router: Router,
    pub(crate) sid: String,
}

impl Session {
    pub(crate) fn query(&self) -> String {
        format!("EIO=4&transport=polling&sid={}", self.sid)
    }

    pub(crate) async fn poll(&self) -> Answer {
        answer(&self.router, request("GET", &self.query(), "")).await
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> Answer {
        answer(&self.router, request("POST", &self.query(), body)).await
    }

    /// A poll in the background. It has reached the session when this returns.
    pub(crate) async fn waiting_poll(&self) -> tokio::task::JoinHandle<Answer> {
        let session = self.clone();
        let poll = tokio::spawn(async move { session.poll().await });
        settle().await;
        poll
    }

    #[track_caller]
    pub(crate) fn expect_gone(answer: &Answer) {
        answer.expect(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    }
}
