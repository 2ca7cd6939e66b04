//! The time to build a controller that depends on four singletons and one scoped value: by
//! hand-written code, by this container, and by others. Run it with `cargo bench -p specter-di`.
//! The relevant figure is the ratio to hand-written code.
//!
//! Each candidate builds `Controller` from four existing `Arc`s and a new `Session`, which is made
//! from a request that the caller passes. shaku is an exception: it cannot pass values, so its
//! session has no request, and the controller is in a `Box`.

use std::any::Any;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The value that the caller passes. It is as cheap to clone as a handle.
#[derive(Clone)]
struct Request(Arc<u64>);

struct Pool(u64);
struct Rooms(u64);
struct Users(u64);
struct Clock(u64);

struct Session {
    request: Request,
}

struct Controller {
    pool: Arc<Pool>,
    rooms: Arc<Rooms>,
    users: Arc<Users>,
    clock: Arc<Clock>,
    session: Arc<Session>,
}

impl Controller {
    fn sum(&self) -> u64 {
        let Self {
            pool,
            rooms,
            users,
            clock,
            session,
        } = self;
        pool.0 + rooms.0 + users.0 + clock.0 + *session.request.0
    }
}

mod by_hand {
    use super::{Any, Arc, Clock, Controller, Pool, Request, Rooms, Session, Users};

    pub(super) struct Singletons {
        pub(super) pool: Arc<Pool>,
        pub(super) rooms: Arc<Rooms>,
        pub(super) users: Arc<Users>,
        pub(super) clock: Arc<Clock>,
    }

    /// The controller as a framework would store it: with its type erased, and with the session,
    /// which lives until the scope ends.
    pub(super) struct Open {
        pub(super) controller: Box<dyn Any + Send>,
        _session: Arc<Session>,
    }

    pub(super) fn open(singletons: &Singletons, request: Request) -> Open {
        let session = Arc::new(Session { request });
        Open {
            controller: Box::new(Controller {
                pool: singletons.pool.clone(),
                rooms: singletons.rooms.clone(),
                users: singletons.users.clone(),
                clock: singletons.clock.clone(),
                session: session.clone(),
            }),
            _session: session,
        }
    }
}

mod by_specter {
    use specter_di::{
        Container, Dependency, Graph, Key, Module, ModuleBuilder, Provide, Provider, Resolved,
        Root, Scope, location,
    };

    use super::{Arc, Clock, Controller, Pool, Request, Rooms, Session, Users};

    impl Dependency for Request {
        fn key() -> Key {
            Key::of::<Self>()
        }

        fn take(resolved: &mut Resolved<'_>) -> Self {
            resolved.value()
        }
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
                        request: resolved.next(),
                    })
                },
            )
        }
    }

    struct App;

    impl Module for App {
        fn define(module: &mut ModuleBuilder) {
            module.provide::<Session>();
            module.root(Root::new(
                "Controller",
                location!(),
                |dependencies| {
                    dependencies.add::<Arc<Pool>>("pool", location!());
                    dependencies.add::<Arc<Rooms>>("rooms", location!());
                    dependencies.add::<Arc<Users>>("users", location!());
                    dependencies.add::<Arc<Clock>>("clock", location!());
                    dependencies.add::<Arc<Session>>("session", location!());
                },
                |resolved| Controller {
                    pool: resolved.next(),
                    rooms: resolved.next(),
                    users: resolved.next(),
                    clock: resolved.next(),
                    session: resolved.next(),
                },
            ));
        }
    }

    pub(super) fn container() -> Container {
        let mut graph = Graph::of::<App>();
        graph.seed::<Request>("Request");
        graph.provide(Pool(1));
        graph.provide(Rooms(2));
        graph.provide(Users(3));
        graph.provide(Clock(4));
        let plan = graph.validate().expect("valid");
        ready(plan.start()).expect("started")
    }

    /// The output of a future that is never pending.
    fn ready<F: Future>(future: F) -> F::Output {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => unreachable!("all providers are synchronous"),
        }
    }
}

mod by_dill {
    use super::{Arc, Clock, Pool, Request, Rooms, Users};

    #[dill::component]
    pub(super) struct DillSession {
        request: Arc<Request>,
    }

    #[dill::component]
    pub(super) struct DillController {
        pool: Arc<Pool>,
        rooms: Arc<Rooms>,
        users: Arc<Users>,
        clock: Arc<Clock>,
        session: Arc<DillSession>,
    }

    impl DillController {
        pub(super) fn sum(&self) -> u64 {
            let request = *self.session.request.0;
            self.pool.0 + self.rooms.0 + self.users.0 + self.clock.0 + request
        }
    }

    pub(super) fn catalog() -> dill::Catalog {
        dill::Catalog::builder()
            .add_value(Pool(1))
            .add_value(Rooms(2))
            .add_value(Users(3))
            .add_value(Clock(4))
            .add::<DillSession>()
            .add::<DillController>()
            .build()
    }

    pub(super) fn open(catalog: &dill::Catalog, request: Request) -> Arc<DillController> {
        let catalog = catalog.builder_chained().add_value(request).build();
        catalog.get_one().expect("built")
    }
}

#[allow(clippy::struct_field_names, reason = "the macro's own fields")]
mod by_shaku {
    use shaku::{Component, HasProvider, Interface, Provider, module};

    use super::Arc;

    macro_rules! component {
        ($($interface:ident $name:ident $value:literal)*) => {
            $(
                pub(super) trait $interface: Interface {
                    fn get(&self) -> u64;
                }

                #[derive(Component)]
                #[shaku(interface = $interface)]
                pub(super) struct $name {
                    #[shaku(default = $value)]
                    value: u64,
                }

                impl $interface for $name {
                    fn get(&self) -> u64 {
                        self.value
                    }
                }
            )*
        };
    }

    component! {
        HasPool ShakuPool 1
        HasRooms ShakuRooms 2
        HasUsers ShakuUsers 3
        HasClock ShakuClock 4
    }

    pub(super) trait HasSession {
        fn request(&self) -> u64;
    }

    #[derive(Provider)]
    #[shaku(interface = HasSession)]
    pub(super) struct ShakuSession {
        #[shaku(force_default)]
        request: Five,
    }

    /// Takes the place of the request.
    struct Five(u64);

    impl Default for Five {
        fn default() -> Self {
            Self(5)
        }
    }

    impl HasSession for ShakuSession {
        fn request(&self) -> u64 {
            self.request.0
        }
    }

    pub(super) trait HasController {
        fn sum(&self) -> u64;
    }

    #[derive(Provider)]
    #[shaku(interface = HasController)]
    pub(super) struct ShakuController {
        #[shaku(inject)]
        pool: Arc<dyn HasPool>,
        #[shaku(inject)]
        rooms: Arc<dyn HasRooms>,
        #[shaku(inject)]
        users: Arc<dyn HasUsers>,
        #[shaku(inject)]
        clock: Arc<dyn HasClock>,
        #[shaku(provide)]
        session: Box<dyn HasSession>,
    }

    impl HasController for ShakuController {
        fn sum(&self) -> u64 {
            let request = self.session.request();
            self.pool.get() + self.rooms.get() + self.users.get() + self.clock.get() + request
        }
    }

    module! {
        pub(super) Site {
            components = [ShakuPool, ShakuRooms, ShakuUsers, ShakuClock],
            providers = [ShakuSession, ShakuController]
        }
    }

    pub(super) fn site() -> Site {
        Site::builder().build()
    }

    pub(super) fn open(site: &Site) -> Box<dyn HasController> {
        site.provide().expect("built")
    }
}

mod by_nject {
    use nject::{injectable, provider};

    use super::{Arc, Clock, Pool, Request, Rooms, Users};

    #[injectable]
    pub(super) struct NjectSession {
        request: Request,
    }

    #[injectable]
    pub(super) struct NjectController {
        pool: Arc<Pool>,
        rooms: Arc<Rooms>,
        users: Arc<Users>,
        clock: Arc<Clock>,
        session: Arc<NjectSession>,
    }

    impl NjectController {
        pub(super) fn sum(&self) -> u64 {
            let request = *self.session.request.0;
            self.pool.0 + self.rooms.0 + self.users.0 + self.clock.0 + request
        }
    }

    #[provider]
    #[provide(Arc<NjectSession>, |session: NjectSession| Arc::new(session))]
    pub(super) struct Site {
        #[provide(Arc<Pool>, |pool| pool.clone())]
        pub(super) pool: Arc<Pool>,
        #[provide(Arc<Rooms>, |rooms| rooms.clone())]
        pub(super) rooms: Arc<Rooms>,
        #[provide(Arc<Users>, |users| users.clone())]
        pub(super) users: Arc<Users>,
        #[provide(Arc<Clock>, |clock| clock.clone())]
        pub(super) clock: Arc<Clock>,
        #[provide(Request, |request| request.clone())]
        pub(super) request: Request,
    }

    #[expect(clippy::unnecessary_box_returns, reason = "the others box theirs")]
    pub(super) fn open(site: &Site) -> Box<NjectController> {
        Box::new(site.provide())
    }
}

/// A candidate: its name and the function to measure.
type Contender = (&'static str, Box<dyn FnMut()>);

/// The nanoseconds of one call of each candidate: the median of many rounds, in which the
/// candidates take turns.
fn measure(contenders: &mut [Contender]) -> Vec<(&'static str, f64)> {
    const ROUNDS: usize = 301;
    const CALLS: u32 = 5_000;
    let mut rounds = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for ((_, call), rounds) in contenders.iter_mut().zip(&mut rounds) {
            let start = Instant::now();
            for _ in 0..CALLS {
                call();
            }
            rounds.push(start.elapsed());
        }
    }
    let median = |rounds: &mut Vec<Duration>| {
        rounds.sort_unstable();
        rounds[ROUNDS / 2].as_secs_f64() * 1e9 / f64::from(CALLS)
    };
    let names = contenders.iter().map(|(name, _)| *name);
    names.zip(rounds.iter_mut().map(median)).collect()
}

fn contenders() -> Vec<Contender> {
    let request = Request(Arc::new(5));
    let singletons = by_hand::Singletons {
        pool: Arc::new(Pool(1)),
        rooms: Arc::new(Rooms(2)),
        users: Arc::new(Users(3)),
        clock: Arc::new(Clock(4)),
    };
    let given = request.clone();
    let site = by_nject::Site {
        pool: singletons.pool.clone(),
        rooms: singletons.rooms.clone(),
        users: singletons.users.clone(),
        clock: singletons.clock.clone(),
        request: request.clone(),
    };
    let nject = move || {
        let controller = by_nject::open(black_box(&site));
        assert_eq!(controller.sum(), 15);
        black_box(controller);
    };
    let hand = move || {
        let open = by_hand::open(black_box(&singletons), given.clone());
        let controller = open.controller.downcast_ref::<Controller>();
        assert_eq!(controller.map(Controller::sum), Some(15));
        black_box(open);
    };
    let container = by_specter::container();
    let plan = container.scope(&[0]);
    let given = request.clone();
    let specter = move || {
        let seeds = plan.seeds().with(given.clone());
        let specter_di::OpenScopeFuture::Ready(Ok(mut scope)) = black_box(&plan).open(seeds) else {
            unreachable!("it is synchronous")
        };
        let controller = scope.take_root(0).expect("built");
        let sum = controller.downcast_ref::<Controller>().map(Controller::sum);
        assert_eq!(sum, Some(15));
        black_box((controller, scope));
    };
    let catalog = by_dill::catalog();
    let dill = move || {
        let controller = by_dill::open(black_box(&catalog), request.clone());
        assert_eq!(controller.sum(), 15);
        black_box(controller);
    };
    let site = by_shaku::site();
    let shaku = move || {
        let controller = by_shaku::open(black_box(&site));
        assert_eq!(controller.sum(), 15);
        black_box(controller);
    };
    vec![
        ("by hand", Box::new(hand)),
        ("specter-di", Box::new(specter)),
        ("dill", Box::new(dill)),
        ("shaku", Box::new(shaku)),
        ("nject", Box::new(nject)),
    ]
}

fn main() {
    let mut contenders = contenders();
    // An argument selects one candidate, for a profiler: `-- dill`.
    if let Some(only) = std::env::args()
        .nth(1)
        .filter(|name| !name.starts_with("--"))
    {
        contenders.retain(|(name, _)| *name == only);
    }
    let measured = measure(&mut contenders);
    let first = measured
        .first()
        .map_or(1.0, |(_, nanoseconds)| *nanoseconds);
    println!("a controller with four singletons and one value of its scope");
    for (name, nanoseconds) in measured {
        let ratio = nanoseconds / first;
        println!("{name:>12} {nanoseconds:8.1} ns {ratio:6.2} x");
    }
}
