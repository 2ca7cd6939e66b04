//! Validates the arguments of `Valid<T>` by the rules of the crate garde.

use garde::Validate;
use serde::{Deserialize, Serialize};
use specter_proto::socketio::Arguments;

use super::{FromEvent, Valid, marker};
use crate::gateway::{CallContext, EventError};

#[diagnostic::do_not_recommend]
impl<'a, T> FromEvent<'a, marker::Validated> for Valid<T>
where
    T: Deserialize<'a> + Validate<Context: Default>,
{
    fn from_event(
        cx: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
    ) -> Result<Self, EventError> {
        let value: T = args
            .next()
            .map_err(|error| super::invalid_argument(cx, &error, label))?;
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
