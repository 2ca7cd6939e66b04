//! Generic factories that cannot be what a module lists.

use std::marker::PhantomData;
use std::rc::Rc;

use specter::prelude::*;

struct Cache<T>(PhantomData<T>);

#[injectable]
fn cache<T: Send + Sync + 'static>() -> Cache<T> {
    Cache(PhantomData)
}

#[injectable]
fn lent<'a>() -> Cache<&'a str> {
    Cache(PhantomData)
}

#[injectable]
fn unbound<T>() -> Cache<T> {
    Cache(PhantomData)
}

#[injectable]
fn needs<T: Send + Sync + 'static>(source: T) -> Cache<T> {
    drop(source);
    Cache(PhantomData)
}

#[module(providers = [cache])]
struct WithoutTypes;

#[module(providers = [cache::<Rc<u8>>])]
struct NotShareable;

#[module(providers = [unbound::<Rc<u8>>])]
struct NotShareableEither;

#[module(providers = [needs::<u8>])]
struct NotInjectable;

fn main() {}
