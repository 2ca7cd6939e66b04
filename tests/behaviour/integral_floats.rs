//! Integers that a client wrote as floats, as Python clients may do: `1.0` is accepted as an
//! integer, `1.5` is not.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::Server;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use specter::extract::Valid;
use specter::prelude::*;

#[derive(Debug, Serialize, Deserialize, Validate)]
struct Move {
    #[garde(range(max = 90))]
    x: u8,
    #[garde(skip)]
    speed: f64,
    #[garde(skip)]
    path: Vec<Option<i32>>,
    #[garde(skip)]
    names: BTreeMap<String, u64>,
    #[garde(skip)]
    note: Value,
}

#[socketio_controller]
struct Game;

#[handlers]
impl Game {
    #[on_event("connect")]
    fn connect(
        &mut self,
        socket: &Socket,
        Auth(auth): Auth<Option<Move>>,
    ) -> Result<(), EmitError> {
        if auth.is_none() {
            return Ok(());
        }
        let from_socket = socket.auth::<Move>();
        socket.emit("welcome", (auth, from_socket.and_then(Result::ok)))
    }

    #[on_event]
    fn step(&mut self, step: Move) -> Move {
        step
    }

    #[on_event]
    fn valid(&mut self, Valid(step): Valid<Move>) -> Move {
        step
    }

    #[on_event]
    fn numbers(
        &mut self,
        small: i8,
        large: u128,
        float: f32,
        value: Value,
    ) -> (i8, String, f32, Value) {
        (small, large.to_string(), float, value)
    }

    #[on_event]
    fn args(&mut self, args: Args) -> Args {
        args
    }

    #[on_event]
    async fn ask(&mut self, socket: &Socket) -> Result<(u8, i64), EventError> {
        let answer = socket.emit_with_ack("question", ());
        Ok(answer.timeout(Duration::from_secs(10)).await?)
    }
}

async fn server() -> Server {
    Server::of(App::builder_of::<Game>()).await
}

/// A move as a Python client sends it, and the same move as the handlers' types serialize it.
const SENT: &str = r#"{"x":1.0,"speed":2.0,"path":[3e0,null],"names":{"a":4.0},"note":5.0}"#;
const READ: &str = r#"{"x":1,"speed":2.0,"path":[3,null],"names":{"a":4},"note":5.0}"#;

#[tokio::test]
async fn integral_floats_are_integers_to_handlers_that_take_integers() {
    let server = server().await;
    let mut client = server.join("/").await;
    for (event, arguments, expected) in [
        ("step", SENT, READ),
        ("valid", SENT, READ),
        (
            "numbers",
            "-0.0,1.0e20,1.0,1.0",
            r#"0,"100000000000000000000",1.0,1.0"#,
        ),
        ("args", "1.0,[2e3]", "1.0,[2e3]"),
    ] {
        client.send(format!(r#"427["{event}",{arguments}]"#)).await;
        assert_eq!(client.text().await, format!("437[{expected}]"), "{event}");
    }
}

#[tokio::test]
async fn integral_floats_are_integers_at_connect_and_in_answers() {
    let server = server().await;
    let mut client = server.open().await;
    client.send(format!("40{SENT}")).await;
    assert!(client.text().await.starts_with("40{"));
    let welcome = client.text().await;
    assert_eq!(welcome, format!(r#"42["welcome",{READ},{READ}]"#));
    for (answer, expected) in [("1.0,-2e3", "435[1,-2000]"), ("1,2", "435[1,2]")] {
        client.send(r#"425["ask"]"#).await;
        let question = client.text().await;
        let id = question.strip_prefix("42").unwrap();
        let id: String = id.chars().take_while(char::is_ascii_digit).collect();
        client.send(format!("43{id}[{answer}]")).await;
        assert_eq!(client.text().await, expected);
    }
}

#[tokio::test]
async fn a_number_that_is_no_integer_is_refused_with_argument_and_path() {
    let server = server().await;
    let mut client = server.join("/").await;
    for (fraction, what) in [
        ("1.5", "invalid type: floating point"),
        ("256.0", "invalid value: integer"),
    ] {
        let sent = SENT.replace("1.0", fraction);
        client.send(format!(r#"427["step",{sent}]"#)).await;
        let answer = client.text().await;
        let answer: Value = serde_json::from_str(answer.strip_prefix("437").unwrap()).unwrap();
        assert_eq!(answer[0]["code"], json!("invalid_argument"));
        let text = answer[0]["error"].as_str().unwrap();
        for part in ["`step`", "at `x`", what, "expected u8"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let mut refused = server.open().await;
    refused
        .send(format!("40{}", SENT.replace("1.0", "1.5")))
        .await;
    assert!(refused.text().await.contains("invalid auth"));
}
