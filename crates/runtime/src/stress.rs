//! Stress setting `exit-all`: every exit of every executor is taken once, on purpose.

use ir::{Inst, SlotVal, Source, Trace, Uop, ValueId};

use crate::executor::{Executor, ExitState, Site};
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
        let plans = crate::escape::plans(&trace, &compiled).ok()?;
        let call_plans = crate::call_plan::plans(&trace, &compiled).ok()?;
        let mut exits = ExitState::all(&trace, &compiled);
        for exit in &mut exits {
            (exit.forced, exit.attempts) = (true, u8::MAX);
        }
        self.adopt(Executor {
            id: self.executor_count(),
            site: Site { installed: Vec::new(), offset: u32::MAX, ..site },
            trace,
            recorded: None,
            variants: Vec::new(),
            variant_of: None,
            linkers: Vec::new(),
            entries: Vec::new(),
            call_plans,
            called: false,
            namespaces: (0, 0),
            compiled,
            plans,
            dependencies: Vec::new(),
            valid: true,
            control,
            breaker,
            first_exit: self.next_exit_id(),
            exits,
            entered: 0,
            executed: 0,
            seen_escapes: 0,
        });
        self.counters.forced_exits += 1;
        Some(entry)
    }
}

/// Ends `trace` at instruction `at` with an exit through that instruction's snapshot.
fn force_exit(trace: &mut Trace, at: usize) -> Option<()> {
    let guard = trace.insts[at].clone();
    if matches!(guard.op, Uop::GuardMore | Uop::GuardEnd) {
        // Leaves behind a step of which the other outcome is true.
        return None;
    }
    let snap = guard.snap?;
    trace.insts.truncate(at);
    let mut snapshot = trace.snapshot(snap).clone();
    let (t, f) = (cpython::abi::_Py_TrueStruct() as u64, cpython::abi::_Py_FalseStruct() as u64);
    let top = snapshot.frames.last_mut()?.slots.last_mut()?;
    // A guard that absorbed a comparison leaves with the comparison's outcome on the stack, which the optimizer knows:
    // the guard failed. This one may not have: compute it.
    if let Source::Const(known) = top.source
        && (known == t || known == f)
        && let Some(passes) = condition(trace, &guard)
    {
        let truth = if known == t { trace.push(Inst::new(Uop::BoolNot, &[passes])) } else { passes };
        *top = SlotVal { source: Source::BoxBool(truth), ..*top };
    }
    let snap = trace.push_snapshot(snapshot);
    trace.push(Inst::new(Uop::Exit, &[]).snap(snap));
    Some(())
}

/// The condition under which a comparing guard passes, as a value.
fn condition(trace: &mut Trace, guard: &Inst) -> Option<ValueId> {
    if let Uop::GuardIs | Uop::GuardIsNot = guard.op {
        let object = trace.push(Inst::new(Uop::ConstObj, &[]).imm(guard.imms[0]));
        let same = trace.push(Inst::new(Uop::SameObject, &[guard.args[0], object]));
        return Some(if guard.op == Uop::GuardIs { same } else { trace.push(Inst::new(Uop::BoolNot, &[same])) });
    }
    let (compare, negated) = match guard.op {
        Uop::GuardTrue => return Some(guard.args[0]),
        Uop::GuardFalse => return Some(trace.push(Inst::new(Uop::BoolNot, &guard.args))),
        // The truth of an object that is a bool, or its negation.
        Uop::GuardIs | Uop::GuardIsNot if is_truth(guard.imms[0]) => {
            let object = trace.push(Inst::new(Uop::ConstObj, &[]).imm(guard.imms[0]));
            let same = trace.push(Inst::new(Uop::SameObject, &[guard.args[0], object]));
            return Some(if guard.op == Uop::GuardIs { same } else { trace.push(Inst::new(Uop::BoolNot, &[same])) });
        }
        Uop::GuardIntLt => (Uop::IntLt, false),
        Uop::GuardIntLe => (Uop::IntLe, false),
        Uop::GuardIntEq => (Uop::IntEq, false),
        Uop::GuardIntNe => (Uop::IntNe, false),
        Uop::GuardFloatLt => (Uop::FloatLt, false),
        Uop::GuardFloatLe => (Uop::FloatLe, false),
        Uop::GuardFloatNotLt => (Uop::FloatLt, true),
        Uop::GuardFloatNotLe => (Uop::FloatLe, true),
        _ => return None,
    };
    let c = trace.push(Inst::new(compare, &guard.args));
    Some(if negated { trace.push(Inst::new(Uop::BoolNot, &[c])) } else { c })
}

fn is_truth(object: u64) -> bool {
    object == cpython::abi::_Py_TrueStruct() as u64 || object == cpython::abi::_Py_FalseStruct() as u64
}
