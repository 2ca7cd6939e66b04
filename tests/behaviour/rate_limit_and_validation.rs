//! Rate limits, and validated arguments.

use std::time::Duration;

use crate::common::Server;
use garde::Validate;
use serde::Deserialize;
use serde_json::{Value, json};
use specter::extract::Valid;
use specter::gateway::{Rate, RateKey, RateLimit, RatePolicy};
use specter::prelude::*;

/// The period is so long that no permit is regained while a test runs.
const LONG: Duration = Duration::from_secs(100_000);

#[injectable]
struct Messages;

impl RatePolicy for Messages {
    fn rate(&self) -> Rate {
        Rate::new(100, LONG).burst(2)
    }
}

/// Counts by the user's name, for all sockets of a user together.
#[injectable]
struct Users;

impl RatePolicy for Users {
    fn rate(&self) -> Rate {
        Rate::new(3, LONG)
    }

    fn key(&self, socket: &Socket, event: Option<&str>) -> RateKey {
        assert!(event.is_none_or(|event| event != "free"));
        let user = socket
            .auth::<Value>()
            .and_then(Result::ok)
            .unwrap_or_default();
        RateKey::named(user["user"].as_str().unwrap_or("nobody"))
    }
}

#[socketio_controller]
struct Limited;

#[handlers]
impl Limited {
    #[on_event(guards(RateLimit<Messages>))]
    fn message(&self, n: u8) -> u8 {
        n
    }

    #[on_event]
    fn free(&self) {}
}

#[socketio_controller(namespace = "/users", interceptors(RateLimit<Users>))]
struct ByUser;

#[handlers]
impl ByUser {
    #[on_event("connect")]
    fn connect(&self) {}

    #[on_event]
    fn any(&self) -> u8 {
        1
    }
}

#[module(
    controllers = [Limited, ByUser],
    providers = [Messages, Users, RateLimit<Messages>, RateLimit<Users>]
)]
struct LimitedModule;

fn retry_after(answer: &Value) -> u64 {
    assert_eq!(answer[0]["error"], "rate limited", "{answer}");
    answer[0]["data"]["retryAfterMs"].as_u64().unwrap()
}

#[tokio::test]
async fn a_rate_limit_counts_each_socket_by_default() {
    let server = Server::of(App::builder::<LimitedModule>()).await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("message", json!([1])).await, json!([1]));
    assert_eq!(client.call("message", json!([2])).await, json!([2]));
    let wait = retry_after(&client.call("message", json!([3])).await);
    assert!(wait > 900_000 && wait <= 1_000_000, "{wait}");
    assert_eq!(client.call("free", json!([])).await, json!([]));
    let mut other = server.join("/").await;
    assert_eq!(other.call("message", json!([1])).await, json!([1]));
}

#[tokio::test]
async fn a_rate_limit_counts_events_and_connects_for_each_key() {
    let server = Server::of(App::builder::<LimitedModule>()).await;
    let mut ann = server.open().await;
    ann.connect("/users", json!({ "user": "ann" })).await;
    assert_eq!(ann.call_in("/users", "any", json!([])).await, json!([1]));
    let mut again = server.open().await;
    again.connect("/users", json!({ "user": "ann" })).await;
    retry_after(&again.call_in("/users", "any", json!([])).await);
    let mut refused = server.open().await;
    refused.send(r#"40/users,{"user":"ann"}"#).await;
    let reply = refused.text().await;
    assert!(
        reply.starts_with(r#"44/users,{"message":"rate limited""#),
        "{reply}"
    );
    let mut bob = server.open().await;
    bob.connect("/users", json!({ "user": "bob" })).await;
    assert_eq!(bob.call_in("/users", "any", json!([])).await, json!([1]));
}

#[derive(Deserialize, Validate)]
struct Post {
    #[garde(length(min = 1, max = 5))]
    text: String,
    #[garde(dive)]
    place: Place,
}

#[derive(Deserialize, Validate)]
struct Place {
    #[garde(range(max = 90))]
    latitude: u8,
}

#[socketio_controller]
struct Checked;

#[handlers]
impl Checked {
    #[on_event]
    fn post(&self, socket: &Socket, Valid(post): Valid<Post>, n: Option<u8>) -> (String, u8, bool) {
        (
            post.text,
            post.place.latitude,
            n.is_some() && !socket.is_in("x"),
        )
    }
}

#[tokio::test]
async fn an_invalid_payload_is_answered_with_all_broken_rules() {
    let server = Server::of(App::builder_of::<Checked>()).await;
    let mut client = server.join("/").await;
    let valid = json!([{ "text": "hello", "place": { "latitude": 4 } }, 1]);
    assert_eq!(client.call("post", valid).await, json!(["hello", 4, true]));
    let invalid = json!([{ "text": "too long", "place": { "latitude": 91 } }]);
    let answer = client.call("post", invalid).await;
    assert_eq!(answer[0]["error"], "argument `post` is not valid");
    assert_eq!(answer[0]["code"], "invalid_argument");
    let data = answer[0]["data"].as_array().unwrap();
    let paths: Vec<_> = data
        .iter()
        .map(|invalid| invalid["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["place.latitude", "text"]);
    assert!(!data[0]["message"].as_str().unwrap().is_empty());
    let missing = client.call("post", json!([])).await;
    assert_eq!(missing[0]["error"], "argument `post` is missing");
}
