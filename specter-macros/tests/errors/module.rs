#[module(import = [A], providers(B), controllers = C, exports = [D, D])]
struct AppModule;
#[module(providers = [pool(), "x"], imports = [A, #[doc(hidden)] B])]
struct ChatModule;
#[module]
struct Generic<T>(T);
#[module]
mod chat {}
