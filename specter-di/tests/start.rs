//! The start of a container: how singletons are built, and what happens if one cannot be built.

#[macro_use]
mod common;

use std::io;
use std::sync::{Arc, Mutex};

use common::{block_on, graph, pause, start};
use specter_di::{BuildCause, Location, Provide, Provider, Scope, StartError};

/// Records what happens. Every test adds one of its own to the graph.
#[derive(Default)]
struct Notes(Mutex<Vec<&'static str>>);

impl Notes {
    fn add(&self, note: &'static str) {
        self.0.lock().expect("not poisoned").push(note);
    }

    fn all(&self) -> Vec<&'static str> {
        self.0.lock().expect("not poisoned").clone()
    }
}

/// A provider that records when its value is built and dropped.
macro_rules! noted {
    ($name:ident, $built:literal, $dropped:literal { $($field:ident: $ty:ty),* }) => {
        #[allow(dead_code, reason = "the fields are only there to be injected")]
        struct $name { notes: Arc<Notes>, $($field: $ty),* }

        impl Provide for $name {
    type Value = Arc<Self>;
            fn provider() -> Provider {
                Provider::sync::<Arc<$name>>(
                    stringify!($name),
                    Scope::Singleton,
                    specter_di::location!(),
                    declare!("src/noted.rs":1 { notes: Arc<Notes>, $($field: $ty),* }),
                    |resolved| {
                        let notes = resolved.next::<Arc<Notes>>();
                        notes.add($built);
                        Arc::new($name { notes, $($field: resolved.next::<$ty>()),* })
                    },
                )
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.notes.add($dropped);
            }
        }
    };
}

noted!(Config, "config", "config dropped" {});
noted!(Repository, "repository", "repository dropped" { config: Arc<Config> });
noted!(Service, "service", "service dropped" { repository: Arc<Repository>, config: Arc<Config> });

#[test]
fn dependencies_are_built_first_and_dropped_last() {
    module!(App at "src/main.rs":1 { providers: [Service, Repository, Config], });
    let notes = Arc::new(Notes::default());
    let mut graph = graph::<App>();
    graph.value(notes.clone());
    let container = block_on(graph.validate().expect("valid").start()).expect("started");
    assert_eq!(notes.all(), ["config", "repository", "service"]);
    drop(container);
    assert_eq!(
        notes.all()[3..],
        ["service dropped", "repository dropped", "config dropped"]
    );
}

#[test]
fn an_asynchronous_factory_takes_its_dependencies_and_is_awaited() {
    struct Pool(String);
    provider!(Singleton Settings at "src/settings.rs":1 {});
    factory!(Singleton pool -> Pool, at "src/db.rs":3 { settings: Arc<Settings>, url: Arc<str> } |resolved| {
        let _settings = resolved.next::<Arc<Settings>>();
        let url = resolved.next::<Arc<str>>();
        async move {
            pause().await;
            Ok(Arc::new(Pool(format!("connected to {url}"))))
        }
    });
    module!(App at "src/main.rs":1 { providers: [pool, Settings], });
    let mut graph = graph::<App>();
    graph.value::<Arc<str>>(Arc::from("db"));
    let container = block_on(graph.validate().expect("valid").start()).expect("started");
    assert_eq!(
        container.get::<Arc<Pool>>().expect("there").0,
        "connected to db"
    );
}

struct Broken;

#[test]
fn the_error_of_a_failed_factory_names_it_and_the_cause() {
    factory!(Singleton broken -> Broken, at "src/broken.rs":7 { config: Arc<Config> } |resolved| {
        let _config = resolved.next::<Arc<Config>>();
        async {
            pause().await;
            Err(io::Error::other("connection refused").into())
        }
    });
    module!(App at "src/main.rs":1 { providers: [Config, broken, Service, Repository], });
    let notes = Arc::new(Notes::default());
    let mut graph = graph::<App>();
    graph.value(notes.clone());
    let error = block_on(graph.validate().expect("valid").start()).expect_err("it fails");
    assert_eq!(
        error.to_string(),
        "`broken` (src/broken.rs:7:1) could not be built: connection refused"
    );
    assert_eq!(error.code(), "provider_failed");
    assert_eq!(
        notes.all(),
        ["config", "config dropped"],
        "nothing stays half started"
    );
}

#[test]
fn the_source_of_a_failure_is_its_cause() {
    factory!(Singleton broken -> Broken, at "src/broken.rs":7 {} |_| async { Err(io::Error::other("refused").into()) });
    module!(App at "src/main.rs":1 { providers: [broken], });
    let error = block_on(graph::<App>().validate().expect("valid").start()).expect_err("it fails");
    let StartError::Provider(failure) = &error else {
        panic!("{error}")
    };
    let BuildCause::Failed(cause) = failure.cause() else {
        panic!("{failure}")
    };
    assert!(cause.is::<io::Error>());
    assert_eq!((failure.provider(), failure.location().line), ("broken", 7));
}

#[test]
fn the_error_of_a_panicked_factory_names_it_and_the_message() {
    factory!(Singleton broken -> Broken, at "src/broken.rs":7 {} |_| async {
        pause().await;
        panic!("no {}", "luck")
    });
    module!(App at "src/main.rs":1 { providers: [broken], });
    let error = block_on(graph::<App>().validate().expect("valid").start()).expect_err("it panics");
    assert_eq!(
        error.to_string(),
        "`broken` (src/broken.rs:7:1) could not be built: panicked: no luck"
    );
    assert_eq!(error.code(), "provider_panicked");
}

#[test]
fn a_factory_that_panics_before_it_returns_its_future_is_reported() {
    factory!(Singleton broken -> Broken, at "src/broken.rs":7 {} |_| {
        assert!(std::hint::black_box(false), "too early");
        async { Ok(Arc::new(Broken)) }
    });
    module!(App at "src/main.rs":1 { providers: [broken], });
    let error = block_on(graph::<App>().validate().expect("valid").start()).expect_err("it panics");
    assert_eq!(
        error.to_string(),
        "`broken` (src/broken.rs:7:1) could not be built: panicked: too early"
    );
}

#[test]
fn a_struct_that_panics_is_reported() {
    struct Broken;
    impl Provide for Broken {
        type Value = Arc<Self>;
        fn provider() -> Provider {
            let location = Location {
                file: "src/broken.rs",
                line: 2,
                column: 1,
            };
            Provider::sync::<Arc<Self>>(
                "Broken",
                Scope::Singleton,
                location,
                |_| {},
                |_| panic!("state"),
            )
        }
    }
    module!(App at "src/main.rs":1 { providers: [Broken], });
    let error = block_on(graph::<App>().validate().expect("valid").start()).expect_err("it panics");
    assert_eq!(
        error.to_string(),
        "`Broken` (src/broken.rs:2:1) could not be built: panicked: state"
    );
}

#[test]
fn a_build_function_that_takes_an_undeclared_dependency_is_reported() {
    struct Liar;
    impl Provide for Liar {
        type Value = Arc<Self>;
        fn provider() -> Provider {
            let location = Location {
                file: "src/liar.rs",
                line: 2,
                column: 1,
            };
            Provider::sync::<Arc<Self>>(
                "Liar",
                Scope::Singleton,
                location,
                |_| {},
                |resolved| {
                    resolved.next::<Arc<u8>>();
                    Arc::new(Self)
                },
            )
        }
    }
    module!(App at "src/main.rs":1 { providers: [Liar], });
    let error = block_on(graph::<App>().validate().expect("valid").start()).expect_err("it panics");
    assert_eq!(
        error.to_string(),
        "`Liar` (src/liar.rs:2:1) could not be built: panicked: the build function takes \
         `Arc<u8>`, which is not the next declared dependency"
    );
}

#[test]
fn dropping_the_start_drops_the_values_that_were_built() {
    factory!(Singleton endless -> Broken, at "src/endless.rs":1 { repository: Arc<Repository> } |resolved| {
        let _repository = resolved.next::<Arc<Repository>>();
        std::future::pending()
    });
    module!(App at "src/main.rs":1 { providers: [Config, Repository, endless], });
    let notes = Arc::new(Notes::default());
    let mut graph = graph::<App>();
    graph.value(notes.clone());
    let mut starting = Box::pin(graph.validate().expect("valid").start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(starting.as_mut().poll(&mut context).is_pending());
    drop(starting);
    assert_eq!(
        notes.all(),
        [
            "config",
            "repository",
            "repository dropped",
            "config dropped"
        ]
    );
}

#[test]
fn an_error_can_be_a_string_or_a_boxed_error() {
    fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err("boxed".into())
    }
    fn all(step: u8) -> Result<(), specter_di::BuildError> {
        match step {
            0 => boxed()?,
            1 => Err("text")?,
            2 => Err(format!("text {step}"))?,
            _ => Err(io::Error::other("error"))?,
        }
        Ok(())
    }
    let texts: Vec<_> = (0..4)
        .filter_map(|step| Some(all(step).err()?.to_string()))
        .collect();
    assert_eq!(texts, ["boxed", "text", "text 2", "error"]);
}

#[test]
fn starting_and_opening_can_be_done_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn is_shared<T: Send + Sync>(_: &T) {}
    module!(App at "src/main.rs":1 {});
    is_send(&graph::<App>().validate().expect("valid").start());
    let container = start::<App>();
    let plan = container.scope(&[]);
    is_send(&plan.open(plan.seeds()).opened());
    let scope = block_on(plan.open(plan.seeds()).opened()).expect("open");
    is_shared(&scope);
    is_send(&scope.close());
    is_shared(&container);
    is_shared(&plan);
}
