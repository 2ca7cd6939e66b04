//! Handlers borrow: `&Socket` is the client's socket and `&Args` are the event's arguments, unless
//! the program itself has a type with that name.

use crate::common::Server;
use serde_json::json;
use specter::prelude::*;

mod power {
    use super::*;

    #[derive(serde::Deserialize)]
    pub(crate) struct Socket {
        pub(crate) volts: u16,
    }

    #[derive(serde::Deserialize)]
    pub(crate) struct Args {
        pub(crate) first: u16,
    }

    #[derive(serde::Deserialize)]
    pub(crate) struct Ack(pub(crate) u16);

    #[socketio_controller]
    pub(crate) struct Plugs;

    #[handlers]
    impl Plugs {
        #[on_event]
        fn plug(&self, socket: &Socket) -> u16 {
            socket.volts
        }

        #[on_event]
        fn names(&self, socket: &specter::socket::Socket, plugged: &Socket) -> (bool, u16) {
            (socket.id().as_str().is_empty(), plugged.volts)
        }

        #[on_event]
        fn numbered(&self, args: &Args, all: &specter::Args) -> (u16, usize) {
            (args.first, all.len())
        }

        #[on_event]
        fn acked(&self, number: &Ack) -> u16 {
            number.0
        }
    }
}

type Client = Socket;

#[socketio_controller(namespace = "/chat")]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    fn inline(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("to", "inline")
    }

    #[on_event]
    async fn later(&self, socket: &Socket) -> Result<(), EmitError> {
        tokio::task::yield_now().await;
        socket.emit("to", "later")
    }

    #[on_event("blocking", blocking)]
    fn blocking(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("to", "blocking")
    }

    #[on_event]
    fn renamed(&self, client: &Client) -> Result<(), EmitError> {
        client.emit("to", "renamed")
    }

    #[on_event]
    fn args_inline(&self, args: &Args, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("to", args)
    }

    #[on_event]
    async fn args_later(&self, args: &Args, socket: &Socket) -> Result<(), EmitError> {
        tokio::task::yield_now().await;
        socket.emit("to", args)
    }

    #[on_event("args_blocking", blocking)]
    fn args_blocking(&self, args: &Args, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("to", args)
    }

    #[on_event]
    fn args_back<'a>(&self, args: &'a Args) -> &'a Args {
        args
    }

    #[on_event]
    fn args_and_one(&self, args: &Args, first: &str, rest: RestArgs) -> (usize, String, usize) {
        (args.len(), first.to_owned(), rest.0.len())
    }
}

#[module(controllers = [power::Plugs, Chat])]
struct BorrowingModule;

#[tokio::test]
async fn a_type_of_the_program_that_is_named_socket_is_an_argument() {
    let server = Server::of(App::builder::<BorrowingModule>()).await;
    let mut client = server.join("/").await;
    assert_eq!(
        client.call("plug", json!([{"volts": 230}])).await,
        json!([230])
    );
    let names = client.call("names", json!([{"volts": 110}])).await;
    assert_eq!(names, json!([false, 110]));
    let numbered = client.call("numbered", json!([{"first": 7}, "second"]));
    assert_eq!(numbered.await, json!([7, 2]));
    assert_eq!(client.call("acked", json!([3])).await, json!([3]));
}

#[tokio::test]
async fn all_kinds_of_handlers_borrow_the_clients_socket() {
    let server = Server::of(App::builder::<BorrowingModule>()).await;
    let mut client = server.join("/chat").await;
    for event in ["inline", "later", "blocking", "renamed"] {
        client.send(format!(r#"42/chat,["{event}"]"#)).await;
        let expected = format!(r#"42/chat,["to","{event}"]"#);
        assert_eq!(client.text().await, expected);
    }
}

#[tokio::test]
async fn all_kinds_of_handlers_borrow_the_arguments() {
    let server = Server::of(App::builder::<BorrowingModule>()).await;
    let mut client = server.join("/chat").await;
    for event in ["args_inline", "args_later", "args_blocking"] {
        client.send(format!(r#"42/chat,["{event}",1,"two"]"#)).await;
        assert_eq!(client.text().await, r#"42/chat,["to",1,"two"]"#);
    }
    client.send(r#"42/chat,7["args_back",1,"two"]"#).await;
    assert_eq!(client.text().await, r#"43/chat,7[1,"two"]"#);
    client.send(r#"42/chat,8["args_and_one","one",2,3]"#).await;
    assert_eq!(client.text().await, r#"43/chat,8[3,"one",2]"#);
}
