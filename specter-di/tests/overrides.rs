//! Overrides: which dependencies they replace, and which providers are no longer built.

#[macro_use]
mod common;

use std::sync::Arc;

use common::{block_on, graph};
use specter_di::{Container, FaultKind, Graph, Location, Provide, Provider, Scope};

trait Repository: Send + Sync {
    fn name(&self) -> &'static str;
}

struct Fake;

impl Repository for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }
}

provider!(Singleton Pool at "src/db.rs":10 {});
provider!(Singleton Metrics at "src/metrics.rs":1 {});

/// Provided as `dyn Repository` as well.
struct Sql {
    pool: Arc<Pool>,
}

impl Repository for Sql {
    fn name(&self) -> &'static str {
        "sql"
    }
}

impl Provide for Sql {
    type Value = Arc<Self>;

    fn provider() -> Provider {
        let location = Location {
            file: "src/db.rs",
            line: 20,
            column: 1,
        };
        Provider::sync::<Arc<Self>>(
            "Sql",
            Scope::Singleton,
            location,
            declare!("src/db.rs":20 { pool: Arc<Pool> }),
            |resolved| {
                Arc::new(Self {
                    pool: resolved.next(),
                })
            },
        )
        .alias::<Arc<Self>, Arc<dyn Repository>>(|value| value)
        .on_init(|_: Arc<Self>| async { Err("no database".into()) })
    }
}

provider!(Singleton Rooms at "src/rooms.rs":1 { repository: Arc<dyn Repository> });
module!(Db at "src/db.rs":1 { providers: [Pool, Sql, Metrics], exports: [Sql], });
module!(App at "src/main.rs":1 { imports: [Db], providers: [Rooms], });

fn started(graph: Graph) -> Container {
    let plan = graph.validate().unwrap_or_else(|report| panic!("{report}"));
    block_on(plan.start()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_bound_trait_prunes_its_provider_and_dependencies_that_nothing_else_needs() {
    let mut graph = graph::<App>();
    graph.bind::<dyn Repository>(Arc::new(Fake));
    let container = started(graph);
    let rooms = container.get::<Arc<Rooms>>().expect("built");
    assert_eq!(rooms.repository.name(), "fake");
    assert!(container.get::<Arc<Sql>>().is_none());
    assert!(container.get::<Arc<Pool>>().is_none());
    assert!(
        container.get::<Arc<Metrics>>().is_some(),
        "nothing depended on it, with or without the fake"
    );
}

#[test]
fn the_last_of_two_bound_values_counts() {
    let mut graph = graph::<App>();
    graph.bind::<dyn Repository>(Arc::new(Sql {
        pool: Arc::new(Pool {}),
    }));
    graph.bind::<dyn Repository>(Arc::new(Fake));
    let rooms = started(graph).get::<Arc<Rooms>>().expect("built");
    assert_eq!(rooms.repository.name(), "fake");
}

#[test]
fn a_provider_that_is_still_taken_by_its_own_type_is_still_built() {
    provider!(Singleton Report at "src/report.rs":1 { sql: Arc<Sql> });
    module!(Site at "src/main.rs":1 { imports: [Db], providers: [Rooms, Report], });
    let mut graph = graph::<Site>();
    graph.bind::<dyn Repository>(Arc::new(Fake));
    let plan = graph.validate().expect("valid");
    let error = block_on(plan.start()).expect_err("its hook fails");
    assert!(error.to_string().contains("no database"), "{error}");
}

#[test]
fn a_bound_struct_is_found_under_its_aliases() {
    let mut graph = graph::<App>();
    graph.bind(Arc::new(Sql {
        pool: Arc::new(Pool {}),
    }));
    let container = started(graph);
    let rooms = container.get::<Arc<Rooms>>().expect("built");
    assert_eq!(rooms.repository.name(), "sql");
    assert!(container.get::<Arc<Pool>>().is_none());
}

#[test]
fn a_replaced_provider_is_not_built_and_its_hooks_do_not_run() {
    let mut graph = graph::<App>();
    let sql = Arc::new(Sql {
        pool: Arc::new(Pool {}),
    });
    graph.replace::<Sql>(sql.clone());
    let container = started(graph);
    let found = container.get::<Arc<Sql>>().expect("replaced");
    assert!(Arc::ptr_eq(&found, &sql));
    assert!(Arc::ptr_eq(&found.pool, &sql.pool));
    assert!(container.get::<Arc<Pool>>().is_none());
}

#[test]
fn a_replacement_is_as_visible_as_its_provider() {
    provider!(Singleton Nosy at "src/nosy.rs":1 { pool: Arc<Pool> });
    module!(Site at "src/main.rs":1 { imports: [Db], providers: [Rooms, Nosy], });
    let mut graph = graph::<Site>();
    graph.replace::<Pool>(Pool {});
    let report = graph.validate().expect_err("it is not exported");
    let kinds: Vec<_> = report
        .faults()
        .iter()
        .map(specter_di::Fault::kind)
        .collect();
    assert_eq!(kinds, [FaultKind::NotVisible]);
}

#[test]
fn a_replaced_scoped_provider_is_still_scoped() {
    provider!(Scoped Session at "src/session.rs":1 {});
    provider!(Singleton Holder at "src/holder.rs":1 { session: Arc<Session> });
    module!(Site at "src/main.rs":1 { providers: [Session, Holder], });
    let mut graph = graph::<Site>();
    graph.replace::<Session>(Session {});
    let report = graph.validate().expect_err("a singleton holds it");
    assert_eq!(report.faults()[0].kind(), FaultKind::ScopeViolation);
}

#[test]
fn a_pruned_provider_need_not_be_valid() {
    provider!(Singleton Remote at "src/remote.rs":1 { url: Arc<String> });
    provider!(Singleton Client at "src/client.rs":1 { remote: Arc<Remote> });
    module!(Site at "src/main.rs":1 { providers: [Remote, Client], });
    let mut graph = graph::<Site>();
    graph.bind(Arc::new(Remote {
        url: Arc::new(String::new()),
    }));
    assert!(started(graph).get::<Arc<Client>>().is_some());
}

#[test]
fn a_bound_value_replaces_a_value_of_the_graph() {
    provider!(Singleton Reader at "src/reader.rs":1 { text: Arc<String> });
    module!(Site at "src/main.rs":1 { providers: [Reader], });
    let mut graph = graph::<Site>();
    graph.bind(Arc::new("fake".to_owned()));
    graph.provide("real".to_owned());
    assert_eq!(
        *started(graph).get::<Arc<Reader>>().expect("built").text,
        "fake"
    );
}

#[test]
fn replacing_a_provider_that_no_module_lists_is_a_fault() {
    module!(Site at "src/main.rs":1 { providers: [Metrics], });
    let mut graph = graph::<Site>();
    graph.replace::<Pool>(Pool {});
    let report = graph.validate().expect_err("nobody provides it");
    let fault = &report.faults()[0];
    assert_eq!(fault.code(), "replacement_unused");
    assert_eq!(
        fault.text(),
        "`Pool` is replaced, but no module provides it"
    );
    assert_eq!(
        fault.help(),
        "add `Pool` to the providers of a module, or remove the replacement"
    );
}

#[test]
fn binding_a_type_that_nothing_injects_or_provides_is_a_fault() {
    trait Clock: Send + Sync {}
    struct Fake;
    impl Clock for Fake {}
    provider!(Singleton Rooms at "src/rooms.rs":1 { clock: Option<Arc<dyn Clock>> });
    module!(Site at "src/main.rs":1 { providers: [Rooms], });

    let mut graph = graph::<Site>();
    graph.bind(Arc::new(Fake));
    let report = graph.validate().expect_err("nothing uses it");
    let fault = &report.faults()[0];
    assert_eq!(fault.code(), "binding_unused");
    assert_eq!(
        fault.text(),
        "a value is bound to `Arc<Fake>`, but nothing injects or provides `Arc<Fake>`"
    );
    assert_eq!(
        fault.help(),
        "bind it to the type that is injected, for example `bind::<dyn Clock>(…)`; a value that \
         only routes inject is passed to `provide`"
    );

    let mut graph = self::graph::<Site>();
    graph.bind::<dyn Clock>(Arc::new(Fake));
    assert!(graph.validate().is_ok(), "an optional dependency uses it");
}
