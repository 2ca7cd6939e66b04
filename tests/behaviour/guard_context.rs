//! The context of a guard: the caller's headers and arguments, and the extensions that the guard
//! inserts for the caller.

use crate::common::Server;
use serde_json::json;
use specter::prelude::*;

#[derive(Clone, PartialEq, Debug)]
struct Host(String);

/// At connect it inserts the handshake's host as an extension of the socket. It admits only events
/// with exactly one argument.
#[injectable]
struct Inspect;

impl Guard for Inspect {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        assert!(matches!(cx.caller(), Caller::Socket(_)));
        let Some(args) = cx.args() else {
            assert_eq!(cx.event(), None);
            let host = cx.headers().get("host").and_then(|host| host.to_str().ok());
            cx.insert(Host(host.unwrap_or_default().to_owned()));
            return Ok(());
        };
        assert!(cx.socket().is_some_and(Socket::is_connected));
        assert!(cx.extension::<Host>().is_some());
        if args.len() == 1 {
            Ok(())
        } else {
            let event = cx.event().unwrap_or_default();
            Err(Reject::new(format!("`{event}` takes one argument")))
        }
    }
}

#[socketio_controller(guards(Inspect))]
struct Inspected;

#[handlers]
impl Inspected {
    #[on_event(guards(Inspect))]
    fn host(&mut self, Extension(Host(host)): Extension<Host>, _one: u8) -> String {
        host
    }
}

#[module(controllers = [Inspected], providers = [Inspect])]
struct Inspection;

#[tokio::test]
async fn a_guard_reads_headers_and_arguments_and_inserts_extensions() {
    let server = Server::of(App::builder::<Inspection>()).await;
    let mut client = server.join("/").await;
    let answer = client.call("host", json!([1])).await;
    assert!(
        answer[0].as_str().unwrap().starts_with("127.0.0.1:"),
        "{answer}"
    );
    let answer = client.call("host", json!([1, 2])).await;
    assert_eq!(answer[0]["error"], "`host` takes one argument");
}
