//! Deferred dependencies.

#[macro_use]
mod common;

use std::sync::Arc;

use common::{Request, block_on, faults, graph, start};
use specter_di::Lazy;

provider!(Singleton Rooms at "src/rooms.rs":1 { users: Lazy<Users> });
provider!(Singleton Users at "src/users.rs":1 { rooms: Arc<Rooms> });
module!(App at "src/main.rs":1 { providers: [Rooms, Users], });

#[test]
fn two_singletons_can_refer_to_each_other_and_are_dropped() {
    let container = start::<App>();
    let rooms = container.get::<Arc<Rooms>>().expect("built");
    let users = rooms.users.get().expect("started");
    assert!(Arc::ptr_eq(&users.rooms, &rooms));
    drop((container, users));
    assert!(rooms.users.get().is_none());
    assert_eq!(Arc::strong_count(&rooms), 1);
}

#[test]
fn two_scoped_values_can_refer_to_each_other() {
    provider!(Scoped Left at "src/left.rs":1 { right: Lazy<Right>, rooms: Lazy<Rooms> });
    provider!(Scoped Right at "src/right.rs":1 { left: Arc<Left>, request: Request });
    root!(Visit at "src/visit.rs":1 { left: Arc<Left>, later: Lazy<Right> });
    module!(Site at "src/main.rs":1 { roots: [Visit], providers: [Left, Right, Rooms, Users], });
    let container = start::<Site>();
    let plan = container.scope(&[0]);
    let seeds = plan.seeds().with(Request(7));
    let mut scope = block_on(plan.open(seeds).opened()).expect("open");
    let visit = scope
        .take_root(0)
        .and_then(|root| root.downcast::<Visit>().ok());
    let visit = visit.expect("built");
    let right = visit.left.right.get().expect("the scope is open");
    assert_eq!(right.request, Request(7));
    assert!(Arc::ptr_eq(&right, &visit.later.get().expect("the same")));
    assert!(visit.left.rooms.get().is_some());
    drop(right);
    block_on(scope.close());
    assert!(visit.later.get().is_none(), "it was dropped with its scope");
    assert!(visit.left.rooms.get().is_some(), "the container lives");
}

#[test]
fn each_deferred_dependency_has_a_transient_value_of_its_own() {
    provider!(Transient Ticket at "src/ticket.rs":1 {});
    provider!(Singleton Office at "src/office.rs":1 { one: Lazy<Ticket>, other: Lazy<Ticket> });
    module!(Site at "src/main.rs":1 { providers: [Ticket, Office], });
    let container = start::<Site>();
    let office = container.get::<Arc<Office>>().expect("built");
    let (one, other) = (office.one.get().expect("built"), office.other.get());
    assert!(!Arc::ptr_eq(&one, &other.expect("built")));
}

#[test]
fn transient_providers_that_defer_each_other_are_a_fault() {
    provider!(Transient Hen at "src/hen.rs":1 { egg: Lazy<Egg> });
    provider!(Transient Egg at "src/egg.rs":1 { hen: Lazy<Hen> });
    provider!(Singleton Farm at "src/farm.rs":1 { hen: Arc<Hen> });
    module!(Site at "src/main.rs":1 { providers: [Hen, Egg, Farm], });
    let report = graph::<Site>().validate().expect_err("without end");
    assert_eq!(report.faults()[0].code(), "graph_too_large");
}

#[test]
fn deferred_dependencies_are_validated() {
    provider!(Scoped Session at "src/session.rs":1 {});
    provider!(Singleton Holder at "src/holder.rs":1 { session: Lazy<Session>, nobody: Lazy<u8> });
    module!(Site at "src/main.rs":1 { providers: [Session, Holder], });
    let faults = faults::<Site>();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("[provider_missing]"), "{faults:?}");
    assert!(faults[1].contains("[scope_violation]"), "{faults:?}");
}

#[test]
fn a_lazy_value_can_be_made_without_a_container() {
    let value = Arc::new(5);
    let lazy = Lazy::of(&value);
    assert_eq!(lazy.clone().get().as_deref(), Some(&5));
    drop(value);
    assert!(lazy.get().is_none());
}

#[test]
fn a_seed_can_be_a_deferred_dependency() {
    struct Upload;
    root!(Page at "src/page.rs":1 { upload: Lazy<Upload> });
    module!(Site at "src/main.rs":1 { roots: [Page], });
    let mut graph = graph::<Site>();
    graph.seed::<Arc<Upload>>("Upload");
    let container = block_on(graph.validate().expect("valid").start()).expect("started");
    let plan = container.scope(&[0]);
    // The order differs from that of the declaration.
    let upload = Arc::new(Upload);
    let seeds = plan.seeds().with(upload.clone()).with(Request(1));
    let mut scope = block_on(plan.open(seeds).opened()).expect("open");
    let page = scope
        .take_root(0)
        .and_then(|root| root.downcast::<Page>().ok());
    let held = page
        .expect("built")
        .upload
        .get()
        .expect("the scope is open");
    assert!(Arc::ptr_eq(&held, &upload));
    drop((held, scope));
    assert_eq!(Arc::strong_count(&upload), 1);
}
