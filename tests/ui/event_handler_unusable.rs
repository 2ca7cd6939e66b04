//! A module's `handlers` are objects that implement `EventHandler`.

use specter::prelude::*;

#[injectable]
struct Cleaner;

#[module(handlers = [Cleaner])]
struct ChatModule;

fn main() {}
