//! Specter with the conformance server's `bench` profile, under `App::listen`.

#[path = "../../../examples/conformance/bench.rs"]
mod bench;

use specter::App;
use specter_bench::listen::listen;

use self::bench::BenchModule;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The listener pins this thread first, so that the runtime starts one worker for one core.
    let listener = listen()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        App::create::<BenchModule>().await?.serve(listener).await?;
        Ok(())
    })
}
