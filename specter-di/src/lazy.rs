//! A dependency that is there once everything is built, so that two providers can know each other.
//! Owns how a row's late values are handed over. Must not know in which order values are built.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock, Weak};

use crate::Key;
use crate::dependency::{Arity, Dependency, Resolved};
use crate::slot::{Input, ValueSources};

/// A dependency that may be built after what takes it: it breaks circles.
///
/// What is deferred is the access and not the building: a singleton is there when the container has
/// started (in `on_init` too), a scoped value when its scope is open. It is held weakly, as two
/// that hold each other would never be dropped.
///
/// ```
/// # use std::sync::Arc;
/// # use specter_di::Lazy;
/// struct Rooms {
///     users: Lazy<Users>, // and `Users` has an `Arc<Rooms>`
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
/// // By hand, in a test:
/// let users = Arc::new(Users);
/// let rooms = Rooms { users: Lazy::of(&users) };
/// assert_eq!(rooms.greet(), Some("hello"));
/// ```
pub struct Lazy<T: ?Sized> {
    late: Arc<Late>,
    place: u16,
    of: PhantomData<fn() -> Weak<T>>,
}

impl<T: ?Sized + Send + Sync + 'static> Lazy<T> {
    /// One that has its value already. It does not keep it alive.
    pub fn of(value: &Arc<T>) -> Self {
        let late = Late::default();
        late.fill([Box::new(Arc::downgrade(value)) as Weakened]);
        Self {
            late: Arc::new(late),
            place: 0,
            of: PhantomData,
        }
    }

    /// The value; `None` while it is not built, and when it is gone with its container or scope.
    pub fn get(&self) -> Option<Arc<T>> {
        let value = self.late.0.get()?.get(usize::from(self.place))?;
        (**value).downcast_ref::<Weak<T>>()?.upgrade()
    }
}

impl<T: ?Sized> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        Self {
            late: self.late.clone(),
            place: self.place,
            of: PhantomData,
        }
    }
}

impl<T: ?Sized> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_there = self.late.0.get().is_some();
        f.debug_struct("Lazy")
            .field("is_there", &is_there)
            .finish_non_exhaustive()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Send + Sync + 'static> Dependency for Lazy<T> {
    const ARITY: Arity = Arity::Deferred;
    const DEFER: Option<Defer> = Some(Defer(weaken::<T>));

    fn key() -> Key {
        Key::of::<Arc<T>>()
    }

    fn take(resolved: &mut Resolved<'_>) -> Self {
        let (late, place) = resolved.late();
        Self {
            late,
            place,
            of: PhantomData,
        }
    }
}

/// What a deferred dependency keeps, its type erased.
type Weakened = Box<dyn Any + Send + Sync>;

fn weaken<T: ?Sized + Send + Sync + 'static>(
    values: &ValueSources<'_>,
    input: Input,
) -> Option<Weakened> {
    Some(Box::new(Arc::downgrade(&values.get::<Arc<T>>(input)?)))
}

/// Makes what a deferred dependency keeps of a value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Defer(fn(&ValueSources<'_>, Input) -> Option<Weakened>);

impl Defer {
    pub(crate) fn of(self, values: &ValueSources<'_>, input: Input) -> Option<Weakened> {
        (self.0)(values, input)
    }
}

/// The late values of a row, as their takers keep them; filled once, when the row is.
#[derive(Default)]
pub(crate) struct Late(OnceLock<Box<[Weakened]>>);

impl Late {
    pub(crate) fn fill(&self, values: impl IntoIterator<Item = Weakened>) {
        // A row is filled once.
        let _ = self.0.set(values.into_iter().collect());
    }
}
