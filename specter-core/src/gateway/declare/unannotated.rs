//! The type to which a function without `#[injectable]` resolves in a macro's list, so that the
//! compiler's error is readable.

/// Represents a function without `#[injectable]`. A module's list names types, and the attribute
/// declares a type with the function's name. Without the attribute, the name resolves to this type
/// instead, and the compiler reports which trait is missing.
pub struct FunctionWithoutInjectable;

/// An expansion imports everything in here, and then each element of the list as `__Listed`. The
/// second import takes precedence, except where the element names a function but no type.
pub mod fallback {
    pub use super::FunctionWithoutInjectable as __Listed;
}
