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
use ir::{Count, Form, Grade, Inst, Kind, Placed, SnapId, Source, Trace, Uop, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::snaps::Snaps;

/// Which increments and releases are not needed, and where increments take place instead. Values keep their names.
pub(crate) struct Cancelled {
    /// By instruction: it is not needed.
    pub gone: Vec<bool>,
    /// Increments, each with the instruction that it comes before, in order.
    pub increfs: Vec<(usize, ValueId)>,
}

/// Finds what cancels. Guards and snapshots of `trace` say afterwards what holds with the increments delayed.
pub(crate) fn cancel(trace: &mut Trace) -> Cancelled {
    let done = Cancelled { gone: vec![false; trace.insts.len()], increfs: Vec::new() };
    if !trace.insts.iter().any(|i| i.op == Uop::Incref) {
        return done;
    }
    let mut outlives = vec![false; trace.insts.len()];
    let mut instances = FxHashSet::default();
    let mut shared = vec![None; trace.snapshots.len()];
    let mut stored: FxHashMap<ValueId, Vec<ValueId>> = FxHashMap::default();
    for inst in &trace.insts {
        match inst.op {
            Uop::DecrefAlive | Uop::GuardRefcount | Uop::DecrefAliveOrNull | Uop::GuardNullOrRefcount => {
                outlives[inst.args[0].0 as usize] = true;
            }
            Uop::DiesQuietly => drop(instances.insert(inst.args[0])),
            _ => note_stored(trace, inst, &mut stored),
        }
        if let Some(s) = inst.snap {
            let shared = &mut shared[s.0 as usize];
            *shared = Some(shared.is_some());
        }
    }
    let shared = shared.into_iter().map(|s| s == Some(true)).collect();
    let changed = Snaps::default();
    let mut pass = Pass { trace, done, delayed: Delayed::default(), outlives, instances, stored, shared, changed };
    for at in 0..pass.trace.insts.len() {
        pass.inst(at);
    }
    pass.done
}

struct Pass<'a> {
    trace: &'a mut Trace,
    done: Cancelled,
    /// Increments not done yet.
    delayed: Delayed,
    /// By value: it is only released where it survives.
    outlives: Vec<bool>,
    /// Values whose death takes references with it, to whatever was stored in them.
    instances: FxHashSet<ValueId>,
    /// What was put into objects that hold others, by object: reading it out again may have been optimized away.
    stored: FxHashMap<ValueId, Vec<ValueId>>,
    /// By snapshot: several instructions leave through it.
    shared: Vec<bool>,
    changed: Snaps,
}

/// How many increments of each value are delayed, by value. There are few at a time.
#[derive(Default)]
struct Delayed(SmallVec<[(ValueId, u32); 8]>);

impl Delayed {
    fn position(&self, v: ValueId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&v, |d| d.0)
    }

    fn count(&self, v: ValueId) -> u32 {
        self.position(v).map_or(0, |n| self.0[n].1)
    }

    fn add(&mut self, v: ValueId) {
        match self.position(v) {
            Ok(n) => self.0[n].1 += 1,
            Err(n) => self.0.insert(n, (v, 1)),
        }
    }

    /// Whether there was one.
    fn take_one(&mut self, v: ValueId) -> bool {
        let Ok(n) = self.position(v) else { return false };
        self.0[n].1 -= 1;
        if self.0[n].1 == 0 {
            self.0.remove(n);
        }
        true
    }
}

impl Pass<'_> {
    fn inst(&mut self, at: usize) {
        let (op, first) = (self.trace.insts[at].op, self.trace.insts[at].args.first().copied());
        match (op, first) {
            (Uop::Incref, Some(v)) => {
                self.delayed.add(v);
                self.done.gone[at] = true;
                return;
            }
            (Uop::DecrefDead | Uop::DecrefAlive | Uop::DecrefAliveOrNull, Some(v)) => {
                if self.delayed.take_one(v) {
                    self.done.gone[at] = true;
                    return;
                }
                let holds_anything = self.instances.contains(&v);
                self.flush(at, |pass, d| holds_anything || pass.holds(v, d) || may_live_in(pass.trace, d, v));
            }
            (Uop::GuardRefcount | Uop::GuardNullOrRefcount, Some(v)) => {
                let count = self.delayed.count(v);
                if count > 0 {
                    // The owner's reference is one more than those delayed.
                    let wanted = self.trace.insts[at].imms[0] as i64;
                    if i64::from(count) >= wanted {
                        self.done.gone[at] = true;
                        return;
                    }
                    self.trace.insts[at].imms[0] = (wanted - i64::from(count)) as u64;
                }
            }
            _ => match drops(op) {
                Drops::Nothing => {}
                Drops::Stored => {
                    self.flush(at, |pass, v| !pass.outlives[v.0 as usize] || pass.trace.insts[at].args.contains(&v))
                }
                Drops::Anything => self.flush(at, |_, _| true),
            },
        }
        self.exiting(at);
    }

    /// Whether `v` was put into `owner`, or into something in that.
    fn holds(&self, owner: ValueId, v: ValueId) -> bool {
        let (mut todo, mut seen) = (vec![owner], FxHashSet::default());
        while let Some(parts) = todo.pop().map(|o| self.stored.get(&o)) {
            for &part in parts.into_iter().flatten() {
                if part == v {
                    return true;
                }
                if seen.insert(part) {
                    todo.push(part);
                }
            }
        }
        false
    }

    /// The snapshot of an instruction takes new references where the trace does not hold them yet.
    fn exiting(&mut self, at: usize) {
        let Some(id) = self.trace.insts[at].snap.filter(|_| !self.delayed.0.is_empty()) else { return };
        if let Some(slots) = stolen(self.trace.snapshot(id).all_slots(), &self.delayed) {
            // Nobody else leaves through most of them.
            let snapshots = &mut self.trace.snapshots;
            let new: SnapId = if self.shared[id.0 as usize] { snapshots.push_copy(id) } else { id };
            let all = snapshots.all_slots_mut(new);
            for n in slots {
                all[n].count = Count::New;
            }
            self.trace.insts[at].snap = Some(self.changed.add(snapshots, None, new));
        } else {
            // The snapshot does not know of some of these references: they must exist (and so may those it knows of).
            self.flush(at, |_, _| true);
        }
    }

    /// Does the increments of the values that `which` names before instruction `at`.
    fn flush(&mut self, at: usize, which: impl Fn(&Self, ValueId) -> bool) {
        if self.delayed.0.is_empty() {
            return;
        }
        let mut delayed = std::mem::take(&mut self.delayed);
        delayed.0.retain(|&mut (v, count)| {
            let now = which(self, v);
            if now {
                self.done.increfs.extend((0..count).map(|_| (at, v)));
            }
            !now
        });
        self.delayed = delayed;
    }
}

/// The slots to which the trace hands over references, as many of each value as are delayed; `None` if there are not
/// so many.
fn stolen(slots: &[Placed], delayed: &Delayed) -> Option<SmallVec<[usize; 8]>> {
    let mut left = delayed.0.clone();
    let left = &mut left[..];
    let mut missing: u32 = left.iter().map(|l| l.1).sum();
    let mut found = SmallVec::new();
    for (at, slot) in slots.iter().enumerate() {
        if slot.count == Count::Steal
            && let Source::Value(v) = slot.source
            && let Some(l) = left.iter_mut().find(|l| l.0 == v && l.1 > 0)
        {
            found.push(at);
            l.1 -= 1;
            missing -= 1;
            if missing == 0 {
                return Some(found);
            }
        }
    }
    None
}

/// Notes the values that an instruction puts into the object that it changes, and into what that may be a part of.
fn note_stored(trace: &Trace, inst: &Inst, stored: &mut FxHashMap<ValueId, Vec<ValueId>>) {
    let facts = inst.op.facts();
    let stores = facts.writes != 0 || (facts.form == Form::Call && facts.result.is_none());
    let [owner, rest @ ..] = &inst.args[..] else { return };
    if !stores && inst.op != Uop::InitTupleItem {
        return;
    }
    for &part in rest.iter().filter(|v| trace.inst(**v).op.facts().result == Some(Kind::Obj)) {
        let mut owner = Some(*owner);
        while let Some(v) = owner {
            stored.entry(v).or_default().push(part);
            owner = trace.inst(v).args.first().copied();
        }
    }
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
