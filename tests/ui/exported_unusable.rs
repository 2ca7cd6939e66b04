//! A module exports providers and modules.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

struct History;

#[module(exports = [Chat, History])]
struct ChatModule;

fn main() {}
