#[socketio_controller]
pub struct Generic<T: Clone, const N: usize> {
    cache: Arc<Cache<T>>,
}
#[socketio_controller]
pub struct Tuple(Arc<Repository>, #[state] u32);
#[socketio_controller]
impl ChatGateway {}
#[socketio_controller]
pub enum Kind {}
#[socketio_controller]
pub fn chat() {}
