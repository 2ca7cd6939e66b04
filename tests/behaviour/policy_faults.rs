//! Faults of declared policies, which are reported together before anything starts.

use specter::gateway::{
    ErrorFilter, FilterContext, HandlerOutcome, InterceptContext, Interceptor, Next,
};
use specter::prelude::*;

#[injectable(scope = socket)]
struct PerSocket;

impl Interceptor for PerSocket {
    async fn intercept(
        &self,
        _: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> Result<HandlerOutcome, EventError> {
        next.run().await
    }
}

impl ErrorFilter for PerSocket {
    async fn filter(&self, error: EventError, _: &FilterContext<'_>) -> EventError {
        error
    }
}

#[socketio_controller(interceptors(PerSocket), event_priorities("a" = 1, "b" = 2), unlisted)]
struct Wrong;

#[handlers]
impl Wrong {
    #[on_event(filters(PerSocket))]
    fn a(&self) {}

    #[on_event]
    fn c(&self) {}
}

#[module(controllers = [Wrong], providers = [PerSocket])]
struct WrongModule;

#[tokio::test]
async fn a_priority_for_an_event_without_handler_is_reported_at_start() {
    let text = |error: specter::Error| error.to_string();
    let error = App::builder::<WrongModule>()
        .create()
        .await
        .err()
        .map(text)
        .unwrap();
    assert!(
        error.contains("sets a priority for `b`, which it does not handle"),
        "{error}"
    );
}

#[socketio_controller(interceptors(PerSocket), unlisted)]
struct AlsoWrong;

#[handlers]
impl AlsoWrong {
    #[on_event(filters(PerSocket), interceptors(PerSocket))]
    fn a(&self) {}
}

#[module(controllers = [AlsoWrong], providers = [PerSocket])]
struct AlsoWrongModule;

/// The faults that checking the application finds. The check starts nothing.
fn faults(app: specter::app::AppBuilder) -> Vec<String> {
    match app.check() {
        Err(specter::Error::Startup(faults)) => {
            faults.graph().iter().map(ToString::to_string).collect()
        }
        Err(error) => panic!("{error}"),
        Ok(()) => Vec::new(),
    }
}

#[test]
fn policies_must_be_singletons() {
    let faults = faults(App::builder::<AlsoWrongModule>());
    let texts: Vec<_> = faults
        .iter()
        .map(|fault| fault.lines().next().unwrap_or(fault))
        .collect();
    // Three declarations name `PerSocket`, so there are three faults.
    assert_eq!(
        texts,
        [
            "interceptor `PerSocket` is not a singleton [singleton_required]",
            "interceptor `PerSocket` is not a singleton [singleton_required]",
            "error filter `PerSocket` is not a singleton [singleton_required]",
        ]
    );
    assert!(
        faults[0].contains("`AlsoWrong` in `AlsoWrongModule` takes it as interceptor")
            && faults[0].contains("`PerSocket` has `scope = socket`")
            && faults[0].contains(
                "help: declare `PerSocket` without `scope`: all sockets share one instance"
            ),
        "{}",
        faults[0]
    );
}

#[test]
fn the_apps_policies_are_checked_before_anything_starts() {
    let app = || App::builder::<ValidModule>();
    assert_eq!(faults(app().filter::<Valid>()), Vec::<String>::new());
    let missing = faults(app().guard::<NotProvided>());
    assert_eq!(missing.len(), 1);
    assert!(
        missing[0].starts_with(
            "nothing provides `Arc<NotProvided>` [provider_missing]\n    \
             tests/behaviour/policy_faults.rs:"
        ) && missing[0].contains("the application takes it as guard"),
        "{missing:?}"
    );
    let scoped = faults(App::builder::<AlsoWrongModule>().filter::<PerSocket>());
    assert!(
        scoped[0].contains("the application takes it as error filter"),
        "{scoped:?}"
    );
}

#[injectable]
struct Valid;

impl ErrorFilter for Valid {
    async fn filter(&self, error: EventError, _: &FilterContext<'_>) -> EventError {
        error
    }
}

#[module(providers = [Valid])]
struct ValidModule;

/// A guard that no module provides.
struct NotProvided;

impl Guard for NotProvided {
    async fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> {
        Err(Reject::new("never"))
    }
}

#[injectable(scope = socket)]
struct ScopedHandler;

impl EventHandler for ScopedHandler {
    fn events(self: Arc<Self>, _: &mut EventSubscriptions<'_>) {}
}

#[module(handlers = [ScopedHandler])]
struct HandlersModule;

#[test]
fn event_handlers_must_be_singletons() {
    let faults = faults(App::builder::<HandlersModule>());
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("event handler `ScopedHandler` is not a singleton"),
        "{faults:?}"
    );
}
