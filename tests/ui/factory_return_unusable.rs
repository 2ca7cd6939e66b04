//! A factory returns what it provides, or why it cannot.

use specter::prelude::*;

struct Pool;

#[derive(Debug)]
struct NoError;

#[injectable]
fn nothing() {}

#[injectable]
fn opaque() -> impl Send {
    Pool
}

#[injectable]
fn future() -> std::pin::Pin<Box<dyn Future<Output = Pool> + Send>> {
    Box::pin(async { Pool })
}

#[injectable]
async fn fails() -> Result<Pool, NoError> {
    Ok(Pool)
}

#[injectable]
async fn fails_boxed() -> Result<Pool, Box<dyn std::error::Error>> {
    Ok(Pool)
}

fn main() {}
