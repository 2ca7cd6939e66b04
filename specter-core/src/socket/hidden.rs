//! Errors whose text is not for the client: the log gets the text, both get an id.

/// Logs `error` with its causes under a fresh id, and returns the id for the client.
pub(crate) fn report(error: &(dyn std::error::Error + 'static)) -> String {
    let id = fresh_id();
    let causes = Causes(error);
    tracing::error!(target: "specter::gateway", id = %id, error = %causes, "a handler failed; the client sees the id only");
    id
}

/// An id to find one failure in the log by.
pub(crate) fn fresh_id() -> String {
    let mut id = crate::connection::random_id().as_str().to_owned();
    id.truncate(10);
    id
}

/// An error with what caused it, in one line.
struct Causes<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
