#[module(import = [A], providers(B), controllers = C, exports = [D, D])]
struct AppModule;
#[module(providers = [pool(), "x"], imports = [A, #[doc(hidden)] B])]
struct ChatModule;
#[module]
struct Generic<T>(T);
#[module]
mod chat {}
#[module(global = true, imports = [ConfigModule::with(1), ConfigModule::with(1), 5, A B])]
struct Configured;
