#[module(imports = [StorageModule], controllers = [ChatGateway, admin::AdminGateway], providers = [RoomRepository, pool, #[cfg(test)] Fake<Room>], exports = [RoomRepository])]
pub struct ChatModule;
#[module(controllers = [ChatGateway], guards(Authenticated))]
pub struct Guarded;
#[module]
struct Nothing {}
#[module(global, imports = [ConfigModule::with(Options { path: "app.toml" }), #[cfg(test)] TestModule], exports = [ConfigModule])]
struct Global;
