//! Optimization off: a recorded trace made compilable as it stands.
//!
//! A loop gets a label without phis at its start, so every iteration reloads its values. `set_slot` becomes a store and
//! a release, so snapshots find assigned slots in memory. Values that came in as a slot's are stored there first.
use std::collections::BTreeMap;

use ir::{EntryParam, EntrySource, Inst, Kind, SlotVal, Snapshot, Source, Trace, Uop, ValueId};

use crate::dce::Rebuilder;
use crate::{Oracle, Reason};

pub(crate) fn baseline(trace: &Trace, oracle: &dyn Oracle) -> Result<Trace, Reason> {
    let immortal = oracle.known().true_;
    let looping = trace.insts.last().is_some_and(|i| i.op == Uop::Jump);
    if looping && !trace.entry.is_empty() {
        return Err(Reason::EntryState);
    }
    let mut to = Rebuilder::new(&mut trace.clone());
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
            Some(s) => Some(in_memory(trace.snapshot(s).to_snapshot(), &assigned)?),
            None => None,
        };
        let op = inst.op;
        if inst.op == Uop::SetSlot {
            set_slot(&mut to, inst.args[0], 8 * inst.imms[0], immortal);
            assigned.insert(8 * inst.imms[0], inst.args[0]);
            continue;
        }
        if inst.op == Uop::DropSlot {
            let old = to.out.push(Inst::new(Uop::SlotReference, &[]).imm(inst.imms[0]).imm2(immortal));
            to.out.push(Inst::new(Uop::ClearSlot, &[]).imm(inst.imms[0]));
            to.out.push(Inst::new(Uop::DecrefDead, &[old]));
            continue;
        }
        match snap {
            Some(snap) => to.emit_with(at, inst.clone(), &snap),
            None => to.emit(at, inst.clone()),
        }
        match op {
            Uop::StoreSlot => drop(assigned.insert(inst.imms[0], inst.args[0])),
            Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64 => {
                let param = trace.entry.get(inst.imms[0] as usize).ok_or(Reason::EntryState)?;
                match param.source {
                    _ if param.range_slot().is_some() => return Err(Reason::EntryState),
                    EntrySource::Slot(s) if param.kind == Kind::Obj => {
                        set_slot(&mut to, at, 8 * u64::from(s), immortal);
                        assigned.insert(8 * u64::from(s), at);
                    }
                    EntrySource::Slot(s) => drop(raw_entries.insert(at, 8 * u64::from(s))),
                    EntrySource::Lent(s) => {
                        let v = to.value(at);
                        to.out.push(Inst::new(Uop::LendSlot, &[v]).imm(8 * u64::from(s)));
                        assigned.insert(8 * u64::from(s), at);
                    }
                    _ => {}
                }
            }
            Uop::BoxI64 | Uop::BoxF64 => {
                if let Some(offset) = raw_entries.remove(&inst.args[0]) {
                    set_slot(&mut to, at, offset, immortal);
                    assigned.insert(offset, at);
                }
            }
            _ => {}
        }
    }
    // A value that came in a register and that nothing stored would be missing from memory.
    let stored = |e: &EntryParam| match e.source {
        EntrySource::Slot(s) | EntrySource::Lent(s) => assigned.contains_key(&(8 * u64::from(s))),
        _ => e.range_slot().is_none(),
    };
    if !trace.entry.iter().all(stored) {
        return Err(Reason::EntryState);
    }
    if raw_entries.is_empty() { Ok(to.out) } else { Err(Reason::EntryState) }
}

/// Stores `value` and releases what the slot held: nothing where it borrowed that.
fn set_slot(to: &mut Rebuilder, value: ValueId, offset: u64, immortal: u64) {
    let new = to.value(value);
    let old = to.out.push(Inst::new(Uop::SlotReference, &[]).imm(offset).imm2(immortal));
    to.out.push(Inst::new(Uop::StoreSlot, &[new]).imm(offset));
    to.out.push(Inst::new(Uop::DecrefDead, &[old]));
}

/// The snapshot with assigned slots as what memory holds.
fn in_memory(mut snap: Snapshot, assigned: &BTreeMap<u64, ValueId>) -> Result<Snapshot, Reason> {
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
