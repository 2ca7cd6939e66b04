//! A controller alone is started by `of`, a module by `create`.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[module(controllers = [Chat])]
struct ChatModule;

async fn create() -> specter::Result<()> {
    App::create::<Chat>().await?.listen("127.0.0.1:3000").await
}

async fn of() -> specter::Result<()> {
    App::of::<ChatModule>().await?.listen("127.0.0.1:3000").await
}

fn main() {
    let _ = App::builder::<Chat>();
    let _ = App::builder_of::<ChatModule>();
}
