#[socketio_controller]
struct Echo;
#[socketio_controller(crate = ::renamed::specter)]
struct Empty {}
