//! Links with entry signatures: a trace that reaches another executor's loop hands its slots over in registers.
//!
//! The target is compiled once more for each signature it is reached with:
//! its recorded trace, with the first load of each handed-over slot replaced by an entry parameter.
//! Memory of those slots is stale, exactly as after a pending `set_slot`; so that is what the new entry starts with.
//!
//! Where that cannot be (a slot holds another type than the target's trace has seen, say), the link writes the frame,
//! as an exit would, and jumps to where tier 1 enters the target. What the target then leaves through may get a bridge.

use std::collections::HashMap;

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
    /// An object that the caller keeps alive.
    Lent,
    /// A range iterator that does not exist: its start and length, and its step unless that is known.
    RangeIter { step: Option<i64> },
}

/// The slots that are handed over, ascending.
pub(crate) type Signature = Vec<(u16, Handover)>;

/// The signature of a trace that ends in `link`, and adds to the trace what the hand-over needs. `None` when the state
/// at the link cannot be handed over (inlined frames, empty stack slots).
pub(crate) fn prepare(trace: &mut Trace) -> Option<(u32, Signature)> {
    let last = trace.insts.pop()?;
    let len = trace.insts.len();
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
            trace.insts.truncate(len);
            trace.insts.push(last);
            None
        }
    }
}

fn prepare_link(trace: &mut Trace, link: &Inst) -> Option<(Signature, Vec<ValueId>, SnapId)> {
    if link.op != Uop::Link {
        return None;
    }
    let snapshot = trace.snapshot(link.snap?).to_snapshot();
    let [frame] = &snapshot.frames[..] else { return None };
    let handed = |s: &&SlotVal| s.source != Source::Unchanged;
    if frame.slots.iter().filter(handed).any(|s| matches!(s.source, Source::Null | Source::BoxBool(_))) {
        return None;
    }
    let mut after = snapshot.clone();
    let mut seen: Vec<Source> = Vec::new();
    let mut signature = Vec::new();
    let mut args = Vec::new();
    for (i, slot) in frame.slots.iter().enumerate() {
        if slot.source == Source::Unchanged {
            continue;
        }
        if let Source::RangeIter { start, len, step } = slot.source {
            let by = trace.inst(step);
            let known = (by.op == Uop::ConstI64).then_some(by.imms[0] as i64);
            signature.push((i as u16, Handover::RangeIter { step: known }));
            args.extend([start, len]);
            args.extend(known.is_none().then_some(step));
            continue;
        }
        let boxed = matches!(slot.source, Source::BoxI64(_) | Source::BoxF64(_));
        if boxed && seen.contains(&slot.source) {
            // Two slots with one box, which the target would make twice.
            return None;
        }
        seen.push(slot.source);
        let (value, how) = match slot.source {
            Source::BoxI64(v) => (v, Handover::I64),
            Source::BoxF64(v) => (v, Handover::F64),
            Source::Value(_) if slot.count == Count::Borrow => return None,
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
            Source::Unchanged | Source::Null | Source::BoxBool(_) | Source::RangeIter { .. } => return None,
        };
        signature.push((i as u16, how));
        args.push(value);
        if how == Handover::Owned {
            // Should the target be gone, the interpreter goes on from a snapshot in which that reference is made.
            after.frames[0].slots[i] = SlotVal { source: Source::Value(value), count: Count::Steal };
        }
    }
    let snap = trace.push_snapshot(&after);
    Some((signature, args, snap))
}

/// What [`write_back`] has to know of Python.
pub(crate) struct Truths {
    pub true_: u64,
    pub false_: u64,
}

/// Makes a link whose state is one frame leave everything in memory, as tier 1 would. The executor linked to.
pub(crate) fn write_back(trace: &mut Trace, nlocals: usize, truths: &Truths) -> Option<u32> {
    let link = trace.insts.last().filter(|i| i.op == Uop::Link)?.clone();
    let mut snapshot = trace.snapshot(link.snap?).to_snapshot();
    let [frame] = &mut snapshot.frames[..] else { return None };
    trace.insts.pop();
    let mut boxes: HashMap<Source, ValueId> = HashMap::new();
    let mut stores = Vec::new();
    for (i, slot) in frame.slots.iter_mut().enumerate() {
        if slot.source == Source::Unchanged {
            continue;
        }
        let lent = matches!(slot.source, Source::Value(_)) && slot.count == Count::Borrow;
        let value = object(trace, *slot, &mut boxes, truths);
        stores.push((i, value, lent));
        *slot = SlotVal::UNCHANGED;
    }
    // Released last: one of them may be what keeps a value alive that is written. What pending stores to locals left
    // stale is of harmless types; stack slots own nothing.
    let mut stale = Vec::new();
    for &(i, ..) in stores.iter().filter(|s| s.0 < nlocals) {
        stale.push(trace.push(Inst::new(Uop::SlotReference, &[]).imm(8 * i as u64).imm2(truths.true_)));
    }
    for (i, value, lent) in stores {
        let op = if lent { Uop::LendSlot } else { Uop::StoreSlotOrNull };
        trace.push(Inst::new(op, &[value]).imm(8 * i as u64));
    }
    for old in stale {
        trace.push(Inst::new(Uop::DecrefDead, &[old]));
    }
    let snap = trace.push_snapshot(&snapshot);
    trace.push(Inst { args: Default::default(), snap: Some(snap), ..link.clone() });
    Some(link.imms[0] as u32)
}

/// The object that a slot is to own (or to borrow), with the reference made. A box that two slots share is made once.
fn object(trace: &mut Trace, slot: SlotVal, boxes: &mut HashMap<Source, ValueId>, truths: &Truths) -> ValueId {
    let new = |trace: &mut Trace, op, args: &[ValueId]| trace.push(Inst::new(op, args));
    match slot.source {
        Source::Value(v) => {
            if slot.count == Count::New {
                new(trace, Uop::Incref, &[v]);
            }
            v
        }
        Source::Unchanged | Source::Null => new(trace, Uop::ConstObj, &[]),
        Source::Const(address) => {
            let v = trace.push(Inst::new(Uop::ConstObj, &[]).imm(address));
            new(trace, Uop::Incref, &[v]);
            v
        }
        Source::BoxI64(v) | Source::BoxF64(v) => {
            if let Some(&made) = boxes.get(&slot.source) {
                new(trace, Uop::Incref, &[made]);
                return made;
            }
            let op = if matches!(slot.source, Source::BoxI64(_)) { Uop::BoxI64 } else { Uop::BoxF64 };
            let made = new(trace, op, &[v]);
            boxes.insert(slot.source, made);
            made
        }
        Source::BoxBool(v) => {
            let inst = Inst::new(Uop::BoxBool, &[v]).imm(truths.false_);
            trace.push(inst.imm2(truths.true_.wrapping_sub(truths.false_)))
        }
        Source::RangeIter { start, len, step } => new(trace, Uop::NewRangeIter, &[start, len, step]),
    }
}

/// The recorded trace of a root executor, entered with `signature`: the optimizer knows that an entry parameter is its
/// slot's value and that memory is stale.
pub(crate) fn specialize(recorded: &Trace, signature: &Signature) -> Trace {
    let mut out = recorded.clone();
    for (slot, how) in signature {
        if let Handover::RangeIter { step } = *how {
            let mut push = |source| out.entry.push(EntryParam { kind: Kind::I64, source });
            push(EntrySource::RangeStart { slot: *slot, step });
            push(EntrySource::RangeLen(*slot));
            if step.is_none() {
                push(EntrySource::RangeStep(*slot));
            }
            continue;
        }
        let kind = match how {
            Handover::I64 | Handover::RangeIter { .. } => Kind::I64,
            Handover::F64 => Kind::F64,
            Handover::Owned | Handover::Lent => Kind::Obj,
        };
        let source = if *how == Handover::Lent { EntrySource::Lent(*slot) } else { EntrySource::Slot(*slot) };
        out.entry.push(EntryParam { kind, source });
    }
    out
}
