//! The signals that stop the process: SIGINT and SIGTERM, or Ctrl-C.

#[cfg(unix)]
use tokio::signal::unix;
use tokio::sync::oneshot;

/// Sends on `stop` at the first stop signal, which starts the drain, and ends the process at the
/// second. Never returns.
pub async fn follow_signals(mut signals: StopSignals, stop: oneshot::Sender<()>) {
    signals.next().await;
    let _ = stop.send(());
    let status = signals.next().await;
    tracing::warn!(target: "specter::engine", "a second stop signal arrived: the process ends at \
        once, without draining");
    std::process::exit(status);
}

/// SIGINT and SIGTERM.
#[cfg(unix)]
pub struct StopSignals {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
}

#[cfg(unix)]
impl StopSignals {
    /// Handles the signals from now on.
    pub fn catch() -> Self {
        Self {
            interrupt: unix::signal(unix::SignalKind::interrupt()).ok(),
            terminate: unix::signal(unix::SignalKind::terminate()).ok(),
        }
    }

    /// Waits for the next signal. Returns the exit status of a process that it ends.
    async fn next(&mut self) -> i32 {
        async fn receive(signal: &mut Option<unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = receive(&mut self.interrupt) => 130,
            () = receive(&mut self.terminate) => 143,
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
pub struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    /// Handles the signals from now on.
    pub fn catch() -> Self {
        Self
    }

    /// Waits for the next signal. Returns the exit status of a process that it ends.
    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}
