//! What a module lists has to be annotated, each in its way.

use specter::prelude::*;

struct Storage;

struct Chat;

struct History;

struct Pool;

fn pool() -> Pool {
    Pool
}

#[module(imports = [Storage], controllers = [Chat], providers = [History, pool])]
struct ChatModule;

fn main() {}
