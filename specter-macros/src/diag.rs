//! The error sink of one expansion. It owns every complaint about the user's code, so that one
//! mistake does not hide the next, and turns them into `compile_error!`s behind the user's item. It
//! knows no attribute.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// Collects what is wrong with an annotated item. Must be [finished](Self::finish), else the errors
/// would be lost.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Vec<Error>,
}

impl Diagnostics {
    /// An error that underlines `at`.
    pub(crate) fn error(&mut self, at: impl ToTokens, message: impl Display) {
        self.errors.push(Error::new_spanned(at, message));
    }

    /// An error that underlines `at`, with a line that says what to do.
    pub(crate) fn error_help(
        &mut self,
        at: impl ToTokens,
        message: impl Display,
        help: impl Display,
    ) {
        self.error(at, format_args!("{message}\nhelp: {help}"));
    }

    /// The value, or nothing and an error more.
    pub(crate) fn absorb<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// How many errors there are so far.
    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// What the macro returns: `output`, and every error behind it.
    pub(crate) fn finish(mut self, mut output: TokenStream) -> TokenStream {
        for error in self.errors.drain(..) {
            output.extend(error.to_compile_error());
        }
        output
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        assert!(
            self.errors.is_empty() || std::thread::panicking(),
            "a macro dropped its errors unread"
        );
    }
}
