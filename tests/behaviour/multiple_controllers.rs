//! Several controllers on one namespace, server blocks of one controller, concurrent
//! handlers, guards.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{Log, Server};
use serde_json::{Value, json};
use specter::prelude::*;
use tokio::sync::Notify;

#[socketio_controller(priority = 2)]
struct Late {
    log: Arc<Log>,
}

#[handlers]
impl Late {
    #[on_event]
    fn order(&mut self) -> &'static str {
        self.log.say("late");
        "late"
    }

    #[on_event(priority = -1)]
    async fn reversed(&mut self) {
        self.log.say("late");
    }

    #[on_event]
    fn only_late_fails(&mut self) -> Result<u8, &'static str> {
        Err("late")
    }

    #[on_event]
    fn both_fail(&mut self) -> Result<u8, &'static str> {
        Err("late")
    }

    #[on_event("*")]
    fn rest(&mut self) {
        self.log.say("late rest");
    }
}

#[socketio_controller(priority = 1)]
struct Early {
    log: Arc<Log>,
    #[state]
    failures: Vec<String>,
}

#[handlers]
impl Early {
    #[on_event]
    async fn order(&mut self) {
        tokio::task::yield_now().await;
        self.log.say("early");
    }

    #[on_event]
    fn reversed(&mut self) -> &'static str {
        self.log.say("early");
        "early"
    }

    #[on_event]
    fn only_late_fails(&mut self) -> u8 {
        7
    }

    #[on_event]
    async fn both_fail(&mut self) -> Result<u8, &'static str> {
        tokio::task::yield_now().await;
        Err("early")
    }

    #[on_event]
    async fn panics(&mut self) {
        panic!("on purpose")
    }

    #[on_error]
    async fn failed(
        &mut self,
        error: &EventError,
        event: &EventInfo,
        socket: &Socket,
    ) -> Result<(), EmitError> {
        tokio::task::yield_now().await;
        self.failures
            .push(format!("{}: {}", event.name(), error.error()));
        socket.emit("failures", &self.failures)
    }
}

/// A second block of the same controller.
#[handlers]
impl Early {
    #[on_event]
    fn elsewhere(&mut self, n: u8) -> Result<u8, EventError> {
        if n == 0 {
            Err(EventError::new("zero"))
        } else {
            Ok(n)
        }
    }
}

#[module(controllers = [Late, Early])]
struct SeveralModule;

async fn server() -> (Server, crate::common::LogReader) {
    let (log, reader) = Log::new();
    (
        Server::of(App::builder::<SeveralModule>().provide(log)).await,
        reader,
    )
}

#[tokio::test]
async fn controllers_run_by_priority_and_the_first_value_is_the_answer() {
    let (server, mut log) = server().await;
    let mut client = server.join("/").await;
    assert_eq!(
        client.call("order", json!([])).await,
        json!(["late"]),
        "a handler that returns `()` does not answer"
    );
    assert_eq!([log.line().await, log.line().await], ["early", "late"]);
    assert_eq!(client.call("reversed", json!([])).await, json!(["early"]));
    assert_eq!([log.line().await, log.line().await], ["late", "early"]);
}

#[tokio::test]
async fn a_failing_handler_stops_no_other_and_an_error_is_the_answer_only_without_a_value() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("only_late_fails", json!([])).await, json!([7]));
    client.send(r#"421["both_fail"]"#).await;
    assert_eq!(
        client.event().await,
        json!(["failures", ["both_fail: early"]])
    );
    assert_eq!(client.text().await, r#"431[{"error":"early"}]"#);
}

#[tokio::test]
async fn on_error_gets_failures_extraction_errors_and_panics_of_all_blocks() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"42["elsewhere",0]"#).await;
    assert_eq!(
        client.event().await,
        json!(["failures", ["elsewhere: zero"]])
    );
    client.send(r#"42["elsewhere"]"#).await;
    assert_eq!(
        client.event().await[1][1],
        "elsewhere: argument `n` is missing"
    );
    client.send(r#"42["panics"]"#).await;
    assert_eq!(client.event().await[1][2], "panics: internal error");
    assert_eq!(client.call("elsewhere", json!([9])).await, json!([9]));
}

#[tokio::test]
async fn the_catch_all_handler_does_not_get_events_that_another_controller_handles() {
    let (server, mut log) = server().await;
    let mut client = server.join("/").await;
    client.call("elsewhere", json!([1])).await;
    client.call("unknown", json!([])).await;
    assert_eq!(log.line().await, "late rest");
    assert!(log.unread().is_empty());
}

struct Release(Notify);

#[socketio_controller]
struct Parallel {
    release: Arc<Release>,
    #[state]
    running: AtomicU32,
}

#[handlers]
impl Parallel {
    #[on_event(concurrent)]
    async fn hold(&self) -> u32 {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.release.0.notified().await;
        self.running.load(Ordering::Relaxed)
    }

    #[on_event]
    async fn ordered(&self) -> u32 {
        self.running.load(Ordering::Relaxed)
    }

    #[on_event]
    fn release_all(&self) {
        self.release.0.notify_waiters();
    }

    #[on_event(concurrent)]
    fn count(&self) -> u32 {
        self.running.load(Ordering::Relaxed)
    }

    #[on_event(concurrent)]
    fn fail(&self) -> Result<(), EventError> {
        Err(EventError::new("failed"))
    }

    #[on_event]
    async fn ordered_that_waits(&self) -> u32 {
        self.release.0.notified().await;
        self.running.load(Ordering::Relaxed)
    }

    /// Releases the waiting handlers. It is concurrent, so that it runs while an ordered handler
    /// waits.
    #[on_event(concurrent)]
    async fn release_concurrent(&self) {
        tokio::task::yield_now().await;
        self.release.0.notify_waiters();
    }
}

#[tokio::test]
async fn concurrent_handlers_run_concurrently_up_to_their_bound() {
    let app = App::builder_of::<Parallel>()
        .provide(Release(Notify::new()))
        .socket(|config| config.max_concurrent(3));
    let server = Server::of(app).await;
    let mut client = server.join("/").await;
    client.send(r#"421["hold"]"#).await;
    client.send(r#"422["hold"]"#).await;
    assert_eq!(
        client.call("ordered", json!([])).await,
        json!([2]),
        "ordered events do not wait for concurrent handlers"
    );
    client.send(r#"42["release_all"]"#).await;
    let mut answers = [client.text().await, client.text().await];
    answers.sort();
    assert_eq!(answers, ["431[2]", "432[2]"]);
}

#[tokio::test]
async fn sync_concurrent_handlers_run_while_others_wait() {
    let server = Server::of(App::builder_of::<Parallel>().provide(Release(Notify::new()))).await;
    let mut client = server.join("/").await;
    client.send(r#"421["hold"]"#).await;
    client.send(r#"422["ordered_that_waits"]"#).await;
    assert_eq!(client.call("count", json!([])).await, json!([1]));
    let failed = client.call("fail", json!([])).await;
    assert_eq!(failed[0]["error"], "failed", "{failed}");
    client.send(r#"423["release_concurrent"]"#).await;
    let mut answers = [
        client.text().await,
        client.text().await,
        client.text().await,
    ];
    answers.sort();
    assert_eq!(answers, ["431[1]", "432[1]", "433[]"]);
    assert_eq!(client.call("count", json!([])).await, json!([1]));
}

#[tokio::test]
async fn concurrent_events_over_the_bound_wait_and_ordered_ones_do_not() {
    let app = App::builder_of::<Parallel>()
        .provide(Release(Notify::new()))
        .socket(|config| config.max_concurrent(1));
    let app = app.create().await.unwrap();
    let release = app.get::<Release>().unwrap();
    let server = Server::serve(app).await;
    let mut client = server.join("/").await;
    client.send(r#"421["hold"]"#).await;
    assert_eq!(client.call("ordered", json!([])).await, json!([1]));
    client.send(r#"422["hold"]"#).await;
    // The second concurrent event starts when the first has finished. Until then, no later event
    // starts either.
    client.send(r#"423["release_all"]"#).await;
    release.0.notify_waiters();
    assert_eq!(client.text().await, "431[1]");
    assert_eq!(client.text().await, "433[]");
    release.0.notify_waiters();
    assert_eq!(client.text().await, "432[2]");
}

#[tokio::test]
async fn concurrent_handlers_run_while_an_ordered_one_waits() {
    let server = Server::of(App::builder_of::<Parallel>().provide(Release(Notify::new()))).await;
    let mut client = server.join("/").await;
    client.send(r#"421["ordered_that_waits"]"#).await;
    client.send(r#"42["release_concurrent"]"#).await;
    assert_eq!(client.text().await, "431[0]");
}

#[injectable]
#[derive(Default)]
struct Named {
    #[state]
    checks: AtomicU32,
}

#[derive(Clone)]
struct User(String);

impl Guard for Named {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        self.checks.fetch_add(1, Ordering::Relaxed);
        match cx.auth::<Value>() {
            Some(Ok(auth)) if auth["name"] == "panic" => panic!("a secret"),
            Some(Ok(auth)) if auth["name"].is_string() => {
                cx.insert(User(auth["name"].as_str().unwrap_or_default().to_owned()));
                Ok(())
            }
            _ => Err(Reject::new("who are you?")),
        }
    }
}

#[injectable]
struct Admins;

impl Guard for Admins {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        tokio::task::yield_now().await;
        match cx.extension::<User>() {
            Some(User(name)) if name == "root" => Ok(()),
            _ => Err(Reject::new("admins only").with_data(&cx.event())),
        }
    }
}

#[socketio_controller(namespace = "/guarded", guards(Named))]
struct Guarded;

#[handlers]
impl Guarded {
    #[on_event]
    fn who(
        &self,
        Extension(user): Extension<User>,
        absent: Option<Extension<u8>>,
    ) -> (String, bool) {
        (user.0, absent.is_none())
    }

    #[on_event(guards(Admins))]
    fn reboot(&self, _n: u8) -> &'static str {
        "done"
    }
}

#[module(controllers = [Guarded], providers = [Named, Admins])]
struct GuardedModule;

#[tokio::test]
async fn guards_run_before_connect_and_before_arguments_are_decoded() {
    let server = Server::of(App::builder::<GuardedModule>()).await;
    let mut client = server.open().await;
    client.send("40/guarded,").await;
    assert_eq!(
        client.text().await,
        r#"44/guarded,{"message":"who are you?"}"#
    );
    client.send(r#"40/guarded,{"name":"panic"}"#).await;
    assert!(
        client
            .text()
            .await
            .starts_with(r#"44/guarded,{"message":"internal error","data":{"id":""#)
    );
    client.connect("/guarded", json!({ "name": "eve" })).await;
    assert_eq!(
        client.call_in("/guarded", "who", json!([])).await,
        json!(["eve", true])
    );
    let refused = json!([{ "error": "admins only", "code": "rejected", "data": "reboot" }]);
    assert_eq!(
        client.call_in("/guarded", "reboot", json!([])).await,
        refused
    );

    let mut root = server.open().await;
    root.connect("/guarded", json!({ "name": "root" })).await;
    assert_eq!(
        root.call_in("/guarded", "reboot", json!([1])).await,
        json!(["done"])
    );
}
