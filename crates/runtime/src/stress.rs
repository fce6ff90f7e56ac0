//! Stress setting `exit-all`: every exit of every executor is taken once, on purpose.

use ir::{Inst, Trace, TraceKind, Uop};

use crate::executor::{Executor, NOBODY, Site};
use crate::state::State;

impl State {
    /// Stress: an entry that leaves at the next exit of the executor that was not forced yet.
    pub(crate) fn forced_exit_entry(&mut self, id: u32) -> Option<usize> {
        let ex = self.executor_mut(id);
        let index = ex.exits.iter().position(|e| !e.forced)?;
        ex.exits[index].forced = true;
        let inst = ex.compiled.exits[index].inst as usize;
        let mut trace = ex.trace.clone();
        let (kind, site, breaker) = (trace.kind, ex.site.clone(), ex.breaker);
        force_exit(&mut trace, inst)?;
        let (compiled, control) = self.generate(&trace, kind, None, None).ok()?;
        if self.options.dump.asm {
            let text = format!("{trace}{}", codegen::dump(&compiled, &self.arena));
            self.dump("forced exit", site.code, site.offset, &text);
        }
        let entry = compiled.entry;
        let site = Site { installed: Vec::new(), offset: u32::MAX, ..site };
        let written = compiled.code;
        let executor = Executor::new(site, trace, compiled, control, breaker, 0);
        let mut executor = executor.inspect_err(|_| self.arena.retire(written, NOBODY)).ok()?;
        for exit in &mut executor.exits {
            (exit.forced, exit.attempts) = (true, u8::MAX);
        }
        // It leads back to nobody's exit.
        executor.trace.kind = TraceKind::Root;
        self.adopt(executor);
        self.counters.forced_exits += 1;
        Some(entry)
    }
}

/// Ends `trace` at instruction `at` with an exit through that instruction's snapshot.
fn force_exit(trace: &mut Trace, at: usize) -> Option<()> {
    let guard = &trace.insts[at];
    if matches!(guard.op, Uop::GuardMore | Uop::GuardEnd) {
        // Leaves behind a step of which the other outcome is true.
        return None;
    }
    let snap = guard.snap?;
    trace.insts.truncate(at);
    trace.push(Inst::new(Uop::Exit, &[]).snap(snap));
    Some(())
}
