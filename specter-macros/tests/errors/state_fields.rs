#[socketio_controller]
struct A {
    #[state = 5]
    a: u32,
    #[state]
    #[state(3)]
    b: u32,
    #[state(1 +)]
    c: u32,
}
