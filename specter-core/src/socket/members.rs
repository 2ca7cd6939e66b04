//! Many sockets by their ids, as rooms and groups keep them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Socket, SocketId};
use crate::connection::fetch;

/// A copy is made where it is changed while somebody walks through it.
pub(crate) type Members = Arc<IndexMap<SocketId, Socket>>;

/// How many sockets are fetched at the same time.
const FETCHED: usize = 32;

/// All of them, for something to be sent to each.
pub(crate) fn walk(
    members: &IndexMap<SocketId, Socket>,
) -> impl Iterator<Item = (&SocketId, &Socket)> {
    let starts = (0..members.len()).step_by(FETCHED);
    let parts = starts.filter_map(|at| members.get_range(at..members.len().min(at + FETCHED)));
    parts.flat_map(|part| {
        fetch(part.values().map(Socket::connection));
        part
    })
}
