//! A provider's value is shared by all threads.

use std::cell::RefCell;

use specter::prelude::*;

#[injectable]
struct History {
    #[state]
    posts: RefCell<Vec<String>>,
}

struct Names(RefCell<Vec<String>>);

#[injectable]
fn names() -> Names {
    Names(RefCell::default())
}

fn main() {}
