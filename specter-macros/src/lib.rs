//! The attributes of the Specter gateway framework. Use them through the `specter` crate.
//!
//! Each macro parses its item into a model (`parse`), reports errors in it (`check`), and generates
//! a small expansion (`expand`) that calls the runtime. This crate does not depend on the runtime:
//! it only writes the names of the runtime's items. The output always contains the user's item, so
//! that editors keep working. All errors are reported together, so that one mistake does not hide
//! the next.

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

/// Makes a struct a controller. One instance is built for each socket that connects to the
/// controller's namespace.
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
///     repo: Arc<RoomRepository>,               // injected, found by its type
///     socket: Socket,                          // injected by the framework
///     #[state] sent: u32,                      // state of this socket; starts with its default
///     #[state(Instant::now())] since: Instant, // state with an initial value
/// }
/// # #[handlers]
/// # impl ChatGateway {
/// #     #[on_event]
/// #     fn age(&self) -> u64 { self.since.elapsed().as_secs() }
/// # }
/// ```
///
/// The handlers are in an impl block with [`#[handlers]`](macro@handlers).
///
/// # Arguments
///
/// All of them are optional.
///
/// | Argument | Meaning | Default |
/// |---|---|---|
/// | `"/path/"` | the request path | the application's path, `/socket.io/` |
/// | `namespace = "/chat"` | the namespace that the controller serves | `/` |
/// | `priority = 5` | the order of the namespace's controllers; the lowest runs first | 0 |
/// | `event_priorities("name" = 5)` | the priority for single events | `priority` |
/// | `guards(A, B)`, `interceptors(A, B)`, `filters(A, B)` | policies around all handlers | none |
/// | `scope = singleton` | one instance serves all sockets; its handlers take `&self`, and `connect` and `disconnect` still run for each socket | `scope = socket`: one instance for each socket |
/// | `on_panic = "disconnect"` | disconnects a socket after a handler has panicked | `"continue"` |
/// | `unlisted` | silences the warning that no module lists the controller | |
///
/// # Settings of the endpoint
///
/// All controllers on one path share one endpoint and its connections. A controller may set some of
/// the settings that the `AppBuilder` sets for all paths:
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
/// The settings are `ping_interval`, `ping_timeout`, `upgrade_timeout` and `connect_timeout` (a
/// string such as `"5s"`, or a constant expression of type `Duration`), and `max_payload` and
/// `max_queued_bytes` (bytes: a constant expression of type `usize`). Default: the builder's value.
/// If several controllers of one path, or a controller and the builder, set the same setting, the
/// values must be equal. Otherwise the application does not start, and the error names both places.
#[proc_macro_attribute]
pub fn socketio_controller(arguments: TokenStream, item: TokenStream) -> TokenStream {
    controller::socketio_controller(arguments.into(), item.into()).into()
}

/// Makes the marked methods of an impl block the handlers of a controller.
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
/// Methods without a mark are not changed. A controller may have several such blocks, in any file
/// of its crate.
///
/// Parameters are extracted by type, in any order: a type that implements `FromContext` is taken
/// from the context, and any other is the next argument of the event. A reference borrows from the
/// extracted value: `&T` from a `T` (except `Ack`), `&str` from the text of the packet, `&[u8]`
/// from a `Binary`, `&[T]` from a `Vec<T>`. The table of all parameters is in the documentation of
/// `specter::extract`. The return value is the acknowledgement.
///
/// # Events
///
/// `#[on_event("name")]` marks the handler of an event; `#[on_event]` uses the method's name.
/// `"connect"` runs before the client is answered and may refuse it; `"disconnect"` runs after the
/// socket has disconnected; `"*"` handles every event without a handler of its own.
///
/// | Argument | Meaning | Default |
/// |---|---|---|
/// | `priority = 5` | the order of the handlers of one event; the lowest runs first | the controller's |
/// | `timeout = "5s"` | drops an `async fn` after this time; the event fails with `timed out`, and the controller stays | none |
/// | `concurrent` | runs concurrently with the socket's other events; not possible in a controller with `&mut self` handlers | one event after another |
/// | `blocking` | runs a plain `fn` on a thread on which it may block | on the connection's task |
/// | `guards(A, B)`, `interceptors(A, B)`, `filters(A, B)` | policies around this handler | none |
///
/// A `timeout` may also be an expression of type `Duration`.
///
/// A plain `fn` runs on a thread that also serves other connections. If it blocks, for example in
/// `std::fs` or in a database driver that is not async, it delays all of them: mark it `blocking`.
///
/// If several controllers of a namespace handle the same event, all of them run, in the order of
/// their `priority`, and the first that returns a value acknowledges the event.
#[proc_macro_attribute]
pub fn handlers(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handlers::handlers(arguments.into(), item.into()).into()
}

/// Marks a method as the handler of an event, in an impl block with
/// [`#[handlers]`](macro@handlers), which documents its arguments.
#[proc_macro_attribute]
pub fn on_event(_: TokenStream, item: TokenStream) -> TokenStream {
    misplaced::method_mark("#[on_event]", item.into()).into()
}

/// Marks the method that is called after a handler of its controller has failed, in an impl block
/// with [`#[handlers]`](macro@handlers). It takes `&EventError` and `&EventInfo`, and any other
/// parameter that is taken from the context. Its return value is not sent.
#[proc_macro_attribute]
pub fn on_error(_: TokenStream, item: TokenStream) -> TokenStream {
    misplaced::method_mark("#[on_error]", item.into()).into()
}

/// Makes a struct, or the return value of a function, injectable as `Arc<T>`.
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
/// #[injectable]                           // one for the application
/// pub struct RoomRepository { pool: Arc<Pool>, #[state] hits: AtomicU64 }
///
/// #[injectable(scope = socket)]           // one for each socket
/// pub struct Draft { socket: Socket }
///
/// #[injectable]                           // a factory; it may be async and may fail
/// async fn pool(config: Arc<Config>) -> Result<Pool, PoolError> {
///     Pool::open(&config).await
/// }
/// ```
///
/// The fields of the struct and the parameters of the function are the dependencies: `Arc<T>`,
/// `Option<Arc<T>>` (`None` if nothing provides it), `Vec<Arc<T>>` (all that the module sees),
/// `Lazy<T>` (resolved later, so that two providers can depend on each other), or a value of the
/// framework. A module lists the struct or function by its name, a generic one with its types:
/// `Cache<User>`, `cache::<User>`.
///
/// A factory that is not `async` is called synchronously, even if it may fail. If all providers of
/// a socket are structs or such factories, building them needs no future.
///
/// # Arguments
///
/// - `scope = singleton` (default): one value for the application. `scope = socket`: one for each
///   socket. `scope = transient`: one for each place that injects it.
/// - `as = dyn Repository` or `as = [dyn Repository, dyn Health]`: the value is also injected as
///   `Arc<dyn Repository>`.
/// - `on_init = open`, `on_shutdown = close`: methods of the value, `fn open(&self)`; they may be
///   async and may fail. `on_init` is for singletons only and runs after all singletons are built,
///   dependencies first. `on_shutdown` runs in reverse order. For a value of a socket, it runs
///   after the `disconnect` handlers. Each hook has a time limit of 10 s. If an `on_init` hook
///   fails or exceeds its limit, the application does not start. A failed `on_shutdown` hook is
///   logged, and the others still run.
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
/// A singleton cannot inject a value of a socket. If the value's type shows its scope, this is a
/// compile error; otherwise, such as for a `dyn Trait`, it is a fault that is reported at start.
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
/// The controllers and providers of a module can inject its own providers and what its imports
/// export. All arguments are optional:
///
/// - `imports` lists other modules. An import may also be an expression that configures the module:
///   `ConfigModule::with(options)`. The module's providers inject the value as `Arc<T>`. A module
///   can be configured in one place only. For options that are known only at run time, call
///   `App::builder::<AppModule>().import(ConfigModule::with(options))`.
/// - `controllers` lists the controllers that the application serves.
/// - `handlers` lists types that implement `EventHandler`, and provides them.
/// - `providers` lists structs and functions with [`#[injectable]`](macro@injectable).
/// - `exports` lists providers, and imported modules. All exports of such a module are exported
///   again.
/// - `global` makes the exports visible to every module, provided that at least one module imports
///   this one.
/// - `guards(A, B)`, `interceptors(A, B)` and `filters(A, B)` apply to each controller of the
///   module.
///
/// ```
/// # use specter::prelude::*;
/// # pub struct Options { path: &'static str }
/// # #[socketio_controller]
/// # pub struct ChatGateway;
/// #[injectable]
/// pub struct Config { options: Arc<Options> }     // the value passed to `with`
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

/// Declares what clients see of an error: its text, a code, and optionally one of its fields.
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
/// assert_eq!((error.error(), error.code()), ("the room is full", Some("room_full")));
/// ```
///
/// The text is the error's `Display` text. An error with an `internal` variant must implement
/// `std::error::Error`. The derive macro of `thiserror` implements both traits. A struct takes the
/// same attributes as a variant:
///
/// - `code = "…"`: the code. Default: the name in snake case.
/// - `internal`: the client sees `internal error` and an id; the log has the error with the same
///   id.
/// - `#[event_error(data)]` on a field: the field is sent as the error's data.
#[proc_macro_derive(IntoEventError, attributes(event_error))]
pub fn into_event_error(item: TokenStream) -> TokenStream {
    event_error::into_event_error(item.into()).into()
}
