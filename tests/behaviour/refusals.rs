//! What a refused client reads: message, code and data, whoever refuses it and how.

use crate::common::lines::Lines;
use serde_json::{Value, json};
use specter::prelude::*;
use specter::testing::{ConnectError, TestApp};

#[derive(Debug, thiserror::Error, IntoEventError)]
enum Closed {
    #[error("the house is full")]
    #[event_error(code = "full")]
    Full,
    #[error("the house is empty")]
    #[event_error(code = "empty")]
    Empty,
}

#[derive(serde::Deserialize)]
struct How {
    how: String,
}

fn refusal(how: &str) -> Result<(), Reject> {
    let reject = Reject::new("no");
    Err(match how {
        "plain" => reject,
        "code" => reject.with_code("c"),
        "object" => reject.with_code("c").with_data(&json!({ "a": 1 })),
        "own code" => reject.with_code("c").with_data(&json!({ "code": 1 })),
        "number" => reject.with_code("c").with_data(&1),
        _ => return Ok(()),
    })
}

#[injectable]
struct Guarding;

impl Guard for Guarding {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        match cx.auth::<How>() {
            Some(Ok(How { how })) => match how.strip_prefix("guard ") {
                Some(how) => refusal(how),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

#[injectable]
struct Around;

impl Interceptor for Around {
    async fn intercept(
        &self,
        cx: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> Result<HandlerOutcome, EventError> {
        match cx.socket().auth::<How>() {
            Some(Ok(How { how })) if how == "interceptor" => {
                Err(EventError::new("outside").with_code("around"))
            }
            _ => next.run().await,
        }
    }
}

#[injectable]
struct Renaming;

impl ErrorFilter for Renaming {
    async fn filter(&self, error: EventError, _: &FilterContext<'_>) -> EventError {
        if error.text() == "rename" {
            EventError::new("renamed")
                .with_code("filtered")
                .with_data(&[7])
        } else {
            error
        }
    }
}

#[socketio_controller(guards(Guarding), interceptors(Around), filters(Renaming))]
struct Door;

#[handlers]
impl Door {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket, Auth(How { how }): Auth<How>) -> Result<(), EventError> {
        refusal(&how)?;
        match how.as_str() {
            "derived" => Err(Closed::Full.into_event_error()),
            "derived data" => Err(Closed::Empty.into_event_error().with_data(&3)),
            "filter" => Err(EventError::new("rename")),
            "limit" => {
                for n in 0.. {
                    socket.join(n.to_string())?;
                }
                Ok(())
            }
            "internal" => Err(std::io::Error::other("a secret"))?,
            _ => Ok(()),
        }
    }

    #[on_event]
    fn refuse(&mut self, how: String) -> Result<(), EventError> {
        refusal(&how)?;
        Ok(())
    }
}

#[socketio_controller(namespace = "/typed")]
struct Typed;

#[handlers]
impl Typed {
    #[on_event("connect")]
    async fn connect(&mut self) -> Result<(), Closed> {
        Err(Closed::Full)
    }
}

#[module(controllers = [Door, Typed], providers = [Guarding, Around, Renaming])]
struct House;

async fn refused(app: &TestApp, namespace: &str, how: &str) -> (String, Value) {
    let auth = json!({ "how": how });
    match app
        .client()
        .auth(auth)
        .expect_connect_error(namespace)
        .await
    {
        ConnectError::Connect { message, data } => (message, data),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_reaches_connect_error_whoever_refuses() {
    let app = TestApp::builder::<House>().start().await;
    for (how, message, data) in [
        ("plain", "no", Value::Null),
        ("guard plain", "no", Value::Null),
        ("code", "no", json!({ "code": "c" })),
        ("guard code", "no", json!({ "code": "c" })),
        ("object", "no", json!({ "code": "c", "a": 1 })),
        ("guard object", "no", json!({ "code": "c", "a": 1 })),
        ("own code", "no", json!({ "code": 1 })),
        ("number", "no", json!({ "code": "c", "data": 1 })),
        ("guard number", "no", json!({ "code": "c", "data": 1 })),
        ("interceptor", "outside", json!({ "code": "around" })),
        (
            "filter",
            "renamed",
            json!({ "code": "filtered", "data": [7] }),
        ),
        ("derived", "the house is full", json!({ "code": "full" })),
        (
            "derived data",
            "the house is empty",
            json!({ "code": "empty", "data": 3 }),
        ),
        (
            "limit",
            "the socket is in 1024 rooms, which is the most that one socket may join",
            json!({ "code": "join_too_many_rooms" }),
        ),
    ] {
        let told = refused(&app, "/", how).await;
        assert_eq!(told, (message.to_owned(), data), "{how}");
    }
    let (message, data) = refused(&app, "/", "internal").await;
    assert_eq!(message, "internal error");
    assert!(data["id"].is_string());
    let typed = refused(&app, "/typed", "").await;
    assert_eq!(
        typed,
        ("the house is full".to_owned(), json!({ "code": "full" }))
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_refused_has_the_code_rejected_unless_it_has_one() {
    let app = TestApp::builder::<House>().start().await;
    let client = app.client().auth(json!({ "how": "in" })).connect("/").await;
    for (how, expected) in [
        ("plain", json!({ "error": "no", "code": "rejected" })),
        ("code", json!({ "error": "no", "code": "c" })),
        ("number", json!({ "error": "no", "code": "c", "data": 1 })),
    ] {
        let answer: Value = client.emit_with_ack("refuse", how).await;
        assert_eq!(answer, expected, "{how}");
    }
}

#[socketio_controller]
struct Rooms {
    groups: BroadcastGroup,
}

#[handlers]
impl Rooms {
    #[on_event]
    fn join(&mut self, socket: &Socket, room: String) -> Result<(), JoinError> {
        socket.join(room)
    }

    #[on_event]
    async fn join_boxed(
        &mut self,
        socket: &Socket,
        room: String,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(socket.join(room)?)
    }

    #[on_event]
    fn subscribe(&mut self, socket: &Socket, group: String) -> Result<(), EventError> {
        Ok(self.groups.subscribe(group, socket)?)
    }

    #[on_event]
    fn tell_gone(&mut self, socket: &Socket, all: Namespace) -> Result<(), EmitError> {
        let others = all.sockets().into_iter().filter(|other| other != socket);
        for other in others {
            // As a disconnect from its own side does it, before this handler ends.
            GONE.get_or_init(|| other);
        }
        GONE.get().map_or(Ok(()), |gone| gone.emit("late", ()))
    }
}

static GONE: std::sync::OnceLock<Socket> = std::sync::OnceLock::new();

#[tokio::test(start_paused = true)]
async fn limits_that_a_client_meets_are_answered_with_their_code_and_not_logged() {
    let lines = Lines::capture();
    let app = TestApp::builder_of::<Rooms>()
        .configure(|app| {
            app.rooms(|limits| limits.rooms_per_socket(1))
                .groups(|limits| limits.groups_per_socket(1))
        })
        .start()
        .await;
    let client = app.connect("/").await;
    for event in ["join", "subscribe"] {
        client.emit_with_ack::<()>(event, "first").await;
    }
    for (event, code) in [
        ("join", "join_too_many_rooms"),
        ("join_boxed", "join_too_many_rooms"),
        ("subscribe", "group_too_many"),
    ] {
        for n in 0..50 {
            let answer: Value = client.emit_with_ack(event, n.to_string()).await;
            assert_eq!(answer["code"], code, "{answer}");
            assert!(answer.get("id").is_none(), "{answer}");
        }
    }
    let other = app.connect("/").await;
    client.emit_with_ack::<()>("tell_gone", ()).await;
    other.close().await;
    while GONE.get().unwrap().is_connected() {
        tokio::task::yield_now().await;
    }
    let answer: Value = client.emit_with_ack("tell_gone", ()).await;
    assert_eq!(answer["code"], "emit_disconnected", "{answer}");
    let shown = lines.shown();
    let of_gateway: Vec<_> = shown
        .iter()
        // Each App warns at its start of controllers that it does not serve: those of other tests.
        .filter(|line| !line.text.starts_with("no module lists this controller"))
        .filter(|line| line.text.contains("handler") || line.text.contains("failed"))
        .collect();
    assert!(of_gateway.is_empty(), "{of_gateway:?}");
}
