//! Dead code: what nothing uses goes, phis included.
use ir::{Grade, Inst, Snapshot, Trace, Uop, ValueId};

use crate::snaps::Snaps;

/// Copies a trace while values are renumbered, keeping the snapshots that are used.
pub(crate) struct Rebuilder<'a> {
    pub from: &'a Trace,
    pub out: Trace,
    map: Vec<Option<ValueId>>,
    snaps: Snaps,
}

impl<'a> Rebuilder<'a> {
    pub fn new(from: &'a Trace) -> Rebuilder<'a> {
        let mut out = Trace::new(from.kind);
        out.entry = from.entry.clone();
        out.codes = from.codes.clone();
        out.unowned = from.unowned;
        Rebuilder { from, out, map: vec![None; from.insts.len()], snaps: Snaps::default() }
    }

    /// The value's new name.
    pub fn value(&self, v: ValueId) -> ValueId {
        self.map[v.0 as usize].expect("operands are kept and come first")
    }

    /// Appends input instruction `at` (as `inst` has it, in input names), with `snap` (in input names) if given.
    pub fn emit(&mut self, at: ValueId, inst: &Inst, snap: Option<Snapshot>) {
        let snap = snap.map(|mut s| {
            for frame in &mut s.frames {
                for slot in std::iter::once(&mut frame.func).chain(&mut frame.slots) {
                    slot.source = slot.source.map(|v| self.value(v));
                }
            }
            for store in &mut s.stores {
                (store.object, store.value) = (self.value(store.object), self.value(store.value));
            }
            self.snaps.intern(&mut self.out, s)
        });
        let args = inst.args.iter().map(|&a| self.value(a)).collect();
        self.map[at.0 as usize] = Some(self.out.push(Inst { op: inst.op, args, imms: inst.imms, snap }));
    }
}

/// Whether the uop may be dropped when its result is not used. One that may leave the trace may not, even where it
/// leaves only for a result that does not fit: what follows may rely on its having passed.
fn is_removable(op: Uop) -> bool {
    let facts = op.facts();
    let entry = matches!(op, Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64);
    facts.result.is_some() && facts.writes == 0 && facts.grade == Grade::Leaf && !facts.exits && !entry
}

/// Removes every instruction whose result reaches no effect, guard or snapshot.
pub(crate) fn remove_dead(trace: &Trace) -> Trace {
    let label = trace.insts.iter().position(|i| i.op == Uop::Label);
    let jump = trace.insts.len() - 1;
    let live = Liveness { trace, label, jump, live: vec![false; trace.insts.len()], work: Vec::new() }.run();

    let mut to = Rebuilder::new(trace);
    let kept: Vec<usize> =
        label.map_or(Vec::new(), |l| (0..trace.insts[l].args.len()).filter(|&n| live[l + 1 + n]).collect());
    for (n, inst) in trace.insts.iter().enumerate() {
        if !live[n] {
            continue;
        }
        let mut inst = inst.clone();
        match label {
            Some(l) if n == l || (n == jump && inst.op == Uop::Jump) => {
                inst.args = kept.iter().map(|&k| inst.args[k]).collect();
            }
            Some(l) if matches!(inst.op, Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64) => {
                let index = kept.iter().position(|&k| l + 1 + k == n).expect("a live phi is kept");
                inst.imms[0] = index as u64;
            }
            _ => {}
        }
        let snap = inst.snap.map(|s| trace.snapshot(s).clone());
        to.emit(ValueId(n as u32), &inst, snap);
    }
    to.out
}

struct Liveness<'a> {
    trace: &'a Trace,
    label: Option<usize>,
    jump: usize,
    live: Vec<bool>,
    work: Vec<usize>,
}

impl Liveness<'_> {
    fn run(mut self) -> Vec<bool> {
        for (n, inst) in self.trace.insts.iter().enumerate() {
            if !is_removable(inst.op) {
                self.mark(ValueId(n as u32));
            }
        }
        while let Some(n) = self.work.pop() {
            let inst = &self.trace.insts[n];
            match inst.op {
                // Their operands live as long as the phis do.
                Uop::Label | Uop::Jump => {}
                Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64 => {
                    let index = inst.imms[0] as usize;
                    if let Some(label) = self.label {
                        self.mark(self.trace.insts[label].args[index]);
                        self.mark(self.trace.insts[self.jump].args[index]);
                    }
                }
                _ => {
                    for &a in &inst.args {
                        self.mark(a);
                    }
                }
            }
            if let Some(s) = inst.snap {
                for v in self.trace.snapshot(s).values() {
                    self.mark(v);
                }
            }
        }
        self.live
    }

    fn mark(&mut self, v: ValueId) {
        let n = v.0 as usize;
        if !self.live[n] {
            self.live[n] = true;
            self.work.push(n);
        }
    }
}
