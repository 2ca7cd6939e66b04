//! The errors of starting and of serving an application.

use std::fmt;
use std::io;

use specter_di::{Report, StartError};

use super::check::ControllerFault;
use crate::gateway::EventHandlerError;
use specter_engine::ConfigError;

/// Why an application did not start, or could not be served.
///
/// `Debug` prints the same text as `Display`, so that an error returned from `main` is readable.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings, modules, providers or controllers have faults.
    #[error(transparent)]
    Startup(StartupFaults),
    /// A provider failed while it was built.
    #[error(transparent)]
    Provider(StartError),
    /// An event handler could not be set up.
    #[error(transparent)]
    Handler(EventHandlerError),
    /// A setting has a value that cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server cannot listen on the address.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address that was passed to `listen`.
        address: String,
        /// The operating system's error.
        #[source]
        cause: io::Error,
    },
    /// The binary is built with `panic = "abort"`, with which a panic in one handler would end
    /// every connection.
    #[error(
        "the binary is built with `panic = \"abort\"`, with which a panic in one handler would end \
         the server; remove this line from the profile in Cargo.toml"
    )]
    PanicAbort,
}

impl Error {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Startup(_) => "startup_faults",
            Self::Provider(error) => error.code(),
            Self::Handler(error) => error.code(),
            Self::Config(error) => error.code(),
            Self::Listen { .. } => "listen",
            Self::PanicAbort => "panic_abort",
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All faults of an application: those of its settings, its graph and its controllers.
#[derive(Debug)]
pub struct StartupFaults {
    pub(super) app: &'static str,
    pub(super) settings: Vec<ConfigError>,
    pub(super) graph: Option<Report>,
    pub(super) controllers: Vec<ControllerFault>,
}

impl StartupFaults {
    /// The faults of the settings.
    pub fn settings(&self) -> &[ConfigError] {
        &self.settings
    }

    /// The faults of the graph of modules and providers.
    pub fn graph(&self) -> &[specter_di::Fault] {
        self.graph.as_ref().map_or(&[], Report::faults)
    }

    /// The faults of the controllers.
    pub fn controllers(&self) -> &[ControllerFault] {
        &self.controllers
    }

    pub(super) fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.graph().is_empty() && self.controllers.is_empty()
    }
}

impl fmt::Display for StartupFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.settings.len() + self.graph().len() + self.controllers.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        write!(f, "`{}` cannot start: {count} {noun}", self.app)?;
        let graph = self.graph().iter().map(|fault| fault as &dyn fmt::Display);
        let controllers = self
            .controllers
            .iter()
            .map(|fault| fault as &dyn fmt::Display);
        let settings = self.settings.iter().map(|fault| fault as &dyn fmt::Display);
        for (number, fault) in (1..).zip(settings.chain(graph).chain(controllers)) {
            write!(f, "\n\n{number:>2}. {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for StartupFaults {}
