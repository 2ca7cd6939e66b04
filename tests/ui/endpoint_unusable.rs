//! Options of the endpoint are times and numbers of bytes.

use std::time::Duration;

use specter::prelude::*;

const PATIENCE: u64 = 30;
const SMALL: u32 = 1024;

fn measured() -> Duration {
    Duration::from_secs(5)
}

#[socketio_controller("/a/", ping_interval = 25, ping_timeout = "soon", max_payload = "1 MB")]
struct Written;

#[socketio_controller("/b/", ping_intervall = "25s", max_payload_size = 1000)]
struct Named;

#[socketio_controller("/c/", ping_interval = PATIENCE, max_payload = SMALL)]
struct Typed;

#[socketio_controller("/d/", ping_timeout = measured())]
struct Computed;

fn main() {}
