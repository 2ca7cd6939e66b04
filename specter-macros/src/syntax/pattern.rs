//! The name by which errors refer to a parameter.

use quote::ToTokens;
use syn::{Pat, PatIdent, ext::IdentExt, visit::Visit};

use crate::syntax::readable::readable;

/// The variable of the pattern if it has exactly one, otherwise the pattern as it is written.
pub(crate) fn label(pattern: &Pat) -> String {
    struct Variables(Vec<String>);
    impl Visit<'_> for Variables {
        fn visit_pat_ident(&mut self, variable: &PatIdent) {
            self.0.push(variable.ident.unraw().to_string());
        }
    }
    let mut variables = Variables(Vec::new());
    variables.visit_pat(pattern);
    let label = match variables.0.as_slice() {
        [only] => only.clone(),
        _ => readable(pattern.to_token_stream()),
    };
    // A leading underscore only marks an unused parameter; messages show the plain name.
    let plain = label.trim_start_matches('_');
    if plain.is_empty() {
        label
    } else {
        plain.to_owned()
    }
}
