//! Scopes: what is built when one is opened, from which seeds, and how it ends.

#[macro_use]
mod common;

use std::sync::{Arc, Mutex};

use common::{Request, block_on, graph, pause, start};
use specter_di::{
    Container, Key, Location, OpenScope, OpenScopeFuture, Provide, Provider, Root, Scope, Seeds,
};

provider!(Singleton Pool at "src/db.rs":1 {});
provider!(Scoped User at "src/user.rs":1 { request: Request, pool: Arc<Pool> });
root!(Page at "src/page.rs":1 { user: Arc<User>, pool: Arc<Pool>, request: Request });
root!(Footer at "src/footer.rs":1 { user: Arc<User> });
module!(App at "src/main.rs":1 { roots: [Page, Footer], providers: [Pool, User], });

fn open(container: &Container, roots: &[usize], request: u32) -> OpenScope {
    let plan = container.scope(roots);
    match plan.open(plan.seeds().with(Request(request))) {
        OpenScopeFuture::Ready(opened) => opened.expect("open"),
        OpenScopeFuture::Pending(_) => panic!("nothing has to be awaited"),
    }
}

fn root_of<T: 'static>(scope: &mut OpenScope, position: usize) -> T {
    *scope
        .take_root(position)
        .expect("a root")
        .downcast::<T>()
        .expect("of this type")
}

#[test]
fn the_roots_of_a_scope_share_its_values() {
    let container = start::<App>();
    let mut scope = open(&container, &[0, 1], 7);
    let page: Page = root_of(&mut scope, 0);
    let footer: Footer = root_of(&mut scope, 1);
    assert!(Arc::ptr_eq(&page.user, &footer.user));
    assert!(Arc::ptr_eq(&page.pool, &page.user.pool));
    assert_eq!(
        (page.request, page.user.request.clone()),
        (Request(7), Request(7))
    );
}

#[test]
fn scopes_share_only_singletons() {
    let container = start::<App>();
    let first: Page = root_of(&mut open(&container, &[0], 1), 0);
    let second: Page = root_of(&mut open(&container, &[0], 2), 0);
    assert!(!Arc::ptr_eq(&first.user, &second.user));
    assert!(Arc::ptr_eq(&first.pool, &second.pool));
}

#[test]
fn a_root_is_taken_once() {
    let container = start::<App>();
    let mut scope = open(&container, &[0, 1, 0], 1);
    for position in 0..3 {
        assert!(scope.take_root(position).is_some());
        assert!(scope.take_root(position).is_none());
    }
    assert!(scope.take_root(3).is_none());
}

#[test]
fn only_dependencies_of_the_roots_are_built() {
    factory!(Scoped never -> u8, at "src/never.rs":1 {} |_| async { panic!("nobody needs it") });
    module!(Lazy at "src/main.rs":1 { roots: [Footer], providers: [Pool, User, never], });
    let container = start::<Lazy>();
    open(&container, &[0], 1);
}

#[test]
fn seeds_can_have_any_order_and_unneeded_ones_can_be_missing() {
    root!(Plain at "src/plain.rs":1 { request: Request });
    module!(Small at "src/main.rs":1 { roots: [Plain], });
    let mut graph = graph::<Small>();
    graph.seed::<u8>("u8");
    graph.seed::<u16>("u16");
    let plan = block_on(graph.validate().expect("valid").start())
        .expect("started")
        .scope(&[0]);
    let other_order = Seeds::new()
        .with(2_u16)
        .with("not declared")
        .with(Request(3))
        .with(1_u8);
    let all = [
        plan.open(Seeds::new().with(Request(3)).with(1_u8).with(2_u16)),
        plan.open(other_order),
        plan.open(plan.seeds().with(Request(3))),
    ];
    for opening in all {
        let mut scope = block_on(opening.opened()).expect("open");
        assert_eq!(root_of::<Plain>(&mut scope, 0).request, Request(3));
    }
}

#[test]
fn the_failure_of_a_missing_seed_names_it() {
    let plan = start::<App>().scope(&[0]);
    let failure = block_on(plan.open(Seeds::new().with(1_u8)).opened()).expect_err("no request");
    assert_eq!(failure.provider(), "Request");
    assert_eq!(failure.code(), "seed_missing");
}

#[test]
fn a_scope_returns_the_values_that_a_root_takes_or_requires() {
    struct Handler;
    impl Handler {
        fn root() -> Root {
            const HERE: Location = specter_di::location!();
            Root::new::<Self>(
                "Handler",
                HERE,
                |dependencies| dependencies.add::<Request>("request", HERE),
                |resolved| {
                    resolved.next::<Request>();
                    Self
                },
            )
            .require(Key::of::<Arc<User>>(), "user", HERE)
            .require(Key::of::<Arc<Pool>>(), "pool", HERE)
        }
        fn seedless() -> Root {
            Root::new::<u8>("Other", specter_di::location!(), |_| {}, |_| 0)
        }
    }
    struct Required;
    impl specter_di::Module for Required {
        fn define(module: &mut specter_di::ModuleBuilder) {
            module.provide::<Pool>();
            module.provide::<User>();
            module.root(Handler::root());
            module.root(Handler::seedless());
        }
    }
    let container = start::<Required>();
    let scope = open(&container, &[0, 1], 5);
    let user = scope.get::<Arc<User>>(0).expect("required");
    assert_eq!(user.request, Request(5));
    assert!(Arc::ptr_eq(
        &user,
        &scope.get::<Arc<User>>(0).expect("the same again")
    ));
    assert!(Arc::ptr_eq(
        &user.pool,
        &scope.get::<Arc<Pool>>(0).expect("required")
    ));
    assert_eq!(scope.get::<Request>(0), Some(Request(5)));
    assert!(
        scope.get::<Arc<User>>(1).is_none(),
        "the other root did not ask for it"
    );
    assert!(scope.get::<Arc<User>>(9).is_none());
}

#[test]
fn a_scope_with_an_asynchronous_factory_is_opened_by_a_future() {
    struct Session(u32);
    factory!(Scoped session -> Session, at "src/session.rs":1 { request: Request } |resolved| {
        let request = resolved.next::<Request>();
        async move {
            pause().await;
            Ok(Arc::new(Session(request.0)))
        }
    });
    root!(Home at "src/home.rs":1 { session: Arc<Session>, user: Arc<User> });
    module!(Site at "src/main.rs":1 { roots: [Home, Footer], providers: [Pool, User, session], });
    let container = start::<Site>();
    let plan = container.scope(&[0]);
    let opening = plan.open(plan.seeds().with(Request(4)));
    assert!(matches!(opening, OpenScopeFuture::Pending(_)));
    let mut scope = block_on(opening.opened()).expect("open");
    assert_eq!(root_of::<Home>(&mut scope, 0).session.0, 4);
    open(&container, &[1], 1); // a scope without the factory is ready at once
}

fn at(line: u32) -> Location {
    Location {
        file: "src/fails.rs",
        line,
        column: 1,
    }
}

#[test]
fn the_error_of_a_scoped_factory_names_it() {
    struct Fails;
    struct Panics;
    impl Provide for Fails {
        type Value = Arc<Self>;
        fn provider() -> Provider {
            Provider::new::<Arc<Self>, _, _>(
                "fails",
                Scope::Scoped,
                at(1),
                |_| {},
                |_| async { Err("no token".into()) },
            )
        }
    }
    impl Provide for Panics {
        type Value = Arc<Self>;
        fn provider() -> Provider {
            Provider::sync::<Arc<Self>>(
                "Panics",
                Scope::Scoped,
                at(2),
                |_| {},
                |_| panic!("no state"),
            )
        }
    }
    root!(NeedsFails at "src/a.rs":1 { fails: Arc<Fails> });
    root!(NeedsPanics at "src/b.rs":1 { panics: Arc<Panics> });
    struct PanicsItself;
    impl PanicsItself {
        fn root() -> Root {
            Root::new::<Self>("PanicsItself", at(3), |_| {}, |_| panic!("no luck"))
        }
    }
    module!(Site at "src/main.rs":1 { roots: [NeedsFails, NeedsPanics, PanicsItself], providers: [Fails, Panics], });
    let container = start::<Site>();
    let failures = [0, 1, 2].map(|root| {
        let plan = container.scope(&[root]);
        block_on(plan.open(plan.seeds()).opened()).expect_err("it fails")
    });
    assert_eq!(
        failures.each_ref().map(ToString::to_string),
        [
            "`fails` (src/fails.rs:1:1) could not be built: no token",
            "`Panics` (src/fails.rs:2:1) could not be built: panicked: no state",
            "`PanicsItself` (src/fails.rs:3:1) could not be built: panicked: no luck",
        ]
    );
}

#[test]
fn a_scope_drops_its_values_in_reverse_order() {
    static ENDED: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    macro_rules! ending {
        ($name:ident { $($field:ident: $ty:ty),* }) => {
            #[allow(dead_code, reason = "the fields are only there to be injected")]
            struct $name { $($field: $ty),* }
            impl Provide for $name {
    type Value = Arc<Self>;
                fn provider() -> Provider {
                    Provider::sync::<Arc<Self>>(
                        stringify!($name),
                        Scope::Scoped,
                        at(1),
                        declare!("src/ending.rs":1 { $($field: $ty),* }),
                        |_resolved| Arc::new(Self { $($field: _resolved.next::<$ty>()),* }),
                    )
                }
            }
            impl Drop for $name {
                fn drop(&mut self) {
                    ENDED.lock().expect("not poisoned").push(stringify!($name));
                }
            }
        };
    }
    ending!(Connection {});
    ending!(Transaction { connection: Arc<Connection> });
    ending!(Unrelated {});
    root!(Home at "src/home.rs":1 { transaction: Arc<Transaction>, unrelated: Arc<Unrelated> });
    module!(Site at "src/main.rs":1 { roots: [Home], providers: [Transaction, Connection, Unrelated], });
    let scope = open(&start::<Site>(), &[0], 1);
    block_on(scope.close());
    assert_eq!(
        *ENDED.lock().expect("not poisoned"),
        ["Unrelated", "Transaction", "Connection"]
    );
}

#[test]
fn a_scope_outlives_the_container_handle() {
    let container = start::<App>();
    let mut scope = open(&container, &[0], 1);
    drop(container);
    assert_eq!(root_of::<Page>(&mut scope, 0).request, Request(1));
}

#[test]
fn a_plan_shows_its_roots_before_the_start() {
    assert_eq!(graph::<App>().validate().expect("valid").roots().len(), 2);
}

#[test]
fn a_synchronous_factory_that_may_fail_needs_no_future() {
    struct Quota;
    #[allow(non_camel_case_types, reason = "it represents a function")]
    struct quota;
    impl Provide for quota {
        type Value = Arc<Quota>;

        fn provider() -> Provider {
            Provider::try_sync(
                "quota",
                Scope::Scoped,
                specter_di::location!(),
                |dependencies| dependencies.add::<Request>("request", specter_di::location!()),
                |resolved| match resolved.next::<Request>().0 {
                    0 => Err("nothing is left".into()),
                    _ => Ok(Arc::new(Quota)),
                },
            )
        }
    }
    root!(Page at "src/page.rs":1 { quota: Arc<Quota> });
    module!(Metered at "src/main.rs":1 { roots: [Page], providers: [quota], });
    let plan = start::<Metered>().scope(&[0]);
    let open = |left: u32| match plan.open(plan.seeds().with(Request(left))) {
        OpenScopeFuture::Ready(opened) => opened,
        OpenScopeFuture::Pending(_) => panic!("nothing has to be awaited"),
    };
    let failure = open(0).expect_err("refused");
    assert_eq!(failure.provider(), "quota");
    assert_eq!(failure.code(), "provider_failed");
    assert_eq!(failure.cause().to_string(), "nothing is left");
    let page = root_of::<Page>(&mut open(1).expect("open"), 0);
    // The scope was dropped, so the page holds the only reference.
    assert_eq!(Arc::strong_count(&page.quota), 1);
}
