//! Reference counting: an increment waits until something could notice it, and cancels against a decrement.
//!
//! A value that is incremented was borrowed: something else owns it. As long as nothing can drop that owner's
//! reference, the trace need not hold one of its own; a snapshot in between says `new` where it said `steal`. What
//! can drop it: stores to memory that holds objects, calls that write, escapes, and the end of the iteration. A
//! `decref_dead` of another value can only drop what that value alone kept alive (the parts of a slice or range, the
//! items of a list or tuple).
//!
//! A store takes a reference out of memory, and a release follows. An object that the trace releases by
//! `decref_alive` outlives that, because the guard before it counts only references that exist. So stores matter
//! only to objects of harmless types, whose release may be the last.
use std::collections::{BTreeMap, BTreeSet};

use ir::{Count, Form, Grade, Inst, Snapshot, Source, Trace, Uop, ValueId};

use crate::dce::Rebuilder;

pub(crate) fn cancel(trace: &Trace) -> Trace {
    let guarded = |i: &&Inst| {
        matches!(i.op, Uop::DecrefAlive | Uop::GuardRefcount | Uop::DecrefAliveOrNull | Uop::GuardNullOrRefcount)
    };
    let outlives = trace.insts.iter().filter(guarded).map(|i| i.args[0]).collect();
    let instances = trace.insts.iter().filter(|i| i.op == Uop::DiesQuietly).map(|i| i.args[0]).collect();
    let mut pass = Pass { to: Rebuilder::new(trace), delayed: BTreeMap::new(), outlives, instances };
    for n in 0..trace.insts.len() {
        pass.inst(ValueId(n as u32));
    }
    pass.to.out
}

struct Pass<'a> {
    to: Rebuilder<'a>,
    /// Increments not emitted yet, by input value.
    delayed: BTreeMap<ValueId, u32>,
    /// Values that are only released where they survive.
    outlives: BTreeSet<ValueId>,
    /// Values whose death takes references with it, to whatever was stored in them.
    instances: BTreeSet<ValueId>,
}

impl Pass<'_> {
    fn inst(&mut self, at: ValueId) {
        let trace = self.to.from;
        let inst = trace.inst(at);
        match inst.op {
            Uop::Incref => {
                *self.delayed.entry(inst.args[0]).or_default() += 1;
                return;
            }
            Uop::DecrefDead | Uop::DecrefAlive | Uop::DecrefAliveOrNull => {
                let v = inst.args[0];
                if let Some(count) = self.delayed.get_mut(&v) {
                    *count -= 1;
                    if *count == 0 {
                        self.delayed.remove(&v);
                    }
                    return;
                }
                let holds_anything = self.instances.contains(&v);
                self.flush(|d| holds_anything || may_live_in(trace, d, v));
            }
            Uop::GuardRefcount | Uop::GuardNullOrRefcount => {
                if let Some(&count) = self.delayed.get(&inst.args[0]) {
                    // The owner's reference is one more than those delayed.
                    let wanted = inst.imms[0] as i64;
                    if i64::from(count) < wanted {
                        let mut inst = inst.clone();
                        inst.imms[0] = (wanted - i64::from(count)) as u64;
                        self.exiting(at, &inst);
                    }
                    return;
                }
            }
            _ => match drops(inst.op) {
                Drops::Nothing => {}
                Drops::Stored => {
                    let outlives = std::mem::take(&mut self.outlives);
                    self.flush(|v| !outlives.contains(&v) || inst.args.contains(&v));
                    self.outlives = outlives;
                }
                Drops::Anything => self.flush(|_| true),
            },
        }
        let inst = inst.clone();
        self.exiting(at, &inst);
    }

    /// Emits an instruction; its snapshot takes new references where the trace does not hold them yet.
    fn exiting(&mut self, at: ValueId, inst: &Inst) {
        let Some(id) = inst.snap else {
            self.to.emit(at, inst, None);
            return;
        };
        let mut snap = self.to.from.snapshot(id).clone();
        let mut missing = Vec::new();
        for (&v, &count) in &self.delayed {
            if !take_new(&mut snap, v, count) {
                missing.push(v);
            }
        }
        if !missing.is_empty() {
            // The snapshot does not know of these references: they must exist (and so may those it knows of).
            self.flush(|_| true);
            snap = self.to.from.snapshot(id).clone();
        }
        self.to.emit(at, inst, Some(snap));
    }

    fn flush(&mut self, which: impl Fn(ValueId) -> bool) {
        let now: Vec<ValueId> = self.delayed.keys().copied().filter(|&v| which(v)).collect();
        for v in now {
            let count = self.delayed.remove(&v).expect("it was just seen");
            for _ in 0..count {
                let v = self.to.value(v);
                self.to.out.push(Inst::new(Uop::Incref, &[v]));
            }
        }
    }
}

/// Turns `count` stolen references of `v` into new ones; whether the snapshot has so many.
fn take_new(snap: &mut Snapshot, v: ValueId, count: u32) -> bool {
    let mut left = count;
    for frame in &mut snap.frames {
        for slot in std::iter::once(&mut frame.func).chain(&mut frame.slots) {
            if left > 0 && slot.source == Source::Value(v) && slot.count == Count::Steal {
                slot.count = Count::New;
                left -= 1;
            }
        }
    }
    left == 0
}

/// Whether `v` may be a part of `owner`, or come from where the trace cannot see. A uop that reads something out of an
/// object names the object, or what was read out of that (an item array, a dict's cell), first.
fn may_live_in(trace: &Trace, v: ValueId, owner: ValueId) -> bool {
    let inst = trace.inst(v);
    inst.args.contains(&owner)
        || matches!(inst.op, Uop::PhiObj | Uop::EntryObj)
        || inst.args.first().is_some_and(|&from| may_live_in(trace, from, owner))
}

/// Which references a uop may drop, or need the counts of.
enum Drops {
    Nothing,
    /// One that memory held, and those it takes over.
    Stored,
    Anything,
}

fn drops(op: Uop) -> Drops {
    let facts = op.facts();
    match op {
        Uop::StoreFieldI64 | Uop::SetFieldI64 | Uop::StoreOwnAddress | Uop::StoreGenState => Drops::Nothing,
        // It looks whether the count is 1.
        Uop::StrAppend => Drops::Anything,
        Uop::Label | Uop::Jump | Uop::Link => Drops::Anything,
        _ if facts.grade != Grade::Leaf => Drops::Anything,
        _ if facts.writes != 0 || (facts.form == Form::Call && facts.result.is_none()) => Drops::Stored,
        _ => Drops::Nothing,
    }
}
