//! Packets with more attachments than clients accept: encoding them fails on the server, so that
//! the client does not close its connection.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{Log, Server};
use serde_json::{Value, json};
use specter::app::AppBuilder;
use specter::gateway::{HandlerOutcome, InterceptContext, Interceptor, Next};
use specter::prelude::*;

fn bytes(count: usize) -> Vec<Binary> {
    vec![Binary::from(b"x"); count]
}

/// Replaces the handler's answer by one with the number of attachments that the event requests.
#[injectable]
struct ReplaceAnswer;

impl Interceptor for ReplaceAnswer {
    async fn intercept(
        &self,
        cx: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> Result<HandlerOutcome, EventError> {
        next.run().await?;
        HandlerOutcome::answer(&bytes(cx.event().args().get(0)?))
    }
}

#[socketio_controller]
struct Album {
    io: Io,
    groups: BroadcastGroup,
    log: Arc<Log>,
}

#[handlers]
impl Album {
    #[on_event]
    fn emits(&mut self, socket: &Socket, count: usize) -> Vec<String> {
        let groups = self.groups.clone();
        let subscribed = groups.subscribe("all", socket);
        assert!(subscribed.is_ok());
        let emitted = [
            socket.emit("photos", bytes(count)),
            self.io.emit("photos", bytes(count)),
            socket.namespace().emit("photos", bytes(count)),
            groups.broadcast("all", "photos", bytes(count)),
        ];
        let results = emitted.map(|emitted| match emitted {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("{}: {error}", error.code()),
        });
        results.into()
    }

    #[on_event]
    async fn asks(&mut self, socket: &Socket, count: usize) -> &'static str {
        let answer = socket.emit_with_ack::<()>("photos", bytes(count));
        match answer.timeout(Duration::from_secs(10)).await {
            Ok(()) => "ok",
            Err(error) => error.code(),
        }
    }

    #[on_event]
    fn answers(&mut self, count: usize) -> Vec<Binary> {
        bytes(count)
    }

    #[on_event]
    async fn answers_later(&mut self, count: usize) -> Vec<Binary> {
        tokio::task::yield_now().await;
        bytes(count)
    }

    #[on_event]
    fn answers_by_hand(&mut self, ack: Ack, count: usize) {
        let sent = ack.send(bytes(count));
        self.log
            .say(sent.map_or_else(|error| error.code(), |()| "ok"));
    }

    #[on_event("intercepted", interceptors(ReplaceAnswer))]
    fn intercepted(&mut self) {}

    #[on_event]
    fn passes_on(&mut self, args: Args) -> Args {
        args
    }
}

const TOO_MANY: &str = "socket_encode_too_many_attachments";

fn builder() -> (AppBuilder, crate::common::LogReader) {
    let (log, reader) = Log::new();
    let builder = App::builder_of::<Album>().provide(log);
    (builder.provide(ReplaceAnswer), reader)
}

#[tokio::test]
async fn ten_attachments_are_sent_and_eleven_are_an_error() {
    let (builder, _log) = builder();
    let server = Server::of(builder).await;
    let mut client = server.join("/").await;
    let refused = client.call("emits", json!([11])).await;
    for result in refused[0].as_array().unwrap() {
        let result = result.as_str().unwrap();
        for part in [
            TOO_MANY,
            "11 attachments",
            "at most 10",
            "JavaScript clients",
            "max_outgoing_attachments",
        ] {
            assert!(result.contains(part), "{part} in {result}");
        }
    }
    client.send(r#"427["emits",10]"#).await;
    for _ in 0..4 {
        assert!(client.text().await.starts_with(r#"4510-["photos","#));
        for _ in 0..10 {
            assert_eq!(client.binary().await, b"x");
        }
    }
    assert_eq!(client.text().await, r#"437[["ok","ok","ok","ok"]]"#);
    assert_eq!(client.call("asks", json!([11])).await, json!([TOO_MANY]));
}

#[tokio::test]
async fn an_answer_with_more_attachments_becomes_an_error() {
    let (builder, mut log) = builder();
    let server = Server::of(builder).await;
    let mut client = server.join("/").await;
    for event in ["answers", "answers_later", "answers_by_hand", "intercepted"] {
        let answer = client.call(event, json!([11])).await;
        assert_eq!(answer[0]["error"], json!("internal error"), "{event}");
        assert!(answer[0]["id"].is_string(), "{event}: {answer}");
        client.send(format!(r#"427["{event}",10]"#)).await;
        assert!(client.text().await.starts_with("4610-7["), "{event}");
        for _ in 0..10 {
            assert_eq!(client.binary().await, b"x", "{event}");
        }
    }
    assert_eq!(log.line().await, TOO_MANY);
    assert_eq!(log.line().await, "ok");
}

#[tokio::test]
async fn received_arguments_are_forwarded_only_if_clients_accept_them() {
    let (builder, _log) = builder();
    let server = Server::of(builder.socket(|config| config.max_attachments(11))).await;
    let mut client = server.join("/").await;
    for (count, sent) in [(10, true), (11, false)] {
        let placeholders: Vec<Value> = (0..count)
            .map(|number| json!({"_placeholder": true, "num": number}))
            .collect();
        let arguments = serde_json::to_string(&placeholders).unwrap();
        client
            .send(format!(r#"45{count}-7["passes_on",{arguments}]"#))
            .await;
        for _ in 0..count {
            client.send_binary(b"y").await;
        }
        let answer = client.text().await;
        if sent {
            assert!(answer.starts_with("4610-7["), "{answer}");
            for _ in 0..count {
                assert_eq!(client.binary().await, b"y");
            }
        } else {
            assert!(answer.contains("internal error"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_setting_allows_more_attachments() {
    let (builder, _log) = builder();
    let server = Server::of(builder.socket(|config| config.max_outgoing_attachments(12))).await;
    let mut client = server.join("/").await;
    client.send(r#"427["answers",12]"#).await;
    assert!(client.text().await.starts_with("4612-7["));
    for _ in 0..12 {
        assert_eq!(client.binary().await, b"x");
    }
    let answer = client.call("answers", json!([13])).await;
    assert_eq!(answer[0]["error"], json!("internal error"));
}

#[tokio::test]
async fn a_setting_above_the_limit_of_a_packet_fails_at_start() {
    let (builder, _log) = builder();
    let builder = builder.socket(|config| config.max_outgoing_attachments(256));
    let error = builder.create().await.map(drop).unwrap_err().to_string();
    assert!(
        error.contains("`max_outgoing_attachments` must be at most 255"),
        "{error}"
    );
}
