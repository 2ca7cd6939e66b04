//! Lists that are not written like lists, and elements that cannot stand in one.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[injectable]
fn number() -> u32 {
    5
}

#[module(controllers = Chat, providers(number))]
struct NotLists;

#[module(controllers = ["Chat"], providers = [number()])]
struct NotTypes;

#[module(controllers = [Chat, Chat])]
struct Twice;

#[module]
enum NoStruct {}

fn main() {}
