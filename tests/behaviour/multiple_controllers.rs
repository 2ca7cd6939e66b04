//! Several controllers on one namespace, several blocks of one controller, concurrent handlers,
//! guards.

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
            .push(format!("{}: {}", event.name(), error.text()));
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
struct Several;

async fn several() -> (Server, crate::common::LogReader) {
    let (log, reader) = Log::new();
    (
        Server::of(App::builder::<Several>().provide(log)).await,
        reader,
    )
}

#[tokio::test]
async fn controllers_run_by_priority_and_the_first_value_answers() {
    let (server, mut log) = several().await;
    let mut client = server.join("/").await;
    assert_eq!(
        client.call("order", json!([])).await,
        json!(["late"]),
        "a unit is no answer"
    );
    assert_eq!([log.line().await, log.line().await], ["early", "late"]);
    assert_eq!(client.call("reversed", json!([])).await, json!(["early"]));
    assert_eq!([log.line().await, log.line().await], ["late", "early"]);
}

#[tokio::test]
async fn one_that_fails_stops_nobody_and_an_error_answers_only_without_a_value() {
    let (server, _log) = several().await;
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
async fn on_error_hears_failures_extractions_and_panics_of_all_blocks() {
    let (server, _log) = several().await;
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
async fn the_catch_all_does_not_hear_what_another_controller_handles() {
    let (server, mut log) = several().await;
    let mut client = server.join("/").await;
    client.call("elsewhere", json!([1])).await;
    client.call("unknown", json!([])).await;
    assert_eq!(log.line().await, "late rest");
    assert!(log.unread().is_empty());
}

struct Door(Notify);

#[socketio_controller]
struct Parallel {
    door: Arc<Door>,
    #[state]
    running: AtomicU32,
}

#[handlers]
impl Parallel {
    #[on_event(concurrent)]
    async fn beside(&self) -> u32 {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.door.0.notified().await;
        self.running.load(Ordering::Relaxed)
    }

    #[on_event]
    async fn ordered(&self) -> u32 {
        self.running.load(Ordering::Relaxed)
    }

    #[on_event]
    fn open(&self) {
        self.door.0.notify_waiters();
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
        self.door.0.notified().await;
        self.running.load(Ordering::Relaxed)
    }

    /// Lets everything else go on, itself beside what is ordered.
    #[on_event(concurrent)]
    async fn open_beside(&self) {
        tokio::task::yield_now().await;
        self.door.0.notify_waiters();
    }
}

#[tokio::test]
async fn concurrent_handlers_run_beside_each_other_up_to_their_bound() {
    let app = App::builder_of::<Parallel>()
        .provide(Door(Notify::new()))
        .socket(|config| config.max_concurrent(3));
    let server = Server::of(app).await;
    let mut client = server.join("/").await;
    client.send(r#"421["beside"]"#).await;
    client.send(r#"422["beside"]"#).await;
    assert_eq!(
        client.call("ordered", json!([])).await,
        json!([2]),
        "ordered events do not wait for them"
    );
    client.send(r#"42["open"]"#).await;
    let mut answers = [client.text().await, client.text().await];
    answers.sort();
    assert_eq!(answers, ["431[2]", "432[2]"]);
}

#[tokio::test]
async fn concurrent_handlers_that_are_no_async_fn_run_beside_those_that_wait() {
    let server = Server::of(App::builder_of::<Parallel>().provide(Door(Notify::new()))).await;
    let mut client = server.join("/").await;
    client.send(r#"421["beside"]"#).await;
    client.send(r#"422["ordered_that_waits"]"#).await;
    assert_eq!(client.call("count", json!([])).await, json!([1]));
    let failed = client.call("fail", json!([])).await;
    assert_eq!(failed[0]["error"], "failed", "{failed}");
    client.send(r#"423["open_beside"]"#).await;
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
        .provide(Door(Notify::new()))
        .socket(|config| config.max_concurrent(1));
    let app = app.create().await.unwrap();
    let door = app.get::<Door>().unwrap();
    let server = Server::serve(app).await;
    let mut client = server.join("/").await;
    client.send(r#"421["beside"]"#).await;
    assert_eq!(client.call("ordered", json!([])).await, json!([1]));
    client.send(r#"422["beside"]"#).await;
    // Begun only when the first is over; until then nothing behind it in order begins either.
    client.send(r#"423["open"]"#).await;
    door.0.notify_waiters();
    assert_eq!(client.text().await, "431[1]");
    assert_eq!(client.text().await, "433[]");
    door.0.notify_waiters();
    assert_eq!(client.text().await, "432[2]");
}

#[tokio::test]
async fn concurrent_handlers_go_on_while_an_ordered_one_waits() {
    let server = Server::of(App::builder_of::<Parallel>().provide(Door(Notify::new()))).await;
    let mut client = server.join("/").await;
    client.send(r#"421["ordered_that_waits"]"#).await;
    client.send(r#"42["open_beside"]"#).await;
    assert_eq!(client.text().await, "431[0]");
}

#[injectable]
#[derive(Default)]
struct Knows {
    #[state]
    asked: AtomicU32,
}

#[derive(Clone)]
struct User(String);

impl Guard for Knows {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        self.asked.fetch_add(1, Ordering::Relaxed);
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

#[socketio_controller(namespace = "/guarded", guards(Knows))]
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

#[module(controllers = [Guarded], providers = [Knows, Admins])]
struct GuardedModule;

#[tokio::test]
async fn guards_stand_before_connect_and_before_arguments_are_read() {
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
