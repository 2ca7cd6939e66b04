//! What can be wrong with a graph, each fault with the places to look at and what to change.
//! Must not know how faults are found.

use std::fmt;

use crate::Location;

/// The kind of a [`Fault`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FaultKind {
    /// Nothing provides a needed type.
    Missing,
    /// A needed type is provided, but not to the module that needs it.
    NotVisible,
    /// A type is provided more than once where one is needed.
    Ambiguous,
    /// A provider is listed more than once.
    DuplicateOwner,
    /// A root is listed more than once.
    DuplicateRoot,
    /// A module exports what it neither provides nor imports.
    UnknownExport,
    /// Providers depend on each other in a circle.
    Circular,
    /// Modules import each other in a circle.
    CircularModules,
    /// A singleton reaches a value that exists only within a scope.
    ScopeViolation,
    /// Only a singleton will do, and something else is provided.
    NotSingleton,
    /// A module is configured where it was configured already.
    ConfiguredTwice,
    /// Something is replaced that no module provides.
    UnusedReplacement,
    /// There are more values than a plan can number.
    TooLarge,
}

impl FaultKind {
    /// A stable name of the kind.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "provider_missing",
            Self::NotVisible => "provider_not_visible",
            Self::Ambiguous => "provider_ambiguous",
            Self::DuplicateOwner => "provider_duplicate_owner",
            Self::DuplicateRoot => "root_duplicate_owner",
            Self::UnknownExport => "export_unknown",
            Self::Circular => "dependency_cycle",
            Self::CircularModules => "module_cycle",
            Self::ScopeViolation => "scope_violation",
            Self::NotSingleton => "singleton_required",
            Self::ConfiguredTwice => "module_configured_twice",
            Self::UnusedReplacement => "replacement_unused",
            Self::TooLarge => "graph_too_large",
        }
    }
}

/// One thing that is wrong with a graph.
///
/// Its `Display` is several lines: what is wrong, the places, and a line that begins with `help:`.
#[derive(Debug)]
pub struct Fault {
    kind: FaultKind,
    text: String,
    steps: Vec<Step>,
    help: String,
}

/// One place that a [`Fault`] points at.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where to look.
    pub location: Location,
    /// What stands there.
    pub text: String,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, text: String, steps: Vec<Step>, help: String) -> Self {
        Self {
            kind,
            text,
            steps,
            help,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// A stable name of its kind.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// What is wrong, in one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The places, in the order of the path.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What to change.
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.text, self.code())?;
        for step in &self.steps {
            write!(f, "\n    {}: {}", step.location, step.text)?;
        }
        write!(f, "\n    help: {}", self.help)
    }
}

impl std::error::Error for Fault {}

/// All that is wrong with a graph.
#[derive(Debug)]
pub struct Report {
    module: &'static str,
    faults: Vec<Fault>,
}

impl Report {
    pub(crate) fn new(module: &'static str, faults: Vec<Fault>) -> Self {
        Self { module, faults }
    }

    /// The faults: those of modules first, then in module order.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// A stable name of this error.
    pub fn code(&self) -> &'static str {
        "graph_invalid"
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        write!(f, "the graph of `{}` has {count} {noun}", self.module)?;
        for (number, fault) in self.faults.iter().enumerate() {
            write!(f, "\n\n{:>2}. {fault}", number + 1)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
