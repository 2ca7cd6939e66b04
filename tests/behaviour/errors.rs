//! The same errors in `connect` handlers and in event handlers: the texts that a client receives,
//! and the error that `#[on_error]` gets.

use crate::common::Server;
use serde_json::{Value, json};
use specter::prelude::*;

type Boxed = Box<dyn std::error::Error>;

#[derive(Debug, thiserror::Error, IntoEventError)]
enum DoorError {
    #[error("the door is shut")]
    Shut,
    #[error("the key {0} broke")]
    #[event_error(internal)]
    Broken(u8),
}

#[derive(serde::Deserialize)]
struct Knock {
    how: String,
}

#[socketio_controller]
struct Door;

#[handlers]
impl Door {
    #[on_event("connect")]
    fn connect(&mut self, Auth(knock): Auth<Knock>) -> Result<(), DoorError> {
        match knock.how.as_str() {
            "shut" => Err(DoorError::Shut),
            "broken" => Err(DoorError::Broken(7)),
            _ => Ok(()),
        }
    }
}

#[socketio_controller]
struct Texts;

#[handlers]
impl Texts {
    #[on_event("connect")]
    fn connect(&mut self, Auth(knock): Auth<Knock>) -> Result<(), &'static str> {
        if knock.how == "loud" {
            return Err("not so loud");
        }
        Ok(())
    }
}

#[socketio_controller]
struct Boxes;

#[handlers]
impl Boxes {
    #[on_event("connect")]
    async fn connect(&mut self, Auth(knock): Auth<Option<Knock>>) -> Result<(), Boxed> {
        tokio::task::yield_now().await;
        knock.ok_or("a secret")?;
        Ok(())
    }

    #[on_event]
    async fn number(&mut self, text: String) -> Result<u8, Boxed> {
        tokio::task::yield_now().await;
        Ok(text.parse()?)
    }

    #[on_error]
    fn failed(&mut self, socket: Socket, error: EventError) -> Result<(), Boxed> {
        socket.emit("failed", error.is_internal())?;
        Ok(())
    }
}

/// The `CONNECT_ERROR` payload that answers a CONNECT with this auth payload. The empty string is
/// none.
async fn connect_error(server: &Server, auth: &str) -> Value {
    let mut client = server.open().await;
    client.send(format!("40{auth}")).await;
    let answer = client.text().await;
    let json = answer
        .strip_prefix("44")
        .unwrap_or_else(|| panic!("{answer}"));
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn connect_error_has_the_text_that_the_error_allows() {
    let server = Server::of(App::builder_of::<Door>()).await;
    let visible = connect_error(&server, r#"{"how":"shut"}"#).await;
    assert_eq!(visible["message"], "the door is shut");
    let internal = connect_error(&server, r#"{"how":"broken"}"#).await;
    assert_eq!(internal["message"], "internal error");
    assert!(internal["data"]["id"].is_string(), "{internal}");
}

#[tokio::test]
async fn a_text_as_error_reaches_the_client() {
    let server = Server::of(App::builder_of::<Texts>()).await;
    let visible = connect_error(&server, r#"{"how":"loud"}"#).await;
    assert_eq!(visible["message"], "not so loud");
}

#[tokio::test]
async fn a_boxed_error_is_internal_at_connect_and_at_events() {
    let server = Server::of(App::builder_of::<Boxes>()).await;
    let internal = connect_error(&server, "").await;
    assert_eq!(internal["message"], "internal error");

    let mut client = server.open().await;
    client.connect("/", json!({ "how": "softly" })).await;
    assert_eq!(client.call("number", json!(["7"])).await, json!([7]));
    client.send(r#"421["number","x"]"#).await;
    let mut answers = [client.text().await, client.text().await];
    answers.sort();
    assert_eq!(answers[0], r#"42["failed",true]"#);
    assert!(
        answers[1].starts_with(r#"431[{"error":"internal error","id":"#),
        "{}",
        answers[1]
    );
}
