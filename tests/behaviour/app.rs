//! The application: the faults with which it does not start, its router, and how it stops.

use crate::common::lines::Lines;
use crate::common::{Log, Server};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use serde_json::{Value, json};
use specter::prelude::*;
use tower::ServiceExt;

struct Missing;

#[injectable]
struct NeedsMissing {
    #[expect(dead_code)]
    missing: Arc<Missing>,
}

#[injectable]
struct Hidden;

#[module(providers = [Hidden])]
struct Private;

/// A trait, so that the compiler does not know the provider's scope, and only the graph's check
/// finds the fault.
trait Session: Send + Sync {}

#[injectable(scope = socket, as = dyn Session)]
struct PerSocket {
    #[expect(dead_code)]
    socket: Socket,
}

impl Session for PerSocket {}

#[injectable]
struct Singleton {
    #[expect(dead_code)]
    inner: Arc<dyn Session>,
}

#[injectable]
struct CycleA {
    #[expect(dead_code)]
    b: Arc<CycleB>,
}

#[injectable]
struct CycleB {
    #[expect(dead_code)]
    a: Arc<CycleA>,
}

#[socketio_controller]
struct Faulty {
    #[expect(dead_code)]
    hidden: Arc<Hidden>,
}

#[handlers]
impl Faulty {
    #[on_event]
    fn same(&self, ack: Ack, nowhere: Inject<Missing>) {
        drop((ack, nowhere));
    }
}

#[handlers]
impl Faulty {
    #[on_event("same")]
    fn same_again(&mut self) {}

    #[on_event]
    fn other(&mut self) {}
}

#[handlers]
impl Faulty {
    #[on_event(concurrent)]
    async fn concurrent(&self) {}
}

#[socketio_controller]
struct WithoutHandlers;

#[socketio_controller]
struct AlsoTakesAck;

#[handlers]
impl AlsoTakesAck {
    #[on_event]
    fn same(&self, ack: Ack) {
        drop(ack);
    }
}

#[module(
    imports = [Private],
    controllers = [Faulty, WithoutHandlers, AlsoTakesAck],
    providers = [NeedsMissing, PerSocket, Singleton, CycleA, CycleB],
)]
struct FaultyModule;

#[tokio::test]
async fn all_faults_are_reported_at_once() {
    let error = App::create::<FaultyModule>()
        .await
        .err()
        .expect("it cannot start");
    let specter::Error::Startup(faults) = &error else {
        panic!("{error}")
    };
    let mut codes: Vec<_> = faults
        .graph()
        .iter()
        .map(specter::di::Fault::code)
        .collect();
    codes.extend(
        faults
            .controllers()
            .iter()
            .map(specter::app::ControllerFault::code),
    );
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "ack_taken_twice",
            "concurrent_with_exclusive",
            "controller_without_handlers",
            "dependency_cycle",
            "event_duplicate",
            "provider_missing",
            "provider_missing",
            "provider_not_visible",
            "scope_violation",
        ],
        "{error}"
    );
    let report = format!("{error:?}");
    assert_eq!(
        report,
        error.to_string(),
        "`Debug`, with which `main` prints an error, shows the report too"
    );
    for text in [
        "`FaultyModule` cannot start: 9 faults",
        "tests/behaviour/app.rs:",
        "help: ",
        "`Hidden`",
        "`Private`",
    ] {
        assert!(report.contains(text), "{text} in\n{report}");
    }
}

#[socketio_controller]
struct One;

#[handlers]
impl One {
    #[on_event]
    fn twice(&self, ack: Ack) {
        drop(ack);
    }
}

#[socketio_controller]
struct Two;

#[handlers]
impl Two {
    #[on_event]
    fn twice(&self, ack: Ack) {
        drop(ack);
    }
}

#[module(controllers = [One, Two])]
struct AckTakenTwice;

#[module]
struct Empty;

#[tokio::test]
async fn two_handlers_with_ack_and_an_app_without_controllers_are_faults() {
    let error = App::create::<AckTakenTwice>()
        .await
        .err()
        .expect("it cannot start");
    assert!(
        error
            .to_string()
            .contains("two handlers of `twice` take `Ack`"),
        "{error}"
    );
    let error = App::create::<Empty>().await.err().expect("it cannot start");
    assert!(
        error.to_string().contains("`Empty` has no controllers"),
        "{error}"
    );
}

#[tokio::test]
async fn invalid_settings_are_reported_with_the_other_faults() {
    let app = App::builder::<Empty>()
        .max_payload(0)
        .socket(|config| config.max_pending_events(0))
        .shutdown_spread(std::time::Duration::MAX);
    let error = app.create().await.err().expect("it cannot start");
    let specter::Error::Startup(faults) = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (faults.settings().len(), faults.controllers().len()),
        (3, 1),
        "{error}"
    );
    assert!(error.to_string().contains("4 faults"), "{error}");
}

#[derive(Debug, thiserror::Error)]
#[error("the database is offline")]
struct Offline;

struct Pool;

#[injectable]
async fn pool() -> Result<Pool, Offline> {
    tokio::task::yield_now().await;
    Err(Offline)
}

#[module(controllers = [One], providers = [pool])]
struct FailsToStart;

#[tokio::test]
async fn the_error_of_a_failed_factory_names_the_factory_and_the_cause() {
    let error = App::create::<FailsToStart>()
        .await
        .err()
        .expect("it cannot start")
        .to_string();
    assert!(
        error.contains("pool")
            && error.contains("the database is offline")
            && error.contains("tests/behaviour/app.rs"),
        "{error}"
    );
}

struct Greeting(&'static str);

#[injectable]
async fn greeting() -> Greeting {
    Greeting("hello")
}

#[socketio_controller(namespace = "/greet")]
struct Greeter {
    greeting: Arc<Greeting>,
    io: Io,
}

#[handlers]
impl Greeter {
    #[on_event]
    fn greet(&self, again: Inject<Greeting>, socket: &Socket) -> Result<String, EmitError> {
        self.io
            .of("/greet")?
            .to(socket.id())
            .emit("greeted", again.0.0)?;
        Ok(self.greeting.0.to_owned())
    }
}

#[module(providers = [greeting], exports = [greeting])]
struct GreetingModule;

#[module(imports = [GreetingModule], controllers = [Greeter])]
struct GreeterModule;

async fn greeting_text(greeting: Inject<Greeting>) -> &'static str {
    greeting.0.0
}

async fn send_get(router: axum::Router, uri: &str) -> (StatusCode, String) {
    let response = router
        .oneshot(Request::get(uri).body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_router_is_merged_nested_and_layered_without_a_fallback() {
    let app = App::create::<GreeterModule>().await.unwrap();
    let outer = axum::Router::new().route("/", get(|| async { "mine" }));
    let router = outer
        .nest(
            "/inner",
            app.into_router().layer(axum::middleware::from_fn(
                |request, next: axum::middleware::Next| next.run(request),
            )),
        )
        .fallback(|| async { (StatusCode::NOT_FOUND, "my fallback") });
    assert_eq!(send_get(router.clone(), "/").await.1, "mine");
    for path in [
        "/inner/socket.io/?EIO=4&transport=polling",
        "/inner/socket.io?EIO=4&transport=polling",
    ] {
        let (status, body) = send_get(router.clone(), path).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert!(body.starts_with("0{"), "{body}");
    }
    for path in ["/inner/socket.io/more", "/socket.io/", "/inner/other"] {
        assert_eq!(
            send_get(router.clone(), path).await.1,
            "my fallback",
            "{path}"
        );
    }
}

#[tokio::test]
async fn axum_handlers_inject_the_same_singletons() {
    let app = App::create::<GreeterModule>().await.unwrap();
    assert_eq!(app.get::<Greeting>().unwrap().0, "hello");
    let router = app
        .routes(axum::Router::new().route("/say", get(greeting_text)))
        .into_router();
    assert_eq!(send_get(router, "/say").await.1, "hello");
}

async fn framework_values(
    io: Io,
    _: BroadcastGroup,
    _: SocketIngress,
    Inject(same_io): Inject<Io>,
    Inject(groups): Inject<BroadcastGroup>,
) -> String {
    let namespaces = (io.namespaces().len(), same_io.namespaces().len());
    format!("{namespaces:?} {:?}", groups.groups())
}

#[tokio::test]
async fn axum_handlers_take_the_values_of_the_framework() {
    let app = App::create::<GreeterModule>().await.unwrap();
    let router = app
        .routes(axum::Router::new().route("/values", get(framework_values)))
        .into_router();
    assert_eq!(send_get(router, "/values").await.1, "(1, 1) []");
}

struct NotProvided;

async fn not_provided(_: Inject<NotProvided>) {}

async fn of_a_socket(_: Inject<Namespace>) {}

#[tokio::test]
async fn what_an_axum_handler_cannot_inject_is_named_in_the_log() {
    let lines = Lines::capture();
    let routes = || {
        axum::Router::new()
            .route("/say", get(greeting_text))
            .route("/not-provided", get(not_provided))
            .route("/of-a-socket", get(of_a_socket))
    };
    let app = App::create::<GreeterModule>().await.unwrap();
    let served = app.routes(routes()).into_router();
    for (router, path, name, mend) in [
        (routes(), "/say", "`Arc<Greeting>`", "`App::routes(router)`"),
        (
            served.clone(),
            "/not-provided",
            "`Arc<NotProvided>`",
            "`#[injectable]`",
        ),
        (served, "/of-a-socket", "`Arc<Namespace>`", "`io.of("),
    ] {
        let (status, body) = send_get(router, path).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body, "internal error");
        let matching = lines.with(name);
        assert_eq!(matching.len(), 1, "{path}: {:?}", lines.shown());
        assert!(matching[0].text.contains(mend), "{path}: {matching:?}");
    }
}

#[tokio::test]
async fn a_gateway_injects_the_exports_of_its_imports() {
    let server = Server::of(App::builder::<GreeterModule>()).await;
    let mut client = server.open().await;
    client.connect("/greet", Value::Null).await;
    client.send(r#"42/greet,1["greet"]"#).await;
    assert_eq!(client.text().await, r#"42/greet,["greeted","hello"]"#);
    assert_eq!(client.text().await, r#"43/greet,1["hello"]"#);
}

#[socketio_controller("/custom/path", namespace = "/custom")]
struct Custom {
    log: Arc<Log>,
}

#[handlers]
impl Custom {
    #[on_event]
    fn echo(&self, args: Args) -> Args {
        args
    }

    #[on_event("disconnect")]
    async fn left(&self, reason: DisconnectReason) {
        self.log.say(reason.as_str());
    }
}

#[tokio::test]
async fn a_controller_may_set_its_path() {
    let (log, _reader) = Log::new();
    let server = Server::of(App::builder_of::<Custom>().provide(log)).await;
    let mut client = server
        .open_at("/custom/path/?EIO=4&transport=websocket")
        .await;
    client.connect("/custom", Value::Null).await;
    assert_eq!(
        client.call_in("/custom", "echo", json!([1, "x"])).await,
        json!([1, "x"])
    );
}

#[tokio::test]
async fn shutting_down_closes_without_disconnect_packets_and_runs_the_handlers() {
    let (log, mut reader) = Log::new();
    let app = App::builder_of::<Custom>()
        .provide(log)
        .shutdown_spread(std::time::Duration::from_millis(1));
    let server = Server::of(app).await;
    let mut client = server
        .open_at("/custom/path/?EIO=4&transport=websocket")
        .await;
    client.connect("/custom", Value::Null).await;
    let (handle, other) = (server.handle.clone(), server.handle.clone());
    tokio::join!(handle.shutdown(), other.shutdown());
    assert_eq!(client.next().await, None, "no DISCONNECT packet");
    assert_eq!(reader.line().await, "server shutting down");
    assert_eq!(handle.connections(), 0);
    server.stopped().await.unwrap();
}

struct Clock;

#[socketio_controller]
struct NeedsClock {
    #[expect(dead_code)]
    clock: Arc<Clock>,
}

#[handlers]
impl NeedsClock {
    #[on_event]
    fn now(&self) {}
}

#[tokio::test]
async fn an_app_of_one_controller_asks_for_a_module_if_something_is_missing() {
    let error = App::of::<NeedsClock>().await.err().expect("no provider");
    let error = error.to_string();
    assert!(
        error.contains(
            "help: annotate `Clock`, or a function that returns it, with `#[injectable]`, and list it \
             in a module together with the controller, because `App::of` has no providers"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn io_reaches_one_namespace_or_all() {
    let server = Server::of(App::builder::<TwoNamespaces>()).await;
    let mut client = server.open().await;
    client.connect("/first", Value::Null).await;
    client.connect("/second", Value::Null).await;
    let error = server.io.emit("news", 1).unwrap_err();
    assert_eq!(error.code(), "emit_unknown_namespace");
    server.io.all().emit("news", (1, "two")).unwrap();
    let mut received = [client.text().await, client.text().await];
    received.sort();
    assert_eq!(
        received,
        [
            r#"42/first,["news",1,"two"]"#,
            r#"42/second,["news",1,"two"]"#
        ]
    );
    assert_eq!(server.io.all().socket_count(), 2);
    assert_eq!(server.io.all().sockets().len(), 2);
}

#[socketio_controller(namespace = "/first")]
struct First;

#[handlers]
impl First {
    #[on_event]
    fn nothing(&self) {}
}

#[socketio_controller(namespace = "/second")]
struct Second;

#[handlers]
impl Second {
    #[on_event]
    fn nothing(&self) {}
}

#[module(controllers = [First, Second])]
struct TwoNamespaces;
