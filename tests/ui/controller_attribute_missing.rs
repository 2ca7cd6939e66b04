//! The struct is not annotated.

use specter::prelude::*;

struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    async fn hello(&mut self, name: String) -> String {
        name
    }

    #[on_event]
    fn bye(&self) {}
}

fn main() {}
