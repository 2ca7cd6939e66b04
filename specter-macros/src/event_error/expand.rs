//! Generates the `IntoEventError` impl, with one match arm for each variant.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::model::{Case, Data, ErrorType, Shown};
use crate::syntax::runtime;

pub(crate) fn error(error: &ErrorType) -> TokenStream {
    let ErrorType {
        runtime: framework,
        name,
        generics,
        cases,
    } = error;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let own = runtime::own(name.span());
    let arms = cases.iter().map(|case| arm(case, own));
    let body = if cases.is_empty() {
        quote_spanned!(own=> match self {})
    } else {
        quote_spanned!(own=> match &self { #(#arms)* })
    };
    framework.block(&quote_spanned! {own=>
        #[automatically_derived]
        impl #parameters __p::IntoEventError for #name #arguments #bounds {
            fn into_event_error(self) -> __p::EventError { #body }
        }
    })
}

fn arm(case: &Case, own: Span) -> TokenStream {
    let variant = case.variant.iter();
    let path = quote!(Self #(::#variant)*);
    let Shown::Text { code, data } = &case.shown else {
        return quote_spanned!(own=> #path { .. } => __p::hidden_error::<Self>(self),);
    };
    let text = quote_spanned!(own=> __p::shown_error::<Self>(&self).with_code(#code));
    let Some(Data { field, span }) = data else {
        return quote_spanned!(own=> #path { .. } => #text,);
    };
    let local = Ident::new("__data", own);
    let sent = quote_spanned!(runtime::own(*span)=> .with_data(#local));
    quote_spanned!(own=> #path { #field: #local, .. } => #text #sent,)
}
