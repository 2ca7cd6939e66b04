//! A graph as text and as a diagram.

#[macro_use]
mod common;

use std::sync::Arc;

use common::{Request, graph, start};
use specter_di::Lazy;

provider!(Singleton Pool at "src/db.rs":10 { chat: Option<Arc<u8>> });
provider!(Singleton Rooms at "src/rooms.rs":1 { pool: Arc<Pool>, later: Lazy<Log> });
provider!(Transient Log at "src/log.rs":1 {});
provider!(Scoped Session at "src/session.rs":1 { request: Request });
root!(Chat at "src/chat.rs":1 { rooms: Arc<Rooms>, session: Arc<Session>, logs: Vec<Arc<Log>> });
module!(Db at "src/db.rs":1 { providers: [Pool], exports: [Pool], });
module!(App at "src/main.rs":1 { imports: [Db], roots: [Chat], providers: [Rooms, Log, Session], });

#[test]
fn the_text_shows_where_each_dependency_comes_from() {
    assert_eq!(
        start::<App>().view().to_text(),
        "\
App (src/main.rs:1:1)
  imports Db
  Chat, root
    rooms: Arc<Rooms> <- Rooms
    session: Arc<Session> <- Session
    logs: Vec<Arc<Log>> <- Log
  Rooms, singleton
    pool: Arc<Pool> <- Pool in Db
    later: Lazy<Log> <- Log
  Log, transient
  Session, request
    request: Request <- Request

Db (src/db.rs:1:1)
  exports Pool
  Pool, singleton
    chat: Option<Arc<u8>> <- nothing

visible in every module
  Request, request
"
    );
}

#[test]
fn the_diagram_has_a_box_for_each_module_and_an_arrow_for_each_dependency() {
    assert_eq!(
        start::<App>().view().to_mermaid(),
        "\
flowchart LR
    subgraph m1[\"App\"]
        n5[[\"Chat\"]]
        n2[\"Rooms\"]
        n3{{\"Log\"}}
        n4([\"Session\"])
    end
    subgraph m0[\"Db\"]
        n1[\"Pool\"]
    end
    n0([\"Request\"])
    n2 -->|pool| n1
    n2 -.->|later| n3
    n4 -->|request| n0
    n5 -->|rooms| n2
    n5 -->|session| n4
    n5 -->|logs| n3
"
    );
}

#[test]
fn a_graph_with_faults_shows_what_is_missing() {
    module!(Broken at "src/main.rs":1 { providers: [Rooms, Log], });
    let text = graph::<Broken>().view().to_text();
    assert!(text.contains("    pool: Arc<Pool> <- missing\n"), "{text}");
}
