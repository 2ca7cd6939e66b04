//! Subscribers: functions that are subscribed to events while the App runs, in namespaces with or
//! without controllers.

use crate::common::{Log, LogReader, Server};
use serde::Deserialize;
use serde_json::{Value, json};
use specter::gateway::{ErrorReport, IngressError, SocketIngress};
use specter::prelude::*;
use tokio::sync::Notify;

#[socketio_controller(priority = 2, event_priorities("early" = -5))]
struct Methods {
    log: Arc<Log>,
}

#[handlers]
impl Methods {
    #[on_event]
    fn order(&mut self) -> &'static str {
        self.log.say("method");
        "method"
    }

    #[on_event]
    fn early(&mut self) {
        self.log.say("method");
    }

    #[on_event]
    fn fails(&mut self) -> Result<u8, &'static str> {
        Err("method")
    }

    #[on_event("*")]
    fn rest(&mut self) -> &'static str {
        "rest"
    }
}

#[socketio_controller(namespace = "/own")]
struct OwnErrors;

#[handlers]
impl OwnErrors {
    #[on_event]
    fn fails(&self) -> Result<u8, &'static str> {
        Err("own")
    }

    #[on_error]
    fn failed(&self, error: &EventError, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("failed", error.error())
    }
}

#[injectable]
struct Shop {
    log: Arc<Log>,
}

#[module(controllers = [Methods, OwnErrors], providers = [Shop, Visit])]
struct IngressModule;

struct Started {
    server: Server,
    ingress: SocketIngress,
    log: Arc<Log>,
    lines: LogReader,
}

async fn start() -> Started {
    let (log, lines) = Log::new();
    let app = App::builder::<IngressModule>()
        .provide(log)
        .create()
        .await
        .unwrap();
    let (ingress, log) = (app.ingress(), app.get().unwrap());
    Started {
        server: Server::serve(app).await,
        ingress,
        log,
        lines,
    }
}

async fn lines(log: &mut LogReader, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..count {
        lines.push(log.line().await);
    }
    lines
}

#[derive(Deserialize)]
struct Post {
    text: String,
}

#[tokio::test]
async fn subscribers_take_parameters_by_type_as_methods_do() {
    let Started {
        server, ingress, ..
    } = start().await;
    ingress
        .on("sum", 0, |a: i64, b: Option<i64>| {
            Ok::<_, EventError>(a + b.unwrap_or(0))
        })
        .unwrap();
    ingress
        .on(
            "post",
            0,
            async |post: Post, socket: Socket, info: EventInfo, io: Io| {
                tokio::task::yield_now().await;
                io.emit("posted", (&post.text, info.name()))?;
                Ok::<_, EventError>((post.text, socket.rooms().len()))
            },
        )
        .unwrap();
    ingress.on("quiet", 0, || ()).unwrap();
    ingress
        .on("shop", 0, |shop: Inject<Shop>, args: Args| {
            shop.log.say("sold");
            Ok::<_, EventError>(args)
        })
        .unwrap();
    ingress
        .on("later", 0, |ack: Ack, n: u8| {
            tokio::spawn(async move { ack.send((n, "later")) });
        })
        .unwrap();
    ingress
        .on("fails", -1, async |n: u8| {
            Err::<(), _>(EventError::new("no").with_data(&n))
        })
        .unwrap();
    ingress
        .on("panics", 0, async || -> () { panic!("a secret") })
        .unwrap();
    let mut client = server.join("/").await;
    assert_eq!(client.call("sum", json!([1, 2])).await, json!([3]));
    let missing = json!([{ "error": "argument `1` is missing", "code": "invalid_argument" }]);
    assert_eq!(client.call("sum", json!([])).await, missing);
    client.send(r#"427["post",{"text":"hi"}]"#).await;
    assert_eq!(client.event().await, json!(["posted", "hi", "post"]));
    assert_eq!(client.text().await, r#"437["hi",0]"#);
    assert_eq!(client.call("quiet", json!([])).await, json!([]));
    assert_eq!(client.call("shop", json!([1, "b"])).await, json!([1, "b"]));
    assert_eq!(client.call("later", json!([4])).await, json!([4, "later"]));
    assert_eq!(
        client.call("fails", json!([5])).await,
        json!([{ "error": "no", "data": 5 }])
    );
    assert_eq!(
        client.call("panics", json!([])).await[0]["error"],
        "internal error"
    );
}

#[tokio::test]
async fn subscribers_and_methods_all_run_in_order_of_priority() {
    let Started {
        server,
        ingress,
        log,
        lines: mut reader,
    } = start().await;
    let say = |line: &'static str| {
        let log = log.clone();
        move || log.say(line)
    };
    ingress.on("order", 2, say("tie")).unwrap();
    ingress.on("order", 9, say("last")).unwrap();
    ingress.on("order", 2, say("second tie")).unwrap();
    ingress
        .on("order", 0, {
            let say = say("first");
            move || {
                say();
                Err::<(), _>("failed")
            }
        })
        .unwrap();
    ingress.on("early", -1, say("subscriber")).unwrap();
    let mut client = server.join("/").await;
    assert_eq!(client.call("order", json!([])).await, json!(["method"]));
    assert_eq!(
        lines(&mut reader, 5).await,
        ["first", "method", "tie", "second tie", "last"]
    );
    client.call("early", json!([])).await;
    assert_eq!(
        lines(&mut reader, 2).await,
        ["method", "subscriber"],
        "`event_priorities`"
    );
}

#[tokio::test]
async fn a_subscription_can_be_cancelled() {
    let Started {
        server, ingress, ..
    } = start().await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("new", json!([])).await, json!(["rest"]));
    let first = ingress.on("new", 0, || Ok::<_, EventError>("new")).unwrap();
    let any = ingress.on("*", 0, || Ok::<_, EventError>("any")).unwrap();
    assert_eq!(
        client.call("new", json!([])).await,
        json!(["new"]),
        "the subscriber handles the event now"
    );
    assert_eq!(client.call("other", json!([])).await, json!(["any"]));
    first.cancel();
    first.cancel();
    assert_eq!(client.call("new", json!([])).await, json!(["any"]));
    any.cancel();
    assert_eq!(client.call("new", json!([])).await, json!(["rest"]));
    drop(
        ingress
            .on("kept", 0, || Ok::<_, EventError>("kept"))
            .unwrap(),
    );
    assert_eq!(client.call("kept", json!([])).await, json!(["kept"]));
}

#[tokio::test]
async fn subscribers_may_refuse_connects_and_are_notified_of_disconnects() {
    let Started {
        server,
        ingress,
        log,
        lines: mut reader,
    } = start().await;
    ingress
        .on_connect(0, {
            let log = log.clone();
            move |auth: Auth<Option<Value>>, socket: Socket| {
                let log = log.clone();
                async move {
                    log.say("connect");
                    socket.emit("hello", ())?;
                    match auth.0 {
                        Some(_) => Err(EventError::new("no").with_data(&1)),
                        None => Ok(()),
                    }
                }
            }
        })
        .unwrap();
    ingress
        .on_disconnect(0, move |socket: Socket, reason: DisconnectReason| {
            log.say(format!("{} {reason}", socket.is_connected()));
        })
        .unwrap();
    let mut client = server.open().await;
    client.send(r#"40{"a":1}"#).await;
    assert_eq!(client.text().await, r#"44{"message":"no","data":1}"#);
    client.connect("/", Value::Null).await;
    assert_eq!(client.event().await, json!(["hello"]));
    client.send("41").await;
    assert_eq!(
        lines(&mut reader, 3).await,
        ["connect", "connect", "false client namespace disconnect"],
        "`on_disconnect` does not run for a refused socket"
    );
}

#[tokio::test]
async fn errors_go_to_the_controller_or_else_the_namespace_or_else_the_default() {
    let Started {
        server,
        ingress,
        log,
        lines: mut reader,
    } = start().await;
    let subscriber = |name: &'static str| {
        let log = log.clone();
        move |report: ErrorReport| {
            log.say(format!(
                "{name}: {} at {}",
                report.error(),
                report.event().name()
            ));
        }
    };
    ingress
        .on("closure", 0, || Err::<(), _>("closure"))
        .unwrap();
    ingress
        .of("/own")
        .unwrap()
        .on("closure", 0, || Err::<(), _>("own closure"))
        .unwrap();
    ingress.on_error_default(subscriber("default"));
    let mut client = server.join("/").await;
    client.connect("/own", Value::Null).await;
    client.send(r#"42["fails"]"#).await;
    assert_eq!(reader.line().await, "default: method at fails");
    let subscription = ingress.on_error({
        let subscriber = Arc::new(subscriber("namespace"));
        move |report: ErrorReport| {
            let subscriber = subscriber.clone();
            async move {
                tokio::task::yield_now().await;
                subscriber(report);
            }
        }
    });
    let panics = ingress
        .on_error(|_: ErrorReport| -> () { panic!("on purpose") })
        .unwrap();
    let subscription = subscription.unwrap();
    client.send(r#"42["fails"]"#).await;
    assert_eq!(reader.line().await, "namespace: method at fails");
    client.send(r#"42["closure"]"#).await;
    assert_eq!(reader.line().await, "namespace: closure at closure");
    client.send(r#"42/own,["closure"]"#).await;
    assert_eq!(reader.line().await, "default: own closure at closure");
    client.send(r#"42/own,["fails"]"#).await;
    assert_eq!(client.text().await, r#"42/own,["failed","own"]"#);
    subscription.cancel();
    panics.cancel();
    client.send(r#"42["closure"]"#).await;
    assert_eq!(
        reader.line().await,
        "default: closure at closure",
        "only the controller's `#[on_error]` got the controller's error"
    );
}

#[tokio::test]
async fn an_impossible_subscription_is_an_error() {
    let Started { ingress, .. } = start().await;
    let code = |event: &str| ingress.on(event, 0, || ()).unwrap_err().code();
    for reserved in ["connect", "disconnect", "connect_error", ""] {
        assert_eq!(code(reserved), "ingress_reserved");
    }
    assert_eq!(
        ingress.of("/nowhere").unwrap_err().code(),
        "ingress_unknown_namespace"
    );
    // No module provides the first service, and the second exists only in a socket's scope.
    let error_text = |subscribed: Result<_, IngressError>| subscribed.unwrap_err().to_string();
    assert_eq!(
        error_text(ingress.on("late", 0, |_: Socket, _: Inject<NotProvided>| ())),
        "parameter 2 needs a singleton of type `Arc<NotProvided>`, but the App does not have exactly \
         one; add it to the providers of one module"
    );
    let scoped = ingress.on_connect(0, |_: Inject<Visit>| ());
    assert_eq!(scoped.as_ref().unwrap_err().code(), "ingress_not_provided");
    assert!(error_text(scoped).contains("parameter 1 needs a singleton of type `Arc<Visit>`"));
    ingress.on("late", 0, |_: Io, _: Inject<Shop>| ()).unwrap();
}

struct NotProvided;

#[injectable(scope = socket)]
struct Visit;

/// A service that subscribes when it is built.
#[injectable]
async fn greeter(ingress: SocketIngress, log: Arc<Log>) -> Result<Greeter, EventErrorText> {
    let subscribed = ingress.on("greet", 0, move |name: String| {
        log.say(format!("hello {name}"));
    });
    subscribed
        .map(|_| Greeter)
        .map_err(|error| EventErrorText(error.to_string()))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct EventErrorText(String);

struct Greeter;

#[socketio_controller]
struct Slow {
    #[allow(
        dead_code,
        reason = "the service is injected because it subscribes when it is built"
    )]
    greeter: Arc<Greeter>,
    release: Arc<Notify>,
}

#[handlers]
impl Slow {
    #[on_event(concurrent)]
    async fn waits(&self) -> u8 {
        self.release.notified().await;
        1
    }

    #[on_event]
    fn open(&self) {
        self.release.notify_one();
    }
}

#[module(controllers = [Slow], providers = [greeter])]
struct SlowModule;

#[tokio::test]
async fn a_service_may_subscribe_when_it_is_built_and_concurrent_methods_stay_concurrent() {
    let (log, mut reader) = Log::new();
    let app = App::builder::<SlowModule>()
        .provide(log.clone())
        .provide(Notify::new());
    let app = app.create().await.unwrap();
    app.ingress()
        .on("waits", 1, move || log.say("after"))
        .unwrap();
    let server = Server::serve(app).await;
    let mut client = server.join("/").await;
    client.send(r#"421["waits"]"#).await;
    client.send(r#"42["greet","you"]"#).await;
    assert_eq!(reader.line().await, "hello you");
    client.send(r#"42["open"]"#).await;
    assert_eq!(client.text().await, "431[1]");
    assert_eq!(reader.line().await, "after");
}
