//! The attributes of the Specter gateway framework. Use them through the `specter` crate.
//!
//! Each macro reads its item into a model (`parse`), finds what is wrong with it (`check`), and
//! writes a small expansion (`expand`) of calls into the runtime, which this crate knows by name
//! only. The user's item always comes back, and all errors in it come at once, so that editors keep
//! working and one mistake does not hide the next.

mod controller;
mod diag;
mod event_error;
mod handlers;
mod injectable;
mod misplaced;
mod module;
mod syntax;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a struct a controller: one is built for each socket that connects to its namespace.
///
/// ```
/// # use std::time::Instant;
/// # use specter::prelude::*;
/// # #[injectable]
/// # pub struct RoomRepository;
/// # #[injectable]
/// # pub struct Authenticated;
/// # impl Guard for Authenticated {
/// #     async fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> { Ok(()) }
/// # }
/// #[socketio_controller("/socket.io/", namespace = "/chat", guards(Authenticated))]
/// pub struct ChatGateway {
///     repo: Arc<RoomRepository>,          // injected, found by its type
///     socket: Socket,                     // injected by the framework
///     #[state] sent: u32,                 // this socket's own, starts from its default
///     #[state(Instant::now())] since: Instant,
/// }
/// # #[handlers]
/// # impl ChatGateway {
/// #     #[on_event]
/// #     fn age(&self) -> u64 { self.since.elapsed().as_secs() }
/// # }
/// ```
///
/// All arguments are optional: the request path (else the application's), `namespace` (else `/`),
/// [options of the endpoint](#the-endpoint), `priority` (lower runs first among the controllers of
/// a namespace), `event_priorities("name" = 5)` (the same for single events), `guards(A, B)`,
/// `interceptors(A, B)`, `filters(A, B)`, `scope = singleton` (one instance for all sockets, whose
/// handlers take `&self`; `connect` and `disconnect` still run for each), `on_panic = "disconnect"`
/// (else the socket stays), and `unlisted` for a controller that is meant to stand in no module.
/// The handlers stand in an impl block annotated with [`#[handlers]`](macro@handlers).
///
/// # The endpoint
///
/// What stands on one path is one endpoint, and so is each connection to it. Its options may stand
/// here instead of on the `AppBuilder`, where they mean the same and apply to every path:
///
/// ```
/// # use specter::prelude::*;
/// const KIB: usize = 1024;
///
/// #[socketio_controller(
///     "/live/",
///     ping_interval = "5s",
///     ping_timeout = "3s",
///     max_payload = 16 * KIB
/// )]
/// struct Live;
/// # #[handlers]
/// # impl Live { #[on_event] fn look(&self) {} }
/// ```
///
/// They are `ping_interval`, `ping_timeout`, `upgrade_timeout` and `connect_timeout` (a text such
/// as `"5s"`, or a constant of type `Duration`), `max_payload` and `max_queued_bytes` (bytes, as a
/// constant of type `usize`). Controllers of one path, and the builder, may each say any of them.
/// Where two say the same option they must say the same value; otherwise the application does not
/// start, and names both places.
#[proc_macro_attribute]
pub fn socketio_controller(arguments: TokenStream, item: TokenStream) -> TokenStream {
    controller::socketio_controller(arguments.into(), item.into()).into()
}

/// Makes the annotated methods of an impl block the handlers of its controller.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use specter::prelude::*;
/// # #[derive(Deserialize)]
/// # struct Token;
/// # #[derive(Deserialize)]
/// # struct Post { room: String }
/// # #[derive(Serialize)]
/// # struct Posted { id: u32 }
/// # #[derive(Debug, thiserror::Error, IntoEventError)]
/// # #[error("not here")]
/// # struct ChatError;
/// # #[injectable]
/// # pub struct Member;
/// # impl Guard for Member {
/// #     async fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> { Ok(()) }
/// # }
/// # #[socketio_controller]
/// # struct ChatGateway { #[state] sent: u32 }
/// #[handlers]
/// impl ChatGateway {
///     #[on_event("connect")]
///     async fn on_connect(
///         &mut self,
///         socket: Socket,
///         Auth(token): Auth<Token>,
///     ) -> Result<(), Reject> {
///         socket.join("lobby")?;
///         Ok(())
///     }
///
///     /// The first line of the doc comment describes the event in the start-up log.
///     #[on_event("chat:message", priority = -1, guards(Member))]
///     async fn message(
///         &mut self,
///         socket: &Socket,
///         post: Post,
///         to: Option<u32>,
///     ) -> Result<Posted, ChatError> {
///         self.sent += 1;
///         Ok(Posted { id: self.sent })
///     }
///
///     #[on_event]                         // the method's name is the event's
///     fn typing(&self, socket: &Socket, room: &str) {
///         let _ = socket.to(room).emit("typing", &socket.id());
///     }
///
///     #[on_error]
///     async fn failed(&self, error: &EventError, event: &EventInfo) {
///         println!("{}: {error}", event.name());
///     }
/// }
/// ```
///
/// Methods without a mark are left alone. A controller may have several such blocks, in any file of
/// its crate. Parameters are found by their types, in any order: what implements `FromContext`
/// comes from the context, every other type is the next argument of the event. `&T` is lent from an
/// extracted `T` (an `Ack` is not), `&str` from the packet's own text, `&[u8]` from `Binary`,
/// `&[T]` from a `Vec<T>`. The returned value is the acknowledgement.
///
/// # Events
///
/// `connect` and `disconnect` are the socket's own; `"*"` takes what no other handler takes.
/// `#[on_event]` knows `concurrent` (runs beside the socket's other events; not in a block with
/// `&mut self`), `blocking` (a plain `fn` that runs on a thread that may block), `priority = 5`
/// (instead of the controller's), `timeout = "5s"` (or an expression: for an `async fn`, which is
/// dropped then and answered `timed out`; its controller lives on), `guards(A, B)`,
/// `interceptors(A, B)` and `filters(A, B)`.
#[proc_macro_attribute]
pub fn handlers(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handlers::handlers(arguments.into(), item.into()).into()
}

/// Marks a method as the handler of an event. Only inside an impl block annotated with
/// [`#[handlers]`](macro@handlers), where its options are described.
#[proc_macro_attribute]
pub fn on_event(_: TokenStream, item: TokenStream) -> TokenStream {
    misplaced::method_mark("#[on_event]", item.into()).into()
}

/// Marks a method as the one that is told of its controller's failed events. Only inside an impl
/// block annotated with [`#[handlers]`](macro@handlers).
#[proc_macro_attribute]
pub fn on_error(_: TokenStream, item: TokenStream) -> TokenStream {
    misplaced::method_mark("#[on_error]", item.into()).into()
}

/// Makes a struct, or what a function returns, injectable as `Arc<T>`.
///
/// ```
/// # use std::sync::atomic::AtomicU64;
/// # use specter::prelude::*;
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("no database")]
/// # pub struct PoolError;
/// # #[injectable]
/// # pub struct Config;
/// # pub struct Pool;
/// # impl Pool {
/// #     async fn open(_: &Config) -> Result<Self, PoolError> { Ok(Self) }
/// # }
/// #[injectable]                           // scope = singleton unless said
/// pub struct RoomRepository { pool: Arc<Pool>, #[state] hits: AtomicU64 }
///
/// #[injectable(scope = socket)]           // one for each socket
/// pub struct Draft { socket: Socket }
///
/// #[injectable]                           // a factory: async and fallible if it likes
/// async fn pool(config: Arc<Config>) -> Result<Pool, PoolError> {
///     Pool::open(&config).await
/// }
/// ```
///
/// The fields of a struct and the parameters of a function are its dependencies: `Arc<T>`,
/// `Option<Arc<T>>`, `Vec<Arc<T>>` (all that the module sees), `Lazy<T>` (what may be built later,
/// so that two can know each other), or a value of the framework. A module lists both by their
/// name, what is generic with its types: `Cache<User>`, `cache::<User>`.
///
/// A function that is not `async` is called at once, also if it may fail: a socket whose own
/// providers are all such is connected without a wait.
///
/// # Options
///
/// - `scope = singleton`: one for the application; `socket`: one for each socket; `transient`: one
///   for each that takes it.
/// - `as = dyn Repository` or `as = [dyn Repository, dyn Health]`: the value is found as `Arc<dyn
///   Repository>` too.
/// - `on_init = open`, `on_shutdown = close`: methods of the value, `fn open(&self)`, `async` and
///   fallible if they like. `on_init` runs when all singletons are built, dependencies first;
///   `on_shutdown` in reverse, of a socket's own after its `disconnect`. Each has a time limit, and
///   is reported by name if it fails or hangs: an `on_init` ends the start, an `on_shutdown` stops
///   no other.
///
/// ```
/// # use specter::prelude::*;
/// # type SqlError = std::io::Error;
/// # #[injectable]
/// # pub struct Pool;
/// # impl Pool {
/// #     async fn run(&self, _: &str) -> Result<(), SqlError> { Ok(()) }
/// #     async fn close(&self) {}
/// # }
/// # pub trait Repository: Send + Sync {}
/// #[injectable(as = dyn Repository, on_init = migrate, on_shutdown = close)]
/// pub struct SqlRepository { pool: Arc<Pool> }
///
/// impl Repository for SqlRepository { /* … */ }
///
/// impl SqlRepository {
///     async fn migrate(&self) -> Result<(), SqlError> { self.pool.run("migrate.sql").await }
///     async fn close(&self) { self.pool.close().await }
/// }
/// ```
///
/// A singleton that takes what is known by its type to live in a socket's scope does not compile;
/// what only the graph can know, such as a `dyn Trait` of that scope, is a fault at start.
#[proc_macro_attribute]
pub fn injectable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    injectable::injectable(arguments.into(), item.into()).into()
}

/// Makes a struct a module: a part of the application with its controllers and providers.
///
/// ```
/// # use specter::prelude::*;
/// # #[injectable]
/// # pub struct RoomRepository;
/// # pub struct Pool;
/// # #[injectable]
/// # fn pool() -> Pool { Pool }
/// # #[injectable]
/// # pub struct Authenticated;
/// # impl Guard for Authenticated {
/// #     async fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> { Ok(()) }
/// # }
/// # #[module]
/// # pub struct StorageModule;
/// # #[socketio_controller]
/// # pub struct ChatGateway;
/// #[module(
///     imports = [StorageModule],
///     controllers = [ChatGateway],
///     providers = [RoomRepository, pool, Authenticated],
///     exports = [RoomRepository],
///     guards(Authenticated)
/// )]
/// pub struct ChatModule;
/// ```
///
/// What the module's own see is its providers and what its imports export. Its guards,
/// `interceptors(A, B)` and `filters(A, B)` stand around each of its controllers. All arguments are
/// optional.
///
/// - `handlers` lists, and provides, objects that implement `EventHandler`.
/// - `exports` names providers, or imported modules, all of whose exports are passed on.
/// - `global` lets every module see what this one exports, once some module imports it.
/// - An import can be an expression that configures the module: each value is the module's own and
///   is injected by its providers as `Arc<T>`. A module is configured in one place. For options
///   that are known at run time only there is
///   `App::builder::<AppModule>().import(ConfigModule::with(options))`.
///
/// ```
/// # use specter::prelude::*;
/// # pub struct Options { path: &'static str }
/// # #[socketio_controller]
/// # pub struct ChatGateway;
/// #[injectable]
/// pub struct Config { options: Arc<Options> }     // what `with` gives
///
/// #[module(providers = [Config], exports = [Config])]
/// pub struct ConfigModule;
///
/// #[module(
///     imports = [ConfigModule::with(Options { path: "app.toml" })],
///     controllers = [ChatGateway]
/// )]
/// pub struct AppModule;
/// ```
#[proc_macro_attribute]
pub fn module(arguments: TokenStream, item: TokenStream) -> TokenStream {
    module::module(arguments.into(), item.into()).into()
}

/// Says what a client is told of an error: its text, its code and perhaps one of its fields.
///
/// ```
/// # use specter::prelude::*;
/// # type StorageError = std::io::Error;
/// #[derive(Debug, thiserror::Error, IntoEventError)]
/// pub enum ChatError {
///     #[error("the room is full")]
///     RoomFull { #[event_error(data)] limit: u32 },       // code "room_full", data 8
///     #[error("no such room")]
///     #[event_error(code = "no_room")]
///     Unknown,
///     #[error(transparent)]
///     #[event_error(internal)] // the client sees `internal error` and an id
///     Storage(#[from] StorageError),
/// }
///
/// let error = ChatError::RoomFull { limit: 8 }.into_event_error();
/// assert_eq!((error.text(), error.code()), ("the room is full", Some("room_full")));
/// ```
///
/// The text is that of `Display`; what is `internal` has to be an `Error`. `thiserror` writes both.
/// A struct takes the same attributes as a variant.
#[proc_macro_derive(IntoEventError, attributes(event_error))]
pub fn into_event_error(item: TokenStream) -> TokenStream {
    event_error::into_event_error(item.into()).into()
}
