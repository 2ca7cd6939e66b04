//! Modules: what they see of each other, their order, and their configuration.

#[macro_use]
mod common;

use std::sync::Arc;

use common::{block_on, graph, start};
use specter_di::Module as _;

provider!(Singleton Pool at "src/db.rs":10 {});

#[test]
fn a_module_sees_its_own_providers_and_the_exports_of_its_imports() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Arc<Pool> });
    provider!(Singleton Users at "src/users.rs":1 { rooms: Arc<Rooms>, pool: Arc<Pool> });
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    module!(Chat at "src/chat.rs":1 { imports: [Db], providers: [Rooms, Users], });
    let container = start::<Chat>();
    let users = container.get::<Arc<Users>>().expect("built");
    assert!(Arc::ptr_eq(&users.pool, &users.rooms.pool));
}

#[test]
fn a_module_can_export_a_provider_of_its_import() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Arc<Pool> });
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    module!(Storage at "src/storage.rs":1 { imports: [Db], exports: [Pool], });
    module!(Chat at "src/chat.rs":1 { imports: [Storage], providers: [Rooms], });
    assert!(start::<Chat>().get::<Arc<Rooms>>().is_some());
}

#[test]
fn a_provider_that_two_imports_export_is_built_once() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Arc<Pool>, all: Vec<Arc<Pool>> });
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    module!(Left at "src/left.rs":1 { imports: [Db], exports: [Pool], });
    module!(Right at "src/right.rs":1 { imports: [Db], exports: [Pool], });
    module!(Chat at "src/chat.rs":1 { imports: [Left, Right, Db], providers: [Rooms], });
    assert_eq!(
        start::<Chat>()
            .get::<Arc<Rooms>>()
            .expect("built")
            .all
            .len(),
        1
    );
}

#[test]
fn a_singleton_on_which_nothing_depends_is_built() {
    module!(Db at "src/db.rs":1 { providers: [Pool], });
    module!(App at "src/main.rs":1 { imports: [Db], });
    assert!(
        start::<App>().get::<Arc<Pool>>().is_some(),
        "a singleton is built and found even if it is not exported"
    );
}

#[test]
fn of_several_singletons_of_a_type_get_returns_the_one_that_the_application_sees() {
    struct Limit(u8);
    factory!(Singleton low -> Limit, at "src/low.rs":1 {} |_| async { Ok(Arc::new(Limit(1))) });
    factory!(Singleton high -> Limit, at "src/high.rs":1 {} |_| async { Ok(Arc::new(Limit(9))) });
    module!(Low at "src/low.rs":1 { providers: [low], });
    module!(High at "src/high.rs":1 { providers: [high], exports: [high], });
    module!(Seeing at "src/main.rs":1 { imports: [Low, High], });
    assert_eq!(
        start::<Seeing>().get::<Arc<Limit>>().map(|limit| limit.0),
        Some(9)
    );

    module!(Closed at "src/high.rs":1 { imports: [Low], providers: [high], });
    module!(Blind at "src/main.rs":1 { imports: [Closed], });
    assert!(start::<Blind>().get::<Arc<Limit>>().is_none());
}

#[test]
fn roots_of_imported_modules_come_first() {
    root!(A at "src/a.rs":1 {});
    root!(B at "src/b.rs":1 {});
    root!(C at "src/c.rs":1 {});
    root!(D at "src/d.rs":1 {});
    root!(E at "src/e.rs":1 {});
    module!(Deep at "src/deep.rs":1 { roots: [D], });
    module!(Left at "src/left.rs":1 { imports: [Deep], roots: [B, C], });
    module!(Right at "src/right.rs":1 { imports: [Deep], roots: [A], });
    module!(App at "src/main.rs":1 { imports: [Left, Right], roots: [E], });
    let plan = graph::<App>().validate().expect("valid");
    let names: Vec<_> = plan
        .roots()
        .iter()
        .map(|root| (root.index(), root.name(), root.module()))
        .collect();
    let expected = [
        (0, "D", "Deep"),
        (1, "B", "Left"),
        (2, "C", "Left"),
        (3, "A", "Right"),
        (4, "E", "App"),
    ];
    assert_eq!(names, expected);
    let container = block_on(plan.start()).expect("started");
    assert_eq!(container.roots().len(), 5);
    assert_eq!(container.roots()[3].location().file, "src/a.rs");
}

#[test]
fn a_root_has_the_data_that_the_embedder_attached() {
    struct Page;
    impl Page {
        fn root() -> specter_di::Root {
            specter_di::Root::new::<Self>("Page", specter_di::location!(), |_| {}, |_| Self)
                .meta("/home")
        }
    }
    module!(App at "src/main.rs":1 { roots: [Page], });
    let container = start::<App>();
    assert_eq!(container.roots()[0].meta::<&str>(), Some(&"/home"));
    assert_eq!(container.roots()[0].meta::<u8>(), None);
}

#[test]
fn a_module_without_a_name_is_named_after_its_type() {
    struct Bare;
    impl specter_di::Module for Bare {
        fn define(module: &mut specter_di::ModuleBuilder) {
            module.export::<Pool>();
        }
    }
    let report = common::report::<Bare>();
    assert_eq!(
        report.faults()[0].text(),
        "`Bare` exports `Pool`, which it does not provide"
    );
}

mod tested {
    graph_test!(Db);
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    provider!(Singleton Pool at "src/db.rs":10 {});
    use specter_di::graph_test;
}

#[test]
#[should_panic(expected = "the graph of `Db` has 1 fault\n\n 1. `Db` exports `Pool`")]
fn a_graph_test_fails_with_the_report() {
    module!(Db at "src/db.rs":1 { exports: [Pool], });
    specter_di::assert_valid(graph::<Db>());
}

#[test]
fn a_graph_without_modules_is_valid() {
    let container = block_on(
        specter_di::Graph::default()
            .validate()
            .expect("valid")
            .start(),
    );
    assert!(container.expect("started").roots().is_empty());
}

#[test]
fn the_exports_of_a_global_module_are_visible_everywhere() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Arc<Pool> });
    struct Db;
    impl specter_di::Module for Db {
        fn define(module: &mut specter_di::ModuleBuilder) {
            module.global();
            module.provide::<Pool>();
            module.export::<Pool>();
        }
    }
    module!(Chat at "src/chat.rs":1 { providers: [Rooms], });
    module!(App at "src/main.rs":1 { imports: [Chat, Db], });
    assert!(start::<App>().get::<Arc<Rooms>>().is_some());
}

#[test]
fn a_module_can_export_a_module_that_it_imports() {
    provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Arc<Pool> });
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    struct Storage;
    impl specter_di::Module for Storage {
        fn define(module: &mut specter_di::ModuleBuilder) {
            module.import::<Db>();
            module.export_module::<Db>();
        }
    }
    module!(Chat at "src/chat.rs":1 { imports: [Storage], providers: [Rooms], });
    assert!(start::<Chat>().get::<Arc<Rooms>>().is_some());
}

#[test]
fn a_module_cannot_export_a_module_that_it_does_not_import() {
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    struct Storage;
    impl specter_di::Module for Storage {
        fn define(module: &mut specter_di::ModuleBuilder) {
            module.export_module::<Db>();
        }
    }
    let report = graph::<Storage>().validate().expect_err("not imported");
    assert_eq!(
        report.faults()[0].text(),
        "`Storage` exports the module `Db`, which it does not import"
    );
}

#[test]
fn an_importer_adds_values_and_providers_to_a_module() {
    struct Limit(u32);
    provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Arc<Pool>, limit: Arc<Limit> });
    provider!(Singleton Users at "src/users.rs":1 { rooms: Arc<Rooms>, limit: Option<Arc<Limit>> });
    module!(Chat at "src/chat.rs":1 { providers: [Rooms], });
    struct App;
    impl specter_di::Module for App {
        fn define(module: &mut specter_di::ModuleBuilder) {
            let chat = Chat::with(Limit(8)).provide::<Pool>();
            module.import_configured(chat.export::<Rooms>());
            module.provide::<Users>();
        }
    }
    let users = start::<App>().get::<Arc<Users>>().expect("built");
    assert_eq!(users.rooms.limit.0, 8);
    assert!(
        users.limit.is_none(),
        "other modules do not see a module's options"
    );
}

#[test]
fn two_modules_can_be_configured_with_values_of_one_type() {
    module!(Left at "src/left.rs":1 {});
    module!(Right at "src/right.rs":1 {});
    let mut graph = graph::<Left>();
    graph.import(Right::with(1_u8));
    graph.import(Left::with(1_u8));
    let faults = graph.validate().expect_err("it imports itself");
    let codes: Vec<_> = faults
        .faults()
        .iter()
        .map(specter_di::Fault::code)
        .collect();
    assert_eq!(codes, ["module_cycle"]);
}

#[test]
fn configuring_a_module_twice_is_a_fault() {
    module!(Db at "src/db.rs":1 {});
    module!(App at "src/main.rs":1 { imports: [Db], });
    let mut graph = graph::<App>();
    graph.import(Db::with(1_u8));
    graph.import(Db::with(2_u16));
    let report = graph.validate().expect_err("twice");
    let fault = &report.faults()[0];
    assert_eq!(fault.code(), "module_configured_twice");
    assert_eq!(fault.text(), "`Db` is configured more than once");
    assert_eq!(fault.steps().len(), 2);
}
