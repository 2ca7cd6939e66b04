//! The report of each kind of fault: its text, its places and its help.

#[macro_use]
mod common;

use std::sync::Arc;

use common::{Request, faults, graph, report};
use specter_di::{FaultKind, Key, Location, Root};

provider!(Singleton Pool at "src/db.rs":10 {});

#[test]
fn a_missing_provider() {
    provider!(Singleton Rooms at "src/rooms.rs":20 { pool: Arc<Pool> });
    module!(Chat at "src/chat.rs":1 { providers: [Rooms], });

    assert_eq!(
        faults::<Chat>(),
        ["nothing provides `Arc<Pool>` [provider_missing]
    src/rooms.rs:21:5: `Rooms` in `Chat` needs it as `pool`
    help: annotate `Pool`, or a function that returns it, with `#[injectable]`, and add it to the providers of `Chat` (src/chat.rs:1:1)"]
    );
}

#[test]
fn a_trait_that_nothing_implements() {
    trait Clock: Send + Sync {}
    provider!(Singleton Rooms at "src/rooms.rs":20 { clock: Arc<dyn Clock> });
    module!(Chat at "src/chat.rs":1 { providers: [Rooms], });

    assert_eq!(
        faults::<Chat>(),
        ["nothing provides `Arc<dyn Clock>` [provider_missing]
    src/rooms.rs:21:5: `Rooms` in `Chat` needs it as `clock`
    help: put `#[injectable(as = dyn Clock)]` on the type that implements it, and add it to the providers of `Chat` (src/chat.rs:1:1)"]
    );
}

#[test]
fn a_trait_whose_implementation_is_listed_by_its_own_type() {
    trait Clock: Send + Sync {}
    provider!(Singleton SystemClock at "src/clock.rs":5 {});
    provider!(Singleton Other at "src/other.rs":5 {});
    provider!(Singleton Rooms at "src/rooms.rs":20 { clock: Arc<dyn Clock> });
    module!(Chat at "src/chat.rs":1 { providers: [SystemClock, Other, Rooms], });

    assert_eq!(
        faults::<Chat>(),
        ["nothing provides `Arc<dyn Clock>` [provider_missing]
    src/rooms.rs:21:5: `Rooms` in `Chat` needs it as `clock`
    help: put `#[injectable(as = dyn Clock)]` on the type that implements it, which may be `SystemClock` (src/clock.rs:5:1): it is listed, and nothing injects it by its own type"]
    );
}

#[test]
fn a_type_that_cannot_be_annotated() {
    root!(Page at "src/page.rs":20 { log: Arc<std::sync::Mutex<Vec<String>>> });
    module!(Site at "src/site.rs":1 { roots: [Page], });

    assert_eq!(
        faults::<Site>(),
        ["nothing provides `Arc<Mutex<Vec<String>>>` [provider_missing]
    src/page.rs:21:5: `Page` in `Site` needs it as `log`
    help: if each `Page` has a value of its own, mark the field with `#[state]`; if all share one, hold it in a struct of yours that is `#[injectable]`, or annotate a function that returns it, and add it to the providers of `Site` (src/site.rs:1:1). `Mutex<Vec<String>>` is the standard library's, so it cannot be annotated here"]
    );
}

#[test]
fn a_module_that_has_no_list_of_providers() {
    root!(Page at "src/page.rs":20 { pool: Arc<Pool> });
    struct Alone;
    impl specter_di::Module for Alone {
        fn define(module: &mut specter_di::ModuleBuilder) {
            module.without_providers("write a module");
            module.root(Page::root());
        }
    }
    let reports = faults::<Alone>();
    assert!(
        reports[0].ends_with(
            "help: annotate `Pool`, or a function that returns it, with `#[injectable]`, and write \
             a module"
        ),
        "{}",
        reports[0]
    );
}

#[test]
fn a_seed_that_is_taken_as_an_arc() {
    root!(Page at "src/page.rs":20 { request: Arc<Request> });
    module!(Site at "src/site.rs":1 { roots: [Page], });

    assert_eq!(
        faults::<Site>(),
        ["nothing provides `Arc<Request>` [provider_missing]
    src/page.rs:21:5: `Page` in `Site` needs it as `request`
    help: take `Request` instead of `Arc<Request>`: it is a value of the framework, which is injected by value"]
    );
}

#[test]
fn a_value_that_the_framework_does_not_have() {
    #[derive(Clone)]
    struct Clock;
    impl specter_di::Dependency for Clock {
        fn key() -> specter_di::Key {
            specter_di::Key::of::<Self>()
        }
        fn take(resolved: &mut specter_di::Resolved<'_>) -> Self {
            resolved.value()
        }
    }
    root!(Page at "src/page.rs":20 { clock: Clock });
    module!(Site at "src/site.rs":1 { roots: [Page], });

    assert_eq!(
        faults::<Site>(),
        ["nothing provides `Clock` [provider_missing]
    src/page.rs:21:5: `Page` in `Site` needs it as `clock`
    help: remove it, or take a provider's value as `Arc<T>`: only values of the framework are injected by value, and `Clock` is not one of them here"]
    );
}

#[test]
fn a_type_of_the_same_name() {
    mod other {
        provider!(Singleton Pool at "src/other.rs":5 {});
        module!(Other at "src/other.rs":1 { providers: [Pool], exports: [Pool], });
    }
    provider!(Singleton Rooms at "src/rooms.rs":20 { pool: Arc<Pool> });
    module!(Chat at "src/chat.rs":1 { imports: [other::Other], providers: [Rooms], });

    assert_eq!(
        faults::<Chat>(),
        ["nothing provides `Arc<faults::Pool>` [provider_missing]
    src/rooms.rs:21:5: `Rooms` in `Chat` needs it as `pool`
    src/other.rs:5:1: `Pool` provides another type of that name: `Arc<faults::a_type_of_the_same_name::other::Pool>`
    help: take the type that is provided, or provide this one as well"]
    );
}

#[test]
fn a_provider_that_is_not_exported() {
    provider!(Singleton Rooms at "src/rooms.rs":20 { pool: Arc<Pool> });
    module!(Db at "src/db.rs":1 { providers: [Pool], });
    module!(Chat at "src/chat.rs":1 { imports: [Db], providers: [Rooms], });

    assert_eq!(
        faults::<Chat>(),
        [
            "`Arc<Pool>` is provided, but `Chat` does not see it [provider_not_visible]
    src/rooms.rs:21:5: `Rooms` in `Chat` needs it as `pool`
    src/db.rs:10:1: `Pool` in `Db` provides it, but that module does not export it
    help: add `Pool` to the exports of `Db` (src/db.rs:1:1)"
        ]
    );
}

#[test]
fn a_provider_whose_module_is_not_imported() {
    provider!(Singleton Rooms at "src/rooms.rs":20 { pool: Arc<Pool> });
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    module!(Chat at "src/chat.rs":1 { providers: [Rooms], });
    module!(App at "src/main.rs":1 { imports: [Db, Chat], });

    assert_eq!(
        faults::<App>(),
        [
            "`Arc<Pool>` is provided, but `Chat` does not see it [provider_not_visible]
    src/rooms.rs:21:5: `Rooms` in `Chat` needs it as `pool`
    src/db.rs:10:1: `Pool` in `Db` provides it, but `Chat` does not import that module
    help: add `Db` to the imports of `Chat` (src/chat.rs:1:1)"
        ]
    );
}

#[test]
fn a_provider_that_is_neither_exported_nor_imported() {
    root!(Page at "src/page.rs":20 { pool: Arc<Pool> });
    module!(Db at "src/db.rs":1 { providers: [Pool], });
    module!(Site at "src/site.rs":1 { roots: [Page], });
    module!(App at "src/main.rs":1 { imports: [Db, Site], });

    assert_eq!(
        faults::<App>(),
        ["`Arc<Pool>` is provided, but `Site` does not see it [provider_not_visible]
    src/page.rs:21:5: `Page` in `Site` needs it as `pool`
    src/db.rs:10:1: `Pool` in `Db` provides it, but that module does not export it, and `Site` does not import that module
    help: add `Pool` to the exports of `Db` (src/db.rs:1:1) and `Db` to the imports of `Site` (src/site.rs:1:1)"]
    );
}

#[test]
fn a_required_value_that_is_missing() {
    struct Page;
    impl Page {
        fn root() -> specter_di::Root {
            let at = |line| specter_di::Location {
                file: "src/page.rs",
                line,
                column: 9,
            };
            specter_di::Root::new::<Self>("Page", at(3), |_| {}, |_| Self).require(
                specter_di::Key::of::<Arc<Pool>>(),
                "pool",
                at(7),
            )
        }
    }
    module!(Site at "src/site.rs":1 { roots: [Page], });

    let report = report::<Site>();
    assert_eq!(report.faults()[0].kind(), FaultKind::Missing);
    assert_eq!(
        report.faults()[0].steps()[0].text,
        "`Page` in `Site` needs it as `pool`"
    );
    assert_eq!(report.faults()[0].steps()[0].location.line, 7);
}

#[test]
fn two_providers_of_one_type() {
    factory!(Singleton replica -> Pool, at "src/replica.rs":4 {} |_| async { Ok(Arc::new(Pool {})) });
    provider!(Singleton Rooms at "src/rooms.rs":20 { pool: Arc<Pool> });
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    module!(Chat at "src/chat.rs":1 { imports: [Db], providers: [Rooms, replica], });

    assert_eq!(
        faults::<Chat>(),
        ["`Arc<Pool>` has 2 providers in `Chat` [provider_ambiguous]
    src/rooms.rs:21:5: `Rooms` in `Chat` needs it as `pool`
    src/db.rs:10:1: `Pool` in `Db` provides it
    src/replica.rs:4:1: `replica` in `Chat` provides it
    help: make only one of them visible to the module (it sees its own providers and the exports of its imports), or take all of them as `Vec<Arc<Pool>>`"]
    );
}

#[test]
fn a_provider_with_two_owners() {
    module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
    module!(Chat at "src/chat.rs":1 { imports: [Db], providers: [Pool], });

    assert_eq!(
        faults::<Chat>(),
        [
            "`Pool` is listed by several modules: `Db`, `Chat` [provider_duplicate_owner]
    src/db.rs:10:1: `Pool` is declared here
    src/db.rs:1:1: `Db` lists it
    src/chat.rs:1:1: `Chat` lists it
    help: keep `Pool` in one of them, export it there, and import that module in the others"
        ]
    );
}

#[test]
fn a_provider_that_is_listed_twice() {
    module!(Db at "src/db.rs":1 { providers: [Pool, Pool], });

    assert_eq!(
        faults::<Db>(),
        ["`Db` lists `Pool` more than once [provider_duplicate_owner]
    src/db.rs:10:1: `Pool` is declared here
    src/db.rs:1:1: `Db` lists it
    help: remove all entries but one"]
    );
}

#[test]
fn a_root_in_two_modules() {
    root!(Page at "src/page.rs":20 {});
    module!(Site at "src/site.rs":1 { roots: [Page], });
    module!(App at "src/main.rs":1 { imports: [Site], roots: [Page], });

    assert_eq!(
        faults::<App>(),
        [
            "`Page` is listed by several modules: `Site`, `App` [root_duplicate_owner]
    src/page.rs:20:1: `Page` is declared here
    src/site.rs:1:1: `Site` lists it
    src/main.rs:1:1: `App` lists it
    help: keep `Page` in one of them, and remove it from the others"
        ]
    );
}

#[test]
fn an_export_of_a_provider_that_is_not_there() {
    module!(Db at "src/db.rs":1 { exports: [Pool], });

    assert_eq!(
        faults::<Db>(),
        [
            "`Db` exports `Pool`, which it does not provide [export_unknown]
    src/db.rs:1:1: `Db` is declared here
    help: add `Pool` to the providers of `Db`, or import a module that exports it"
        ]
    );
}

#[test]
fn providers_in_a_circle() {
    provider!(Singleton A at "src/a.rs":1 { b: Arc<B> });
    provider!(Singleton B at "src/b.rs":1 { pool: Arc<Pool>, c: Arc<C> });
    provider!(Scoped C at "src/c.rs":1 { a: Arc<A> });
    module!(App at "src/main.rs":1 { providers: [Pool, A, B, C], });

    assert_eq!(
        faults::<App>(),
        [
            "providers depend on each other: `A` -> `B` -> `C` -> `A` [dependency_cycle]
    src/a.rs:2:5: `A` takes `Arc<B>` as `b`
    src/b.rs:3:5: `B` takes `Arc<C>` as `c`
    src/c.rs:2:5: `C` takes `Arc<A>` as `a`
    help: take `b` of `A` as `Lazy<B>` (src/a.rs:2:5), which is built later, move what they share into a provider of its own, or pass one of them to the other's methods",
            "a singleton depends on a value that lives in a request scope: `B` -> `C` [scope_violation]
    src/b.rs:3:5: `B` takes `Arc<C>` as `c`
    src/c.rs:1:1: `C` has `scope = request`
    help: make `B` request-scoped (`scope = request`), or pass `C` to its methods"
        ]
    );
}

#[test]
fn a_provider_that_depends_on_itself() {
    provider!(Singleton A at "src/a.rs":1 { a: Arc<A> });
    module!(App at "src/main.rs":1 { providers: [A], });

    assert_eq!(
        faults::<App>(),
        [
            "providers depend on each other: `A` -> `A` [dependency_cycle]
    src/a.rs:2:5: `A` takes `Arc<A>` as `a`
    help: take `a` of `A` as `Lazy<A>` (src/a.rs:2:5), which is built later, move what they share into a provider of its own, or pass one of them to the other's methods"
        ]
    );
}

#[test]
fn modules_that_import_each_other() {
    module!(A at "src/a.rs":1 { imports: [B], });
    module!(B at "src/b.rs":1 { imports: [A], });
    module!(App at "src/main.rs":1 { imports: [A], });

    assert_eq!(
        faults::<App>(),
        ["modules import each other: `A` -> `B` -> `A` [module_cycle]
    src/a.rs:1:1: `A` imports `B`
    src/b.rs:1:1: `B` imports `A`
    help: remove one of these imports: a module of its own, which imports none of them, can provide what several of them need"]
    );
}

#[test]
fn a_singleton_that_takes_a_seed() {
    provider!(Singleton Cache at "src/cache.rs":8 { request: Request });
    module!(App at "src/main.rs":1 { providers: [Cache], });

    let text = faults::<App>().concat();
    let (declared, rest) = text
        .split_once("    tests/common")
        .or(text.split_once("    specter-di/tests/common"))
        .expect("the seed's place");
    assert_eq!(
        declared,
        "a singleton depends on a value that lives in a request scope: `Cache` -> `Request` [scope_violation]
    src/cache.rs:9:5: `Cache` takes `Request` as `request`
"
    );
    assert!(
        rest.contains(": `Request` is a seed, which each request scope has of its own\n"),
        "{rest}"
    );
    assert!(
        rest.ends_with(
            "help: make `Cache` request-scoped (`scope = request`), or pass \
        `Request` to its methods"
        ),
        "{rest}"
    );
}

#[test]
fn a_singleton_that_reaches_a_scope_through_a_transient() {
    provider!(Scoped User at "src/user.rs":1 {});
    provider!(Transient Log at "src/log.rs":1 { user: Arc<User> });
    provider!(Singleton Cache at "src/cache.rs":8 { log: Arc<Log> });
    module!(App at "src/main.rs":1 { providers: [User, Log, Cache], });

    assert_eq!(
        faults::<App>(),
        ["a singleton depends on a value that lives in a request scope: `Cache` -> `Log` -> `User` [scope_violation]
    src/cache.rs:9:5: `Cache` takes `Arc<Log>` as `log`
    src/log.rs:2:5: `Log` takes `Arc<User>` as `user`
    src/user.rs:1:1: `User` has `scope = request`
    help: make `Cache` request-scoped (`scope = request`), or pass `User` to its methods"]
    );
}

#[test]
fn more_values_than_can_be_numbered() {
    provider!(Transient T0 at "src/t.rs":1 {});
    macro_rules! doubled {
        ($($name:ident of $inner:ident),*) => {
            $(provider!(Transient $name at "src/t.rs":1 { a: Arc<$inner>, b: Arc<$inner> });)*
        };
    }
    doubled!(T1 of T0, T2 of T1, T3 of T2, T4 of T3, T5 of T4, T6 of T5, T7 of T6, T8 of T7, T9 of T8, T10 of T9);
    doubled!(T11 of T10, T12 of T11, T13 of T12, T14 of T13, T15 of T14, T16 of T15, T17 of T16, T18 of T17);
    root!(Page at "src/page.rs":1 { all: Arc<T18> });
    module!(App at "src/main.rs":1 {
        roots: [Page],
        providers: [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15, T16, T17, T18],
    });

    assert_eq!(
        faults::<App>(),
        ["the graph needs more than 65535 values at once [graph_too_large]
    help: make transient providers singletons, because every place that takes a transient provider gets a value of its own"]
    );
}

#[test]
fn a_required_singleton_that_has_another_scope() {
    provider!(Scoped User at "src/user.rs":4 {});
    provider!(Transient Draft at "src/draft.rs":7 {});
    provider!(Singleton Audit at "src/audit.rs":9 {});
    struct Page;
    impl Page {
        fn root() -> Root {
            let at = |line| Location {
                file: "src/page.rs",
                line,
                column: 1,
            };
            Root::new::<Self>("Page", at(1), |_| {}, |_| Self)
                .require_singleton("guard", Key::of::<Arc<User>>(), "User", at(2))
                // A requirement with the same place is the same fault.
                .require_singleton("guard", Key::of::<Arc<User>>(), "User", at(2))
                .require_singleton("filter", Key::of::<Arc<Draft>>(), "Draft", at(3))
                .require_singleton("guard", Key::of::<Arc<Audit>>(), "Audit", at(4))
        }
    }
    module!(Site at "src/site.rs":1 { roots: [Page], providers: [User, Draft, Audit], });

    assert_eq!(
        faults::<Site>(),
        [
            "guard `User` is not a singleton [singleton_required]
    src/page.rs:2:1: `Page` in `Site` takes it as guard
    src/user.rs:4:1: `User` has `scope = request`
    help: declare `User` without `scope`: all requests share one instance, and what belongs to one request is passed to its methods",
            "filter `Draft` is not a singleton [singleton_required]
    src/page.rs:3:1: `Page` in `Site` takes it as filter
    src/draft.rs:7:1: `Draft` has `scope = transient`
    help: declare `Draft` without `scope`: all requests share one instance, and what belongs to one request is passed to its methods",
        ]
    );
}

#[test]
fn singletons_that_the_embedder_takes_by_type_alone() {
    provider!(Scoped User at "src/user.rs":4 {});
    provider!(Singleton Rooms at "src/rooms.rs":20 {});
    struct One;
    struct Other;
    module!(Db at "src/db.rs":1 { providers: [Pool, Rooms, User], });
    factory!(Singleton first -> One, at "src/first.rs":1 {} |_| async { Ok(Arc::new(One)) });
    factory!(Singleton second -> One, at "src/second.rs":1 {} |_| async { Ok(Arc::new(One)) });
    module!(First at "src/first.rs":2 { providers: [first], });
    module!(App at "src/main.rs":1 { imports: [Db, First], providers: [second], });
    module!(Twice at "src/main.rs":2 { imports: [App, First], });

    let at = Location {
        file: "src/main.rs",
        line: 9,
        column: 1,
    };
    let faults = |keys: &[Key], mut graph: specter_di::Graph| -> Vec<String> {
        for key in keys {
            graph.require_singleton("guard", *key, at);
        }
        match graph.validate() {
            Ok(_) => Vec::new(),
            Err(report) => report.faults().iter().map(ToString::to_string).collect(),
        }
    };
    // `Pool` is not exported, but has only one provider. Of the two providers of `One`, the
    // application's module sees one.
    let found = [Key::of::<Arc<Pool>>(), Key::of::<Arc<One>>()];
    assert_eq!(faults(&found, graph::<App>()), Vec::<String>::new());
    let not_found = [
        Key::of::<Arc<Other>>(),
        Key::of::<Arc<One>>(),
        Key::of::<Arc<User>>(),
    ];
    assert_eq!(
        faults(&not_found, graph::<Twice>()),
        [
            "nothing provides `Arc<Other>` [provider_missing]
    src/main.rs:9:1: the application takes it as guard
    help: annotate `Other` with `#[injectable]`, and add it to the providers of a module",
            "`Arc<One>` has 2 providers in the application [provider_ambiguous]
    src/main.rs:9:1: the application takes it as guard
    src/first.rs:1:1: `first` in `First` provides it
    src/second.rs:1:1: `second` in `App` provides it
    help: make exactly one of them visible to the application's module, as its own provider or through an import",
            "guard `User` is not a singleton [singleton_required]
    src/main.rs:9:1: the application takes it as guard
    src/user.rs:4:1: `User` has `scope = request`
    help: declare `User` without `scope`: all requests share one instance, and what belongs to one request is passed to its methods",
        ]
    );
    // The replacement of a provider is the only provider.
    let mut replaced = graph::<App>();
    replaced.replace::<Pool>(Arc::new(Pool {}));
    assert_eq!(
        faults(&[Key::of::<Arc<Pool>>()], replaced),
        Vec::<String>::new()
    );
}
