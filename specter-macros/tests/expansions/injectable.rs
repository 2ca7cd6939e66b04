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
#[injectable(as = dyn Repository, on_init = open, on_shutdown = close)]
struct Sql {
    pool: Arc<Pool>,
}
#[injectable(as = [dyn Repository, dyn Health], scope = transient)]
fn memory() -> Memory {
    Memory
}
#[injectable]
struct Cache<T: Send, const SIZE: usize> {
    source: Arc<Source<T>>,
    #[state]
    kept: Vec<T>,
}
#[injectable]
fn quota(user: Arc<User>) -> Result<Quota, QuotaError> {
    Quota::of(&user)
}
#[injectable(scope = socket)]
async fn rows<T: Entity, const PAGE: usize>(pool: Arc<Pool>) -> Result<Rows<T, PAGE>, T::Error>
where
    T: Send,
{
    Rows::open(&pool).await
}
