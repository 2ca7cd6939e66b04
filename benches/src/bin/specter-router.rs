//! Specter with the conformance server's `bench` profile, in a router that `axum::serve` serves.

#[path = "../../../examples/conformance/bench.rs"]
mod bench;

use axum::serve::ListenerExt;
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
        let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let router = App::create::<BenchModule>().await?.into_router();
        let service = router.into_make_service();
        axum::serve(listener, service).await?;
        Ok(())
    })
}
