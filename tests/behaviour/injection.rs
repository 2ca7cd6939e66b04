//! Dependency injection with `#[injectable]` and `#[module]`: other types of a provider, scopes,
//! hooks, generic providers, modules that are configured, global or re-exported, and replacements
//! of providers in tests.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use specter::di::{ConfiguredModule, Lazy, Module};
use specter::prelude::*;

#[socketio_controller]
struct Gateway {
    ledger: Arc<dyn Ledger>,
}

#[handlers]
impl Gateway {
    #[on_event]
    fn write(&self, line: String) -> usize {
        self.ledger.write(line)
    }
}

trait Ledger: Send + Sync {
    fn write(&self, line: String) -> usize;
}

trait Health: Send + Sync {
    fn name(&self) -> &'static str;
}

/// A record of what happened, in order.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[injectable(as = [dyn Ledger, dyn Health], on_init = open, on_shutdown = close)]
struct Paper {
    notes: Arc<Notes>,
    #[state]
    lines: AtomicU32,
}

impl Paper {
    async fn open(&self) -> Result<(), std::io::Error> {
        tokio::task::yield_now().await;
        self.notes.add("paper opens");
        Ok(())
    }

    fn close(&self) {
        self.notes.add("paper closes");
    }
}

impl Ledger for Paper {
    fn write(&self, line: String) -> usize {
        self.lines.fetch_add(1, Ordering::Relaxed);
        line.len()
    }
}

impl Health for Paper {
    fn name(&self) -> &'static str {
        "paper"
    }
}

struct Clock;

impl Clock {
    async fn stop(self: Arc<Self>) -> Result<(), &'static str> {
        tokio::task::yield_now().await;
        Err("the clock cannot stop")
    }
}

impl Health for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }
}

#[injectable(as = dyn Health, on_shutdown = stop)]
async fn clock() -> Clock {
    tokio::task::yield_now().await;
    Clock
}

#[injectable]
struct Dashboard {
    all: Vec<Arc<dyn Health>>,
    first: Arc<Ticket>,
    second: Arc<Ticket>,
}

#[injectable(scope = transient)]
struct Ticket {}

#[injectable]
struct Cache<T: Debug + 'static> {
    notes: Arc<Notes>,
    #[state(PhantomData)]
    of: PhantomData<fn() -> T>,
}

struct Index<T, const SIZE: usize> {
    notes: Arc<Notes>,
    of: PhantomData<fn() -> T>,
}

/// A generic factory that can fail.
#[injectable]
fn index<T, const SIZE: usize>(notes: Arc<Notes>) -> Result<Index<T, SIZE>, String>
where
    T: Debug + 'static,
{
    if SIZE == 0 {
        return Err(format!("no room for `{}`", std::any::type_name::<T>()));
    }
    Ok(Index {
        notes,
        of: PhantomData,
    })
}

#[derive(Debug)]
struct User;
#[derive(Debug)]
struct Room;

#[injectable]
struct Chat {
    users: Arc<Cache<User>>,
    rooms: Arc<Cache<Room>>,
    /// `Office` depends on `Chat`, so this direction of the cycle is lazy.
    office: Lazy<Office>,
}

#[injectable]
struct Office {
    chat: Arc<Chat>,
    settings: Arc<Settings>,
}

struct Options {
    name: &'static str,
}

#[injectable]
struct Settings {
    options: Arc<Options>,
}

#[module(providers = [Settings], exports = [Settings])]
struct SettingsModule;

impl SettingsModule {
    fn named(name: &'static str) -> ConfiguredModule<Self> {
        Self::with(Options { name })
    }
}

#[injectable]
fn notes() -> Notes {
    Notes::default()
}

#[module(global, providers = [notes], exports = [notes])]
struct NotesModule;

#[module(providers = [Paper, clock], exports = [Paper, clock])]
struct PaperModule;

#[module(imports = [PaperModule], exports = [PaperModule])]
struct StorageModule;

#[module(
    imports = [NotesModule, StorageModule, SettingsModule::named("written")],
    controllers = [Gateway],
    providers = [Dashboard, Ticket, Cache<User>, Cache<Room>, index::<User, 4>, index::<Room, 1>, Chat, Office]
)]
struct AppModule;

#[tokio::test]
async fn providers_are_found_under_their_other_types() {
    let app = App::create::<AppModule>().await.unwrap();
    let dashboard = app.get::<Dashboard>().unwrap();
    let mut names: Vec<_> = dashboard.all.iter().map(|one| one.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["clock", "paper"]);
    assert!(app.get::<dyn Ledger>().is_some());
}

#[tokio::test]
async fn a_transient_provider_builds_a_value_for_each_dependent() {
    let app = App::create::<AppModule>().await.unwrap();
    let dashboard = app.get::<Dashboard>().unwrap();
    assert!(!Arc::ptr_eq(&dashboard.first, &dashboard.second));
}

#[tokio::test]
async fn a_generic_provider_is_listed_for_each_type() {
    let app = App::create::<AppModule>().await.unwrap();
    let chat = app.get::<Chat>().unwrap();
    assert!(Arc::ptr_eq(&chat.users.notes, &chat.rooms.notes));
    assert!(app.get::<Cache<User>>().is_some());
    assert_eq!(size_of_val(&chat.users.of), 0);
    let (users, rooms) = (app.get::<Index<User, 4>>(), app.get::<Index<Room, 1>>());
    let (users, rooms) = (users.unwrap(), rooms.unwrap());
    assert!(Arc::ptr_eq(&users.notes, &rooms.notes));
    assert_eq!(size_of_val(&rooms.of), 0);
}

#[module(imports = [NotesModule, StorageModule], controllers = [Gateway], providers = [index::<User, 0>])]
struct FullModule;

#[tokio::test]
async fn a_generic_factory_that_fails_is_named_with_its_types() {
    let app = App::builder::<FullModule>();
    let error = app
        .create()
        .await
        .err()
        .expect("the factory fails")
        .to_string();
    assert!(
        error.starts_with("`index<User, 0>` (tests/behaviour/injection.rs:")
            && error.contains("no room for"),
        "{error}"
    );
}

#[tokio::test]
async fn two_providers_may_depend_on_each_other_with_lazy() {
    let app = App::create::<AppModule>().await.unwrap();
    let chat = app.get::<Chat>().unwrap();
    let office = chat.office.get().expect("the application has started");
    assert!(Arc::ptr_eq(&office.chat, &chat));
    drop((app, office));
    assert!(
        chat.office.get().is_none(),
        "`Lazy` does not keep the service alive"
    );
}

#[tokio::test]
async fn hooks_run_by_their_names() {
    let app = App::create::<AppModule>().await.unwrap();
    let notes = app.get::<Notes>().unwrap();
    assert_eq!(notes.all(), ["paper opens"]);
    app.handle().shutdown().await;
    assert_eq!(notes.all(), ["paper opens", "paper closes"]);
}

#[tokio::test]
async fn a_module_is_configured_where_it_is_imported() {
    let app = App::create::<AppModule>().await.unwrap();
    assert_eq!(app.get::<Settings>().unwrap().options.name, "written");
    assert!(app.get::<Office>().unwrap().settings.options.name == "written");
}

specter::graph_test!(AppModule);

#[tokio::test]
async fn the_graph_can_be_printed() {
    let app = App::create::<AppModule>().await.unwrap();
    let text = app.graph().to_text();
    assert!(
        text.contains("  Gateway, root\n    ledger: Arc<dyn Ledger> <- Paper in PaperModule\n"),
        "{text}"
    );
    assert!(
        text.contains("    office: Lazy<Office> <- Office\n"),
        "{text}"
    );
    let diagram = app.graph().to_mermaid();
    assert!(diagram.starts_with("flowchart LR\n"), "{diagram}");
    assert!(diagram.contains("[[\"Gateway\"]]"), "{diagram}");
}

/// A ledger that keeps no lines.
struct Fake;

impl Ledger for Fake {
    fn write(&self, _: String) -> usize {
        0
    }
}

#[tokio::test]
async fn a_fake_replaces_the_provider_of_a_trait() {
    let app = App::builder::<AppModule>().bind::<dyn Ledger>(Arc::new(Fake));
    let app = app.create().await.unwrap();
    assert_eq!(app.get::<dyn Ledger>().unwrap().write("line".into()), 0);
    let health = &app.get::<Dashboard>().unwrap().all;
    assert_eq!(health.len(), 2, "`Paper` is still needed as `dyn Health`");
}

#[tokio::test]
async fn a_value_replaces_a_provider() {
    let settings = Settings {
        options: Arc::new(Options { name: "replaced" }),
    };
    let app = App::builder::<AppModule>().replace::<Settings>(settings);
    let app = app.create().await.unwrap();
    assert_eq!(
        app.get::<Office>().unwrap().settings.options.name,
        "replaced"
    );
}

#[tokio::test]
async fn a_replacement_of_a_provider_has_no_hooks() {
    let paper = Paper {
        notes: Arc::default(),
        lines: AtomicU32::new(0),
    };
    let app = App::builder::<AppModule>().replace::<Paper>(paper);
    let app = app.create().await.unwrap();
    assert!(app.get::<Notes>().unwrap().all().is_empty());
    assert_eq!(app.get::<dyn Ledger>().unwrap().write("line".into()), 4);
}

#[tokio::test]
async fn a_module_is_configured_on_the_builder() {
    #[module(imports = [SettingsModule], controllers = [Gateway], providers = [Paper, notes])]
    struct Bare;
    let app = App::builder::<Bare>().import(SettingsModule::named("at run time"));
    let app = app.create().await.unwrap();
    assert_eq!(app.get::<Settings>().unwrap().options.name, "at run time");
}

#[test]
fn replacing_an_unprovided_type_and_configuring_a_module_twice_are_faults() {
    #[module(controllers = [Gateway], providers = [Paper, notes])]
    struct Bare;
    let app = App::builder::<Bare>()
        .replace::<clock>(Clock)
        .import(SettingsModule::named("once"))
        .import(SettingsModule::named("twice"));
    let error = app.check().unwrap_err().to_string();
    assert!(
        error.contains("`clock` is replaced, but no module provides it [replacement_unused]"),
        "{error}"
    );
    assert!(
        error.contains("`SettingsModule` is configured more than once [module_configured_twice]"),
        "{error}"
    );
}
