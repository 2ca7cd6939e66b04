//! Where clients find a controller.

use specter::prelude::*;

#[socketio_controller(namespace = "chat")]
struct WithoutSlash;

#[socketio_controller(namespace = "/chat,room")]
struct WithComma;

#[socketio_controller(namespace = "")]
struct Empty;

#[socketio_controller("socket.io")]
struct PathWithoutSlash;

#[socketio_controller("/rooms/{id}")]
struct PathWithPattern;

fn main() {}
