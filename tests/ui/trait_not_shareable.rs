//! A trait that is injected as `dyn` without being `Send + Sync`.

use specter::prelude::*;

trait Repo {
    fn count(&self) -> usize;
}

#[injectable(as = dyn Repo)]
struct MemoryRepo;

impl Repo for MemoryRepo {
    fn count(&self) -> usize {
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
    fn count(&self) -> usize {
        self.repo.count()
    }
}

#[module(controllers = [Desk], providers = [MemoryRepo])]
struct DeskModule;

fn main() {}
