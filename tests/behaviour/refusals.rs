//! The error that a refused client receives: its message, code and data, for each part of an
//! application that can refuse it.

use crate::common::lines::Lines;
use serde_json::{Value, json};
use specter::prelude::*;
use specter::testing::{ConnectError, TestApp};

#[derive(Debug, thiserror::Error, IntoEventError)]
enum Closed {
    #[error("the server is full")]
    #[event_error(code = "full")]
    Full,
    #[error("the server is empty")]
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
struct RefusingGuard;

impl Guard for RefusingGuard {
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
struct RefusingInterceptor;

impl Interceptor for RefusingInterceptor {
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
struct RenamingFilter;

impl ErrorFilter for RenamingFilter {
    async fn filter(&self, error: EventError, _: &FilterContext<'_>) -> EventError {
        if error.error() == "rename" {
            EventError::new("renamed")
                .with_code("filtered")
                .with_data(&[7])
        } else {
            error
        }
    }
}

#[socketio_controller(
    guards(RefusingGuard),
    interceptors(RefusingInterceptor),
    filters(RenamingFilter)
)]
struct Refusing;

#[handlers]
impl Refusing {
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

#[module(controllers = [Refusing, Typed], providers = [RefusingGuard, RefusingInterceptor, RenamingFilter])]
struct RefusalsModule;

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
async fn every_kind_of_refusal_sends_its_code() {
    let app = TestApp::builder::<RefusalsModule>().start().await;
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
        ("derived", "the server is full", json!({ "code": "full" })),
        (
            "derived data",
            "the server is empty",
            json!({ "code": "empty", "data": 3 }),
        ),
        (
            "limit",
            "the socket is in 1024 rooms, which is the most that one socket may join",
            json!({ "code": "join_too_many_rooms" }),
        ),
    ] {
        let received = refused(&app, "/", how).await;
        assert_eq!(received, (message.to_owned(), data), "{how}");
    }
    let (message, data) = refused(&app, "/", "internal").await;
    assert_eq!(message, "internal error");
    assert!(data["id"].is_string());
    let typed = refused(&app, "/typed", "").await;
    assert_eq!(
        typed,
        ("the server is full".to_owned(), json!({ "code": "full" }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_event_has_the_code_rejected_unless_the_error_has_a_code() {
    let app = TestApp::builder::<RefusalsModule>().start().await;
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
    fn emit_to_other(&mut self, socket: &Socket, all: Namespace) -> Result<(), EmitError> {
        let others = all.sockets().into_iter().filter(|other| other != socket);
        for other in others {
            // The test keeps the other socket, to emit to it after it has disconnected.
            OTHER_SOCKET.get_or_init(|| other);
        }
        OTHER_SOCKET
            .get()
            .map_or(Ok(()), |other| other.emit("late", ()))
    }
}

static OTHER_SOCKET: std::sync::OnceLock<Socket> = std::sync::OnceLock::new();

#[tokio::test(start_paused = true)]
async fn exceeded_limits_of_a_client_are_answered_with_a_code_and_not_logged() {
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
    client.emit_with_ack::<()>("emit_to_other", ()).await;
    other.close().await;
    while OTHER_SOCKET.get().unwrap().is_connected() {
        tokio::task::yield_now().await;
    }
    let answer: Value = client.emit_with_ack("emit_to_other", ()).await;
    assert_eq!(answer["code"], "emit_disconnected", "{answer}");
    let shown = lines.shown();
    let handler_lines: Vec<_> = shown
        .iter()
        // Each App warns at its start about controllers that no module lists. Other tests define
        // such controllers.
        .filter(|line| !line.text.starts_with("no module lists this controller"))
        .filter(|line| line.text.contains("handler") || line.text.contains("failed"))
        .collect();
    assert!(handler_lines.is_empty(), "{handler_lines:?}");
}
