//! Writes the `IntoEventError` impl: one arm a case.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::model::{Case, ErrorType, Shown};
use crate::syntax::runtime::own;

pub(crate) fn error(error: &ErrorType) -> TokenStream {
    let ErrorType {
        runtime,
        name,
        generics,
        cases,
    } = error;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let own = own(name.span());
    let arms = cases.iter().map(|case| arm(case, own));
    let body = if cases.is_empty() {
        quote_spanned!(own=> match self {})
    } else {
        quote_spanned!(own=> match &self { #(#arms)* })
    };
    runtime.block(&quote_spanned! {own=>
        #[automatically_derived]
        impl #parameters __p::IntoEventError for #name #arguments #bounds {
            fn into_event_error(self) -> __p::EventError { #body }
        }
    })
}

fn arm(case: &Case, own: proc_macro2::Span) -> TokenStream {
    let variant = case.variant.iter();
    let path = quote!(Self #(::#variant)*);
    match &case.shown {
        Shown::Nothing => quote_spanned!(own=> #path { .. } => __p::EventError::internal(self),),
        Shown::Text { code, data: None } => quote_spanned! {own=>
            #path { .. } => __p::EventError::new(::std::string::ToString::to_string(&self)).code(#code),
        },
        Shown::Text {
            code,
            data: Some(field),
        } => quote_spanned! {own=>
            #path { #field: __data, .. } => {
                __p::EventError::new(::std::string::ToString::to_string(&self)).code(#code).data(__data)
            }
        },
    }
}
