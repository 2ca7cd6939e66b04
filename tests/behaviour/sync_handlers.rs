//! Handlers that are no `async fn`, which are called on the controller in place. The controller
//! keeps its state, even if a handler fails or panics.

use std::collections::HashMap;

use crate::common::Server;
use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use serde_json::json;
use specter::prelude::*;

#[socketio_controller]
struct Counts {
    #[state]
    count: u32,
}

#[handlers]
impl Counts {
    #[on_event]
    fn add(&mut self, fails: bool) -> Result<u32, EventError> {
        self.count += 1;
        if fails {
            return Err(EventError::new("failed"));
        }
        Ok(self.count)
    }

    #[on_event]
    fn panic(&mut self) {
        self.count += 1;
        panic!("on purpose");
    }

    #[on_event]
    fn wants_ack(&self, socket: &Socket, WantsAck(wants_ack): WantsAck) -> Result<u32, EmitError> {
        if !wants_ack {
            socket.emit("count", self.count)?;
        }
        Ok(self.count)
    }

    #[on_event]
    async fn wants_ack_later(
        &self,
        socket: &Socket,
        wants_ack: WantsAck,
    ) -> Result<u32, EmitError> {
        tokio::task::yield_now().await;
        self.wants_ack(socket, wants_ack)
    }
}

#[tokio::test]
async fn the_controller_is_kept_after_failures_and_panics() {
    let server = Server::of(App::builder_of::<Counts>()).await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("add", json!([false])).await, json!([1]));
    let failed = client.call("add", json!([true])).await;
    assert_eq!(failed[0]["error"], "failed", "{failed}");
    let panicked = client.call("panic", json!([])).await;
    assert!(panicked[0]["error"].is_string(), "{panicked}");
    let undecodable = client.call("add", json!(["no flag"])).await;
    assert!(undecodable[0]["error"].is_string(), "{undecodable}");
    assert_eq!(client.call("add", json!([false])).await, json!([4]));
}

#[tokio::test]
async fn a_handler_knows_whether_an_acknowledgement_is_requested() {
    let server = Server::of(App::builder_of::<Counts>()).await;
    let mut client = server.join("/").await;
    for event in ["wants_ack", "wants_ack_later"] {
        client.send(format!(r#"421["{event}"]"#)).await;
        assert_eq!(client.text().await, "431[0]");
        client.send(format!(r#"42["{event}"]"#)).await;
        assert_eq!(client.text().await, r#"42["count",0]"#);
    }
}

#[socketio_controller(on_panic = "disconnect")]
struct DisconnectsOnPanic {
    #[state]
    started: bool,
}

#[handlers]
impl DisconnectsOnPanic {
    #[on_event]
    fn panic(&mut self) {
        self.started = true;
        panic!("on purpose");
    }

    #[on_event]
    fn started(&self) -> bool {
        self.started
    }
}

#[tokio::test]
async fn a_panic_disconnects_if_the_controller_is_declared_so() {
    let server = Server::of(App::builder_of::<DisconnectsOnPanic>()).await;
    let mut client = server.join("/").await;
    client
        .send_all([r#"42["panic"]"#, r#"421["started"]"#].map(str::to_owned))
        .await;
    assert_eq!(client.text().await, "41");
    client.send("40").await;
    assert!(client.text().await.starts_with("40{"));
    assert_eq!(client.call("started", json!([])).await, json!([false]));
}

/// An answer that emits an event while it is serialized, and that can panic then or when it is
/// dropped.
struct Eventful {
    socket: Socket,
    panics: Option<Moment>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Writing,
    Dropping,
}

impl Serialize for Eventful {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.socket.emit("writing", ()).map_err(S::Error::custom)?;
        assert!(self.panics != Some(Moment::Writing), "on purpose");
        serializer.serialize_str("written")
    }
}

impl Drop for Eventful {
    fn drop(&mut self) {
        assert!(self.panics != Some(Moment::Dropping), "on purpose");
    }
}

/// A value that JSON cannot represent.
#[derive(Serialize)]
struct Unwritable(HashMap<(u8, u8), u8>);

/// Replaces the handler's answer.
#[injectable]
struct Another;

impl Interceptor for Another {
    async fn intercept(
        &self,
        _: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> Result<HandlerOutcome, EventError> {
        next.run().await?;
        HandlerOutcome::answer(&"another")
    }
}

#[socketio_controller]
struct Answers;

#[module(controllers = [Answers], providers = [Another])]
struct AnswersModule;

#[handlers]
impl Answers {
    fn eventful(socket: &Socket, panics: Option<Moment>) -> Eventful {
        let socket = socket.clone();
        Eventful { socket, panics }
    }

    #[on_event]
    fn emits(&self, socket: &Socket) -> Eventful {
        Self::eventful(socket, None)
    }

    #[on_event]
    fn panics_writing(&self, socket: &Socket) -> Eventful {
        Self::eventful(socket, Some(Moment::Writing))
    }

    #[on_event]
    fn panics_dropping(&self, socket: &Socket) -> Eventful {
        Self::eventful(socket, Some(Moment::Dropping))
    }

    #[on_event]
    fn unwritable(&self) -> Unwritable {
        Unwritable([((0, 0), 0)].into())
    }

    #[on_event]
    fn long(&self, length: usize) -> String {
        "x".repeat(length)
    }

    #[on_event]
    fn attached(&self) -> (u8, Binary) {
        (1, Binary::from(vec![2, 3]))
    }

    #[on_event(interceptors(Another))]
    fn replaced(&self) -> u8 {
        1
    }

    #[on_event]
    fn leaves(&self, socket: &Socket) -> u8 {
        socket.disconnect();
        1
    }
}

#[tokio::test]
async fn events_emitted_while_an_answer_is_serialized_are_sent_before_it() {
    let server = Server::of(App::builder::<AnswersModule>()).await;
    let mut client = server.join("/").await;
    let sent = [r#"421["long",1]"#, r#"422["emits"]"#, r#"423["long",2]"#];
    client.send_all(sent.map(str::to_owned)).await;
    for expected in [
        r#"431["x"]"#,
        r#"42["writing"]"#,
        r#"432["written"]"#,
        r#"433["xx"]"#,
    ] {
        assert_eq!(client.text().await, expected);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_serialized_is_replaced_by_an_error() {
    let server = Server::of(App::builder::<AnswersModule>()).await;
    let mut client = server.join("/").await;
    let sent = [
        r#"421["long",1]"#,
        r#"422["unwritable"]"#,
        r#"423["panics_writing"]"#,
        r#"424["long",2]"#,
    ];
    client.send_all(sent.map(str::to_owned)).await;
    assert_eq!(client.text().await, r#"431["x"]"#);
    for expected in [r#"432[{"error":"#, r#"42["writing"]"#, r#"433[{"error":"#] {
        let text = client.text().await;
        assert!(text.starts_with(expected), "{text}");
    }
    assert_eq!(client.text().await, r#"434["xx"]"#);
}

/// The answer was sent before the panic, and a client accepts only one answer.
#[tokio::test]
async fn a_panic_after_an_answer_sends_no_second_answer() {
    let server = Server::of(App::builder::<AnswersModule>()).await;
    let mut client = server.join("/").await;
    let sent = [r#"421["panics_dropping"]"#, r#"422["long",1]"#];
    client.send_all(sent.map(str::to_owned)).await;
    for expected in [r#"42["writing"]"#, r#"431["written"]"#, r#"432["x"]"#] {
        assert_eq!(client.text().await, expected);
    }
}

#[tokio::test]
async fn answers_of_all_lengths_keep_their_order() {
    let server = Server::of(App::builder::<AnswersModule>()).await;
    let mut client = server.join("/").await;
    // Lengths around those at which the WebSocket header grows, and sums around the size of the
    // write batch.
    let batches = [
        &[117, 118, 1, 65_527, 65_528][..],
        &[8_000; 5],
        &[1, 9_000, 8_000, 70_000, 1],
    ];
    for lengths in batches {
        let numbered = (10..).zip(lengths);
        let sent = numbered.clone();
        let sent = sent.map(|(id, length)| format!(r#"42{id}["long",{length}]"#));
        client.send_all(sent).await;
        for (id, length) in numbered {
            let text = client.text().await;
            let expected = format!(r#"43{id}["{}"]"#, "x".repeat(*length));
            assert!(text == expected, "{id}");
        }
    }
}

/// Only the answer of a handler without policies is sent at once. The handler with an interceptor
/// follows such a handler.
#[tokio::test]
async fn an_answer_is_not_sent_before_the_interceptors_of_its_handler_end() {
    let server = Server::of(App::builder::<AnswersModule>()).await;
    let mut client = server.join("/").await;
    for _ in 0..2 {
        assert_eq!(client.call("long", json!([1])).await, json!(["x"]));
        let replaced = client.call("replaced", json!([])).await;
        assert_eq!(replaced, json!(["another"]));
    }
}

#[tokio::test]
async fn attachments_follow_the_packet_of_their_answer() {
    let server = Server::of(App::builder::<AnswersModule>()).await;
    let mut client = server.join("/").await;
    let sent = [r#"420["long",1]"#, r#"421["attached"]"#, r#"422["long",1]"#];
    client.send_all(sent.map(str::to_owned)).await;
    assert_eq!(client.text().await, r#"430["x"]"#);
    assert_eq!(
        client.text().await,
        r#"461-1[1,{"_placeholder":true,"num":0}]"#
    );
    assert_eq!(client.binary().await, [2, 3]);
    assert_eq!(client.text().await, r#"432["x"]"#);
}

#[tokio::test]
async fn a_handler_that_disconnects_its_socket_is_answered_before_the_disconnect() {
    let server = Server::of(App::builder::<AnswersModule>()).await;
    let mut client = server.join("/").await;
    client.send(r#"421["leaves"]"#).await;
    assert_eq!(client.text().await, "431[1]");
    assert_eq!(client.text().await, "41");
}
