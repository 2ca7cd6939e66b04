#[socketio_controller("socket.io", namespace = "chat", prioritty = 5, guards = [A])]
struct A;
#[socketio_controller(priority = "high", on_panic = "die", unlisted = true, namespace)]
struct B;
#[socketio_controller(namespace = "/a", namespace = "/b", "/x y", "/two")]
struct C;
#[socketio_controller(namespace = "/a,b", scope = singleton, interceptors(Trace), priority = 99999999999)]
struct D;
#[socketio_controller(guards("Auth"), namespace = , + )]
struct E;
#[socketio_controller(guards(A, B, A), priority)]
struct F;
#[socketio_controller(chat)]
struct G;
#[socketio_controller(path = "/socket.io/")]
struct G2;
#[socketio_controller(5)]
struct H;
#[socketio_controller("/a?b", namespace = "")]
struct I;
#[socketio_controller(ping_interval = 25, ping_timeout = "soon", max_payload = "1 MB", max_queued_bytes, upgrade_timeout = "0s")]
struct J;
#[socketio_controller(ping_intervall = "25s")]
struct K;
