//! Hooks of providers: their order, their failures and their time limits.

#[macro_use]
mod common;

use std::future::{pending, ready};
use std::sync::{Arc, Mutex};

use common::{block_on, graph, pause};
use specter_di::{BuildError, Container, HookKind, Location, Provide, Provider, Scope, StartError};

/// Records what happens. Every test adds one of its own to the graph.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().expect("not poisoned").push(note.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").clone()
    }
}

/// A provider with both hooks. `$ends` decides how each of them ends.
macro_rules! hooked {
    ($scope:ident $name:ident { $($field:ident: $ty:ty),* } $ends:expr) => {
        #[allow(dead_code, reason = "the fields are only there to be injected")]
        struct $name { notes: Arc<Notes>, $($field: $ty),* }

        impl Provide for $name {
    type Value = Arc<Self>;
            fn provider() -> Provider {
                let provider = Provider::sync::<Arc<Self>>(
                    stringify!($name),
                    Scope::$scope,
                    Location { file: "src/hooked.rs", line: 1, column: 1 },
                    declare!("src/hooked.rs":1 { notes: Arc<Notes>, $($field: $ty),* }),
                    |resolved| Arc::new(Self {
                        notes: resolved.next::<Arc<Notes>>(),
                        $($field: resolved.next::<$ty>()),*
                    }),
                );
                let provider = provider.on_shutdown(|value: Arc<Self>| async move {
                    value.notes.add(concat!(stringify!($name), " ends"));
                    let ends: fn(HookKind) -> End = $ends;
                    ends(HookKind::Shutdown).happen().await
                });
                if provider.scope() != Scope::Singleton {
                    return provider;
                }
                provider.on_init(|value: Arc<Self>| async move {
                    value.notes.add(concat!(stringify!($name), " begins"));
                    let ends: fn(HookKind) -> End = $ends;
                    ends(HookKind::Init).happen().await
                })
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.notes.add(concat!(stringify!($name), " dropped"));
            }
        }
    };
}

enum End {
    Well,
    Failed,
    Panicked,
    Never,
}

impl End {
    async fn happen(self) -> Result<(), BuildError> {
        pause().await;
        match self {
            Self::Well => Ok(()),
            Self::Failed => Err("out of paper".into()),
            Self::Panicked => panic!("out of ink"),
            Self::Never => pending().await,
        }
    }
}

fn at_shutdown(kind: HookKind, end: End) -> End {
    if kind == HookKind::Shutdown {
        end
    } else {
        End::Well
    }
}

hooked!(Singleton Paper {} |_| End::Well);
hooked!(Singleton Fails { paper: Arc<Paper> } |kind| at_shutdown(kind, End::Failed));
hooked!(Singleton Panics { fails: Arc<Fails> } |kind| at_shutdown(kind, End::Panicked));
hooked!(Singleton Hangs { panics: Arc<Panics> } |kind| at_shutdown(kind, End::Never));
module!(App at "src/main.rs":1 { providers: [Hangs, Panics, Fails, Paper], });

fn start<M: specter_di::Module>() -> (Result<Container, StartError>, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let mut graph = graph::<M>();
    graph.value(notes.clone());
    let plan = graph.validate().unwrap_or_else(|report| panic!("{report}"));
    // The limit is ready at once, so a hook that is pending has exceeded it.
    (block_on(plan.start_within(pause)), notes)
}

#[test]
fn a_hook_that_fails_is_reported_and_does_not_stop_the_others() {
    let (container, notes) = start::<App>();
    let container = container.expect("started");
    assert_eq!(
        notes.all(),
        [
            "Paper begins",
            "Fails begins",
            "Panics begins",
            "Hangs begins"
        ]
    );

    let failures = block_on(container.shutdown(|| async {
        pause().await;
        pause().await;
    }));
    assert_eq!(
        notes.all()[4..],
        ["Hangs ends", "Panics ends", "Fails ends", "Paper ends"]
    );
    assert_eq!(
        failures.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "`on_shutdown` of `Hangs` (src/hooked.rs:1:1) did not end within its time limit",
            "`on_shutdown` of `Panics` (src/hooked.rs:1:1) panicked: out of ink",
            "`on_shutdown` of `Fails` (src/hooked.rs:1:1) failed: out of paper",
        ]
    );
    let codes: Vec<_> = failures.iter().map(specter_di::HookFailure::code).collect();
    assert_eq!(codes, ["hook_timed_out", "hook_panicked", "hook_failed"]);
}

#[test]
fn shutdown_runs_once() {
    let (container, notes) = start::<App>();
    let container = container.expect("started");
    block_on(container.shutdown(|| ready(())));
    let after = notes.all();
    assert!(block_on(container.clone().shutdown(|| ready(()))).is_empty());
    assert_eq!(notes.all(), after);
}

#[test]
fn a_failed_init_hook_shuts_down_the_singletons_before_it() {
    hooked!(Singleton Broken { paper: Arc<Paper> } |_| End::Failed);
    hooked!(Singleton After { broken: Arc<Broken> } |_| End::Well);
    module!(Unready at "src/main.rs":1 { providers: [After, Broken, Paper], });
    let (started, notes) = start::<Unready>();
    let error = started.expect_err("not started");
    assert_eq!(
        error.to_string(),
        "`on_init` of `Broken` (src/hooked.rs:1:1) failed: out of paper"
    );
    assert_eq!(error.code(), "hook_failed");
    assert_eq!(
        notes.all(),
        [
            "Paper begins",
            "Broken begins",
            "Paper ends",
            "After dropped",
            "Broken dropped",
            "Paper dropped",
        ]
    );
}

#[test]
fn a_scope_drops_its_roots_and_is_torn_down_in_reverse_order() {
    hooked!(Scoped Visit {} |_| End::Well);
    hooked!(Scoped Basket { visit: Arc<Visit> } |_| End::Failed);
    struct Page {
        basket: Arc<Basket>,
    }
    impl Drop for Page {
        fn drop(&mut self) {
            self.basket.notes.add("Page dropped");
        }
    }
    impl Page {
        fn root() -> specter_di::Root {
            specter_di::Root::new::<Self>(
                "Page",
                specter_di::location!(),
                declare!("src/page.rs":1 { basket: Arc<Basket> }),
                |resolved| Self {
                    basket: resolved.next::<Arc<Basket>>(),
                },
            )
        }
    }
    module!(Shop at "src/main.rs":1 { roots: [Page], providers: [Basket, Visit], });
    let (container, notes) = start::<Shop>();
    let plan = container.expect("started").scope(&[0]);
    let scope = block_on(plan.open(plan.seeds()).opened()).expect("open");
    let failures = block_on(scope.close());
    assert_eq!(failures.len(), 1);
    assert_eq!(
        (failures[0].provider(), failures[0].kind()),
        ("Basket", HookKind::Shutdown)
    );
    assert_eq!(
        notes.all(),
        [
            "Page dropped",
            "Basket ends",
            "Visit ends",
            "Basket dropped",
            "Visit dropped"
        ]
    );
}

#[test]
#[should_panic(expected = "`Visit` is not a singleton, so it cannot have an `on_init` hook")]
fn an_init_hook_of_a_scoped_provider_panics() {
    hooked!(Scoped Visit {} |_| End::Well);
    let _ = Visit::provider().on_init(|_: Arc<Visit>| ready(Ok(())));
}
