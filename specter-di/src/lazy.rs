//! Deferred dependencies, with which two providers can refer to each other.
//! Must not know in which order values are built.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use crate::Key;
use crate::dependency::{Arity, Dependency, Resolved};
use crate::late::{Defer, ErasedWeak, LateValues};
use crate::slot::{Input, ValueSources};

/// A dependency that may be built after the provider that takes it. It breaks circles of
/// dependencies.
///
/// The access is deferred, not the building. A singleton is available from the `on_init` hooks on,
/// a scoped value as soon as its scope is open. The reference is weak, because two values that own
/// each other would never be dropped.
///
/// ```
/// # use std::sync::Arc;
/// # use specter_di::Lazy;
/// struct Rooms {
///     users: Lazy<Users>, // `Users` has an `Arc<Rooms>` in turn
/// }
/// # struct Users;
///
/// impl Rooms {
///     fn greet(&self) -> Option<&'static str> {
///         let _users = self.users.get()?;
///         Some("hello")
///     }
/// }
///
/// // A test makes one without a container:
/// let users = Arc::new(Users);
/// let rooms = Rooms { users: Lazy::of(&users) };
/// assert_eq!(rooms.greet(), Some("hello"));
/// ```
pub struct Lazy<T: ?Sized> {
    late: Arc<LateValues>,
    index: u16,
    of: PhantomData<fn() -> Weak<T>>,
}

impl<T: ?Sized + Send + Sync + 'static> Lazy<T> {
    /// A reference to a value that exists already. It does not keep the value alive.
    pub fn of(value: &Arc<T>) -> Self {
        let late = LateValues::default();
        late.fill([Box::new(Arc::downgrade(value)) as ErasedWeak]);
        Self {
            late: Arc::new(late),
            index: 0,
            of: PhantomData,
        }
    }

    /// The value. `None` until it is built, and after its container or scope was dropped.
    pub fn get(&self) -> Option<Arc<T>> {
        let value = self.late.get(self.index)?;
        (**value).downcast_ref::<Weak<T>>()?.upgrade()
    }
}

impl<T: ?Sized> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        Self {
            late: self.late.clone(),
            index: self.index,
            of: PhantomData,
        }
    }
}

impl<T: ?Sized> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("is_built", &self.late.is_filled())
            .finish_non_exhaustive()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Send + Sync + 'static> Dependency for Lazy<T> {
    const ARITY: Arity = Arity::Deferred;
    const DEFER: Option<Defer> = Some(Defer(weak_reference::<T>));

    fn key() -> Key {
        Key::of::<Arc<T>>()
    }

    fn take(resolved: &mut Resolved<'_>) -> Self {
        let (late, index) = resolved.late();
        Self {
            late,
            index,
            of: PhantomData,
        }
    }
}

fn weak_reference<T: ?Sized + Send + Sync + 'static>(
    values: &ValueSources<'_>,
    input: Input,
) -> Option<ErasedWeak> {
    Some(Box::new(Arc::downgrade(&values.get::<Arc<T>>(input)?)))
}
