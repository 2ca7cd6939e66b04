//! Controllers of which one instance serves all sockets: a singleton of the container that every
//! socket's scope shares.

use std::any::Any;
use std::sync::Arc;

use specter_di::{Dependency, ModuleBuilder, Provide, Provider, Root, Scope};

use super::descriptor::Controller;
use crate::gateway::dispatch::instance::Instance;

/// How the one instance is made and reaches each socket. Made by the macro, which knows that the
/// type is `Sync`.
pub struct Singleton {
    /// Lists the instance as a provider.
    pub(crate) provide: fn(&mut ModuleBuilder),
    /// What each socket's scope gets instead of an instance of its own.
    pub(crate) root: fn() -> Root,
    /// The instance in it.
    pub(crate) instance: fn(Box<dyn Any + Send>) -> Instance,
}

impl Singleton {
    /// That of `C`.
    pub fn of<C: Controller + Sync>() -> Self {
        Self {
            provide: |module| module.provide::<One<C>>(),
            root: || {
                Root::new::<Arc<C>>(
                    C::INFO.name,
                    C::INFO.location,
                    |dependencies| dependencies.add::<Arc<C>>("self", C::INFO.location),
                    <Arc<C> as Dependency>::take,
                )
            },
            instance: |built| match built.downcast::<Arc<C>>() {
                Ok(one) => Instance::Shared(*one),
                // The root above makes nothing else.
                Err(other) => Instance::Exclusive(other),
            },
        }
    }
}

/// The provider of the one instance.
struct One<C>(std::marker::PhantomData<fn() -> C>);

impl<C: Controller + Sync> Provide for One<C> {
    type Value = Arc<C>;

    fn provider() -> Provider {
        Provider::sync::<Arc<C>>(
            C::INFO.name,
            Scope::Singleton,
            C::INFO.location,
            C::dependencies,
            |resolved| Arc::new(C::build(resolved)),
        )
    }
}
