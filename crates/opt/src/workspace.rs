//! Memory that traces are optimized in, kept from one to the next: for a small trace, fresh pages cost more than all
//! the rest.
use ir::Trace;

use crate::state::State;

/// Instructions, and values, up to which memory is kept.
const KEPT: usize = 4096;

/// Where [`crate::optimize`] works.
#[derive(Default)]
pub struct Workspace {
    /// What nobody uses, with its room.
    traces: Vec<Trace>,
    states: Vec<State>,
}

impl Workspace {
    /// A trace with all of `like` but its instructions and snapshots.
    pub(crate) fn trace(&mut self, like: &Trace) -> Trace {
        let mut trace = self.traces.pop().unwrap_or_else(|| Trace::new(like.kind));
        trace.become_empty(like);
        trace
    }

    /// A state, of which nothing may be relied on.
    pub(crate) fn state(&mut self) -> State {
        self.states.pop().unwrap_or_default()
    }

    pub(crate) fn keep_trace(&mut self, trace: Trace) {
        if trace.insts.capacity() <= KEPT {
            self.traces.push(trace);
        }
    }

    pub(crate) fn keep_state(&mut self, state: State) {
        if state.info.capacity() <= KEPT {
            self.states.push(state);
        }
    }
}
