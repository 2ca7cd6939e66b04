//! `RunningApp`: the part of an application under test that its clients use.

use std::time::Duration;

use axum::Router;

/// A running application, for its clients. Clones refer to the same application.
#[derive(Clone)]
pub(super) struct RunningApp {
    pub(super) router: Router,
    /// The setting [`timeout`](super::TestAppBuilder::timeout).
    pub(super) timeout: Duration,
}
