//! A depth-first walk through a directed graph of numbered nodes.

/// The result of a walk.
pub(super) struct Walk {
    /// Every node, after the nodes to which its edges lead, except where they form a cycle.
    pub(super) order: Vec<usize>,
    /// The nodes of one cycle for every edge that leads back to a node on the current path. The
    /// first node is not repeated at the end.
    pub(super) cycles: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// On the path from the start to the current node.
    Open,
    Done,
}

/// Visits all nodes that can be reached from `starts`, depth first. It does not recurse, because a
/// chain of nodes may be longer than the stack allows.
pub(super) fn walk(edges: &[Vec<usize>], starts: impl Iterator<Item = usize>) -> Walk {
    let mut state = vec![State::New; edges.len()];
    let mut found = Walk {
        order: Vec::with_capacity(edges.len()),
        cycles: Vec::new(),
    };
    let mut path: Vec<(usize, usize)> = Vec::new();
    for start in starts {
        if state[start] == State::New {
            state[start] = State::Open;
            path.push((start, 0));
        }
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            let Some(&target) = edges[node].get(*next) else {
                state[node] = State::Done;
                found.order.push(node);
                path.pop();
                continue;
            };
            *next += 1;
            match state[target] {
                State::New => {
                    state[target] = State::Open;
                    path.push((target, 0));
                }
                State::Open => {
                    let nodes = path.iter().map(|(node, _)| *node);
                    found
                        .cycles
                        .push(nodes.skip_while(|node| *node != target).collect());
                }
                State::Done => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_before_the_nodes_that_lead_to_them() {
        let found = walk(&[vec![2], vec![0, 2], vec![]], 0..3);
        assert_eq!(found.order, [2, 0, 1]);
        assert!(found.cycles.is_empty());
    }

    #[test]
    fn every_edge_that_leads_back_is_a_cycle() {
        let found = walk(&[vec![1], vec![2, 0], vec![0], vec![3]], 0..4);
        assert_eq!(found.cycles, [vec![0, 1, 2], vec![0, 1], vec![3]]);
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let edges: Vec<Vec<usize>> = (0..100_000)
            .map(|node| if node == 0 { vec![] } else { vec![node - 1] })
            .collect();
        assert_eq!(
            walk(&edges, (0..edges.len()).rev()).order.len(),
            edges.len()
        );
    }
}
