#[injectable(scope = request)]
struct A;
#[injectable(scope = "singleton", as = dyn Trait)]
struct B;
#[injectable]
struct Generic<T> {
    cache: Cache<T>,
}
#[injectable]
struct Tuple(Arc<Pool>);
#[injectable]
enum Kind {}
#[injectable]
impl Repository {}
#[injectable]
fn nothing() {}
#[injectable]
fn method(&self) -> Pool {}
#[injectable]
fn lent(config: &Config, clock: impl Clock) -> Pool {}
#[injectable]
fn generic<'a>() -> Cache<'a> {}
#[injectable]
fn opaque() -> impl Clock {}
#[injectable]
fn future() -> BoxFuture<'static, Pool> {}
#[injectable]
fn bare() -> fmt::Result {}
#[injectable]
unsafe fn dangerous() -> Pool {}
#[injectable(scope = socket, on_init = open)]
struct Late;
#[injectable(on_init = "open", on_shutdown(close), as(dyn Trait))]
struct Written;
#[injectable]
struct Borrowable<'a> {
    pool: &'a Pool,
}
#[injectable(as = [dyn Trait, dyn Trait])]
struct Twice;
