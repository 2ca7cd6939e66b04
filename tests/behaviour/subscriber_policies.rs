//! Guards, interceptors, error filters and timeouts of subscribers.

use std::time::Duration;

use crate::common::{Log, LogReader};
use serde_json::json;
use specter::gateway::{
    ErrorFilter, FilterContext, HandlerOutcome, IngressError, InterceptContext, Interceptor, Next,
    SocketIngress,
};
use specter::prelude::*;
use specter::testing::TestApp;

/// Defines guards that require a word in the auth payload.
macro_rules! guards_by_word {
    ($($name:ident $word:literal)*) => {$(
        #[injectable]
        struct $name {
            log: Arc<Log>,
        }

        impl Guard for $name {
            async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
                self.log.say(format!("{} {}", stringify!($name), cx.event().unwrap_or("connect")));
                match cx.auth::<serde_json::Value>() {
                    Some(Ok(words)) if words[$word] == true => Ok(()),
                    _ => Err(Reject::new(concat!("no ", $word))),
                }
            }
        }
    )*};
}

guards_by_word!(OfApp "app" OfModule "module" OfOne "one");

/// Defines interceptors that log before and after the subscriber, and that are also error filters
/// that append their label to the error's text.
macro_rules! labelled_policies {
    ($($name:ident $label:literal)*) => {$(
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
                self.log.say(format!("{} in {} of {}", $label, cx.event().name(), cx.controller()));
                let handled = next.run().await;
                self.log.say(format!("{} out {}", $label, handled.is_ok()));
                handled
            }
        }

        impl ErrorFilter for $name {
            async fn filter(&self, error: EventError, _: &FilterContext<'_>) -> EventError {
                EventError::new(format!("{} {}", error.error(), $label))
            }
        }
    )*};
}

labelled_policies!(AppLayer "app" ModuleLayer "module" OneLayer "one");

#[injectable]
struct Counter {
    log: Arc<Log>,
}

impl EventHandler for Counter {
    const NAMESPACE: &'static str = "/counter";

    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>) {
        let log = self.log.clone();
        events.on("plain", 0, move |n: u32| {
            log.say("plain");
            Ok::<_, EventError>(n)
        });
        events
            .with_options(|ingress| {
                ingress
                    .guard::<OfOne>()
                    .interceptor::<OneLayer>()
                    .filter::<OneLayer>()
            })
            .on(
                "inner",
                0,
                |n: u32| if n == 0 { Err("zero") } else { Ok(n) },
            );
        events
            .with_options(|ingress| ingress.timeout(Duration::from_secs(2)))
            .on("slow", 0, async || std::future::pending::<()>().await);
    }
}

#[module(
    handlers = [Counter],
    providers = [OfModule, ModuleLayer],
    guards(OfModule), interceptors(ModuleLayer), filters(ModuleLayer)
)]
struct CounterModule;

#[module(imports = [CounterModule], providers = [OfApp, OfOne, AppLayer, OneLayer])]
struct AppModule;

fn lines(log: &mut LogReader) -> Vec<String> {
    log.unread()
}

async fn start() -> (TestApp, LogReader, SocketIngress) {
    let (log, reader) = Log::new();
    let app = TestApp::builder::<AppModule>()
        .provide(log)
        .configure(|app| {
            app.guard::<OfApp>()
                .interceptor::<AppLayer>()
                .filter::<AppLayer>()
        })
        .start()
        .await;
    let ingress = app.ingress();
    (app, reader, ingress)
}

#[tokio::test(start_paused = true)]
async fn guards_of_the_app_and_the_module_apply_to_a_namespace_without_controllers() {
    let (app, mut log, _) = start().await;
    let refused = app.client().expect_connect_error("/counter").await;
    assert_eq!(refused.message(), "no app module app");
    let refused = app
        .client()
        .auth(json!({ "app": true }))
        .expect_connect_error("/counter")
        .await;
    assert_eq!(refused.message(), "no module module app");
    assert_eq!(
        lines(&mut log),
        ["OfApp connect", "OfApp connect", "OfModule connect"]
    );
    let words = json!({ "app": true, "module": true });
    let client = app.client().auth(words).connect("/counter").await;
    lines(&mut log);
    assert_eq!(client.emit_with_ack::<u32>("plain", 3).await, 3);
    assert_eq!(
        lines(&mut log),
        [
            "app in plain of Counter",
            "module in plain of Counter",
            "plain",
            "module out true",
            "app out true",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn policies_of_a_subscription_run_inside_those_of_the_module_and_the_app() {
    let (app, mut log, _) = start().await;
    let words = json!({ "app": true, "module": true });
    let stranger = app.client().auth(words).connect("/counter").await;
    let error = stranger.emit_with_ack::<u32>("inner", 1).error().await;
    assert_eq!(error.error, "no one one module app");
    let words = json!({ "app": true, "module": true, "one": true });
    let client = app.client().auth(words).connect("/counter").await;
    lines(&mut log);
    assert_eq!(client.emit_with_ack::<u32>("inner", 3).await, 3);
    assert_eq!(
        lines(&mut log),
        [
            "OfOne inner",
            "app in inner of Counter",
            "module in inner of Counter",
            "one in inner of Counter",
            "one out true",
            "module out true",
            "app out true",
        ]
    );
    let error = client.emit_with_ack::<u32>("inner", 0).error().await;
    assert_eq!(error.error, "zero one module app");
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_takes_too_long_is_dropped() {
    let (app, _, _) = start().await;
    let words = json!({ "app": true, "module": true });
    let client = app.client().auth(words).connect("/counter").await;
    let error = client.emit_with_ack::<()>("slow", ()).error().await;
    assert_eq!(error.error, "timed out module app");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_at_run_time_has_the_policies_of_the_app_and_its_own() {
    let (app, mut log, ingress) = start().await;
    let ingress = ingress.of("/counter").unwrap();
    let guarded_ingress = ingress.guard::<OfOne>().filter::<OneLayer>();
    guarded_ingress
        .on("late", 0, |text: String| {
            Err::<(), _>(EventError::new(text))
        })
        .unwrap();
    guarded_ingress.on_connect(0, || ()).unwrap();
    // No policy runs around the subscribers of `on_disconnect`.
    let (disconnects, mut gone) = Log::new();
    guarded_ingress
        .on_disconnect(0, move |_: Socket, reason: DisconnectReason| {
            disconnects.say(reason.as_str());
        })
        .unwrap();
    let words = json!({ "app": true, "module": true });
    let refused = app
        .client()
        .auth(words)
        .expect_connect_error("/counter")
        .await;
    assert_eq!(refused.message(), "no one one app");
    assert!(lines(&mut log).contains(&"OfOne connect".to_owned()));

    let words = json!({ "app": true, "module": true, "one": true });
    let client = app.client().auth(words).connect("/counter").await;
    lines(&mut log);
    let error = client.emit_with_ack::<()>("late", "no").error().await;
    assert_eq!(error.error, "no one app");
    assert_eq!(
        lines(&mut log),
        [
            "OfOne late",
            "app in late of SocketIngress",
            "app out false"
        ]
    );
    client.disconnect();
    assert_eq!(gone.line().await, "client namespace disconnect");
    assert_eq!(lines(&mut log), Vec::<String>::new());
}

struct NotProvided;

impl Guard for NotProvided {
    async fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_not_provided_is_an_error_of_the_subscription() {
    let (_app, _, ingress) = start().await;
    let guarded = ingress.of("/counter").unwrap().guard::<NotProvided>();
    let error = guarded.on("late", 0, || ()).unwrap_err();
    assert_eq!(
        error,
        IngressError::NotProvided {
            role: "guard".to_owned(),
            service: "Arc<NotProvided>".to_owned(),
        }
    );
}

#[socketio_controller(namespace = "/counter", guards(OfOne))]
struct OtherController {}

#[handlers]
impl OtherController {
    #[on_event]
    fn ping(&self) -> &'static str {
        "pong"
    }
}

#[module(
    handlers = [Counter], controllers = [OtherController],
    providers = [OfModule, OfOne, ModuleLayer, OneLayer],
    guards(OfModule), interceptors(ModuleLayer), filters(ModuleLayer)
)]
struct BothModule;

#[tokio::test(start_paused = true)]
async fn a_guard_of_controllers_and_event_handlers_runs_once() {
    let (log, mut reader) = Log::new();
    let app = TestApp::builder::<BothModule>().provide(log).start().await;
    let words = json!({ "module": true, "one": true });
    let client = app.client().auth(words).connect("/counter").await;
    assert_eq!(lines(&mut reader), ["OfModule connect", "OfOne connect"]);
    assert_eq!(client.emit_with_ack::<String>("ping", ()).await, "pong");
}
