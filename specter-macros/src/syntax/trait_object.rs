//! The check of a trait object that a provider is injected as: `as = dyn Repository`. It is an
//! item, so that its errors come before those of function bodies.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Path, TypeParamBound, TypeTraitObject, spanned::Spanned};

use crate::syntax::runtime::own;

/// Fails to compile if the trait object is not `Send + Sync`, with an error that says what to do;
/// or if the trait has an `async fn`.
///
/// The compiler explains why a trait with an `async fn` cannot be used as `dyn`, but not what
/// people do. The name of a trait in this expansion does: it is part of the compiler's first error.
pub(crate) fn check(object: &TypeTraitObject) -> TokenStream {
    let own = own(object.span());
    let advice = Ident::new(
        "AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture",
        Span::call_site(),
    );
    let advised = principal(object).map(|path| {
        quote_spanned! {own=>
            #[diagnostic::do_not_recommend]
            impl<__T: ?Sized + #path> #advice for __T {}
        }
    });
    let bound = advised.as_ref().map(|_| quote_spanned!(own=> + #advice));
    quote_spanned! {own=>
        const _: () = {
            trait #advice {}
            #advised
            trait __Alias { type Type: ?Sized + __p::Shareable #bound; }
            impl __Alias for () { type Type = #object; }
        };
    }
}

/// The first trait of a trait object: `Repository` of `dyn Repository + Send`.
fn principal(object: &TypeTraitObject) -> Option<&Path> {
    object.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) if bound.lifetimes.is_none() => Some(&bound.path),
        _ => None,
    })
}
