//! A trait with an `async fn` that is injected as `dyn`.

use specter::prelude::*;

trait Repo: Send + Sync {
    async fn count(&self) -> usize;
}

#[injectable(as = dyn Repo)]
struct MemoryRepo;

impl Repo for MemoryRepo {
    async fn count(&self) -> usize {
        0
    }
}

#[socketio_controller]
struct Desk {
    repo: Arc<dyn Repo>,
}

#[handlers]
impl Desk {
    #[on_event]
    async fn count(&self) -> usize {
        self.repo.count().await
    }
}

#[module(controllers = [Desk], providers = [MemoryRepo])]
struct DeskModule;

fn main() {}
