//! Log lines that a peer can cause: they show no value that the peer sent, the peer cannot break or
//! forge lines, and it cannot flood the log.

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

/// A value that no log line may show. It contains characters that end a line or change the
/// direction of its text.
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
    #[garde(length(max = 3), custom(quote_in_error))]
    text: String,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "garde calls it with a reference to its context"
)]
fn quote_in_error(text: &str, (): &()) -> garde::Result {
    Err(garde::Error::new(format!("not this: {text}")))
}

#[injectable]
struct Members;

impl Guard for Members {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        Err(Reject::new(format!("no {:?}", cx.event())))
    }
}

/// Decodes the auth payload, as many guards do.
#[injectable]
struct DecodesAuth;

impl Guard for DecodesAuth {
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

/// A controller whose `#[on_error]` handler fails.
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
        serde_json::from_str::<u32>(error.error())
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

#[socketio_controller(namespace = "/read", guards(DecodesAuth))]
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
    providers = [Members, DecodesAuth]
)]
struct AppModule;

/// The secret as a JSON string.
fn secret_as_json() -> String {
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

/// Sends an event once without and once with an acknowledgement, and asserts that the
/// acknowledgement is an error.
async fn expect_failure(client: &TestClient, event: &str, data: impl Serialize) {
    let data = serde_json::to_value(data).unwrap();
    client.emit(event, &data);
    let answer: Value = client.emit_with_ack(event, &data).await;
    assert!(answer["error"].is_string(), "{event}: {answer}");
}

#[tokio::test(start_paused = true)]
async fn no_line_shows_a_peers_value_or_is_broken_by_it() {
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
    expect_failure(&client, "typed", (SECRET, "One")).await;
    expect_failure(&client, "typed", (7, SECRET)).await;
    expect_failure(&client, "typed", 7).await;
    expect_failure(&client, "strict", json!({ SECRET: 1 })).await;
    expect_failure(&client, "strict", json!({ "choice": { SECRET: 1 } })).await;
    expect_failure(&client, "valid", json!({ "text": SECRET })).await;
    expect_failure(&client, "late_auth", ()).await;
    expect_failure(&client, "guarded", SECRET).await;
    expect_failure(&client, "shown", SECRET).await;
    for event in ["question_mark", "wrapped", "caused", "panics"] {
        expect_failure(&client, event, secret_as_json()).await;
    }
    expect_failure(
        &client,
        "boxed",
        format!(r#"{{"choice":{}}}"#, secret_as_json()),
    )
    .await;
    expect_failure(&client, "boxed", format!("{{{}:1}}", secret_as_json())).await;
    expect_failure(&client, "decodes", SECRET).await;
    expect_failure(&client, "decodes_map", json!({ SECRET: "text" })).await;
    client.emit("asks", ());
    let ((), answer) = client.expect_with_ack("question").await;
    answer.send(SECRET);
    // A line may show an event's name, but without a line break.
    client.emit("unknown\n\u{2028}event", SECRET);
    expect_failure(&client, "shown", "last").await;

    let failing_client = app.connect("/failing").await;
    expect_failure(&failing_client, "fail", secret_as_json()).await;
    client.disconnect();

    for packet in [
        format!(r#"2{{"text":{}}}"#, secret_as_json()),
        format!("4{}", secret_as_json()),
        format!("0{}", secret_as_json()),
        format!(
            "51-[{},{{\"_placeholder\":true,\"num\":7}}]",
            secret_as_json()
        ),
        format!("2[{}", secret_as_json()),
        format!("2/other\nname,[{}]", secret_as_json()),
        format!("canary{}", secret_as_json()),
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
    send_rejected_requests(&app).await;
    app.shutdown().await;

    assert_clean(&lines.all());
    for message in [
        "a client's auth payload cannot be decoded",
        "setting=max_auth_bytes",
        "a handler failed; the client sees the id only",
        "a handler panicked",
        "nobody handles this event",
        "a disconnect handler failed",
        "an `#[on_error]` handler failed",
        "a request was refused with 403 because its `Origin`",
        "JSON of another shape at line 1 column",
    ] {
        assert!(!lines.with(message).is_empty(), "{message}");
    }
}

/// Sends requests that the server rejects, with the secret in all parts of a request.
async fn send_rejected_requests(app: &TestApp) {
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
#[error("on purpose")]
struct OnPurpose;

#[socketio_controller(namespace = "/flood")]
struct Flooded;

#[handlers]
impl Flooded {
    #[on_event]
    fn fail(&mut self) -> Result<(), OnPurpose> {
        Err(OnPurpose)
    }

    #[on_event]
    fn burst(&mut self) {
        panic!("on purpose")
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_cannot_flood_the_log() {
    let lines = Lines::capture();
    let app = TestApp::builder_of::<Flooded>().start().await;
    let client = app.connect("/flood").await;
    for (event, message) in [("fail", "error=on purpose"), ("burst", "panic=on purpose")] {
        let mut ids = Vec::new();
        for _ in 0..500 {
            let answer: Value = client.emit_with_ack(event, ()).await;
            ids.push(answer["id"].as_str().unwrap().to_owned());
        }
        let matching = lines.with(message);
        assert_eq!(matching.len(), 10, "{event}");
        assert!(matching[0].text.contains(&ids[0]), "{matching:?}");
        tokio::time::advance(Duration::from_secs(60)).await;
        client.emit_with_ack::<Value>(event, ()).await;
        let matching = lines.with(message);
        assert_eq!(matching.len(), 11, "{event}");
        assert!(matching[10].text.contains("left_out=490"), "{matching:?}");
    }
}

/// Not `OnPurpose`: the number of lines is limited for each type of error and each handler.
#[derive(Debug, thiserror::Error)]
#[error("failed once")]
struct Once;

#[socketio_controller(namespace = "/flood")]
struct FailsOnce;

#[handlers]
impl FailsOnce {
    #[on_event]
    fn fail_once(&mut self) -> Result<(), Once> {
        Err(Once)
    }

    #[on_event]
    fn panic_once(&mut self) {
        panic!("on purpose")
    }
}

#[tokio::test(start_paused = true)]
async fn the_line_of_a_failed_handler_says_where_it_failed() {
    let lines = Lines::capture();
    let app = TestApp::builder_of::<FailsOnce>().start().await;
    let client = app.connect("/flood").await;
    for (event, message) in [
        ("fail_once", "a handler failed; the client sees the id only"),
        (
            "panic_once",
            "a handler panicked; the client sees the id only",
        ),
    ] {
        let answer: Value = client.emit_with_ack(event, ()).await;
        let [line] = &lines.with(message)[..] else {
            panic!("{event}: {:?}", lines.shown())
        };
        for field in [
            format!("id={} ", answer["id"].as_str().unwrap()),
            "namespace=/flood".to_owned(),
            format!("event=\"{event}\""),
            format!("handler={event}"),
            format!("socket={}", client.id()),
        ] {
            assert!(line.text.contains(&field), "{field}: {line:?}");
        }
    }
}

#[socketio_controller(namespace = "/flood")]
struct AlsoFails;

#[handlers]
impl AlsoFails {
    #[on_event]
    fn fail(&self, times: u32) -> u32 {
        times
    }
}

#[module(controllers = [Flooded, AlsoFails])]
struct TwoControllers;

#[tokio::test(start_paused = true)]
async fn an_event_of_two_controllers_is_logged_at_start() {
    let lines = Lines::capture();
    let _app = TestApp::start::<TwoControllers>().await;
    let [line] = &lines.with("several controllers handle this event")[..] else {
        panic!("{:?}", lines.shown())
    };
    for field in ["event=fail", "controllers=Flooded AlsoFails"] {
        assert!(line.text.contains(field), "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_argument_that_cannot_be_read_is_a_warning_if_nobody_else_is_told() {
    let lines = Lines::capture();
    let app = TestApp::builder_of::<AlsoFails>().start().await;
    let client = app.connect("/flood").await;
    client.emit_with_ack::<Value>("fail", SECRET).await;
    assert!(lines.with("because of an argument").is_empty());
    client.emit("fail", SECRET);
    client.emit_with_ack::<Value>("fail", 1).await;
    let [line] = &lines.with("because of an argument")[..] else {
        panic!("{:?}", lines.shown())
    };
    for field in [
        "parameter=times",
        "event=\"fail\"",
        "expected u32",
        "namespace=/flood",
    ] {
        assert!(line.text.contains(field), "{line:?}");
    }
    assert!(!line.text.contains("canary"), "{line:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_a_client_exceeds_is_a_warning_that_names_the_setting() {
    let app = TestApp::builder_of::<Flooded>();
    let app = app.configure(|app| {
        app.max_payload(2_000).socket(|socket| {
            socket
                .max_namespaces(1)
                .max_auth_bytes(100)
                .max_namespace_len(20)
                .max_event_name_len(20)
                .max_attachments(2)
        })
    });
    let lines = Lines::capture();
    let app = app.start().await;
    for (packet, setting) in [
        (
            format!("2/flood,[\"{}\"]", "x".repeat(21)),
            "max_event_name_len",
        ),
        (format!("2/{},[\"x\"]", "x".repeat(21)), "max_namespace_len"),
        ("53-/flood,[\"x\"]".to_owned(), "max_attachments"),
        (
            format!("2/flood,[\"{}\"]", "x".repeat(3_000)),
            "max_payload",
        ),
    ] {
        let client = app.connect("/flood").await;
        client.send_raw(&packet);
        client.expect_disconnect().await;
        assert!(
            !lines.with(&format!("setting={setting}")).is_empty(),
            "{setting}"
        );
    }
    let client = app.connect("/flood").await;
    client.send_raw(&format!(
        "2/flood,[\"x\",{}]",
        "[".repeat(200) + &"]".repeat(200)
    ));
    client.expect_disconnect().await;
    assert!(!lines.with("more deeply than 127 levels").is_empty());

    let auth = json!({ "text": "x".repeat(100) });
    let refused = app.client().auth(auth).expect_connect_error("/flood").await;
    assert_eq!(refused.message(), "invalid auth");
    assert!(!lines.with("setting=max_auth_bytes").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cannot_connect_is_a_warning_that_says_why() {
    let lines = Lines::capture();
    let app = TestApp::builder_of::<Flooded>();
    let app = app.configure(|app| app.engine(|engine| engine.polling(false)));
    let app = app.start().await;
    app.client().expect_connect_error("/missing").await;
    let [line] = &lines.with("a namespace that nobody serves")[..] else {
        panic!("{:?}", lines.shown())
    };
    assert!(
        line.text.contains("namespace=\"/missing\" served=/flood"),
        "{line:?}"
    );

    for (query, message) in [
        ("EIO=4&transport=polling", "setting=polling"),
        ("EIO=3&transport=websocket", "version 4 of Engine.IO"),
    ] {
        let request = axum::http::Request::get(format!("/socket.io/?{query}"));
        app.request(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            lines.with(message).len(),
            1,
            "{message}: {:?}",
            lines.shown()
        );
    }
}
