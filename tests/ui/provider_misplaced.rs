//! Structs and free functions are providers.

use specter::prelude::*;

#[injectable]
enum Kind {}

#[injectable]
struct Pool(u32);

#[injectable]
struct Cache<'a> {
    #[state]
    entries: &'a [u32],
}

struct History;

impl History {
    #[injectable]
    fn new() -> Self {
        Self
    }

    #[injectable]
    fn copied(&self) -> History {
        History
    }
}

fn main() {}
