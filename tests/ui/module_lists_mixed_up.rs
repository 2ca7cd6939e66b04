//! Everything is annotated, and listed under the wrong key.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[injectable]
struct History;

#[module]
struct Storage;

#[module(imports = [History], controllers = [History], providers = [Chat], exports = [Storage])]
struct ChatModule;

fn main() {}
