//! What a client needs of the application under test.

use std::time::Duration;

use axum::Router;

/// A running application, as clients reach it. Clones reach the same application.
#[derive(Clone)]
pub(super) struct RunningApp {
    pub(super) router: Router,
    /// How long a client waits for what its test expects.
    pub(super) timeout: Duration,
}
