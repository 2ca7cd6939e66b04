//! The allocations of opening a scope: one for the scope, and those of the values that it builds.

#[macro_use]
mod common;

use std::sync::Arc;

use allocation_counter::measure;
use common::{Request, block_on, graph};
use specter_di::{
    Dependencies, Graph, Module, ModuleBuilder, OpenScopeFuture, Provide, Provider, Root, Scope,
    ScopePlan, location,
};

provider!(Singleton Pool at "src/pool.rs":1 {});

struct Session {
    _request: Request,
}

impl Provide for Session {
    type Value = Arc<Self>;

    fn provider() -> Provider {
        Provider::shared::<Self>(
            "Session",
            Scope::Scoped,
            location!(),
            |dependencies| dependencies.add::<Request>("request", location!()),
            |resolved| {
                Arc::new(Self {
                    _request: resolved.next(),
                })
            },
        )
    }
}

/// It has a size, because the box of a type without size does not allocate.
struct Controller {
    _pool: Arc<Pool>,
    _session: Arc<Session>,
}

fn root() -> Root {
    let dependencies: fn(&mut Dependencies) = |dependencies| {
        dependencies.add::<Arc<Pool>>("pool", location!());
        dependencies.add::<Arc<Session>>("session", location!());
    };
    Root::new("Controller", location!(), dependencies, |resolved| {
        Controller {
            _pool: resolved.next(),
            _session: resolved.next(),
        }
    })
}

struct App;

impl Module for App {
    fn define(module: &mut ModuleBuilder) {
        module.provide::<Pool>();
        module.provide::<Session>();
        module.root(root());
    }
}

fn plan(graph: Graph, roots: &[usize]) -> ScopePlan {
    let plan = graph.validate().unwrap_or_else(|report| panic!("{report}"));
    let container = block_on(plan.start()).expect("started");
    container.scope(roots)
}

#[test]
fn a_scope_is_one_allocation() {
    let plan = plan(graph::<App>(), &[0]);
    let counted = measure(|| {
        let OpenScopeFuture::Ready(Ok(mut scope)) = plan.open(plan.seeds().with(Request(1))) else {
            panic!("nothing has to be awaited");
        };
        drop(scope.take_root(0));
        drop(scope);
    });
    // One each for the scope, the session and the controller.
    assert_eq!(counted.count_total, 3);
    assert_eq!(counted.count_current, 0);
}

#[test]
fn more_seeds_take_no_further_allocation() {
    let mut graph = graph::<App>();
    graph.seed::<u8>("u8");
    graph.seed::<u16>("u16");
    let plan = plan(graph, &[0]);
    let counted = measure(|| {
        let seeds = plan.seeds().with(Request(1)).with(2_u8).with(3_u16);
        assert!(matches!(plan.open(seeds), OpenScopeFuture::Ready(Ok(_))));
    });
    assert_eq!(counted.count_total, 3);
}

#[test]
fn a_second_root_takes_its_box_and_a_list_of_roots() {
    let plan = plan(graph::<App>(), &[0, 0]);
    let counted = measure(|| {
        let seeds = plan.seeds().with(Request(1));
        assert!(matches!(plan.open(seeds), OpenScopeFuture::Ready(Ok(_))));
    });
    // One each for the scope, the session, the two controllers and the list of roots.
    assert_eq!(counted.count_total, 5);
}
