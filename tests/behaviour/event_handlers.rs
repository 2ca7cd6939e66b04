//! Event handlers: objects that subscribe to several events and are set up and torn down as a unit.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{Log, Server};
use serde_json::json;
use specter::prelude::*;

#[injectable]
struct Presence {
    log: Arc<Log>,
    io: Io,
    #[state]
    present: AtomicU32,
}

impl EventHandler for Presence {
    const NAMESPACE: &'static str = "/presence";

    fn name(&self) -> &'static str {
        "presence"
    }

    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>) {
        let (joined, left, count) = (self.clone(), self.clone(), self);
        events
            .on_connect(0, move || {
                joined.present.fetch_add(1, Ordering::Relaxed);
            })
            .on_disconnect(0, move |_: Socket, reason: DisconnectReason| {
                left.present.fetch_sub(1, Ordering::Relaxed);
                left.log.say(reason.as_str());
            })
            .on("count", 0, move || {
                Ok::<_, EventError>(count.present.load(Ordering::Relaxed))
            });
    }

    async fn on_setup(&self, cleanup: &mut Cleanup) -> Result<(), SetupError> {
        self.io.of("/presence")?;
        for step in ["first", "second", "third", "fourth"] {
            let log = self.log.clone();
            cleanup.add(step, async move {
                log.say(step);
                match step {
                    "second" => Err("on purpose".into()),
                    "third" => panic!("on purpose"),
                    _ => Ok(()),
                }
            });
        }
        self.log.say("setup");
        Ok(())
    }

    async fn on_teardown(&self) -> Result<(), SetupError> {
        self.log.say("teardown");
        Err("on purpose".into())
    }
}

#[module(handlers = [Presence])]
struct PresenceModule;

#[tokio::test]
async fn a_listed_handler_serves_its_namespace_until_the_app_stops() {
    let (log, mut lines) = Log::new();
    let server = Server::of(App::builder::<PresenceModule>().provide(log)).await;
    assert_eq!(lines.line().await, "setup");
    let mut client = server.join("/presence").await;
    let mut other = server.join("/presence").await;
    assert_eq!(
        client.call_in("/presence", "count", json!([])).await,
        json!([2])
    );
    other.send("41/presence,").await;
    assert_eq!(lines.line().await, "client namespace disconnect");
    assert_eq!(
        client.call_in("/presence", "count", json!([])).await,
        json!([1])
    );
    server.handle.shutdown().await;
    let rest = lines.unread();
    assert_eq!(
        rest,
        [
            "server shutting down",
            "teardown",
            "fourth",
            "third",
            "second",
            "first"
        ],
        "all cleanup steps run in reverse order, even if some fail"
    );
}

/// An event handler that is registered while the App runs.
struct Late {
    log: Arc<Log>,
}

impl EventHandler for Late {
    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>) {
        events.on("late", 0, || Ok::<_, EventError>("late"));
    }

    async fn on_setup(&self, _: &mut Cleanup) -> Result<(), SetupError> {
        self.log.say("setup");
        Ok(())
    }

    async fn on_teardown(&self) -> Result<(), SetupError> {
        self.log.say("teardown");
        Ok(())
    }
}

#[socketio_controller]
struct Root;

#[handlers]
impl Root {
    #[on_event("*")]
    fn rest(&self) -> &'static str {
        "rest"
    }
}

#[tokio::test]
async fn setup_and_teardown_are_idempotent() {
    let app = App::of::<Root>().await.unwrap();
    let ingress = app.ingress();
    let (log, mut lines) = Log::new();
    let late = ingress
        .register(Arc::new(Late { log: Arc::new(log) }))
        .unwrap();
    let server = Server::serve(app).await;
    let mut client = server.join("/").await;
    late.teardown().await.unwrap();
    for _ in 0..2 {
        late.setup().await.unwrap();
        late.setup().await.unwrap();
        assert_eq!(client.call("late", json!([])).await, json!(["late"]));
        late.teardown().await.unwrap();
        late.teardown().await.unwrap();
        assert_eq!(client.call("late", json!([])).await, json!(["rest"]));
        assert_eq!(lines.unread(), ["setup", "teardown"]);
    }
    late.setup().await.unwrap();
    server.handle.shutdown().await;
    assert_eq!(
        lines.unread(),
        ["setup", "teardown"],
        "the App tears down handlers that are still set up"
    );
}

#[injectable]
struct Failing {
    log: Arc<Log>,
}

impl EventHandler for Failing {
    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>) {
        events.on("fine", 0, || ()).on("connect", 0, || ());
    }

    async fn on_setup(&self, cleanup: &mut Cleanup) -> Result<(), SetupError> {
        let log = self.log.clone();
        cleanup.add("undo", async move {
            log.say("undone");
            Ok(())
        });
        Ok(())
    }
}

#[module(handlers = [Presence, Failing])]
struct FailingModule;

#[tokio::test]
async fn the_app_does_not_start_when_a_handler_cannot_be_set_up() {
    let (log, mut lines) = Log::new();
    let app = App::builder::<FailingModule>().provide(log).create().await;
    let error = app.err().expect("the App does not start");
    assert_eq!(error.code(), "event_handler", "{error}");
    let text = error.to_string();
    assert!(
        text.contains("`Failing`") && text.contains("`connect`"),
        "{text}"
    );
    let lines = lines.unread();
    assert_eq!(lines[..2], ["setup", "undone"]);
    assert_eq!(
        lines[2], "teardown",
        "the handler that was set up before is torn down"
    );
}

#[injectable(scope = socket)]
struct Scoped;

impl EventHandler for Scoped {
    fn events(self: Arc<Self>, _: &mut EventSubscriptions<'_>) {}
}

#[module(handlers = [Scoped])]
struct ScopedModule;

#[tokio::test]
async fn an_event_handler_must_be_a_singleton() {
    let error = App::create::<ScopedModule>().await.err().expect("a fault");
    let text = error.to_string();
    assert!(
        text.contains("event handler `Scoped` is not a singleton"),
        "{text}"
    );
}
