//! `Valid<T>`: arguments that are validated by the rules of their types. The validation itself is
//! in `validation`, behind the feature `garde`; without the feature, using `Valid<T>` is a compile
//! error that names it.

/// The next positional argument, decoded and then validated by its type's
/// [garde](https://docs.rs/garde) rules. Needs the feature `garde`.
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

/// The extractor exists without the feature too, so that [`__check_valid`](crate::__check_valid)
/// explains what is missing, and not the compiler.
#[cfg(not(feature = "garde"))]
#[diagnostic::do_not_recommend]
impl<'a, T> super::FromEvent<'a, super::marker::Validated> for Valid<T> {
    fn from_event(
        _: &'a crate::gateway::CallContext,
        _: &mut specter_proto::socketio::Arguments<'a>,
        label: &'static str,
    ) -> Result<Self, crate::gateway::EventError> {
        let text = format!("argument `{label}` cannot be validated");
        Err(crate::gateway::EventError::new(text))
    }
}

/// Tells at compile time whether a type is [`Valid`]. The inherent constant applies to it, and the
/// constant of [`IsNotValid`], which has to be imported, to all other types.
#[doc(hidden)]
#[derive(Debug)]
pub struct ValidCheck<T>(std::marker::PhantomData<T>);

impl<T> ValidCheck<Valid<T>> {
    /// The type is `Valid`.
    pub const IS_VALID: bool = true;
}

/// The constant of [`ValidCheck`] for types that are not [`Valid`].
#[doc(hidden)]
pub trait IsNotValid {
    /// The type is not `Valid`.
    const IS_VALID: bool = false;
}

impl<T> IsNotValid for ValidCheck<T> {}

/// Fails to compile if the parameter is a [`Valid`] and the feature `garde` is not enabled. The
/// expansion of `#[handlers]` uses it for types that are called `Valid`.
#[cfg(not(feature = "garde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __check_valid {
    ($parameter:ty) => {
        const _: () = {
            #[allow(unused_imports)]
            use $crate::__private::IsNotValid as _;
            ::core::assert!(
                !$crate::__private::ValidCheck::<$parameter>::IS_VALID,
                "`Valid<T>` needs the feature `garde`: enable it for `specter-io` in Cargo.toml, \
                 `features = [\"garde\"]`, and add the crate `garde` with its feature `derive`"
            );
        };
    };
}

/// The feature `garde` is enabled.
#[cfg(feature = "garde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __check_valid {
    ($parameter:ty) => {};
}
