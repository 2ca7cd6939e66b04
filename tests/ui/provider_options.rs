//! The traits that a provider is found as, and its hooks.

use specter::prelude::*;

trait Repository: Send + Sync {}

#[injectable(as = dyn Repository)]
struct NotImplemented;

#[injectable(on_shutdown = say_goodbye)]
struct NoMethod;

#[injectable(on_init = open)]
struct NoHook;

impl NoHook {
    fn open(&self) -> u32 {
        1
    }
}

#[injectable(scope = socket, on_init = open)]
struct NoSingleton;

impl NoSingleton {
    fn open(&self) {}
}

fn main() {}
