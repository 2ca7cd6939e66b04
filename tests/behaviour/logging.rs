//! What a peer can put into the log: no value that it sends, no line of its own, no flood.

use std::time::Duration;

use crate::common::lines::{Line, Lines};
use axum::body::Body;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use specter::extract::Valid;
use specter::prelude::*;
use specter::testing::{TestApp, TestClient};
use tracing::Level;

/// What no line may show, with what would end a line or turn its direction.
const SECRET: &str = "canary\r\nERROR forged\u{2028}\u{202e}, expected canary";

#[derive(Deserialize)]
struct Login {
    #[expect(dead_code)]
    token: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("the payload is broken: {0}")]
struct Wrapped(serde_json::Error);

#[derive(Debug, thiserror::Error)]
#[error("the payload is broken")]
struct Caused(#[source] serde_json::Error);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    #[expect(dead_code)]
    choice: Option<Choice>,
}

#[derive(Deserialize)]
enum Choice {
    One,
}

#[derive(Deserialize, Validate)]
struct Post {
    #[garde(length(max = 3), custom(quoting))]
    text: String,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "garde calls it with a reference to its context"
)]
fn quoting(text: &str, (): &()) -> garde::Result {
    Err(garde::Error::new(format!("not this: {text}")))
}

#[injectable]
struct Members;

impl Guard for Members {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        Err(Reject::new(format!("no {:?}", cx.event())))
    }
}

/// Reads the payload as many guards do.
#[injectable]
struct Reading;

impl Guard for Reading {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        cx.auth::<Login>().transpose()?;
        Ok(())
    }
}

#[socketio_controller]
struct Open;

#[handlers]
impl Open {
    #[on_event]
    fn typed(&mut self, _number: u32, _choice: Choice) {}

    #[on_event]
    fn strict(&mut self, _strict: Strict) {}

    #[on_event]
    fn valid(&mut self, Valid(post): Valid<Post>) -> String {
        post.text
    }

    #[on_event]
    fn late_auth(&mut self, _login: Auth<Login>) {}

    #[on_event(guards(Members))]
    fn guarded(&mut self, _text: String) {}

    #[on_event]
    fn question_mark(&mut self, text: String) -> Result<(), serde_json::Error> {
        serde_json::from_str::<u32>(&text).map(drop)
    }

    #[on_event]
    fn boxed(&mut self, text: String) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(serde_json::from_str::<Strict>(&text).map(drop)?)
    }

    #[on_event]
    fn wrapped(&mut self, text: String) -> Result<(), Wrapped> {
        serde_json::from_str::<u32>(&text)
            .map(drop)
            .map_err(Wrapped)
    }

    #[on_event]
    fn caused(&mut self, text: String) -> Result<(), Caused> {
        serde_json::from_str::<u32>(&text).map(drop).map_err(Caused)
    }

    #[on_event]
    fn shown(&mut self, text: String) -> Result<(), EventError> {
        Err(EventError::new(text).with_code("shown"))
    }

    #[on_event]
    fn panics(&mut self, text: String) {
        serde_json::from_str::<u32>(&text).unwrap();
    }

    #[on_event]
    fn decodes(&mut self, args: Args) -> Result<(), EventError> {
        args.get::<u32>(0)?;
        Ok(())
    }

    #[on_event]
    fn decodes_map(&mut self, args: Args) -> Result<(), EventError> {
        args.get::<std::collections::HashMap<String, u32>>(0)?;
        Ok(())
    }

    #[on_event]
    async fn asks(&mut self, socket: &Socket) -> Result<(), AckError> {
        socket.emit_with_ack::<u32>("question", ()).await.map(drop)
    }

    #[on_event("disconnect")]
    fn left(&mut self, socket: &Socket) -> Result<(), EventError> {
        socket.auth::<Login>().transpose()?;
        Ok(())
    }
}

/// Its error handler fails.
#[socketio_controller(namespace = "/failing")]
struct Failing;

#[handlers]
impl Failing {
    #[on_event]
    fn fail(&mut self, text: String) -> Result<(), EventError> {
        Err(EventError::new(text))
    }

    #[on_error]
    fn failed(&mut self, error: &EventError) -> Result<(), EventError> {
        serde_json::from_str::<u32>(error.text())
            .map(drop)
            .map_err(|error| EventError::new(error.to_string()))
    }
}

#[socketio_controller(namespace = "/login")]
struct Typed;

#[handlers]
impl Typed {
    #[on_event("connect")]
    fn connect(&mut self, _login: Auth<Login>) {}
}

#[socketio_controller(namespace = "/read", guards(Reading))]
struct Read;

#[handlers]
impl Read {
    #[on_event]
    fn ping(&mut self) {}
}

#[socketio_controller(namespace = "/broken")]
struct Broken;

#[handlers]
impl Broken {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket) -> Result<(), Reject> {
        socket.auth::<Login>().transpose()?;
        Ok(())
    }
}

#[module(
    controllers = [Open, Failing, Typed, Read, Broken],
    providers = [Members, Reading]
)]
struct AppModule;

/// The secret as a JSON string.
fn quoted() -> String {
    Value::from(SECRET).to_string()
}

fn assert_clean(lines: &[Line]) {
    for line in lines {
        let broken = ['\n', '\r', '\u{2028}', '\u{2029}', '\u{202e}'];
        assert!(!line.text.contains(broken), "{line:?}");
        assert!(
            line.level > Level::INFO || !line.text.contains("canary"),
            "{line:?}"
        );
    }
}

/// Sends an event once without and once with an acknowledgement, which is an error.
async fn failing(client: &TestClient, event: &str, data: impl Serialize) {
    let data = serde_json::to_value(data).unwrap();
    client.emit(event, &data);
    let answer: Value = client.emit_with_ack(event, &data).await;
    assert!(answer["error"].is_string(), "{event}: {answer}");
}

#[tokio::test(start_paused = true)]
async fn no_line_shows_a_value_or_ends_where_a_peer_wants() {
    let lines = Lines::capture();
    let app = TestApp::builder::<AppModule>().start().await;
    let auth = json!({ "token": SECRET });
    for namespace in ["/login", "/read", "/broken"] {
        app.client()
            .auth(&auth)
            .expect_connect_error(namespace)
            .await;
    }
    let large = json!({ "token": SECRET.repeat(1000) });
    app.client()
        .auth(large)
        .expect_connect_error("/login")
        .await;

    let client = app
        .client()
        .auth(&auth)
        .header("cookie", "session=canary")
        .header("x-secret", "canary")
        .query("token", "canary")
        .connect("/")
        .await;
    failing(&client, "typed", (SECRET, "One")).await;
    failing(&client, "typed", (7, SECRET)).await;
    failing(&client, "typed", 7).await;
    failing(&client, "strict", json!({ SECRET: 1 })).await;
    failing(&client, "strict", json!({ "choice": { SECRET: 1 } })).await;
    failing(&client, "valid", json!({ "text": SECRET })).await;
    failing(&client, "late_auth", ()).await;
    failing(&client, "guarded", SECRET).await;
    failing(&client, "shown", SECRET).await;
    for event in ["question_mark", "wrapped", "caused", "panics"] {
        failing(&client, event, quoted()).await;
    }
    failing(&client, "boxed", format!(r#"{{"choice":{}}}"#, quoted())).await;
    failing(&client, "boxed", format!("{{{}:1}}", quoted())).await;
    failing(&client, "decodes", SECRET).await;
    failing(&client, "decodes_map", json!({ SECRET: "text" })).await;
    client.emit("asks", ());
    let ((), answer) = client.expect_with_ack("question").await;
    answer.send(SECRET);
    // An event's name may be shown, on one line.
    client.emit("unknown\n\u{2028}event", SECRET);
    failing(&client, "shown", "last").await;

    let failing_client = app.connect("/failing").await;
    failing(&failing_client, "fail", quoted()).await;
    client.disconnect();

    for packet in [
        format!(r#"2{{"text":{}}}"#, quoted()),
        format!("4{}", quoted()),
        format!("0{}", quoted()),
        format!("51-[{},{{\"_placeholder\":true,\"num\":7}}]", quoted()),
        format!("2[{}", quoted()),
        format!("2/other\nname,[{}]", quoted()),
        format!("canary{}", quoted()),
    ] {
        let client = app.connect("/").await;
        client.send_raw(&packet);
        client.expect_disconnect().await;
    }
    let nobody = app
        .client()
        .auth(&auth)
        .expect_connect_error("/nobody\nforged")
        .await;
    assert_eq!(nobody.message(), "Invalid namespace");
    requests(&app).await;
    app.shutdown().await;

    assert_clean(&lines.all());
    for written in [
        "a client's auth payload cannot be decoded",
        "a CONNECT payload is too large",
        "a handler failed; the client sees the id only",
        "a handler panicked",
        "nobody handles this event",
        "a disconnect handler failed",
        "an `#[on_error]` handler failed",
        "a request was refused with 403 because its `Origin`",
        "JSON of another shape at line 1 column",
    ] {
        assert!(!lines.with(written).is_empty(), "{written}");
    }
}

/// Requests that are refused, with values in all places that a request has.
async fn requests(app: &TestApp) {
    let request = |method: &str, query: &str, origin: &str| {
        axum::http::Request::builder()
            .method(method)
            .uri(format!("/socket.io/?{query}&token=canary"))
            .header("host", "localhost")
            .header("origin", origin)
            .header("cookie", "session=canary")
            .header("authorization", "Bearer canary")
            .body(Body::from("canary"))
            .unwrap()
    };
    for (method, query, origin) in [
        ("GET", "EIO=4&transport=polling", "http://evil.example"),
        ("GET", "EIO=4&transport=canary", "http://localhost"),
        ("GET", "EIO=canary&transport=polling", "http://localhost"),
        (
            "GET",
            "EIO=4&transport=polling&sid=canary",
            "http://localhost",
        ),
        (
            "POST",
            "EIO=4&transport=polling&sid=canary",
            "http://localhost",
        ),
        ("PATCH", "EIO=4&transport=polling", "http://localhost"),
    ] {
        let response = app.request(request(method, query, origin)).await;
        assert!(!response.status().is_success(), "{query}");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("asked for")]
struct Asked;

#[socketio_controller(namespace = "/flood")]
struct Flooded;

#[handlers]
impl Flooded {
    #[on_event]
    fn fail(&mut self) -> Result<(), Asked> {
        Err(Asked)
    }

    #[on_event]
    fn burst(&mut self) {
        panic!("asked for")
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_cannot_flood_the_log() {
    let lines = Lines::capture();
    let app = TestApp::builder_of::<Flooded>().start().await;
    let client = app.connect("/flood").await;
    for (event, message) in [
        ("fail", "error=asked for"),
        ("burst", "handler=burst panic=asked for"),
    ] {
        let mut ids = Vec::new();
        for _ in 0..500 {
            let answer: Value = client.emit_with_ack(event, ()).await;
            ids.push(answer["id"].as_str().unwrap().to_owned());
        }
        let written = lines.with(message);
        assert_eq!(written.len(), 10, "{event}");
        assert!(written[0].text.contains(&ids[0]), "{written:?}");
        tokio::time::advance(Duration::from_secs(60)).await;
        client.emit_with_ack::<Value>(event, ()).await;
        let written = lines.with(message);
        assert_eq!(written.len(), 11, "{event}");
        assert!(written[10].text.contains("left_out=490"), "{written:?}");
    }
}
