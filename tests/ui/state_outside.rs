//! Without the struct's attribute nobody reads the field's.

use specter::prelude::*;

struct Chat {
    #[state]
    sent: u32,
}

#[handlers]
impl Chat {
    #[on_event]
    fn count(&self) -> u32 {
        self.sent
    }
}

fn main() {}
