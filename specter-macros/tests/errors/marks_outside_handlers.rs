#[on_event("chat")]
async fn chat(&self) {}
#[on_error]
fn failed(&self) {}
#[on_event]
struct A;
