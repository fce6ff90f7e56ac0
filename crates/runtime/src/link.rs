//! Links with entry signatures: a trace that reaches another executor's loop hands its slots over in registers.
//!
//! The target is compiled once more for each signature it is reached with (design: "executors have entry
//! signatures"): its recorded trace, with the first load of each handed-over slot replaced by an entry parameter.
//! Memory of those slots is stale, exactly as after a pending `set_slot`; so that is what the new entry starts with.

use ir::{Count, EntryParam, EntrySource, Inst, Kind, SlotVal, SnapId, Source, Trace, Uop, ValueId};

/// What one slot is handed over as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Handover {
    /// An unboxed exact int.
    I64,
    /// An unboxed exact float.
    F64,
    /// An object with a reference.
    Owned,
    /// An object that something else keeps alive.
    Borrowed,
    /// The same object as an earlier entry of the signature.
    Same(u16),
}

/// The slots that are handed over, ascending.
pub(crate) type Signature = Vec<(u16, Handover)>;

/// The signature of a trace that ends in `link`, and adds to the trace what the hand-over needs. `None` when the state
/// at the link cannot be handed over (inlined frames, empty stack slots).
pub(crate) fn prepare(trace: &mut Trace) -> Option<(u32, Signature)> {
    let last = trace.insts.pop()?;
    let result = prepare_link(trace, &last);
    match result {
        Some((signature, args, snap)) => {
            let mut inst = last;
            inst.args = args.into();
            inst.snap = Some(snap);
            let target = inst.imms[0] as u32;
            trace.insts.push(inst);
            Some((target, signature))
        }
        None => {
            trace.insts.push(last);
            None
        }
    }
}

fn prepare_link(trace: &mut Trace, link: &Inst) -> Option<(Signature, Vec<ValueId>, SnapId)> {
    if link.op != Uop::Link {
        return None;
    }
    let snapshot = trace.snapshot(link.snap?).clone();
    let [frame] = &snapshot.frames[..] else { return None };
    let handed = |s: &&SlotVal| s.source != Source::Unchanged;
    if frame.slots.iter().filter(handed).any(|s| matches!(s.source, Source::Null | Source::BoxBool(_))) {
        return None;
    }
    let mut seen: Vec<(Source, u16)> = Vec::new();
    let mut signature = Vec::new();
    let mut args = Vec::new();
    for (i, slot) in frame.slots.iter().enumerate() {
        if slot.source == Source::Unchanged {
            continue;
        }
        let boxed = matches!(slot.source, Source::BoxI64(_) | Source::BoxF64(_));
        if boxed && let Some((_, first)) = seen.iter().find(|(s, _)| *s == slot.source) {
            signature.push((i as u16, Handover::Same(*first)));
            continue;
        }
        seen.push((slot.source, i as u16));
        let (value, how) = match slot.source {
            Source::BoxI64(v) => (v, Handover::I64),
            Source::BoxF64(v) => (v, Handover::F64),
            Source::Value(v) if slot.count == Count::Borrow => (v, Handover::Borrowed),
            Source::Value(v) => {
                if slot.count == Count::New {
                    trace.push(Inst::new(Uop::Incref, &[v]));
                }
                (v, Handover::Owned)
            }
            Source::Const(address) => {
                let v = trace.push(Inst::new(Uop::ConstObj, &[]).imm(address));
                trace.push(Inst::new(Uop::Incref, &[v]));
                (v, Handover::Owned)
            }
            Source::Unchanged | Source::Null | Source::BoxBool(_) => return None,
        };
        signature.push((i as u16, how));
        args.push(value);
    }
    // Should the target be gone, the interpreter goes on from a snapshot in which those references are made.
    let mut snapshot = snapshot;
    for (slot, value) in signature.iter().filter(|(_, how)| !matches!(how, Handover::Same(_))).zip(&args) {
        let slot = &mut snapshot.frames[0].slots[usize::from(slot.0)];
        match slot.source {
            Source::Const(_) => *slot = SlotVal { source: Source::Value(*value), count: Count::Steal },
            Source::Value(_) if slot.count == Count::New => slot.count = Count::Steal,
            _ => {}
        }
    }
    let snap = trace.push_snapshot(snapshot);
    Some((signature, args, snap))
}

/// The recorded trace of a root executor, entered with `signature`.
pub(crate) fn specialize(recorded: &Trace, signature: &Signature, nlocals: usize) -> Option<Trace> {
    let mut out = Trace {
        kind: recorded.kind,
        entry: Vec::new(),
        insts: Vec::with_capacity(recorded.insts.len() + 4 * signature.len()),
        snapshots: recorded.snapshots.clone(),
        codes: recorded.codes.clone(),
    };
    let mut handed: Vec<(u16, ValueId, bool)> = Vec::new();
    for (slot, how) in signature {
        let (kind, entry) = match how {
            Handover::I64 => (Kind::I64, Uop::EntryI64),
            Handover::F64 => (Kind::F64, Uop::EntryF64),
            Handover::Owned | Handover::Borrowed => (Kind::Obj, Uop::EntryObj),
            Handover::Same(first) => {
                let v = handed.iter().find(|(s, ..)| s == first)?.1;
                out.push(Inst::new(Uop::Incref, &[v]));
                handed.push((*slot, v, true));
                continue;
            }
        };
        let index = out.entry.len() as u64;
        out.entry.push(EntryParam { kind, source: EntrySource::Slot(*slot) });
        let raw = out.push(Inst::new(entry, &[]).imm(index));
        let v = match how {
            Handover::I64 => out.push(Inst::new(Uop::BoxI64, &[raw])),
            Handover::F64 => out.push(Inst::new(Uop::BoxF64, &[raw])),
            _ => raw,
        };
        handed.push((*slot, v, *how != Handover::Borrowed));
    }
    for (slot, v, _) in handed.iter().filter(|(s, ..)| usize::from(*s) < nlocals) {
        let old = out.push(Inst::new(Uop::LoadSlot, &[]).imm(8 * u64::from(*slot)));
        out.push(Inst::new(Uop::SetSlot, &[*v, old]).imm(u64::from(*slot)));
    }
    let mut map: Vec<ValueId> = Vec::with_capacity(recorded.insts.len());
    for inst in &recorded.insts {
        let slot = |offset: u64| handed.iter().find(|(s, ..)| 8 * u64::from(*s) == offset);
        match inst.op {
            Uop::LoadSlot if slot(inst.imms[0]).is_some() => {
                map.push(slot(inst.imms[0])?.1);
                continue;
            }
            Uop::GuardSlotTag if let Some((_, v, owned)) = slot(inst.imms[0]) => {
                if *owned != (inst.imms[1] == 0) {
                    return None;
                }
                map.push(*v);
                continue;
            }
            _ => {}
        }
        let mut new = inst.clone();
        for a in &mut new.args {
            *a = map[a.0 as usize];
        }
        map.push(out.push(new));
    }
    for snapshot in &mut out.snapshots {
        for (n, frame) in snapshot.frames.iter_mut().enumerate() {
            frame.func.source = frame.func.source.map(|v| map[v.0 as usize]);
            for (i, slot) in frame.slots.iter_mut().enumerate() {
                slot.source = slot.source.map(|v| map[v.0 as usize]);
                if n == 0
                    && i >= nlocals
                    && slot.source == Source::Unchanged
                    && let Some((_, v, owned)) = handed.iter().find(|(s, ..)| usize::from(*s) == i)
                {
                    let count = if *owned { Count::Steal } else { Count::Borrow };
                    *slot = SlotVal { source: Source::Value(*v), count };
                }
            }
        }
    }
    Some(out)
}
