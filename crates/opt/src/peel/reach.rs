//! What the body of a loop can name of the preamble's values.
use ir::{EntrySource, FieldStore, Uop, ValueId};

use super::plan::{Place, Plan, Planned};
use crate::heap::{Write, may_change, stores_field, writes};
use crate::state::{Key, Optimizer};
use crate::virtuals::Val;

/// Whether the slot has the number that was handed over for it: nothing assigns it.
pub(super) fn is_as_entered(o: &Optimizer<'_>, place: &Place, raw: ValueId) -> bool {
    let inst = o.def(raw);
    let Place::Slot(offset) = *place else { return false };
    let entered = || o.input.entry.get(inst.imms[0] as usize).map(|param| param.source);
    matches!(inst.op, Uop::EntryI64 | Uop::EntryF64)
        && matches!(entered(), Some(EntrySource::Slot(slot)) if 8 * u64::from(slot) == offset)
}

/// Plans to load again from objects that the body cannot name, such as the first iteration's item: found out by feeding
/// it, that would take another round.
pub(super) fn forget_unreachable(o: &Optimizer<'_>, places: &mut [Planned], written: &[Write], lost: &Lost) {
    let mut named = vec![false; o.out.insts.len()];
    for p in places.iter() {
        match (&p.place, &p.plan, p.first) {
            (_, Plan::Same, Val::Id(v)) => named[v.0 as usize] = true,
            // It may turn out to be the same in every iteration.
            (Place::Memory(key), Plan::Object { .. }, Val::Id(v)) => {
                named[v.0 as usize] |= !(is_load(o, key, v) && lost.before(key, v));
            }
            (_, Plan::Same, first) => {
                if let Some(v) = o.as_virtual(first) {
                    named[v.raw.0 as usize] = true;
                }
            }
            _ => {}
        }
    }
    let mut kept: Vec<(ValueId, &Key)> = Vec::new();
    for (key, value) in &o.st.heap {
        if let Some(v) = *value
            && !written.iter().any(|&w| may_change(key, w))
        {
            kept.push((v, key));
        }
    }
    kept.sort_unstable_by_key(|k| k.0);
    // Operands come first.
    let mut kept = kept.into_iter().peekable();
    for n in 0..named.len() {
        let v = ValueId(n as u32);
        let inst = o.def(v);
        let facts = inst.op.facts();
        let mut again = facts.pure_ && facts.result.is_some() && !is_entry(inst.op);
        again &= inst.args.iter().all(|a| named[a.0 as usize]);
        while let Some((_, key)) = kept.next_if(|k| k.0 == v) {
            again |= key.operands().all(|a| named[a.0 as usize]);
        }
        named[n] |= again;
    }
    // What is put off is carried until it is done.
    let is_pending = |key: &Key| {
        let of = |s: &FieldStore| Key::new(Uop::LoadFieldI64, &[s.object], [s.offset.into(), 0]);
        o.st.pending.iter().any(|s| of(s) == *key)
    };
    for p in places {
        if let Place::Memory(key) = p.place
            && !key.operands().all(|a| named[a.0 as usize])
            && !is_pending(&key)
        {
            p.plan = Plan::Unknown;
        }
    }
}

/// Whether `v` is what the load `key` found.
pub(super) fn is_load(o: &Optimizer<'_>, key: &Key, v: ValueId) -> bool {
    let inst = o.def(v);
    inst.op == key.op && Key::new(inst.op, &inst.args, inst.imms) == *key
}

/// What the preamble changes in memory, whatever is known of the objects, and since which instruction.
#[derive(Default)]
pub(super) struct Lost(Vec<(Write, ValueId)>);

impl Lost {
    pub fn new(o: &Optimizer<'_>) -> Lost {
        let mut all: Vec<(Write, ValueId)> = Vec::with_capacity(16);
        for (n, inst) in o.out.insts.iter().enumerate().filter(|(_, i)| !stores_field(i.op)) {
            let write = writes(inst.op, inst.imms);
            if write.classes != 0 && all.iter().all(|(w, _)| *w != write) {
                all.push((write, ValueId(n as u32)));
            }
        }
        Lost(all)
    }

    /// Whether the body finds another value than `v`, which the preamble loaded by `key`: the memory changed before that.
    pub fn before(&self, key: &Key, v: ValueId) -> bool {
        self.0.iter().any(|&(w, at)| at < v && may_change(key, w))
    }
}

fn is_entry(op: Uop) -> bool {
    matches!(op, Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64)
}
