//! Dead code: what nothing uses goes, phis included.
use ir::{Grade, Inst, SnapId, Snapshot, Snapshots, Trace, Uop, ValueId};

use crate::refcount::Cancelled;
use crate::snaps::Snaps;

/// Builds a trace from another's instructions and snapshots while values are renumbered.
pub(crate) struct Rebuilder {
    pub out: Trace,
    map: Vec<Option<ValueId>>,
    snapshots: Snapshots,
    /// By snapshot: its new name.
    renamed: Vec<Option<SnapId>>,
    changed: Snaps,
}

impl Rebuilder {
    /// A trace with all of `from` but its instructions, and its snapshots as far as instructions name them.
    pub fn new(from: &mut Trace) -> Rebuilder {
        let snapshots = std::mem::take(&mut from.snapshots);
        let mut out = Trace::new(from.kind);
        out.entry = from.entry.clone();
        out.codes = from.codes.clone();
        out.unowned = from.unowned;
        let (map, renamed) = (vec![None; from.insts.len()], vec![None; snapshots.len()]);
        Rebuilder { out, map, renamed, snapshots, changed: Snaps::default() }
    }

    /// The value's new name.
    pub fn value(&self, v: ValueId) -> ValueId {
        self.map[v.0 as usize].expect("operands are kept and come first")
    }

    /// Appends instruction `at` as `inst`, which is in old names.
    #[inline]
    pub fn emit(&mut self, at: ValueId, mut inst: Inst) {
        inst.snap = inst.snap.map(|s| self.snapshot(s));
        self.push(at, inst);
    }

    /// The same with another snapshot, which is in old names, too.
    pub fn emit_with(&mut self, at: ValueId, mut inst: Inst, snap: &Snapshot) {
        let mut one = Snapshots::default();
        let id = one.push(snap);
        let snap = self.rename(&one, id);
        inst.snap = Some(self.changed.add(&mut self.out.snapshots, None, snap));
        self.push(at, inst);
    }

    #[inline]
    fn push(&mut self, at: ValueId, mut inst: Inst) {
        for a in &mut inst.args {
            *a = self.value(*a);
        }
        self.map[at.0 as usize] = Some(self.out.push(inst));
    }

    fn snapshot(&mut self, id: SnapId) -> SnapId {
        let n = id.0 as usize;
        if let Some(done) = self.renamed[n] {
            return done;
        }
        let map = &self.map;
        let value = |v: ValueId| map[v.0 as usize].expect("what snapshots name is kept and comes first");
        let snap = self.snapshots.get(id).expect("instructions name snapshots that exist");
        *self.renamed[n].insert(self.out.snapshots.push_mapped(snap, value))
    }

    /// Appends a snapshot of `of` in new names.
    fn rename(&mut self, of: &Snapshots, id: SnapId) -> SnapId {
        let map = &self.map;
        let value = |v: ValueId| map[v.0 as usize].expect("what snapshots name is kept and comes first");
        self.out.snapshots.push_mapped(of.get(id).expect("it was just made"), value)
    }
}

/// Whether the uop may be dropped when its result is not used. One that may leave the trace may not, even where it
/// leaves only for a result that does not fit: what follows may rely on its having passed.
fn is_removable(op: Uop) -> bool {
    let facts = op.facts();
    let entry = matches!(op, Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64);
    facts.result.is_some() && facts.writes == 0 && facts.grade == Grade::Leaf && !facts.exits && !entry
}

/// The trace without instructions whose results reach no effect, guard or snapshot, and with what cancels carried out.
/// Of `trace`, only the room is left.
pub(crate) fn remove_dead(trace: &mut Trace, cancelled: &Cancelled) -> Trace {
    let label = trace.insts.iter().position(|i| i.op == Uop::Label);
    let jump = trace.insts.len() - 1;
    let (live, seen) = (vec![false; trace.insts.len()], vec![false; trace.snapshots.len()]);
    let live = Liveness { trace, label, jump, live, seen, at: jump, work: Vec::new() };
    let (live, named) = live.run(cancelled);

    let mut to = Rebuilder::new(trace);
    // The result is kept as long as its code: it gets the room that it needs.
    let stays = |n: usize| live[n] && !cancelled.gone[n];
    to.out.insts.reserve_exact((0..=jump).filter(|&n| stays(n)).count() + cancelled.increfs.len());
    to.out.snapshots.reserve_of(&to.snapshots, &named);
    let kept: Vec<usize> =
        label.map_or(Vec::new(), |l| (0..trace.insts[l].args.len()).filter(|&n| live[l + 1 + n]).collect());
    let mut increfs = cancelled.increfs.iter().peekable();
    for (n, mut inst) in trace.insts.drain(..).enumerate() {
        while let Some(&(_, v)) = increfs.next_if(|(at, _)| *at == n) {
            let v = to.value(v);
            to.out.push(Inst::new(Uop::Incref, &[v]));
        }
        if !stays(n) {
            continue;
        }
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
        to.emit(ValueId(n as u32), inst);
    }
    trace.snapshots = to.snapshots;
    to.out
}

struct Liveness<'a> {
    trace: &'a Trace,
    label: Option<usize>,
    jump: usize,
    live: Vec<bool>,
    /// By snapshot: its values are marked.
    seen: Vec<bool>,
    /// How far the walk is.
    at: usize,
    /// Instructions behind that, of which it was found out late that they are needed.
    work: Vec<usize>,
}

impl Liveness<'_> {
    /// By instruction and by snapshot: whether it is needed.
    fn run(mut self, cancelled: &Cancelled) -> (Vec<bool>, Vec<bool>) {
        for &(_, v) in &cancelled.increfs {
            self.live[v.0 as usize] = true;
        }
        // Operands come first, so one walk backwards finds all but what only the next iteration needs.
        for (n, inst) in self.trace.insts.iter().enumerate().rev() {
            if self.live[n] || !is_removable(inst.op) && !cancelled.gone[n] {
                self.live[n] = true;
                self.at = n;
                self.uses(inst);
            }
        }
        self.at = 0;
        while let Some(n) = self.work.pop() {
            self.uses(&self.trace.insts[n]);
        }
        (self.live, self.seen)
    }

    /// Marks what a live instruction uses.
    fn uses(&mut self, inst: &Inst) {
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
        if let Some(s) = inst.snap
            && !std::mem::replace(&mut self.seen[s.0 as usize], true)
        {
            let trace = self.trace;
            trace.snapshot(s).each_value(|v| self.mark(v));
        }
    }

    #[inline]
    fn mark(&mut self, v: ValueId) {
        let n = v.0 as usize;
        if !self.live[n] {
            self.live[n] = true;
            // The walk comes to those that lie before it.
            if n >= self.at {
                self.work.push(n);
            }
        }
    }
}
