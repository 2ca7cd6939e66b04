//! Text that a client cut inside a character, as `"👋".slice(0, 1)` does in JavaScript.
//!
//! Such a text contains a lone surrogate. The framework accepts it, replaces the lone surrogate by
//! U+FFFD, and passes it on as text that every client can read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::Server;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use specter::extract::{RestArgs, Valid};
use specter::prelude::*;

#[derive(Debug, Serialize, Deserialize, Validate)]
struct Note {
    #[garde(skip)]
    text: String,
    #[garde(skip)]
    tags: BTreeMap<String, Vec<String>>,
}

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("connect")]
    fn connect(
        &mut self,
        socket: &Socket,
        Auth(note): Auth<Option<Note>>,
    ) -> Result<(), EmitError> {
        match note {
            Some(note) => socket.emit("welcome", note.text),
            None => Ok(()),
        }
    }

    #[on_event]
    fn owned(&mut self, text: String) -> String {
        text
    }

    #[on_event]
    fn borrowed(&mut self, text: &str) -> String {
        text.to_owned()
    }

    #[on_event]
    fn cow(&mut self, text: Cow<'_, str>) -> String {
        text.into_owned()
    }

    #[on_event]
    fn value(&mut self, value: Value) -> Value {
        value
    }

    #[on_event]
    fn note(&mut self, note: Note) -> Note {
        note
    }

    #[on_event]
    fn valid(&mut self, Valid(note): Valid<Note>) -> Note {
        note
    }

    #[on_event]
    fn args(&mut self, args: Args) -> Args {
        args
    }

    #[on_event]
    fn rest(&mut self, _first: u8, rest: RestArgs) -> Args {
        rest.0
    }

    #[on_event("cut \u{fffd}")]
    fn cut(&mut self) -> &'static str {
        "called"
    }

    #[on_event]
    async fn ask(&mut self, socket: &Socket) -> Result<Note, EventError> {
        let answer = socket.emit_with_ack("question", ());
        Ok(answer.timeout(Duration::from_secs(10)).await?)
    }
}

async fn server() -> Server {
    Server::of(App::builder_of::<Chat>()).await
}

/// A note with lone surrogates, as a client sends it.
const NOTE: &str = r#"{"text":"cut \ud83d","tags":{"\uDE00":["\ud83d\ude00","\\ud83d"]}}"#;

/// The same note as handlers and other clients read it.
fn note() -> Value {
    json!({"text": "cut \u{fffd}", "tags": {"\u{fffd}": ["😀", r"\ud83d"]}})
}

#[tokio::test]
async fn cut_text_reaches_every_kind_of_parameter() {
    let server = server().await;
    let mut client = server.join("/").await;
    let text = json!("cut \u{fffd}");
    for (event, arguments, expected) in [
        ("owned", r#""cut \ud83d""#, json!([text])),
        ("borrowed", r#""cut \uD83D""#, json!([text])),
        ("cow", r#""cut \ud83d""#, json!([text])),
        ("value", NOTE, json!([note()])),
        ("note", NOTE, json!([note()])),
        ("valid", NOTE, json!([note()])),
        ("args", NOTE, json!([note()])),
        (
            "rest",
            &format!("1,{NOTE},\"\\ude00\""),
            json!([note(), "\u{fffd}"]),
        ),
        ("cut \\ud83d", "1", json!(["called"])),
    ] {
        client.send(format!(r#"427["{event}",{arguments}]"#)).await;
        let answer = client.text().await;
        // `serde_json` accepts no lone surrogate, so the answer contains none.
        let answer: Value = serde_json::from_str(answer.strip_prefix("437").unwrap()).unwrap();
        assert_eq!(answer, expected, "{event}");
    }
}

#[tokio::test]
async fn cut_text_in_an_answer_and_at_connect_is_repaired() {
    let server = server().await;
    let mut client = server.open().await;
    client.send(format!("40{NOTE}")).await;
    assert!(client.text().await.starts_with("40{"));
    assert_eq!(client.event().await, json!(["welcome", "cut \u{fffd}"]));
    client.send(r#"425["ask"]"#).await;
    assert_eq!(client.text().await, r#"420["question"]"#);
    client.send(format!("430[{NOTE}]")).await;
    let answer = client.text().await;
    let answer: Value = serde_json::from_str(answer.strip_prefix("435").unwrap()).unwrap();
    assert_eq!(answer, json!([note()]));
}
