//! The settings of an endpoint: in a controller's attribute, on the builder, and in both.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use specter::app::{AppBuilder, ControllerFault};
use specter::prelude::*;
use tower::ServiceExt;

const KIB: usize = 1024;
const PING_TIMEOUT: Duration = Duration::from_secs(3);

#[socketio_controller("/live/", ping_interval = "5s", ping_timeout = PING_TIMEOUT, max_payload = 16 * KIB)]
struct Live;

#[handlers]
impl Live {
    #[on_event]
    fn ping(&self) {}
}

/// Has the path of `Live`, with the same ping interval in another notation.
#[socketio_controller("/live", namespace = "/more", ping_interval = "5000ms", max_queued_bytes = 64 * KIB)]
struct More;

#[handlers]
impl More {
    #[on_event]
    fn ping(&self) {}
}

#[socketio_controller(namespace = "/silent")]
struct Silent;

#[handlers]
impl Silent {
    #[on_event]
    fn ping(&self) {}
}

#[socketio_controller("/live/", namespace = "/hasty", ping_interval = "1s")]
struct ShortInterval;

#[handlers]
impl ShortInterval {
    #[on_event]
    fn ping(&self) {}
}

#[socketio_controller("/live/", namespace = "/greedy", max_queued_bytes = 0)]
struct ZeroQueue;

#[handlers]
impl ZeroQueue {
    #[on_event]
    fn ping(&self) {}
}

#[module(controllers = [Live, More, Silent])]
struct AgreeingModule;

#[module(controllers = [Live, ShortInterval, ZeroQueue])]
struct ConflictingModule;

/// The open packet that a client receives.
async fn handshake(builder: AppBuilder, path: &str) -> Value {
    let router = builder.create().await.unwrap().into_router();
    let request = Request::get(format!("{path}?EIO=4&transport=polling"));
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await;
    let body = axum::body::to_bytes(response.unwrap().into_body(), 1 << 20);
    let body = String::from_utf8(body.await.unwrap().to_vec()).unwrap();
    serde_json::from_str(body.strip_prefix('0').unwrap_or_else(|| panic!("{body}"))).unwrap()
}

async fn faults(builder: AppBuilder) -> (Vec<ControllerFault>, String) {
    let error = builder.create().await.err().expect("it cannot start");
    let specter::Error::Startup(faults) = &error else {
        panic!("{error}")
    };
    (faults.controllers().to_vec(), error.to_string())
}

#[tokio::test]
async fn a_controllers_settings_apply_to_its_path_alone() {
    let open = handshake(App::builder::<AgreeingModule>(), "/live/").await;
    assert_eq!(open["pingInterval"], 5000, "{open}");
    assert_eq!(open["pingTimeout"], 3000, "{open}");
    assert_eq!(open["maxPayload"], 16 * 1024, "{open}");
    let open = handshake(App::builder::<AgreeingModule>(), "/socket.io/").await;
    assert_eq!(open["pingInterval"], 25_000, "{open}");
    assert_eq!(open["maxPayload"], 1_000_000, "{open}");
}

#[tokio::test]
async fn the_builder_may_add_settings_and_repeat_equal_ones() {
    let builder = || {
        App::builder_of::<Live>()
            .ping_interval(Duration::from_secs(1))
            .ping_interval(Duration::from_secs(5))
            .engine(|engine| {
                engine
                    .upgrade_timeout(Duration::from_secs(1))
                    .max_fragments(7)
            })
            .socket(|socket| socket.max_auth_bytes(100))
    };
    let open = handshake(builder(), "/live/").await;
    assert_eq!(open["pingInterval"], 5000, "{open}");
    assert_eq!(open["maxPayload"], 16 * 1024, "{open}");
}

#[tokio::test]
async fn conflicting_settings_of_controllers_are_reported_with_their_places() {
    let (faults, report) = faults(App::builder::<ConflictingModule>()).await;
    let codes: Vec<_> = faults.iter().map(ControllerFault::code).collect();
    assert_eq!(
        codes,
        ["engine_config_zero_limit", "setting_conflict"],
        "{report}"
    );
    for text in [
        "`ping_interval` is set differently for the path `/live/`",
        "tests/behaviour/endpoints.rs:15:33: `5s` here",
        "tests/behaviour/endpoints.rs:43:55: `1s` here",
        "`max_queued_bytes` must be at least one",
        "tests/behaviour/endpoints.rs:52:56: set here",
        "help: ",
    ] {
        assert!(report.contains(text), "{text} in\n{report}");
    }
}

#[tokio::test]
async fn conflicting_settings_of_a_controller_and_the_builder_are_reported_with_their_places() {
    let line = line!() + 2;
    let (conflicts, report) =
        faults(App::builder_of::<Live>().ping_timeout(Duration::from_secs(20))).await;
    assert_eq!(
        conflicts.len(),
        1,
        "a default that is set explicitly counts as set\n{report}"
    );
    for text in [
        "`ping_timeout` is set differently for the path `/live/` [setting_conflict]",
        &format!("tests/behaviour/endpoints.rs:{line}:"),
        "`20s` here",
        "tests/behaviour/endpoints.rs:15:55: `3s` here",
    ] {
        assert!(report.contains(text), "{text} in\n{report}");
    }
    let (conflicts, report) =
        faults(App::builder_of::<Live>().engine(|engine| engine.max_payload(1))).await;
    assert!(
        matches!(conflicts[..], [ControllerFault::ConflictingSetting { .. }]),
        "{report}"
    );
}
