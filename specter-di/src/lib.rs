#![doc = include_str!("../README.md")]
//!
//! # The crate
//!
//! From declaration to scope: [`Provider`] and [`Root`] in a [`Module`], collected by [`Graph`],
//! checked and compiled to a [`Plan`], started as a [`Container`], whose [`ScopePlan`]s open
//! [`OpenScope`]. The crate must not know tokio, axum or sockets: what it waits for are plain
//! futures, what its scopes are is the embedder's to say.

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
