#![doc = include_str!("../README.md")]
//!
//! # The crate
//!
//! The types in the order in which they are used: a [`Module`] lists each [`Provider`] and
//! [`Root`]. A [`Graph`] collects the modules and validates them. The result is a [`Plan`], which
//! starts a [`Container`]. The container makes a [`ScopePlan`] for each kind of scope, which opens
//! an [`OpenScope`] as often as needed.
//!
//! The crate does not depend on tokio, axum or sockets. It awaits plain futures, and the embedder
//! decides what a scope is.

mod build;
mod container;
mod container_state;
mod dependency;
mod error;
#[doc(hidden)]
pub mod expansion;
mod fault;
mod graph;
mod key;
mod late;
mod lazy;
mod lifecycle;
mod location;
mod module;
mod open_scope;
mod panic;
mod plan;
mod planned_scope;
mod provider;
mod root;
mod scope;
mod scope_layout;
mod scope_plan;
mod seeds;
mod slot;
mod testing;
mod view;
mod wiring;

pub use container::Container;
#[doc(hidden)]
pub use dependency::Shareable;
pub use dependency::{Arity, Dependencies, Dependency, Resolved};
#[doc(hidden)]
pub use error::factory_failed;
pub use error::{
    BuildCause, BuildError, BuildFailure, HookCause, HookFailure, HookKind, StartError,
};
pub use fault::{Fault, FaultKind, Report, Step};
pub use graph::Graph;
pub use key::Key;
#[doc(hidden)]
pub use late::Defer;
pub use lazy::Lazy;
pub use location::Location;
pub use module::{ConfiguredModule, Exported, Module, ModuleBuilder, ModuleKind, ProviderKind};
pub use open_scope::OpenScope;
pub use plan::Plan;
pub use provider::{Provide, Provider};
pub use root::{Root, RootInfo};
pub use scope::Scope;
pub use scope_plan::{OpenScopeFuture, ScopePlan};
pub use seeds::{SeedList, Seeds};
#[doc(hidden)]
pub use testing::assert_valid;
pub use view::GraphView;
