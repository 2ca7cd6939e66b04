//! A handler may go on another thread after it waited.

use std::sync::Mutex;

use specter::prelude::*;

#[socketio_controller]
struct Chat {
    #[state]
    posts: Mutex<Vec<String>>,
}

#[handlers]
impl Chat {
    #[on_event]
    async fn post(&self, text: String) {
        let mut posts = self.posts.lock().unwrap();
        tokio::task::yield_now().await;
        posts.push(text);
    }
}

fn main() {}
