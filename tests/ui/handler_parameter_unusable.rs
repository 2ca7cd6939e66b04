//! Parameters that are neither arguments nor come from the context.

use std::collections::HashMap;

use specter::prelude::*;

struct Post {
    text: String,
}

struct Args {
    text: String,
}

#[injectable]
struct History;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    async fn not_deserialize(&mut self, _post: Post) {}

    #[on_event]
    async fn lent(&mut self, _post: &Post) {}

    #[on_event]
    async fn lent_like_the_events(&mut self, _args: &Args) {}

    #[on_event]
    async fn inside(&mut self, _posts: HashMap<String, Post>) {}

    #[on_event]
    async fn service(&mut self, _history: Arc<History>) {}

    #[on_event]
    fn of_another_event(&mut self, _reason: DisconnectReason) {}
}

fn main() {}
