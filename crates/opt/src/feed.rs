//! Feeds recorded uops through the rules, one at a time.
use std::collections::BTreeMap;

use ir::{EntrySource, Grade, Inst, Kind, Uop, ValueId};
use smallvec::SmallVec;

use crate::Reason;
use crate::ranges::Incoming;
use crate::slots::{Origin, Slot};
use crate::state::Optimizer;
use crate::virtuals::{BoxKind, Val, Virtual};

impl Optimizer<'_> {
    /// Emits the entry parameters and notes which slots they are the values of.
    pub fn feed_entry(&mut self) -> Result<(), Reason> {
        let mut incoming: BTreeMap<u16, Incoming> = BTreeMap::new();
        for (n, param) in self.input.entry.iter().enumerate() {
            let op = match param.kind {
                Kind::Obj => Uop::EntryObj,
                Kind::I64 => Uop::EntryI64,
                Kind::F64 => Uop::EntryF64,
                Kind::Bool | Kind::Ptr => {
                    return Err(Reason::invalid(format!("entry parameter {n} is {}", param.kind.name())));
                }
            };
            let v = self.pure_(op, &[], [n as u64, 0])?;
            if let Some(n) = param.range_slot() {
                incoming.entry(n).or_default().add(param.source, v);
                continue;
            }
            if let EntrySource::Slot(slot) | EntrySource::Lent(slot) = param.source {
                let value = match param.kind {
                    Kind::I64 => self.new_virtual(BoxKind::I64, v),
                    Kind::F64 => self.new_virtual(BoxKind::F64, v),
                    _ => Val::Id(v),
                };
                let owned = matches!(param.source, EntrySource::Slot(_));
                let slot_state = Slot { value: Some(value), stale: true, owned, origin: Origin::Entry };
                self.st.slots.insert(8 * u64::from(slot), slot_state);
            }
        }
        for (slot, fields) in incoming {
            let fields = fields.complete(self).ok_or(Reason::EntryState)?;
            let value = Some(self.new_range_iter(fields)?);
            let slot_state = Slot { value, stale: true, owned: true, origin: Origin::Entry };
            self.st.slots.insert(8 * u64::from(slot), slot_state);
        }
        Ok(())
    }

    /// Feeds instructions `from..to` of the input.
    pub fn feed(&mut self, insts: std::ops::Range<usize>) -> Result<(), Reason> {
        let input = self.input;
        for at in insts {
            let inst = &input.insts[at];
            self.snap_in = inst.snap;
            let val = self.feed_inst(ValueId(at as u32), inst)?;
            self.st.map[at] = val;
        }
        Ok(())
    }

    fn feed_inst(&mut self, at: ValueId, inst: &Inst) -> Result<Option<Val>, Reason> {
        let mut vals: SmallVec<[Val; 3]> = SmallVec::new();
        for &a in &inst.args {
            vals.push(self.mapped(a)?);
        }
        let imms = inst.imms;
        match inst.op {
            Uop::LoadSlot => return self.load_slot(imms[0]).map(Some),
            Uop::SetSlot => self.set_slot(vals[0], 8 * imms[0])?,
            Uop::StoreSlot => self.store_slot(vals[0], imms[0])?,
            Uop::LendSlot => self.lend_slot(vals[0], imms[0])?,
            Uop::ReturnObj => self.return_(vals[0], imms)?,
            Uop::CallObj | Uop::CallI64 | Uop::CallF64 => return self.call(inst.op, imms).map(|v| Some(Val::Id(v))),
            Uop::ClearSlot => self.clear_slot(imms[0], false)?,
            Uop::DropSlot => self.clear_slot(imms[0], true)?,
            Uop::GuardSlotTag => self.guard_slot_tag(imms[0], imms[1])?,
            Uop::GuardSlotOwnedOrUnbound => self.guard_slot_owned_or_unbound(imms[0])?,
            Uop::GuardFrameGlobals | Uop::GuardFrameLocals => drop(self.first_pass(inst.op, &[], imms)?),
            Uop::BoxI64 | Uop::BoxF64 if self.st.entry_boxes.contains_key(&inst.args[0]) => {
                return Ok(self.st.entry_boxes.get(&inst.args[0]).copied());
            }
            Uop::NewRangeIter => {
                let mut fields = [ValueId(0); 3];
                for (field, &val) in fields.iter_mut().zip(&vals) {
                    let v = self.force(val)?;
                    *field = self.canonical(v);
                }
                return self.new_range_iter(fields).map(Some);
            }
            Uop::SetFieldI64 => {
                let value = self.force(vals[1])?;
                let value = self.canonical(value);
                if !self.set_range_field(vals[0], imms[0], value) {
                    let object = self.force(vals[0])?;
                    self.set_field(object, value, imms[0])?;
                }
            }
            Uop::BoxI64 => return self.feed_box(BoxKind::I64, vals[0]).map(Some),
            Uop::BoxF64 => return self.feed_box(BoxKind::F64, vals[0]).map(Some),
            Uop::BoxBool => return self.feed_box(BoxKind::Bool(imms), vals[0]).map(Some),
            Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64 => return self.feed_entry_use(at, inst).map(Some),
            Uop::Incref => self.incref(vals[0])?,
            Uop::DecrefDead | Uop::DecrefAlive | Uop::DecrefAliveOrNull => self.decref(inst.op, vals[0])?,
            Uop::GuardType
            | Uop::GuardNonNull
            | Uop::GuardCompact
            | Uop::GuardIs
            | Uop::GuardIsNot
            | Uop::GuardRefcount
            | Uop::GuardNullOrType
            | Uop::GuardNullOrRefcount => self.guard_object(inst.op, vals[0], imms[0])?,
            Uop::SameObject if self.norm(vals[0]) == self.norm(vals[1]) => {
                return Ok(Some(Val::Id(self.const_bool(true))));
            }
            Uop::SameObject => {
                if let Some(known) = self.same_as_virtual(vals[0], vals[1])? {
                    return Ok(Some(known));
                }
                return self.feed_raw(inst, &vals);
            }
            _ => {
                if let Some(v) = self.unbox_virtual(inst.op, &vals, imms) {
                    return Ok(Some(Val::Id(v)));
                }
                return self.feed_raw(inst, &vals);
            }
        }
        Ok(None)
    }

    /// A uop that works on values that exist.
    fn feed_raw(&mut self, inst: &Inst, vals: &[Val]) -> Result<Option<Val>, Reason> {
        let (op, imms) = (inst.op, inst.imms);
        let mut args: SmallVec<[ValueId; 3]> = SmallVec::new();
        for &v in vals {
            let v = self.force(v)?;
            args.push(self.canonical(v));
        }
        let facts = op.facts();
        let v = match op {
            Uop::GuardTrue => return self.guard_truth(args[0], true).map(|()| None),
            Uop::GuardFalse => return self.guard_truth(args[0], false).map(|()| None),
            Uop::GuardIntLt | Uop::GuardIntLe | Uop::GuardIntEq | Uop::GuardIntNe | Uop::GuardInRange => {
                return self.guard_ints(op, args[0], args[1]).map(|()| None);
            }
            Uop::GuardIntIs => return self.guard_int_is(args[0], imms[0] as i64).map(|()| None),
            Uop::GuardFloatLt | Uop::GuardFloatLe | Uop::GuardFloatNotLt | Uop::GuardFloatNotLe => {
                return self.guard_floats(op, args[0], args[1]).map(|()| None);
            }
            Uop::Escape => self.escape(&args, imms)?,
            _ if facts.pure_ && facts.result.is_some() => {
                let v = self.fold(op, &args, imms)?;
                self.learn(op, &args, v);
                v
            }
            _ if op.is_guard() && facts.reads != 0 => {
                self.heap_guard(op, &args, imms)?;
                return Ok(None);
            }
            _ if facts.reads != 0 && facts.writes == 0 && facts.result.is_some() && facts.grade == Grade::Leaf => {
                self.load(op, &args, imms)?
            }
            _ => self.effect(op, &args, imms)?,
        };
        Ok(facts.result.map(|_| Val::Id(v)))
    }

    fn feed_box(&mut self, kind: BoxKind, raw: Val) -> Result<Val, Reason> {
        let raw = self.force(raw)?;
        let raw = self.canonical(raw);
        if let (BoxKind::Bool(imms), Some(_)) = (kind, self.constant(raw)) {
            return self.fold(Uop::BoxBool, &[raw], imms).map(Val::Id);
        }
        let raw = self.unshared(kind, raw)?;
        Ok(self.new_virtual(kind, raw))
    }

    /// A raw value that no other live virtual box has. Snapshots name a box by its raw value, so two boxes of one value
    /// would become one object, where CPython makes two.
    fn unshared(&mut self, kind: BoxKind, raw: ValueId) -> Result<ValueId, Reason> {
        let live = |v: &Virtual| v.raw == raw && v.kind != BoxKind::RangeIter && v.forced.is_none() && v.refs > 0;
        if matches!(kind, BoxKind::Bool(_)) || !self.st.virtuals.iter().any(live) {
            return Ok(raw);
        }
        // Both are exact copies: x + 0, and x - 0.0 (for -0.0 and NaN, too).
        match kind {
            BoxKind::F64 => {
                let zero = self.const_f64(0.0);
                self.push(Uop::FloatSub, &[raw, zero], [0; 2])
            }
            _ => {
                let zero = self.const_i64(0);
                let copy = self.push(Uop::IntAddNowrap, &[raw, zero], [0; 2])?;
                self.info_mut(copy).range = self.range(raw);
                Ok(copy)
            }
        }
    }

    /// An entry instruction: what the slot holds now. (In a loop body that is not what the trace was entered with.)
    fn feed_entry_use(&mut self, at: ValueId, inst: &Inst) -> Result<Val, Reason> {
        let index = inst.imms[0] as usize;
        let Some(param) = self.input.entry.get(index) else {
            return Err(Reason::invalid(format!("no entry parameter {index}")));
        };
        let (EntrySource::Slot(slot) | EntrySource::Lent(slot)) = param.source else {
            return self.pure_(inst.op, &[], inst.imms).map(Val::Id);
        };
        let value = self.st.slots.get(8 * u64::from(slot)).and_then(|s| s.value).ok_or(Reason::EntryState)?;
        if param.kind == Kind::Obj {
            return Ok(value);
        }
        let raw = match self.as_virtual(value) {
            Some(v) => v.raw,
            None => {
                let object = self.force(value)?;
                self.info(object).twin.ok_or(Reason::EntryState)?
            }
        };
        if self.kind(raw) != param.kind {
            return Err(Reason::EntryState);
        }
        self.st.entry_boxes.insert(at, value);
        Ok(Val::Id(raw))
    }

    /// Unboxing a box that was never made.
    fn unbox_virtual(&mut self, op: Uop, vals: &[Val], imms: [u64; 2]) -> Option<ValueId> {
        let v = self.as_virtual(*vals.first()?)?;
        match (op, v.kind) {
            (Uop::UnboxCompact | Uop::UnboxWideInt, BoxKind::I64) | (Uop::UnboxF64, BoxKind::F64) => Some(v.raw),
            (Uop::LoadFieldI64, BoxKind::RangeIter) => self.range_field(&v, imms[0]),
            (Uop::IntFitsI64, BoxKind::I64) => Some(self.const_bool(true)),
            (Uop::UnboxBool, BoxKind::Bool(_)) if imms[0] == self.known.true_ => Some(v.raw),
            _ => None,
        }
    }

    /// Identity of a box not made yet: it is no object of another type, and a box is only itself.
    fn same_as_virtual(&mut self, a: Val, b: Val) -> Result<Option<Val>, Reason> {
        let type_of = |o: &Self, v: Val| match o.as_virtual(v) {
            Some(v) => Some(o.virtual_type(v.kind)),
            None => match v {
                Val::Id(v) => o.info(v).ty,
                Val::Virtual(_) => None,
            },
        };
        if self.as_virtual(a).is_none() && self.as_virtual(b).is_none() {
            return Ok(None);
        }
        match (type_of(self, a), type_of(self, b)) {
            (Some(x), Some(y)) if x != y => Ok(Some(Val::Id(self.const_bool(false)))),
            _ => Ok(None),
        }
    }
}
