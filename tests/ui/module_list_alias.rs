//! A trait in a module's list of providers.

use specter::prelude::*;

trait Repo: Send + Sync {}

#[injectable]
struct MemoryRepo;

impl Repo for MemoryRepo {}

#[socketio_controller]
struct Desk {
    repo: Arc<dyn Repo>,
}

#[handlers]
impl Desk {
    #[on_event]
    fn count(&self) {}
}

#[module(controllers = [Desk], providers = [MemoryRepo as dyn Repo])]
struct DeskModule;

fn main() {}
