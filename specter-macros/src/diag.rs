//! Collects the errors of one expansion, so that one mistake does not hide the next, and appends
//! them to the user's item as `compile_error!`s.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// The errors of one annotated item. [`finish`](Self::finish) must be called: dropping errors that
/// were not reported panics.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Vec<Error>,
}

impl Diagnostics {
    /// Adds an error that underlines `at`.
    pub(crate) fn error(&mut self, at: impl ToTokens, message: impl Display) {
        self.errors.push(Error::new_spanned(at, message));
    }

    /// Adds an error that underlines `at`, with a line that says what to do.
    pub(crate) fn error_help(
        &mut self,
        at: impl ToTokens,
        message: impl Display,
        help: impl Display,
    ) {
        self.error(at, format_args!("{message}\nhelp: {help}"));
    }

    /// The value of a result. If the result is an error, adds the error and returns `None`.
    pub(crate) fn absorb<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// The number of errors so far.
    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// The output of the macro: `output`, followed by the errors.
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
            "a macro dropped its errors without reporting them"
        );
    }
}
