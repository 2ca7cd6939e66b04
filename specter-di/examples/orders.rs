//! The orders of a shop: two modules, a trait with a provider, a scope for each order, hooks, and
//! the report of a faulty graph.
//!
//! `cargo run -p specter-di --example orders`

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use specter_di::{
    Dependency, Graph, Key, Module, ModuleBuilder, Provide, Provider, Resolved, Root, Scope,
    location,
};

/// Stores orders.
trait Ledger: Send + Sync {
    fn write(&self, line: String) -> u32;
}

/// A ledger on paper.
#[derive(Default)]
struct Paper {
    lines: AtomicU32,
}

impl Ledger for Paper {
    fn write(&self, line: String) -> u32 {
        println!("  {line}");
        self.lines.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Provide for Paper {
    type Value = Arc<Self>;
    fn provider() -> Provider {
        let build = |_: &mut Resolved<'_>| Arc::new(Self::default());
        Provider::sync::<Arc<Self>>("Paper", Scope::Singleton, location!(), |_| {}, build)
            .alias::<Arc<Self>, Arc<dyn Ledger>>(|paper| paper)
            .on_shutdown(|paper: Arc<Self>| async move {
                println!(
                    "the ledger has {} lines",
                    paper.lines.load(Ordering::Relaxed)
                );
                Ok(())
            })
    }
}

/// The customer of an order. It is the seed of the order's scope.
#[derive(Clone)]
struct Customer(&'static str);

impl Dependency for Customer {
    fn key() -> Key {
        Key::of::<Self>()
    }

    fn take(resolved: &mut Resolved<'_>) -> Self {
        resolved.value()
    }
}

/// The value that the parts of one order share.
struct Basket {
    customer: Customer,
    ledger: Arc<dyn Ledger>,
}

impl Provide for Basket {
    type Value = Arc<Self>;
    fn provider() -> Provider {
        Provider::sync::<Arc<Self>>(
            "Basket",
            Scope::Scoped,
            location!(),
            |dependencies| {
                dependencies.add::<Customer>("customer", location!());
                dependencies.add::<Arc<dyn Ledger>>("ledger", location!());
            },
            |resolved| {
                Arc::new(Self {
                    customer: resolved.next(),
                    ledger: resolved.next(),
                })
            },
        )
    }
}

/// The root of an order's scope.
struct Order {
    basket: Arc<Basket>,
}

impl Order {
    fn place(&self, what: &str) -> u32 {
        self.basket
            .ledger
            .write(format!("{} orders {what}", self.basket.customer.0))
    }
}

struct LedgerModule;

impl Module for LedgerModule {
    fn define(module: &mut ModuleBuilder) {
        module.name("LedgerModule", location!());
        module.provide::<Paper>();
        module.export::<Paper>();
    }
}

fn order() -> Root {
    Root::new(
        "Order",
        location!(),
        |dependencies| dependencies.add::<Arc<Basket>>("basket", location!()),
        |resolved| Order {
            basket: resolved.next(),
        },
    )
}

struct ShopModule;

impl Module for ShopModule {
    fn define(module: &mut ModuleBuilder) {
        module.name("ShopModule", location!());
        module.import::<LedgerModule>();
        module.provide::<Basket>();
        module.root(order());
    }
}

/// A faulty variant of `ShopModule`, which does not import `LedgerModule`.
struct FaultyModule;

impl Module for FaultyModule {
    fn define(module: &mut ModuleBuilder) {
        module.name("FaultyModule", location!());
        module.provide::<Basket>();
        module.root(order());
    }
}

fn graph<M: Module>() -> Graph {
    let mut graph = Graph::of::<M>();
    graph.scope_name("order");
    graph.seed::<Customer>("Customer");
    graph
}

async fn sell() -> Result<u32, Box<dyn Error>> {
    let container = graph::<ShopModule>().validate()?.start().await?;
    let plan = container.scope(&[0]);
    let mut lines = 0;
    for (customer, what) in [("Ada", "an engine"), ("Grace", "a compiler")] {
        let mut scope = plan
            .open(plan.seeds().with(Customer(customer)))
            .opened()
            .await?;
        let order = scope
            .take_root(0)
            .and_then(|root| root.downcast::<Order>().ok())
            .ok_or("no order")?;
        lines = order.place(what);
        scope.close().await;
    }
    // An application passes a time limit for each hook: `|| sleep(Duration::from_secs(10))`.
    for failure in container.shutdown(std::future::pending).await {
        eprintln!("{failure}");
    }
    Ok(lines)
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Err(report) = graph::<FaultyModule>().validate() {
        println!("{report}\n");
    }
    block_on(sell())?;
    Ok(())
}

/// Runs a future on this thread, as an async runtime would.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Customer, ShopModule, block_on, sell};

    specter_di::graph_test!(ShopModule, |graph| graph.seed::<Customer>("Customer"));

    #[test]
    fn two_orders_are_two_lines() {
        assert_eq!(block_on(sell()).expect("sold"), 2);
    }
}
