//! Faults of a graph, each with the places that cause it and with a way to fix it.
//! Must not know how faults are found.

use std::fmt;

use crate::Location;

/// The kind of a [`Fault`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FaultKind {
    /// Nothing provides a needed type.
    Missing,
    /// A needed type is provided, but the module that needs it does not see the provider.
    NotVisible,
    /// A module needs one provider of a type and sees several.
    Ambiguous,
    /// A provider is listed more than once, by one module or by several.
    DuplicateOwner,
    /// A root is listed more than once, by one module or by several.
    DuplicateRoot,
    /// A module exports something that it neither provides nor imports.
    UnknownExport,
    /// Providers depend on each other in a circle.
    Circular,
    /// Modules import each other in a circle.
    CircularModules,
    /// A singleton depends, directly or through transient providers, on a value that exists only
    /// within a scope.
    ScopeViolation,
    /// A value has to be a singleton, and its provider has another scope.
    NotSingleton,
    /// A module is configured in several places.
    ConfiguredTwice,
    /// A provider is replaced that no module lists.
    UnusedReplacement,
    /// A value is bound to a type that nothing injects and that nothing else provides.
    UnusedBinding,
    /// The container or one of its scopes needs more than 65,535 values.
    TooLarge,
}

impl FaultKind {
    /// The stable code of the kind, for example `provider_missing`.
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
            Self::UnusedBinding => "binding_unused",
            Self::TooLarge => "graph_too_large",
        }
    }
}

/// A fault of a graph.
///
/// Its `Display` has several lines: what is wrong, with the code; the places, one on each line; and
/// a line that begins with `help:`.
#[derive(Debug)]
pub struct Fault {
    kind: FaultKind,
    text: String,
    steps: Vec<Step>,
    help: String,
}

/// A place in the source that is part of a [`Fault`].
#[derive(Clone, Debug)]
pub struct Step {
    /// The place.
    pub location: Location,
    /// What the place contributes to the fault.
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

    /// The kind of the fault.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The stable code of the fault's kind, for example `provider_missing`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// What is wrong, in one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The places that cause the fault. Those of a path or circle are in its order.
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

/// All faults of a graph.
#[derive(Debug)]
pub struct Report {
    module: &'static str,
    faults: Vec<Fault>,
}

impl Report {
    pub(crate) fn new(module: &'static str, faults: Vec<Fault>) -> Self {
        Self { module, faults }
    }

    /// The faults. Those of modules come first; the others follow in the order of the modules.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The stable code of this error: `graph_invalid`.
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
