#[socketio_controller(scope = singleton, guards(A), interceptors(Trace), filters(Explain), event_priorities("early" = -5, "late" = 5))]
struct Everything;
#[handlers]
impl Everything {
    #[on_event(timeout = "1500ms", interceptors(Trace), filters(Explain))]
    async fn early(&self) {}
    #[on_event(timeout = LIMIT * 2)]
    async fn late(&self) {}
}
#[module(controllers = [Everything], handlers = [Presence, #[cfg(feature = "log")] log::Audit], interceptors(Trace))]
struct EverythingModule;
