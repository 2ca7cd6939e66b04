//! Groups: named sets of sockets, across namespaces, that the application subscribes and
//! broadcasts to.

use crate::common::Server;
use serde_json::{Value, json};
use specter::prelude::*;

#[socketio_controller]
struct Market {
    groups: BroadcastGroup,
}

#[handlers]
impl Market {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket, auth: Auth<Option<Value>>) -> Result<(), Reject> {
        if auth.0.is_some() {
            self.groups.subscribe("refused", socket)?;
            return Err(Reject::new("no"));
        }
        self.groups.subscribe("all", socket)?;
        Ok(())
    }

    #[on_event]
    fn follow(&mut self, socket: &Socket, group: String) -> Result<(), GroupError> {
        self.groups.subscribe(group, socket)
    }

    #[on_event]
    fn leave(&mut self, socket: &Socket, group: Option<String>) {
        match group {
            Some(group) => self.groups.unsubscribe(group, socket),
            None => self.groups.unsubscribe_all(socket),
        }
    }

    #[on_event]
    fn trade(
        &mut self,
        groups: BroadcastGroup,
        socket: &Socket,
        price: u32,
    ) -> Result<(), EmitError> {
        groups
            .exclude(socket)
            .broadcast("ACME", "price", (price, "EUR"))
    }

    #[on_event("disconnect")]
    fn left(&mut self, socket: &Socket) {
        assert!(self.groups.subscribe("late", socket).is_err());
    }
}

#[socketio_controller(namespace = "/watch")]
struct Watch;

#[handlers]
impl Watch {
    #[on_event]
    fn follow(
        &self,
        groups: BroadcastGroup,
        socket: &Socket,
        group: String,
    ) -> Result<(), GroupError> {
        groups.subscribe(group, socket)
    }
}

/// Makes the groups accessible to tests.
#[injectable]
struct GroupAccess {
    groups: BroadcastGroup,
}

#[module(controllers = [Market, Watch], providers = [GroupAccess])]
struct Exchange;

async fn start() -> (Server, BroadcastGroup) {
    let app = App::builder::<Exchange>().groups(|limits| limits.groups_per_socket(3).group_name(8));
    let app = app.create().await.unwrap();
    let access = app.get::<GroupAccess>().unwrap();
    (Server::serve(app).await, access.groups.clone())
}

#[tokio::test]
async fn a_broadcast_reaches_members_of_every_namespace_but_those_excluded() {
    let (server, groups) = start().await;
    let mut trader = server.join("/").await;
    let mut other = server.join("/").await;
    let mut watcher = server.join("/watch").await;
    trader.call("follow", json!(["ACME"])).await;
    trader.call("follow", json!(["ACME"])).await;
    other.call("follow", json!(["ACME"])).await;
    watcher.call_in("/watch", "follow", json!(["ACME"])).await;
    assert_eq!(groups.member_count("ACME"), 3);
    assert_eq!(groups.groups(), ["ACME", "all"]);
    trader.send(r#"427["trade",5]"#).await;
    assert_eq!(
        trader.text().await,
        "437[]",
        "the sender does not receive the price"
    );
    assert_eq!(other.event().await, json!(["price", 5, "EUR"]));
    assert_eq!(watcher.text().await, r#"42/watch,["price",5,"EUR"]"#);
    let [first, _] = &groups.members("all")[..] else {
        panic!("`all` does not have two members")
    };
    groups
        .exclude(first)
        .exclude(first.id())
        .broadcast("all", "news", ())
        .unwrap();
    assert_eq!(
        other.event().await,
        json!(["news"]),
        "the other client is the second member, because it connected later"
    );
    groups.broadcast("nobody", "news", ()).unwrap();
}

#[tokio::test]
async fn membership_ends_with_unsubscribe_and_with_the_socket() {
    let (server, groups) = start().await;
    let mut client = server.join("/").await;
    client.call("follow", json!(["a"])).await;
    client.call("follow", json!(["b"])).await;
    let socket = groups.members("a").remove(0);
    assert_eq!(groups.groups_of(&socket), ["a", "all", "b"]);
    client.call("leave", json!(["a"])).await;
    assert_eq!(groups.groups(), ["all", "b"]);
    client.call("leave", json!([])).await;
    assert_eq!(groups.groups(), [""; 0]);
    client.call("follow", json!(["c"])).await;
    assert_eq!(groups.member_count("c"), 1);
    client.send("41").await;
    client.connect("/", Value::Null).await;
    assert_eq!(groups.groups(), ["all"], "the new socket is subscribed");
    assert!(!groups.members("all").contains(&socket));
    assert_eq!(
        groups.subscribe("late", &socket),
        Err(GroupError::Disconnected)
    );
    client.send("41").await;
    client.send(r#"40{"refuse":1}"#).await;
    assert_eq!(client.text().await, r#"44{"message":"no"}"#);
    assert_eq!(groups.groups(), [""; 0]);
}

#[tokio::test]
async fn the_number_and_the_names_of_groups_are_bounded() {
    let (server, groups) = start().await;
    let mut client = server.join("/").await;
    client.call("follow", json!(["a"])).await;
    client.call("follow", json!(["b"])).await;
    let [socket] = &groups.members("all")[..] else {
        panic!("`all` does not have one member")
    };
    assert_eq!(
        groups.subscribe("c", socket),
        Err(GroupError::TooManyGroups(3))
    );
    assert_eq!(
        groups.subscribe("x".repeat(9), socket),
        Err(GroupError::NameTooLong(8))
    );
    groups.unsubscribe("a", socket);
    assert_eq!(groups.subscribe("c", socket), Ok(()));
}
