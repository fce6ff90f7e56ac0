//! Records one iteration of a [`Machine`] program, as the real recorder does for CPython's bytecode.
use std::collections::HashMap;

use ir::{
    CodeId, Continuation, Count, Frame, Inst, Kind, Resume, SlotVal, SnapId, Snapshot, Source, Trace, TraceKind, Uop,
    ValueId,
};

use super::heap::{BOOL, FLOAT, INT, LIST, Value};
use super::{Bin, Cmp, LIST_SLOT, LOCALS, Machine, Op};

/// The recording cannot go on: the operation has no uops.
#[derive(Debug)]
pub struct Unsupported;

type Entry = (ValueId, bool);

pub struct Recorder {
    pub trace: Trace,
    /// Values of locals, once loaded or stored.
    locals: [Option<ValueId>; LOCALS],
    stack: Vec<Entry>,
    raw: HashMap<ValueId, ValueId>,
    types: HashMap<ValueId, u64>,
    before: SnapId,
}

impl Recorder {
    pub fn new() -> Recorder {
        let mut trace = Trace::new(TraceKind::Root);
        trace.codes.push(1);
        Recorder {
            trace,
            locals: [None; LOCALS],
            stack: Vec::new(),
            raw: HashMap::new(),
            types: HashMap::new(),
            before: SnapId(0),
        }
    }

    fn snapshot(&mut self, resume: Resume, pc: usize) -> SnapId {
        let mut slots = vec![SlotVal::UNCHANGED; LOCALS];
        slots.extend(self.stack.iter().map(|&(v, owned)| SlotVal {
            source: Source::Value(v),
            count: if owned { Count::Steal } else { Count::Borrow },
        }));
        let func = SlotVal::UNCHANGED;
        let frame =
            Frame { code: CodeId(0), func, generator: false, pc: pc as u32, slots, continuation: Continuation::Push };
        self.trace.push_snapshot(&Snapshot::new(resume, vec![frame]))
    }

    fn emit(&mut self, op: Uop, args: &[ValueId], imm: u64, imm2: u64) -> ValueId {
        let mut inst = Inst::new(op, args).imm(imm).imm2(imm2);
        inst.snap = op.facts().exits.then_some(self.before);
        self.trace.push(inst)
    }

    fn local(&mut self, n: usize) -> ValueId {
        if let Some(v) = self.locals[n] {
            return v;
        }
        let v = self.emit(Uop::LoadSlot, &[], 8 * n as u64, 0);
        self.locals[n] = Some(v);
        v
    }

    fn guard_type(&mut self, v: ValueId, ty: u64) {
        if self.types.insert(v, ty) != Some(ty) {
            self.emit(Uop::GuardType, &[v], ty, 0);
        }
    }

    fn unbox(&mut self, v: ValueId, m: &Machine, object: u64) -> Result<ValueId, Unsupported> {
        if let Some(&raw) = self.raw.get(&v) {
            return Ok(raw);
        }
        let ty = m.heap.ty(object);
        self.guard_type(v, ty);
        let raw = match m.heap.value(object) {
            Value::Int(x) if x.abs() < 1 << 30 => {
                self.emit(Uop::GuardCompact, &[v], 0, 0);
                self.emit(Uop::UnboxCompact, &[v], 0, 0)
            }
            Value::Int(x) if i64::try_from(x).is_ok() => {
                let fits = self.emit(Uop::IntFitsI64, &[v], 0, 0);
                self.emit(Uop::GuardTrue, &[fits], 0, 0);
                self.emit(Uop::UnboxWideInt, &[v], 0, 0)
            }
            Value::Float(_) => self.emit(Uop::UnboxF64, &[v], 0, 0),
            Value::Bool(_) => self.emit(Uop::UnboxBool, &[v], m.heap.bool_(true), 0),
            _ => return Err(Unsupported),
        };
        self.raw.insert(v, raw);
        Ok(raw)
    }

    fn kind(&self, v: ValueId) -> Kind {
        self.trace.inst(v).op.facts().result.expect("raw values have kinds")
    }

    fn as_float(&mut self, raw: ValueId) -> ValueId {
        if self.kind(raw) == Kind::I64 { self.emit(Uop::IntToFloat, &[raw], 0, 0) } else { raw }
    }

    fn push_box(&mut self, raw: ValueId, m: &Machine) {
        let (v, ty) = match self.kind(raw) {
            Kind::I64 => (self.emit(Uop::BoxI64, &[raw], 0, 0), INT),
            Kind::F64 => (self.emit(Uop::BoxF64, &[raw], 0, 0), FLOAT),
            _ => {
                let f = m.heap.bool_(false);
                (self.emit(Uop::BoxBool, &[raw], f, m.heap.bool_(true) - f), BOOL)
            }
        };
        self.raw.insert(v, raw);
        self.types.insert(v, ty);
        self.stack.push((v, ty != BOOL));
    }

    fn constant(&mut self, object: u64, m: &Machine) {
        let v = self.emit(Uop::ConstObj, &[], object, 0);
        self.types.insert(v, m.heap.ty(object));
        self.stack.push((v, false));
    }

    fn release(&mut self, (v, owned): Entry) {
        if owned {
            self.emit(Uop::DecrefDead, &[v], 0, 0);
        }
    }

    fn pop(&mut self) -> Entry {
        self.stack.pop().expect("programs balance the stack")
    }

    fn owned(&mut self, (v, owned): Entry) -> ValueId {
        if !owned {
            self.emit(Uop::Incref, &[v], 0, 0);
        }
        v
    }

    /// Records the instruction that `m` is about to execute.
    pub fn record(&mut self, m: &Machine, program: &[Op]) -> Result<(), Unsupported> {
        self.before = self.snapshot(Resume::Before, m.pc);
        let real = |n: usize| m.stack[m.stack.len() - 1 - n].0;
        match program[m.pc] {
            Op::Load(n, borrowed) => {
                let v = self.local(n);
                if !borrowed {
                    self.emit(Uop::Incref, &[v], 0, 0);
                }
                self.stack.push((v, !borrowed));
            }
            Op::Store(n, pending) => {
                let old = self.local(n);
                self.guard_type(self.stack[self.stack.len() - 1].0, m.heap.ty(real(0)));
                self.guard_type(old, m.heap.ty(m.locals()[n]));
                let e = self.pop();
                let new = self.owned(e);
                if pending {
                    self.emit(Uop::SetSlot, &[new, old], n as u64, 0);
                } else {
                    self.emit(Uop::StoreSlot, &[new], 8 * n as u64, 0);
                    self.emit(Uop::DecrefDead, &[old], 0, 0);
                }
                self.locals[n] = Some(new);
            }
            Op::Int(x) if (-5..=256).contains(&x) => {
                // Small ints live as long as the machine.
                let object = m.heap.bool_(false) - (262 - (x as u64).wrapping_add(5)) * 48;
                self.constant(object, m);
            }
            Op::Int(x) => {
                let raw = self.emit(Uop::ConstI64, &[], x as u64, 0);
                self.push_box(raw, m);
            }
            Op::Float(x) => {
                let raw = self.emit(Uop::ConstF64, &[], x.to_bits(), 0);
                self.push_box(raw, m);
            }
            Op::Bin(op) => {
                let (a, b) = self.operands(m)?;
                let ints = self.kind(a) == Kind::I64 && self.kind(b) == Kind::I64;
                let uop = match op {
                    Bin::Add if ints => Uop::IntAdd,
                    Bin::Sub if ints => Uop::IntSub,
                    Bin::Mul if ints => Uop::IntMul,
                    Bin::Mod if ints => Uop::IntMod,
                    Bin::FloorDiv if ints => Uop::IntFloordiv,
                    Bin::And if ints => Uop::IntAnd,
                    Bin::Or if ints => Uop::IntOr,
                    Bin::Xor if ints => Uop::IntXor,
                    Bin::Add => Uop::FloatAdd,
                    Bin::Sub => Uop::FloatSub,
                    Bin::Mul => Uop::FloatMul,
                    _ => return Err(Unsupported),
                };
                let (a, b) = if ints { (a, b) } else { (self.as_float(a), self.as_float(b)) };
                let r = self.emit(uop, &[a, b], 0, 0);
                self.replace_two(r, m);
            }
            Op::Neg => {
                let a = self.unbox(self.stack[self.stack.len() - 1].0, m, real(0))?;
                let r = self.emit(if self.kind(a) == Kind::I64 { Uop::IntNeg } else { Uop::FloatNeg }, &[a], 0, 0);
                let e = self.pop();
                self.push_box(r, m);
                self.release(e);
            }
            Op::Cmp(op) => {
                let (a, b) = self.operands(m)?;
                let ints = self.kind(a) == Kind::I64 && self.kind(b) == Kind::I64;
                let uop = match op {
                    Cmp::Lt if ints => Uop::IntLt,
                    Cmp::Le if ints => Uop::IntLe,
                    Cmp::Eq if ints => Uop::IntEq,
                    Cmp::Ne if ints => Uop::IntNe,
                    Cmp::Lt => Uop::FloatLt,
                    Cmp::Le => Uop::FloatLe,
                    Cmp::Eq => Uop::FloatEq,
                    Cmp::Ne => Uop::FloatNe,
                };
                let (a, b) = if ints { (a, b) } else { (self.as_float(a), self.as_float(b)) };
                let r = self.emit(uop, &[a, b], 0, 0);
                self.replace_two(r, m);
            }
            Op::Is => {
                let (b, a) = (self.stack[self.stack.len() - 1].0, self.stack[self.stack.len() - 2].0);
                self.guard_type(a, m.heap.ty(real(1)));
                self.guard_type(b, m.heap.ty(real(0)));
                let r = self.emit(Uop::SameObject, &[a, b], 0, 0);
                self.replace_two(r, m);
            }
            Op::Not => {
                let c = self.unbox(self.stack[self.stack.len() - 1].0, m, real(0))?;
                let r = self.emit(Uop::BoolNot, &[c], 0, 0);
                self.pop();
                self.push_box(r, m);
            }
            Op::SkipUnless(_) | Op::EndUnless => {
                let c = self.unbox(self.stack[self.stack.len() - 1].0, m, real(0))?;
                let truth = real(0) == m.heap.bool_(true);
                self.emit(if truth { Uop::GuardTrue } else { Uop::GuardFalse }, &[c], 0, 0);
                self.pop();
            }
            Op::Item => {
                let (items, index) = self.subscript(m, real(0))?;
                let v = self.emit(Uop::LoadItem, &[items, index], 0, 0);
                self.emit(Uop::Incref, &[v], 0, 0);
                let e = self.pop();
                self.stack.push((v, true));
                self.release(e);
            }
            Op::SetItem => {
                let (items, index) = self.subscript(m, real(0))?;
                let old = self.emit(Uop::LoadItem, &[items, index], 0, 0);
                let all = m.heap.items(m.locals()[LIST_SLOT]);
                let n = m.index(real(0), all.len()).ok_or(Unsupported)?;
                self.guard_type(old, m.heap.ty(all[n]));
                let (index_entry, value) = (self.pop(), self.pop());
                let new = self.owned(value);
                self.emit(Uop::StoreItem, &[items, index, new], 0, 0);
                self.release((old, true));
                self.release(index_entry);
            }
            Op::Call => {
                let (v, owned) = self.pop();
                let snap = self.snapshot(Resume::During, m.pc);
                let inst = Inst::new(Uop::Escape, &[v]).imm(0).imm2(u64::from(owned)).snap(snap);
                let r = self.trace.push(inst);
                self.stack.push((r, true));
                // Anything may have been assigned from outside; whoever does so leaves the trace.
            }
            Op::Poll => {
                self.emit(Uop::GuardEvalBreaker, &[], 0, 0);
            }
            Op::Loop => {}
        }
        Ok(())
    }

    fn operands(&mut self, m: &Machine) -> Result<(ValueId, ValueId), Unsupported> {
        let n = m.stack.len();
        let (a, b) = (self.stack[n - 2].0, self.stack[n - 1].0);
        Ok((self.unbox(a, m, m.stack[n - 2].0)?, self.unbox(b, m, m.stack[n - 1].0)?))
    }

    fn replace_two(&mut self, raw: ValueId, m: &Machine) {
        let (b, a) = (self.pop(), self.pop());
        self.push_box(raw, m);
        self.release(a);
        self.release(b);
    }

    /// Items and offset for the index on top of the stack.
    fn subscript(&mut self, m: &Machine, index: u64) -> Result<(ValueId, ValueId), Unsupported> {
        let list = self.local(LIST_SLOT);
        self.guard_type(list, LIST);
        let i = self.unbox(self.stack[self.stack.len() - 1].0, m, index)?;
        let all = m.heap.items(m.locals()[LIST_SLOT]);
        if self.kind(i) != Kind::I64 || m.index(index, all.len()).is_none() {
            return Err(Unsupported);
        }
        let len = self.emit(Uop::ListLen, &[list], 0, 0);
        let i = self.emit(Uop::WrapIndex, &[i, len], 0, 0);
        self.emit(Uop::GuardInRange, &[i, len], 0, 0);
        let items = self.emit(Uop::ListItems, &[list], 0, 0);
        Ok((items, i))
    }

    /// The complete trace, back at the start of the program.
    pub fn finish(mut self) -> Trace {
        let snap = self.snapshot(Resume::Before, 0);
        self.trace.push(Inst::new(Uop::Jump, &[]).snap(snap));
        self.trace
    }
}
