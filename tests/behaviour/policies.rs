//! Interceptors, error filters and timeouts of handlers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::{Log, LogReader, Server};
use serde_json::{Value, json};
use specter::gateway::{
    ErrorFilter, FilterContext, HandlerOutcome, InterceptContext, Interceptor, Next,
};
use specter::prelude::*;
use tokio::sync::Notify;

/// Defines interceptors that log their name before and after the handler.
macro_rules! tracer {
    ($($name:ident)*) => {$(
        #[injectable]
        struct $name {
            log: Arc<Log>,
        }

        impl Interceptor for $name {
            async fn intercept(
                &self,
                cx: &InterceptContext<'_>,
                next: Next<'_>,
            ) -> Result<HandlerOutcome, EventError> {
                self.log.say(format!("{} {}", stringify!($name), cx.event().name()));
                tokio::task::yield_now().await;
                let outcome = next.run().await;
                self.log.say(format!("{} {}", stringify!($name), outcome.is_ok()));
                outcome
            }
        }
    )*};
}

tracer!(OfApp OfModule OfController OfEvent);

/// Does what its event's argument names, as an example of what interceptors may do.
#[injectable]
struct ByArgument;

impl Interceptor for ByArgument {
    async fn intercept(
        &self,
        cx: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> Result<HandlerOutcome, EventError> {
        assert_eq!(
            (cx.controller(), cx.method()),
            ("Intercepted", "intercepted")
        );
        match cx.event().args().get::<String>(0)?.as_str() {
            "answer" => HandlerOutcome::answer(&("instead", 1)),
            "nothing" => Ok(HandlerOutcome::nothing()),
            "replace" => {
                next.run().await?;
                HandlerOutcome::answer(&"another")
            }
            "panic" => panic!("a secret"),
            "abandon" => {
                let _ = tokio::time::timeout(Duration::ZERO, next.run()).await;
                Err(EventError::new("abandoned"))
            }
            _ => next.run().await,
        }
    }
}

#[socketio_controller(interceptors(OfController))]
struct Traced {
    log: Arc<Log>,
}

#[handlers]
impl Traced {
    #[on_event("connect")]
    async fn connect(&mut self) {
        self.log.say("connect");
    }

    #[on_event(interceptors(OfEvent))]
    async fn traced(&mut self, n: u8) -> u8 {
        self.log.say("handler");
        n
    }

    #[on_event("disconnect")]
    fn left(&mut self) {
        self.log.say("disconnect");
    }
}

#[module(
    controllers = [Traced],
    providers = [OfApp, OfModule, OfController, OfEvent],
    interceptors(OfModule)
)]
struct TracedModule;

async fn lines(log: &mut LogReader, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..count {
        lines.push(log.line().await);
    }
    lines
}

#[tokio::test]
async fn interceptors_run_around_connect_and_events_with_the_apps_outermost() {
    let (log, mut reader) = Log::new();
    let app = App::builder::<TracedModule>()
        .provide(log)
        .interceptor::<OfApp>();
    let server = Server::of(app).await;
    let mut client = server.join("/").await;
    assert_eq!(
        lines(&mut reader, 7).await,
        [
            "OfApp connect",
            "OfModule connect",
            "OfController connect",
            "connect",
            "OfController true",
            "OfModule true",
            "OfApp true",
        ]
    );
    assert_eq!(client.call("traced", json!([5])).await, json!([5]));
    assert_eq!(
        lines(&mut reader, 9).await,
        [
            "OfApp traced",
            "OfModule traced",
            "OfController traced",
            "OfEvent traced",
            "handler",
            "OfEvent true",
            "OfController true",
            "OfModule true",
            "OfApp true",
        ]
    );
    let missing = client.call("traced", json!([])).await;
    assert_eq!(missing[0]["code"], "invalid_argument");
    assert_eq!(
        lines(&mut reader, 8).await[4],
        "OfEvent false",
        "the interceptors run around the decoding of the arguments"
    );
    client.send("41").await;
    assert_eq!(
        reader.line().await,
        "disconnect",
        "no interceptor runs around `disconnect`"
    );
}

struct Release(Notify);

#[socketio_controller]
struct Intercepted {
    release: Arc<Release>,
    #[state]
    calls: u32,
}

/// Tells the client when it is dropped.
struct Dropped<'a>(&'a Socket);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        let _ = self.0.emit("dropped", ());
    }
}

#[handlers]
impl Intercepted {
    #[on_event(interceptors(ByArgument))]
    async fn intercepted(&mut self, _what: String, socket: &Socket) -> u32 {
        self.calls += 1;
        if self.calls == 3 {
            let _dropped = Dropped(socket);
            self.release.0.notified().await;
        }
        self.calls
    }

    #[on_event(timeout = "50ms")]
    async fn slow(&mut self, socket: &Socket, waits: bool) -> u32 {
        self.calls += 100;
        if waits {
            let _dropped = Dropped(socket);
            self.release.0.notified().await;
        }
        self.calls
    }

    #[on_event(timeout = Duration::from_millis(50))]
    async fn slow_ack(&mut self, ack: Ack) {
        self.release.0.notified().await;
        drop(ack);
    }
}

#[module(controllers = [Intercepted], providers = [ByArgument])]
struct InterceptedModule;

async fn intercepted() -> Server {
    Server::of(App::builder::<InterceptedModule>().provide(Release(Notify::new()))).await
}

#[tokio::test]
async fn an_interceptor_may_replace_the_answer_and_a_dropped_handler_keeps_its_controller() {
    let server = intercepted().await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("intercepted", json!(["run"])).await, json!([1]));
    assert_eq!(
        client.call("intercepted", json!(["answer"])).await,
        json!(["instead", 1])
    );
    assert_eq!(
        client.call("intercepted", json!(["nothing"])).await,
        json!([])
    );
    assert_eq!(
        client.call("intercepted", json!(["replace"])).await,
        json!(["another"])
    );
    let panicked = client.call("intercepted", json!(["panic"])).await;
    assert_eq!(panicked[0]["error"], "internal error");
    client.send(r#"427["intercepted","abandon"]"#).await;
    assert_eq!(client.event().await, json!(["dropped"]));
    assert_eq!(client.text().await, r#"437[{"error":"abandoned"}]"#);
    assert_eq!(client.call("intercepted", json!(["run"])).await, json!([4]));
}

#[tokio::test]
async fn a_handler_that_times_out_is_dropped_but_its_controller_is_kept() {
    let server = intercepted().await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("slow", json!([false])).await, json!([100]));
    client.send(r#"427["slow",true]"#).await;
    assert_eq!(client.event().await, json!(["dropped"]));
    assert_eq!(
        client.text().await,
        r#"437[{"error":"timed out","code":"timeout"}]"#
    );
    assert_eq!(client.call("slow", json!([false])).await, json!([300]));
    let timed_out = json!([{ "error": "timed out", "code": "timeout" }]);
    assert_eq!(client.call("slow_ack", json!([])).await, timed_out);
}

#[derive(Debug, thiserror::Error)]
#[error("row {0} is locked")]
struct Locked(u32);

/// Replaces errors of a known type by more detailed ones.
#[injectable]
struct Explain;

impl ErrorFilter for Explain {
    async fn filter(&self, error: EventError, cx: &FilterContext<'_>) -> EventError {
        tokio::task::yield_now().await;
        match error.downcast_ref::<Locked>() {
            Some(Locked(13)) => panic!("a secret"),
            Some(locked) => EventError::new(locked.to_string())
                .with_code("locked")
                .with_data(&cx.event().name()),
            None => error,
        }
    }
}

/// Appends an exclamation mark to the text of each error.
#[injectable]
struct Exclaim;

impl ErrorFilter for Exclaim {
    async fn filter(&self, error: EventError, _cx: &FilterContext<'_>) -> EventError {
        let text = format!("{}!", error.error());
        EventError::new(text)
    }
}

#[injectable]
#[derive(Default)]
struct Closed {
    #[state]
    closed: AtomicBool,
}

impl Guard for Closed {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        if cx.event().is_none() && self.closed.load(Ordering::Relaxed) {
            return Err(Reject::new("closed"));
        }
        if cx.event() == Some("guarded") {
            return Err(Reject::new("never"));
        }
        Ok(())
    }
}

#[socketio_controller(guards(Closed), filters(Explain))]
struct Filtered {
    closed: Arc<Closed>,
}

#[handlers]
impl Filtered {
    #[on_event("connect")]
    async fn connect(&mut self, Auth(auth): Auth<Option<Value>>) -> Result<(), EventError> {
        match auth.and_then(|auth| auth["row"].as_u64()) {
            Some(_) => Err(Locked(9))?,
            None => Ok(()),
        }
    }

    #[on_event]
    fn fails(&mut self, row: u32) -> Result<(), EventError> {
        Err(Locked(row))?
    }

    #[on_event(filters(Exclaim))]
    fn exclaimed(&mut self) -> Result<(), EventError> {
        Err(Locked(1))?
    }

    #[on_event(guards(Closed), filters(Exclaim))]
    fn guarded(&mut self) {}

    #[on_event]
    async fn takes_ack(&mut self, _ack: Ack) -> Result<(), EventError> {
        Err(Locked(2))?
    }

    #[on_event]
    fn close(&mut self) {
        self.closed.closed.store(true, Ordering::Relaxed);
    }

    #[on_error]
    fn failed(&mut self, error: &EventError, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("failed", error.error())
    }
}

#[module(controllers = [Filtered], providers = [Explain, Exclaim, Closed])]
struct FilteredModule;

#[tokio::test]
async fn error_filters_change_the_error_for_the_client_and_for_on_error() {
    let server = Server::of(App::builder::<FilteredModule>()).await;
    let mut client = server.join("/").await;
    let mut fail = async |event: &str, args: Value| {
        let mut list = vec![Value::from(event)];
        list.extend(args.as_array().unwrap().clone());
        client.send(format!("427{}", Value::from(list))).await;
        let packets = [client.text().await, client.text().await];
        let at = packets
            .iter()
            .position(|packet| packet.starts_with("437"))
            .unwrap();
        (packets[at][3..].to_owned(), packets[1 - at].clone())
    };
    let (answer, failed_event) = fail("fails", json!([4])).await;
    assert_eq!(
        answer,
        r#"[{"error":"row 4 is locked","code":"locked","data":"fails"}]"#
    );
    assert_eq!(failed_event, r#"42["failed","row 4 is locked"]"#);
    let (answer, _) = fail("fails", json!([13])).await;
    assert!(
        answer.contains("internal error") && !answer.contains("secret"),
        "{answer}"
    );
    let (answer, _) = fail("exclaimed", json!([])).await;
    assert_eq!(
        answer, r#"[{"error":"internal error!"}]"#,
        "the filter of the event runs first"
    );
    let (answer, _) = fail("guarded", json!([])).await;
    assert_eq!(answer, r#"[{"error":"never!"}]"#);
    let (answer, _) = fail("takes_ack", json!([])).await;
    assert!(answer.contains("row 2 is locked"), "{answer}");
}

#[tokio::test]
async fn error_filters_change_the_error_of_a_refused_client() {
    let app = App::builder::<FilteredModule>().filter::<Exclaim>();
    let server = Server::of(app).await;
    let mut refused = server.open().await;
    refused.send(r#"40{"row":9}"#).await;
    assert_eq!(refused.text().await, r#"44{"message":"row 9 is locked!"}"#);
    let mut client = server.join("/").await;
    client.call("close", json!([])).await;
    refused.send("40").await;
    assert_eq!(refused.text().await, r#"44{"message":"closed!"}"#);
}
