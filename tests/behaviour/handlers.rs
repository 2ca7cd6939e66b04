//! Event handlers: their parameters, their acknowledgements, and what clients receive when they
//! fail.

use std::borrow::Cow;

use crate::common::Server;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use specter::prelude::*;

#[derive(Debug, thiserror::Error, IntoEventError)]
enum RoomError {
    #[error("the room is full")]
    Full,
    #[error("{0} is banned")]
    #[event_error(code = "banned")]
    Banned(String),
    #[error("secret path /etc/{0}")]
    #[event_error(internal)]
    Broken(String),
}

#[derive(Debug, thiserror::Error)]
#[error("a secret")]
struct Plain;

#[derive(Deserialize)]
struct Borrowed<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
    n: u8,
}

#[derive(Deserialize, Serialize)]
struct Upload {
    name: String,
    data: Binary,
}

/// A custom extractor.
struct Shouted(String);

impl<'a> FromContext<'a> for Shouted {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(Self(cx.event_name().to_uppercase()))
    }
}

#[socketio_controller]
#[derive(Default)]
struct Examples {
    #[state]
    count: u32,
}

#[handlers]
impl Examples {
    /// Returns how often this handler is polled until another task wakes it.
    #[on_event]
    async fn polls(&self) -> u32 {
        let notify = Arc::new(tokio::sync::Notify::new());
        let (mut polls, sender) = (0, notify.clone());
        let mut notified = std::pin::pin!(notify.notified());
        std::future::poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                let sender = sender.clone();
                tokio::spawn(async move { sender.notify_one() });
            }
            notified.as_mut().poll(cx)
        })
        .await;
        polls
    }

    #[on_event]
    fn count(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    #[on_event]
    async fn sum(&mut self, a: i64, b: Option<i64>) -> i64 {
        tokio::task::yield_now().await;
        a + b.unwrap_or_default()
    }

    #[on_event]
    fn nothing(&mut self) {}

    #[on_event]
    fn null(&mut self) -> Option<u8> {
        None
    }

    #[on_event]
    fn two(&mut self) -> (u8, &'static str) {
        (1, "b")
    }

    #[on_event]
    fn one_tuple(&mut self) -> ((u8, u8),) {
        ((1, 2),)
    }

    #[on_event]
    fn list(&mut self) -> Vec<u8> {
        vec![1, 2]
    }

    #[on_event]
    fn visible_error(&mut self, who: String) -> Result<u8, RoomError> {
        match who.as_str() {
            "full" => Err(RoomError::Full),
            "broken" => Err(RoomError::Broken(who)),
            _ => Err(RoomError::Banned(who)),
        }
    }

    #[on_event]
    fn plain(&mut self) -> Result<u8, Plain> {
        Err(Plain)
    }

    #[on_event]
    async fn any_error(&mut self, text: String) -> Result<u8, EventError> {
        Ok(text.parse()?)
    }

    #[on_event]
    fn boxed(&mut self) -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
        Err("a secret".into())
    }

    #[on_event]
    fn text_error(&mut self) -> Result<u8, &'static str> {
        Err("a plain text")
    }

    #[on_event]
    fn with_data(&mut self) -> Result<u8, EventError> {
        Err(EventError::new("no")
            .with_code("nope")
            .with_data(&json!({ "left": 3 })))
    }

    #[on_event]
    async fn panics(&mut self) -> u8 {
        tokio::task::yield_now().await;
        panic!("a secret")
    }

    #[on_event]
    fn panics_at_once(&mut self) -> u8 {
        panic!("a secret")
    }

    #[on_event]
    async fn borrowed(&mut self, text: &str, post: Borrowed<'_>) -> String {
        tokio::task::yield_now().await;
        format!("{text}/{}/{}", post.text, post.n)
    }

    /// Returns for each argument whether it borrows from the packet.
    #[on_event]
    fn borrowed_cow(
        &mut self,
        text: Cow<'_, str>,
        more: Option<Cow<'_, str>>,
    ) -> (bool, Option<bool>) {
        let is_borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
        (is_borrowed(&text), more.as_ref().map(is_borrowed))
    }

    #[on_event]
    fn bytes(&mut self, data: &[u8], upload: Upload) -> (Binary, Upload) {
        let reversed: Vec<u8> = data.iter().rev().copied().collect();
        (reversed.into(), upload)
    }

    #[on_event]
    fn emit_bytes(&mut self, socket: &Socket, upload: Upload) -> Result<(), EmitError> {
        socket.emit("bytes", &upload)
    }

    #[on_event]
    fn args(&mut self, socket: Socket, args: Args) -> Result<usize, EmitError> {
        socket.emit("again", &args)?;
        Ok(args.len())
    }

    #[on_event("with space \"and\" quotes ☃")]
    fn odd_name(&mut self, info: EventInfo) -> String {
        info.name().to_owned()
    }

    #[on_event]
    fn shouted(&mut self, Shouted(name): Shouted, n: u8) -> (String, u8) {
        (name, n)
    }

    #[on_event(blocking)]
    fn blocking(&mut self, n: u64) -> u64 {
        self.count += 1;
        n * 2
    }

    #[on_event]
    async fn ack_later(&mut self, ack: Ack, n: u8) {
        tokio::spawn(async move { ack.send((n, "later")) });
    }

    #[on_event]
    fn ack_dropped(&mut self, _ack: Ack) {}

    #[on_event]
    fn ack_dropped_later(&mut self, ack: Ack) {
        tokio::spawn(async move { drop(ack) });
    }

    #[on_event]
    async fn ack_failed(&mut self, ack: Ack, n: u8) -> Result<(), RoomError> {
        if n > 0 {
            return Err(RoomError::Full);
        }
        // The client may have disconnected. Then nobody needs the answer.
        let _ = ack.send("fine");
        Ok(())
    }

    #[on_event]
    fn remaining(&mut self, first: u8, rest: RestArgs) -> (u8, usize, Args) {
        (first, rest.0.len(), rest.0)
    }

    #[on_event]
    fn ack_left_unanswered(&mut self, ack: Ack) {
        ack.leave_unanswered();
    }

    #[on_event("*")]
    fn rest(&mut self, info: EventInfo) -> (String, Args) {
        (info.name().to_owned(), info.args().clone())
    }
}

async fn server() -> Server {
    Server::of(App::builder_of::<Examples>()).await
}

async fn answer(event: &str, args: Value) -> Value {
    server().await.join("/").await.call(event, args).await
}

#[tokio::test]
async fn arguments_are_positional_and_typed() {
    assert_eq!(answer("sum", json!([1, 2])).await, json!([3]));
    assert_eq!(answer("sum", json!([1])).await, json!([1]));
    assert_eq!(answer("sum", json!([1, null])).await, json!([1]));
    assert_eq!(answer("sum", json!([1, 2, "extra", {}])).await, json!([3]));
}

#[tokio::test]
async fn a_missing_or_wrong_argument_is_named_in_the_answer() {
    let missing = json!([{ "error": "argument `a` is missing", "code": "invalid_argument" }]);
    assert_eq!(answer("sum", json!([])).await, missing);
    let wrong = answer("sum", json!(["x"])).await;
    let text = wrong[0]["error"].as_str().unwrap();
    assert!(
        text.starts_with("argument `a`") && text.contains("i64"),
        "{text}"
    );
    let inner = answer("borrowed", json!(["t", { "text": "x", "n": 999 }])).await;
    let text = inner[0]["error"].as_str().unwrap();
    assert!(text.contains("`post`") && text.contains('n'), "{text}");
}

#[tokio::test]
async fn return_values_are_the_acknowledgement() {
    assert_eq!(answer("nothing", json!([])).await, json!([]));
    assert_eq!(answer("null", json!([])).await, json!([null]));
    assert_eq!(answer("two", json!([])).await, json!([1, "b"]));
    assert_eq!(answer("one_tuple", json!([])).await, json!([[1, 2]]));
    assert_eq!(answer("list", json!([])).await, json!([[1, 2]]));
}

#[tokio::test]
async fn an_error_shows_the_client_what_its_type_allows() {
    assert_eq!(
        answer("visible_error", json!(["full"])).await,
        json!([{ "error": "the room is full", "code": "full" }])
    );
    assert_eq!(
        answer("visible_error", json!(["eve"])).await,
        json!([{ "error": "eve is banned", "code": "banned" }])
    );
    assert_eq!(
        answer("text_error", json!([])).await,
        json!([{ "error": "a plain text" }])
    );
    let with_data = json!([{ "error": "no", "code": "nope", "data": { "left": 3 } }]);
    assert_eq!(answer("with_data", json!([])).await, with_data);
}

#[tokio::test]
async fn any_other_error_is_internal_with_an_id() {
    for (event, args) in [
        ("visible_error", json!(["broken"])),
        ("plain", json!([])),
        ("any_error", json!(["not a number"])),
        ("boxed", json!([])),
        ("panics", json!([])),
        ("panics_at_once", json!([])),
    ] {
        let answer = answer(event, args).await;
        assert_eq!(answer[0]["error"], "internal error", "{event}");
        assert!(!answer[0]["id"].as_str().unwrap().is_empty(), "{event}");
        assert!(!answer.to_string().contains("secret"), "{event}");
    }
}

#[tokio::test]
async fn the_controller_is_kept_after_a_panic() {
    let server = server().await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("count", json!([])).await, json!([1]));
    client.call("panics", json!([])).await;
    assert_eq!(client.call("count", json!([])).await, json!([2]));
    let mut other = server.join("/").await;
    assert_eq!(
        other.call("count", json!([])).await,
        json!([1]),
        "each socket has its own controller"
    );
}

#[tokio::test]
async fn payloads_may_borrow_with_and_without_escapes() {
    let args = json!(["plain", { "text": "with \"escapes\"\n", "n": 7 }]);
    assert_eq!(
        answer("borrowed", args).await,
        json!(["plain/with \"escapes\"\n/7"])
    );
}

#[tokio::test]
async fn text_without_escapes_is_borrowed_from_the_packet() {
    for (args, expected) in [
        (json!(["plain"]), json!([true, null])),
        (json!(["plain", "too"]), json!([true, true])),
        (json!(["a\nb", "plain"]), json!([false, true])),
    ] {
        assert_eq!(answer("borrowed_cow", args).await, expected);
    }
}

#[tokio::test]
async fn names_may_have_escapes_and_any_script() {
    let name = "with space \"and\" quotes ☃";
    assert_eq!(answer(name, json!([])).await, json!([name]));
}

#[tokio::test]
async fn custom_extractors_may_stand_between_arguments() {
    assert_eq!(answer("shouted", json!([5])).await, json!(["SHOUTED", 5]));
}

#[tokio::test]
async fn a_blocking_handler_can_use_the_controller() {
    let server = server().await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("blocking", json!([21])).await, json!([42]));
    assert_eq!(client.call("count", json!([])).await, json!([2]));
}

#[tokio::test]
async fn events_without_a_handler_go_to_the_catch_all_handler() {
    assert_eq!(
        answer("unknown", json!([1, "x"])).await,
        json!(["unknown", [1, "x"]])
    );
}

#[tokio::test]
async fn bytes_are_received_and_sent_anywhere_in_arguments() {
    let server = server().await;
    let mut client = server.join("/").await;
    client
        .send(r#"452-7["bytes",{"_placeholder":true,"num":1},{"name":"f","data":{"_placeholder":true,"num":0}}]"#)
        .await;
    client.send_binary(&[9]).await;
    client.send_binary(&[1, 2, 3]).await;
    assert_eq!(
        client.text().await,
        r#"462-7[{"_placeholder":true,"num":0},{"name":"f","data":{"_placeholder":true,"num":1}}]"#
    );
    assert_eq!(client.binary().await, [3, 2, 1]);
    assert_eq!(client.binary().await, [9]);

    client
        .send(r#"451-["emit_bytes",{"name":"g","data":{"_placeholder":true,"num":0}}]"#)
        .await;
    client.send_binary(&[4, 5]).await;
    assert_eq!(
        client.text().await,
        r#"451-["bytes",{"name":"g","data":{"_placeholder":true,"num":0}}]"#
    );
    assert_eq!(client.binary().await, [4, 5]);
}

#[tokio::test]
async fn args_are_forwarded_unchanged() {
    let server = server().await;
    let mut client = server.join("/").await;
    client
        .send(r#"451-3["args",{"a": [1,  2]},{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[7]).await;
    let again = client.text().await;
    assert_eq!(
        again,
        r#"451-["again",{"a": [1,  2]},{"_placeholder":true,"num":0}]"#
    );
    assert_eq!(client.binary().await, [7]);
    assert_eq!(client.text().await, "433[2]");
}

#[tokio::test]
async fn a_handler_may_send_the_acknowledgement_itself() {
    assert_eq!(answer("ack_later", json!([5])).await, json!([5, "later"]));
    let not_answered = json!([{ "error": "not answered", "code": "not_answered" }]);
    assert_eq!(answer("ack_dropped", json!([])).await, not_answered);
    assert_eq!(answer("ack_dropped_later", json!([])).await, not_answered);
    assert_eq!(answer("ack_failed", json!([0])).await, json!(["fine"]));
    assert_eq!(
        answer("ack_failed", json!([1])).await[0]["error"],
        "the room is full"
    );
    assert_eq!(
        answer("ack_failed", json!([])).await[0]["error"],
        "argument `n` is missing"
    );
}

#[tokio::test]
async fn a_waiting_handler_is_polled_only_when_it_is_woken() {
    assert_eq!(answer("polls", json!([])).await, json!([2]));
}

#[tokio::test]
async fn rest_args_are_the_arguments_that_no_parameter_took() {
    assert_eq!(
        answer("remaining", json!([1, "b", { "c": 3 }])).await,
        json!([1, 2, ["b", { "c": 3 }]])
    );
    assert_eq!(answer("remaining", json!([1])).await, json!([1, 0, []]));
}

#[tokio::test]
async fn an_event_without_an_acknowledgement_gets_no_answer() {
    let server = server().await;
    let mut client = server.join("/").await;
    client.send(r#"42["two"]"#).await;
    client.send(r#"42["plain"]"#).await;
    client.send(r#"42["ack_later",1]"#).await;
    client.send(r#"425["ack_left_unanswered"]"#).await;
    assert_eq!(client.call("count", json!([])).await, json!([1]));
}
