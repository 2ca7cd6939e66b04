//! A set of sockets by their ids, as rooms and groups store their members.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Socket, SocketId};
use specter_engine::internals::prefetch_queues;

/// The set is copied when it changes while an iteration holds it.
pub(crate) type Members = Arc<IndexMap<SocketId, Socket>>;

/// How many sockets are prefetched at a time.
const PREFETCHED_AT_ONCE: usize = 32;

/// Iterates over all sockets with prefetching, to send something to each.
pub(crate) fn iter_prefetched(
    members: &IndexMap<SocketId, Socket>,
) -> impl Iterator<Item = (&SocketId, &Socket)> {
    let starts = (0..members.len()).step_by(PREFETCHED_AT_ONCE);
    let parts =
        starts.filter_map(|at| members.get_range(at..members.len().min(at + PREFETCHED_AT_ONCE)));
    parts.flat_map(|part| {
        prefetch_queues(part.values().map(Socket::connection));
        part
    })
}

#[cfg(test)]
mod tests {
    use super::iter_prefetched;
    use crate::rooms::Hub;
    use crate::socket::Socket;
    use indexmap::IndexMap;
    use specter_engine::EngineConfig;
    use specter_engine::internals::detached;
    use std::time::Duration;

    #[test]
    fn each_member_is_yielded_once_and_in_order() {
        let hub = Hub::with_defaults("/");
        for count in [0, 1, 32, 33, 70] {
            let members: IndexMap<_, _> = (0..count)
                .map(|_| detached(&EngineConfig::default()))
                .map(|connection| Socket::new(connection, hub.clone(), None, Duration::ZERO))
                .map(|socket| (socket.id(), socket))
                .collect();
            assert!(
                iter_prefetched(&members)
                    .map(|(id, _)| id)
                    .eq(members.keys())
            );
        }
    }
}
