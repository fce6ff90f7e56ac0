//! Optimization off: a recorded trace made compilable as it stands.
//!
//! A loop gets a label without phis at its start, so every iteration reloads its values. `set_slot` becomes a store and
//! a release, so snapshots find assigned slots in memory. Values that came in as a slot's are stored there first.
use std::collections::BTreeMap;

use ir::{EntrySource, Inst, Kind, SlotVal, Snapshot, Source, Trace, Uop, ValueId};

use crate::Reason;
use crate::dce::Rebuilder;

pub(crate) fn baseline(trace: &Trace) -> Result<Trace, Reason> {
    let looping = trace.insts.last().is_some_and(|i| i.op == Uop::Jump);
    if looping && !trace.entry.is_empty() {
        return Err(Reason::EntryState);
    }
    let mut to = Rebuilder::new(trace);
    if looping {
        to.out.push(Inst::new(Uop::Label, &[]));
    }
    // Slots that the trace assigned, and raw entry parameters whose box is a slot's value.
    let mut assigned: BTreeMap<u64, ValueId> = BTreeMap::new();
    let mut raw_entries: BTreeMap<ValueId, u64> = BTreeMap::new();
    for (n, inst) in trace.insts.iter().enumerate() {
        let at = ValueId(n as u32);
        let mut inst = inst.clone();
        if inst.op == Uop::Jump {
            inst.snap = None;
        }
        let snap = match inst.snap {
            Some(s) => Some(in_memory(trace.snapshot(s), &assigned)?),
            None => None,
        };
        if inst.op == Uop::SetSlot {
            let (new, old) = (to.value(inst.args[0]), to.value(inst.args[1]));
            set_slot(&mut to.out, new, old, 8 * inst.imms[0]);
            assigned.insert(8 * inst.imms[0], inst.args[0]);
            continue;
        }
        to.emit(at, &inst, snap);
        match inst.op {
            Uop::StoreSlot => drop(assigned.insert(inst.imms[0], inst.args[0])),
            Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64 => {
                let param = trace.entry.get(inst.imms[0] as usize).ok_or(Reason::EntryState)?;
                match param.source {
                    EntrySource::Slot(s) if param.kind == Kind::Obj => {
                        store(&mut to, at, 8 * u64::from(s), &mut assigned)
                    }
                    EntrySource::Slot(s) => drop(raw_entries.insert(at, 8 * u64::from(s))),
                    EntrySource::Parent(_) => {}
                }
            }
            Uop::BoxI64 | Uop::BoxF64 => {
                if let Some(offset) = raw_entries.remove(&inst.args[0]) {
                    store(&mut to, at, offset, &mut assigned);
                }
            }
            _ => {}
        }
    }
    if raw_entries.is_empty() { Ok(to.out) } else { Err(Reason::EntryState) }
}

/// Stores an entry parameter into its stale slot.
fn store(to: &mut Rebuilder<'_>, value: ValueId, offset: u64, assigned: &mut BTreeMap<u64, ValueId>) {
    let old = to.out.push(Inst::new(Uop::LoadSlot, &[]).imm(offset));
    let new = to.value(value);
    set_slot(&mut to.out, new, old, offset);
    assigned.insert(offset, value);
}

fn set_slot(out: &mut Trace, new: ValueId, old: ValueId, offset: u64) {
    out.push(Inst::new(Uop::StoreSlot, &[new]).imm(offset));
    out.push(Inst::new(Uop::DecrefDead, &[old]));
}

/// The snapshot with assigned slots as what memory holds.
fn in_memory(snap: &Snapshot, assigned: &BTreeMap<u64, ValueId>) -> Result<Snapshot, Reason> {
    let mut snap = snap.clone();
    let Some(root) = snap.frames.first_mut() else { return Ok(snap) };
    for (n, slot) in root.slots.iter_mut().enumerate() {
        if let Some(&v) = assigned.get(&(8 * n as u64)) {
            match slot.source {
                Source::Unchanged => {}
                Source::Value(said) if said == v => {}
                _ => return Err(Reason::SlotMismatch(n)),
            }
            *slot = SlotVal::UNCHANGED;
        }
    }
    Ok(snap)
}
