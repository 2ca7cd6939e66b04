#[socketio_controller(scope = request, interceptors = [A], filters(B, B), event_priorities("a" = high))]
struct A;
#[socketio_controller(scope = "singleton", event_priorities = 5)]
struct B;
#[handlers]
impl C {
    #[on_event(timeout = "5")]
    async fn a(&self) {}
    #[on_event(timeout = 5)]
    async fn b(&self) {}
    #[on_event(timeout = "0s")]
    async fn c(&self) {}
    #[on_event(timeout = "5s")]
    fn d(&self) {}
    #[on_event(timeout = "5s", blocking)]
    fn e(&self) {}
    #[on_event("disconnect", interceptors(A))]
    async fn f(&self) {}
    #[on_event(timeout)]
    async fn g(&self) {}
    #[on_event(timeout = "99999999999999999999h")]
    async fn h(&self) {}
}
#[module(handlers(A), interceptors(1))]
struct D;
