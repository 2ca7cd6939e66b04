//! `Valid<T>`: arguments that are validated by the rules of their types.

use garde::Validate;
use serde::{Deserialize, Serialize};
use specter_proto::socketio::Arguments;

use super::{FromEvent, marker};
use crate::gateway::{CallContext, EventError};

/// The next positional argument, decoded and then validated by its type's [garde] rules. Needs the
/// feature `garde`.
///
/// If the argument breaks a rule, the event fails with the code `invalid_argument`, and the error's
/// data lists the broken rules: `[{"path": "text", "message": "…"}, …]`.
///
/// ```
/// use garde::Validate;
/// use serde::Deserialize;
/// use specter_core::extract::Valid;
///
/// #[derive(Deserialize, Validate)]
/// struct Post {
///     #[garde(length(min = 1, max = 500))]
///     text: String,
/// }
///
/// // #[on_event("chat:message")]
/// async fn message(Valid(post): Valid<Post>) {
///     println!("{}", post.text);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valid<T>(pub T);

#[diagnostic::do_not_recommend]
impl<'a, T> FromEvent<'a, marker::Validated> for Valid<T>
where
    T: Deserialize<'a> + Validate<Context: Default>,
{
    fn from_event(
        _: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
    ) -> Result<Self, EventError> {
        let value: T = args
            .next()
            .map_err(|error| EventError::invalid_argument(&error, label))?;
        match value.validate() {
            Ok(()) => Ok(Self(value)),
            Err(report) => Err(EventError::new(format!("argument `{label}` is not valid"))
                .with_code("invalid_argument")
                .with_data(&broken_rules(&report))),
        }
    }
}

/// A broken rule.
#[derive(Serialize)]
struct BrokenRule {
    path: String,
    message: String,
}

fn broken_rules(report: &garde::Report) -> Vec<BrokenRule> {
    let rules = report.iter().map(|(path, error)| BrokenRule {
        path: path.to_string(),
        message: error.message().to_owned(),
    });
    rules.collect()
}
