//! The fallback for functions without `#[injectable]` in a macro's list, which gives the compiler a
//! type to complain about.

/// A function that is not annotated. `#[injectable]` makes a type beside a function, and that is
/// what a list names; where there is none, this one stands behind the name, and the compiler says
/// what it lacks instead of that a function is no type.
pub struct FunctionWithoutInjectable;

/// Imported behind the name that a list has.
pub mod otherwise {
    pub use super::FunctionWithoutInjectable as __Listed;
}
