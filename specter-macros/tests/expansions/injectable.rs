#[injectable]
pub struct RoomRepository {
    pool: Arc<Pool>,
    #[state]
    hits: AtomicU64,
}
#[injectable(scope = socket)]
struct Draft {
    socket: Socket,
}
#[injectable]
struct Marker;
#[injectable]
pub(crate) async fn pool(config: Arc<Config>, Limits(most): Limits) -> Result<Pool, PoolError> {
    Pool::open(&config).await
}
#[injectable(scope = singleton)]
fn clock() -> Arc<Clock> {
    Arc::new(Clock)
}
#[injectable]
async fn settings() -> anyhow::Result<Arc<Settings>> {
    Settings::read().await
}
#[injectable(crate = crate)]
fn names(clock: Arc<Clock>) -> Names {
    Names
}
