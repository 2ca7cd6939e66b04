//! What lives with a socket cannot be in a singleton.

use specter::prelude::*;

#[injectable(scope = socket)]
struct Draft {
    socket: Socket,
}

#[injectable]
struct Drafts {
    last: Arc<Draft>,
}

#[injectable]
fn count(_draft: Arc<Draft>) -> u32 {
    1
}

fn main() {}
