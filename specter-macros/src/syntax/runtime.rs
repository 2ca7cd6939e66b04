//! How expansions name the runtime, and where their tokens claim to stand. Every expansion is one
//! `const _` block in which `__p` is the framework's private module: nothing leaks into the user's
//! namespace.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

/// The framework's crate as the user's code sees it.
pub(crate) struct Runtime {
    path: TokenStream,
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            path: quote!(::specter),
        }
    }
}

impl Runtime {
    /// The crate under another path.
    pub(crate) fn at(path: Path) -> Self {
        Self {
            path: path.into_token_stream(),
        }
    }

    /// An unnamed block in which `__p` is the runtime.
    pub(crate) fn block(&self, content: &TokenStream) -> TokenStream {
        let path = &self.path;
        let own = own(Span::call_site());
        quote_spanned! {own=>
            const _: () = {
                use #path::__private as __p;
                #content
            };
        }
    }
}

/// `Some(value)` or `None`, as tokens.
pub(crate) fn option(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}

/// A span for generated tokens: complaints about them stand at `at`, the names in them are the
/// macro's own.
pub(crate) fn own(at: Span) -> Span {
    Span::mixed_site().located_at(at)
}

/// The place `at` as a value. The tokens carry the user's own span: `line!()` would else give the
/// attribute's line.
pub(crate) fn location(at: Span) -> TokenStream {
    quote_spanned!(at=> __p::location!())
}

/// Where tokens of the user's begin and end. A complaint about generated tokens that were put
/// [over](Self::over) it underlines all of it; one about tokens at a single span underlines the
/// first.
#[derive(Clone, Copy)]
pub(crate) struct Stretch {
    first: Span,
    last: Span,
}

impl Stretch {
    pub(crate) fn of(tokens: &impl ToTokens) -> Self {
        let mut tokens = tokens.to_token_stream().into_iter();
        let first = tokens
            .next()
            .map_or_else(Span::call_site, |token| token.span());
        let last = tokens.last().map_or(first, |token| token.span());
        Self { first, last }
    }

    pub(crate) fn first(self) -> Span {
        self.first
    }

    /// The generated tokens, standing here. Groups keep their content as it is.
    pub(crate) fn over(self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = self.first;
        for token in &mut tokens {
            token.set_span(own(at));
            at = self.last;
        }
        tokens.into_iter().collect()
    }
}

/// The same tokens, standing at `at`: complaints about them stand there too.
pub(crate) fn moved(tokens: &impl ToTokens, at: Span) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.to_token_stream().into_iter().collect();
    for token in &mut tokens {
        token.set_span(token.span().located_at(at));
    }
    tokens.into_iter().collect()
}
