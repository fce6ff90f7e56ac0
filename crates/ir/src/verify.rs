//! The verifier: what every pass may rely on and must leave true.
//!
//! Besides kinds, arity and SSA order: one terminator, at the end; phis directly after the label, as many and of the
//! same kinds as the operands of `label` and `jump`; a snapshot exactly where the uop may leave the trace; snapshots
//! that use only values made before, of the kind their recipe needs.
//!
//! A *recorded* trace is one iteration whose `jump` has a snapshot and no label to go to; see crate `opt`.
use std::fmt::{self, Display, Formatter};

use crate::{EntrySource, Inst, Kind, Resume, SlotVal, SnapId, Source, Trace, TraceKind, Uop, ValueId};

/// What is wrong with a trace, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    pub at: Option<ValueId>,
    pub message: String,
    /// The trace's text with the bad line marked.
    pub listing: String,
}

impl Display for VerifyError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.message, self.listing)
    }
}

impl std::error::Error for VerifyError {}

impl Trace {
    /// Checks every rule of the IR.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn verify(&self) -> Result<(), VerifyError> {
        Verifier { trace: self, label: None }.trace().map_err(|(at, message)| self.verify_error(at, message))
    }

    fn verify_error(&self, at: Option<ValueId>, message: String) -> VerifyError {
        // Line 0 is the header.
        let bad = at.map_or(0, |v| v.0 as usize + 1);
        let lines = self.to_string();
        let listing =
            lines.lines().enumerate().map(|(n, l)| if n == bad { format!("> {l}\n") } else { format!("  {l}\n") });
        VerifyError { at, message, listing: listing.collect() }
    }
}

struct Verifier<'a> {
    trace: &'a Trace,
    label: Option<ValueId>,
}

impl Verifier<'_> {
    fn trace(mut self) -> Result<(), (Option<ValueId>, String)> {
        let t = self.trace;
        if t.kind == TraceKind::Root && t.entry.iter().any(|e| matches!(e.source, EntrySource::Parent(_))) {
            return Err((None, "a root trace has no parent to take values from".into()));
        }
        for (n, inst) in t.insts.iter().enumerate() {
            let at = ValueId(n as u32);
            self.inst(at, inst).map_err(|m| (Some(at), m))?;
        }
        match t.insts.last() {
            Some(i) if is_terminator(i.op) => Ok(()),
            _ => Err((None, "the trace does not end in jump, link, exit or return".into())),
        }
    }

    fn inst(&mut self, at: ValueId, inst: &Inst) -> Result<(), String> {
        let facts = inst.op.facts();
        let (found, wanted) = (inst.args.len(), facts.operands.len());
        if found < wanted || (found > wanted && !facts.variadic) {
            return Err(format!("{} takes {wanted} operands, not {found}", inst.op.name()));
        }
        for (n, &arg) in inst.args.iter().enumerate() {
            let kind = self.kind_before(arg, at)?;
            if let Some(&wanted) = facts.operands.get(n)
                && kind != wanted
            {
                return Err(format!("operand {arg} is {}, not {}", kind.name(), wanted.name()));
            }
        }
        for (n, &imm) in inst.imms.iter().enumerate() {
            match facts.imms.get(n) {
                None if imm != 0 => return Err("an immediate that the uop has not".into()),
                Some(32) if imm as i64 != imm as i32 as i64 => {
                    return Err(format!("immediate {imm:#x} does not fit 32 bits"));
                }
                _ => {}
            }
        }
        if is_terminator(inst.op) != (at.0 as usize + 1 == self.trace.insts.len()) {
            return Err("exactly the last instruction is jump, link, exit or return".into());
        }
        self.snap(at, inst)?;
        match inst.op {
            Uop::Label => self.label(at, inst),
            Uop::Jump => self.jump(inst),
            Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64 => self.phi(at, inst),
            Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64 => self.entry(inst),
            _ => Ok(()),
        }
    }

    fn label(&mut self, at: ValueId, inst: &Inst) -> Result<(), String> {
        if self.label.replace(at).is_some() {
            return Err("a second label".into());
        }
        for n in 0..inst.args.len() {
            let phi = self.trace.insts.get(at.0 as usize + 1 + n).map(|i| i.op);
            if !matches!(phi, Some(Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64)) {
                return Err(format!("no phi for operand {n}"));
            }
        }
        Ok(())
    }

    fn jump(&self, inst: &Inst) -> Result<(), String> {
        let Some(label) = self.label else {
            return match (inst.args.is_empty(), inst.snap) {
                (true, Some(_)) => Ok(()),
                _ => Err("a jump without a label is that of a recorded trace: no operands, a snapshot".into()),
            };
        };
        if inst.snap.is_some() {
            return Err("a jump to a label has no snapshot".into());
        }
        let first = self.trace.inst(label);
        if first.args.len() != inst.args.len() {
            return Err(format!("the label has {} operands, the jump {}", first.args.len(), inst.args.len()));
        }
        for (&from, &to) in inst.args.iter().zip(&first.args) {
            if self.kind(from) != self.kind(to) {
                return Err(format!("operand {from} differs in kind from the label's {to}"));
            }
        }
        Ok(())
    }

    fn phi(&self, at: ValueId, inst: &Inst) -> Result<(), String> {
        let label = self.label.ok_or("a phi before the label")?;
        let index = at.0 - label.0 - 1;
        let Some(&first) = self.trace.inst(label).args.get(index as usize) else {
            return Err("a phi that the label has no operand for".into());
        };
        if inst.imms[0] != u64::from(index) {
            return Err(format!("phi {} is in place {index}", inst.imms[0]));
        }
        if self.kind(first) != inst.op.facts().result {
            return Err(format!("operand {first} differs in kind from its phi"));
        }
        Ok(())
    }

    fn entry(&self, inst: &Inst) -> Result<(), String> {
        if self.label.is_some() {
            return Err("an entry parameter after the label".into());
        }
        match self.trace.entry.get(inst.imms[0] as usize) {
            Some(p) if Some(p.kind) == inst.op.facts().result => Ok(()),
            Some(p) => Err(format!("entry parameter {} is {}", inst.imms[0], p.kind.name())),
            None => Err(format!("no entry parameter {}", inst.imms[0])),
        }
    }

    fn snap(&self, at: ValueId, inst: &Inst) -> Result<(), String> {
        let needed = inst.op.facts().exits || inst.op == Uop::Link;
        let id = match inst.snap {
            None if needed => return Err("the uop may leave the trace but has no snapshot".into()),
            None => return Ok(()),
            Some(_) if !needed && inst.op != Uop::Jump => {
                return Err("a snapshot on a uop that never leaves the trace".into());
            }
            Some(id) => id,
        };
        let snap = self.trace.snapshots.get(id).ok_or_else(|| format!("no snapshot {id}"))?;
        if (snap.resume == Resume::During) != (inst.op == Uop::Escape) {
            return Err(format!("{id}: `during` belongs to escapes, and to them alone"));
        }
        if snap.depth() == 0 {
            return Err(format!("{id} has no frame"));
        }
        for (depth, frame) in snap.frames().enumerate() {
            if frame.code.0 as usize >= self.trace.codes.len() {
                return Err(format!("{id}: no code c{}", frame.code.0));
            }
            if depth == 0 && frame.func != SlotVal::UNCHANGED {
                return Err(format!("{id}: the root frame's function cannot change"));
            }
            if matches!(inst.op, Uop::CallObj | Uop::CallI64 | Uop::CallF64) && snap.depth() < 2 {
                return Err(format!("{id}: a call's snapshot has the callee's frame"));
            }
            if frame.generator && (depth == 0 || !matches!(frame.func.source, Source::Value(_))) {
                return Err(format!("{id}: a generator's frame names its generator, and is not the root"));
            }
            self.slot(&frame.func, depth == 0, at, id)?;
            for slot in frame.slots.iter() {
                self.slot(&slot, depth == 0 || frame.generator, at, id)?;
            }
        }
        for store in snap.stores {
            if matches!(inst.op, Uop::Link | Uop::Escape | Uop::CallObj | Uop::CallI64 | Uop::CallF64) {
                return Err(format!("{id}: stores are pending where others may look"));
            }
            self.used_in(id, store.object, Kind::Obj, at)?;
            self.used_in(id, store.value, Kind::I64, at)?;
        }
        Ok(())
    }

    fn slot(&self, slot: &SlotVal, in_memory: bool, at: ValueId, id: SnapId) -> Result<(), String> {
        let wanted = match slot.source {
            Source::Unchanged if !in_memory => {
                return Err(format!("{id}: this frame is not in memory, so nothing is unchanged"));
            }
            Source::Unchanged | Source::Null | Source::Const(_) => return Ok(()),
            Source::Value(_) => Kind::Obj,
            Source::BoxI64(_) | Source::RangeIter { .. } => Kind::I64,
            Source::BoxF64(_) => Kind::F64,
            Source::BoxBool(_) => Kind::Bool,
        };
        slot.source.values().try_for_each(|value| self.used_in(id, value, wanted, at))
    }

    fn used_in(&self, id: SnapId, value: ValueId, wanted: Kind, at: ValueId) -> Result<(), String> {
        let kind = self.kind_before(value, at).map_err(|e| format!("{id}: {e}"))?;
        if kind == wanted { Ok(()) } else { Err(format!("{id}: {value} is {}, not {}", kind.name(), wanted.name())) }
    }

    fn kind(&self, value: ValueId) -> Option<Kind> {
        self.trace.insts.get(value.0 as usize)?.op.facts().result
    }

    fn kind_before(&self, value: ValueId, at: ValueId) -> Result<Kind, String> {
        if value >= at {
            return Err(format!("{value} is not made before its use"));
        }
        self.kind(value).ok_or_else(|| format!("{value} makes no value"))
    }
}

fn is_terminator(op: Uop) -> bool {
    matches!(op, Uop::Jump | Uop::Link | Uop::Exit | Uop::ReturnObj | Uop::ReturnI64 | Uop::ReturnF64)
}
