//! Macros that declare providers, modules and roots at invented places, and an executor for
//! futures.

#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "no test uses all of them"
)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use specter_di::{Container, Graph, Module, Report};

/// A struct provider. The places of its fields are the lines after its own.
macro_rules! provider {
    ($scope:ident $name:ident at $file:literal:$line:literal { $($field:ident: $ty:ty),* $(,)? }) => {
        #[allow(dead_code, clippy::struct_field_names, reason = "most fields are only there to be \
            injected")]
        struct $name { $($field: $ty),* }

        impl specter_di::Provide for $name {
            type Value = std::sync::Arc<Self>;

            fn provider() -> specter_di::Provider {
                specter_di::Provider::sync::<std::sync::Arc<$name>>(
                    stringify!($name),
                    specter_di::Scope::$scope,
                    specter_di::Location { file: $file, line: $line, column: 1 },
                    declare!($file:$line { $($field: $ty),* }),
                    |_resolved| std::sync::Arc::new($name { $($field: _resolved.next::<$ty>()),* }),
                )
            }
        }
    };
}

/// A root.
macro_rules! root {
    ($name:ident at $file:literal:$line:literal { $($field:ident: $ty:ty),* $(,)? }) => {
        #[allow(dead_code, clippy::struct_field_names, reason = "most fields are only there to be \
            injected")]
        struct $name { $($field: $ty),* }

        impl $name {
            fn root() -> specter_di::Root {
                specter_di::Root::new::<$name>(
                    stringify!($name),
                    specter_di::Location { file: $file, line: $line, column: 1 },
                    declare!($file:$line { $($field: $ty),* }),
                    |_resolved| $name { $($field: _resolved.next::<$ty>()),* },
                )
            }
        }
    };
}

macro_rules! declare {
    ($file:literal:$line:literal { $($field:ident: $ty:ty),* $(,)? }) => {
        |_dependencies| {
            let mut _line = $line;
            $(
                _line += 1;
                let location = specter_di::Location { file: $file, line: _line, column: 5 };
                _dependencies.add::<$ty>(stringify!($field), location);
            )*
        }
    };
}

/// A module.
macro_rules! module {
    ($name:ident at $file:literal:$line:literal {
        $(imports: [$($import:ty),*],)?
        $(roots: [$($root:ty),*],)?
        $(providers: [$($provider:ty),*],)?
        $(exports: [$($export:ty),*],)?
    }) => {
        pub(crate) struct $name;

        impl specter_di::Module for $name {
            fn define(module: &mut specter_di::ModuleBuilder) {
                module.name(stringify!($name), specter_di::Location { file: $file, line: $line, column: 1 });
                $($(module.import::<$import>();)*)?
                $($(module.root(<$root>::root());)*)?
                $($(module.provide::<$provider>();)*)?
                $($(module.export::<$export>();)*)?
            }
        }
    };
}

/// A factory whose values have the type `Arc<$value>`. `$build` takes the resolved values and
/// returns a future.
macro_rules! factory {
    ($scope:ident $name:ident -> $value:ty, at $file:literal:$line:literal { $($field:ident: $ty:ty),* } $build:expr) => {
        #[allow(non_camel_case_types, reason = "it represents a function")]
        struct $name;

        impl specter_di::Provide for $name {
            type Value = std::sync::Arc<$value>;

            fn provider() -> specter_di::Provider {
                specter_di::Provider::new::<std::sync::Arc<$value>, _, _>(
                    stringify!($name),
                    specter_di::Scope::$scope,
                    specter_di::Location { file: $file, line: $line, column: 1 },
                    declare!($file:$line { $($field: $ty),* }),
                    $build,
                )
            }
        }
    };
}

/// A seed, which is injected by value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request(pub(crate) u32);

impl specter_di::Dependency for Request {
    fn key() -> specter_di::Key {
        specter_di::Key::of::<Self>()
    }

    fn take(resolved: &mut specter_di::Resolved<'_>) -> Self {
        resolved.value()
    }
}

/// The graph of `M`, with the scope name `request` and the seed [`Request`].
pub(crate) fn graph<M: Module>() -> Graph {
    let mut graph = Graph::of::<M>();
    graph.scope_name("request");
    graph.seed::<Request>("Request");
    graph
}

/// The report of a graph that has faults.
pub(crate) fn report<M: Module>() -> Report {
    graph::<M>().validate().expect_err("the graph has faults")
}

/// The texts of all faults.
pub(crate) fn faults<M: Module>() -> Vec<String> {
    report::<M>()
        .faults()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// The started container of a graph without faults.
pub(crate) fn start<M: Module>() -> Container {
    let plan = graph::<M>()
        .validate()
        .unwrap_or_else(|report| panic!("{report}"));
    block_on(plan.start()).unwrap_or_else(|error| panic!("{error}"))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}

/// Waits for one poll: it is pending once, and then ready.
pub(crate) async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
