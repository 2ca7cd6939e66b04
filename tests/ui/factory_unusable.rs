//! Functions that the container cannot call.

use specter::prelude::*;

struct Pool;

#[injectable]
unsafe fn pool() -> Pool {
    Pool
}

#[injectable]
fn result() -> Result {
    Ok(())
}

fn main() {}
