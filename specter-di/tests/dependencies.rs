//! The forms of dependencies: optional ones, lists, aliases, transient values, and values of the
//! graph.

#[macro_use]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Request, block_on, faults, graph, start};
use specter_di::{Provide, Provider, Scope, location};

trait Repository: Send + Sync {
    fn name(&self) -> &'static str;
}

struct Sql;
struct Memory;

impl Repository for Sql {
    fn name(&self) -> &'static str {
        "sql"
    }
}

impl Repository for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }
}

impl Provide for Sql {
    type Value = Arc<Self>;
    fn provider() -> Provider {
        Provider::sync::<Arc<Self>>(
            "Sql",
            Scope::Singleton,
            location!(),
            |_| {},
            |_| Arc::new(Self),
        )
        .alias::<Arc<Self>, Arc<dyn Repository>>(|value| value)
    }
}

impl Provide for Memory {
    type Value = Arc<Self>;
    fn provider() -> Provider {
        Provider::sync::<Arc<Self>>(
            "Memory",
            Scope::Scoped,
            location!(),
            |_| {},
            |_| Arc::new(Self),
        )
        .alias::<Arc<Self>, Arc<dyn Repository>>(|value| value)
    }
}

#[test]
fn an_optional_dependency_can_be_missing() {
    provider!(Singleton Pool at "src/db.rs":1 {});
    provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Option<Arc<Pool>>, other: Option<Arc<u8>> });
    module!(App at "src/main.rs":1 { providers: [Rooms, Pool], });
    let rooms = start::<App>().get::<Arc<Rooms>>().expect("built");
    assert!(rooms.pool.is_some());
    assert!(rooms.other.is_none());
}

#[test]
fn a_provider_is_found_under_its_alias() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { any: Arc<dyn Repository>, own: Arc<Sql> });
    module!(Db at "src/db.rs":1 { providers: [Sql], exports: [Sql], });
    module!(App at "src/main.rs":1 { imports: [Db], providers: [Rooms], });
    let container = start::<App>();
    let rooms = container.get::<Arc<Rooms>>().expect("built");
    assert_eq!(rooms.any.name(), "sql");
    assert!(std::ptr::addr_eq(
        Arc::as_ptr(&rooms.any),
        Arc::as_ptr(&rooms.own)
    ));
    assert!(container.get::<Arc<dyn Repository>>().is_some());
}

#[test]
fn a_list_has_all_providers_in_module_order() {
    root!(Page at "src/page.rs":1 { all: Vec<Arc<dyn Repository>>, request: Request, none: Vec<Arc<u8>> });
    module!(Db at "src/db.rs":1 { providers: [Sql], exports: [Sql], });
    module!(App at "src/main.rs":1 { imports: [Db], roots: [Page], providers: [Memory], });
    let plan = start::<App>().scope(&[0]);
    let mut scope = block_on(plan.open(plan.seeds().with(Request(1))).opened()).expect("open");
    let page = scope
        .take_root(0)
        .expect("a root")
        .downcast::<Page>()
        .expect("a page");
    assert_eq!(
        page.all.iter().map(|one| one.name()).collect::<Vec<_>>(),
        ["sql", "memory"]
    );
    assert_eq!(
        page.request,
        Request(1),
        "a dependency after a list gets its own value"
    );
    assert!(page.none.is_empty());
    assert_eq!(scope.get::<Request>(0), Some(Request(1)));
}

#[test]
fn a_singleton_cannot_depend_on_a_scoped_provider_through_an_alias() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { any: Arc<dyn Repository> });
    module!(App at "src/main.rs":1 { providers: [Memory, Rooms], });
    let text = faults::<App>().concat();
    let expected =
        "a singleton depends on a value that lives in a request scope: `Rooms` -> `Memory` [scope_violation]
    src/rooms.rs:2:5: `Rooms` takes `Arc<dyn Repository>` as `any`";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
#[should_panic(expected = "`Sql` provides `Arc<Sql>`, not `Arc<Memory>`")]
fn an_alias_of_another_type_panics() {
    let _ = Sql::provider().alias::<Arc<Memory>, Arc<dyn Repository>>(|value| value);
}

static NEXT: AtomicU32 = AtomicU32::new(0);

struct Ticket(u32);

impl Provide for Ticket {
    type Value = Arc<Self>;
    fn provider() -> Provider {
        let build: fn(&mut specter_di::Resolved<'_>) -> Arc<Self> =
            |_| Arc::new(Self(NEXT.fetch_add(1, Ordering::Relaxed)));
        Provider::sync::<Arc<Self>>("Ticket", Scope::Transient, location!(), |_| {}, build)
    }
}

#[test]
fn each_dependency_has_a_transient_value_of_its_own() {
    provider!(Singleton Desk at "src/desk.rs":1 { ticket: Arc<Ticket> });
    provider!(Scoped Visit at "src/visit.rs":1 { a: Arc<Ticket>, b: Arc<Ticket> });
    root!(Page at "src/page.rs":1 { visit: Arc<Visit>, again: Arc<Visit>, desk: Arc<Desk>, ticket: Arc<Ticket> });
    module!(App at "src/main.rs":1 { roots: [Page], providers: [Ticket, Desk, Visit], });
    let container = start::<App>();
    let plan = container.scope(&[0]);
    let mut tickets = std::collections::HashSet::new();
    for _ in 0..2 {
        let mut scope = block_on(plan.open(plan.seeds()).opened()).expect("open");
        let page = scope
            .take_root(0)
            .expect("a root")
            .downcast::<Page>()
            .expect("a page");
        assert!(Arc::ptr_eq(&page.visit, &page.again));
        tickets.extend([
            page.visit.a.0,
            page.visit.b.0,
            page.desk.ticket.0,
            page.ticket.0,
        ]);
    }
    assert_eq!(
        tickets.len(),
        1 + 2 * 3,
        "the singleton's ticket is the same in both scopes"
    );
    assert!(container.get::<Arc<Ticket>>().is_none());
}

#[test]
fn a_value_of_the_graph_is_visible_everywhere() {
    struct Settings(u8);
    provider!(Singleton Rooms at "src/rooms.rs":1 { settings: Arc<Settings> });
    module!(Chat at "src/chat.rs":1 { providers: [Rooms], });
    module!(App at "src/main.rs":1 { imports: [Chat], });
    let mut graph = graph::<App>();
    graph.provide(Settings(3));
    let container = block_on(graph.validate().expect("valid").start()).expect("started");
    assert_eq!(container.get::<Arc<Rooms>>().expect("built").settings.0, 3);
    assert_eq!(container.get::<Arc<Settings>>().expect("provided").0, 3);
}

#[test]
fn two_values_of_one_type_are_ambiguous() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { limit: Arc<u8> });
    module!(App at "src/main.rs":1 { providers: [Rooms], });
    let mut graph = graph::<App>();
    graph.provide(1_u8);
    graph.provide(2_u8);
    let report = graph.validate().expect_err("two");
    assert_eq!(
        report.faults()[0].text(),
        "`Arc<u8>` has 2 providers in `App`"
    );
    assert_eq!(
        report.faults()[0].steps()[1].text,
        "`Arc<u8>` is added to the graph, and visible in every module"
    );
}
