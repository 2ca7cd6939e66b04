//! How expansions name the runtime, and the spans of their tokens. Every expansion is one `const _`
//! block in which `__p` is the framework's private module, so that it adds no names to the user's
//! scope.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

/// The path of the framework's crate in the user's code.
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

/// A span for generated tokens: errors about them underline `at`, and the user's code cannot refer
/// to the names in them.
pub(crate) fn own(at: Span) -> Span {
    Span::mixed_site().located_at(at)
}

/// An expression for the location of `at`. Its tokens have the user's span, because `line!()` would
/// otherwise return the attribute's line.
pub(crate) fn location(at: Span) -> TokenStream {
    quote_spanned!(at=> __p::location!())
}

/// The first and the last span of the user's tokens. An error about generated tokens that have
/// these spans ([`over`](Self::over)) underlines all of the user's tokens; with a single span it
/// would underline only the first.
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

    /// The generated tokens with these spans. The contents of groups keep theirs.
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

/// The same tokens with the span `at`, so that errors about them underline `at`.
pub(crate) fn moved(tokens: &impl ToTokens, at: Span) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.to_token_stream().into_iter().collect();
    for token in &mut tokens {
        token.set_span(token.span().located_at(at));
    }
    tokens.into_iter().collect()
}
