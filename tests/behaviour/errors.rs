//! The same errors in every kind of handler: what a client reads of them at `connect`, at events,
//! and what `#[on_error]` gets.

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
    fn shown(&mut self, Auth(knock): Auth<Knock>) -> Result<(), DoorError> {
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
    fn arrive(&mut self, Auth(knock): Auth<Knock>) -> Result<(), &'static str> {
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
    async fn arrive(&mut self, Auth(knock): Auth<Option<Knock>>) -> Result<(), Boxed> {
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

/// What `connect` answers to a client with this auth payload, or with none.
async fn refused(server: &Server, auth: &str) -> Value {
    let mut client = server.open().await;
    client.send(format!("40{auth}")).await;
    let answer = client.text().await;
    let json = answer
        .strip_prefix("44")
        .unwrap_or_else(|| panic!("{answer}"));
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn connect_refuses_with_what_the_error_shows() {
    let server = Server::of(App::builder_of::<Door>()).await;
    let shown = refused(&server, r#"{"how":"shut"}"#).await;
    assert_eq!(shown["message"], "the door is shut");
    let hidden = refused(&server, r#"{"how":"broken"}"#).await;
    assert_eq!(hidden["message"], "internal error");
    assert!(hidden["data"]["id"].is_string(), "{hidden}");
}

#[tokio::test]
async fn connect_refuses_with_a_text_of_the_program() {
    let server = Server::of(App::builder_of::<Texts>()).await;
    let shown = refused(&server, r#"{"how":"loud"}"#).await;
    assert_eq!(shown["message"], "not so loud");
}

#[tokio::test]
async fn a_boxed_error_is_internal_everywhere() {
    let server = Server::of(App::builder_of::<Boxes>()).await;
    let hidden = refused(&server, "").await;
    assert_eq!(hidden["message"], "internal error");

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
