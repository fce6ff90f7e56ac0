//! Loads and stores: what memory is known to hold, by heap class.
use ir::{FieldStore, Grade, Heap, Inst, Kind, Uop, ValueId};

use crate::Reason;
use crate::state::{Key, Optimizer, State};

/// A set of writes that a stretch of trace may do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Write {
    pub classes: u32,
    /// The field, where the uop names one by constant offset.
    pub offset: Option<u64>,
}

/// Uops whose first immediate is the byte offset of the one field they touch. Fields are equally wide and aligned,
/// so different offsets never overlap, whatever the objects are.
fn field_offset(op: Uop, imms: [u64; 2]) -> Option<u64> {
    match op {
        Uop::LoadAttr
        | Uop::StoreAttr
        | Uop::LoadFieldI64
        | Uop::StoreFieldI64
        | Uop::SetFieldI64
        | Uop::LoadFieldObj
        | Uop::LoadFieldPtr
        | Uop::NumbersAt
        | Uop::GuardFieldIs
        | Uop::StoreFieldObj
        | Uop::StoreOwnAddress
        | Uop::LoadGenSlot
        | Uop::StoreGenSlot
        | Uop::GuardGenSlotOwned
        | Uop::StoreSlot
        | Uop::StoreSlotOrNull
        | Uop::LendSlot
        | Uop::ClearSlot
        | Uop::LoadCell
        | Uop::StoreCell
        | Uop::LoadAt
        | Uop::StoreAt
        | Uop::GuardByteIs
        | Uop::GuardSlotOwnedOrUnbound
        | Uop::GuardSlotTag => Some(imms[0]),
        Uop::SetSlot => Some(8 * imms[0]),
        _ => None,
    }
}

/// What a uop may write. An escape may write everything, and so may the finalizers of a collection.
pub(crate) fn writes(op: Uop, imms: [u64; 2]) -> Write {
    let facts = op.facts();
    let classes = if facts.grade == Grade::Leaf { facts.writes } else { u32::MAX };
    Write { classes, offset: field_offset(op, imms) }
}

/// All that the uops of a trace may write, each once: there are few.
pub(crate) fn all_writes(insts: &[Inst]) -> Vec<Write> {
    let mut all = Vec::with_capacity(32);
    for inst in insts {
        let write = writes(inst.op, inst.imms);
        if write.classes != 0 && !all.contains(&write) {
            all.push(write);
        }
    }
    all
}

/// Whether the uop changes a field of its first operand, and no other object's.
pub(crate) fn stores_field(op: Uop) -> bool {
    matches!(op, Uop::StoreAttr | Uop::StoreFieldI64 | Uop::StoreFieldObj | Uop::StoreGenSlot | Uop::StoreOwnAddress)
}

impl State {
    /// Forgets what a write may change.
    pub fn kill(&mut self, write: Write) {
        // Most uops that write at all count references, which hardly anything reads.
        if write.classes & self.heap_classes == 0 {
            return;
        }
        let mut classes = 0;
        self.heap.retain(|(key, _)| {
            let holds = !may_change(key, write);
            classes |= if holds { key.op.facts().reads } else { 0 };
            holds
        });
        self.heap_classes = classes;
    }

    /// Takes note of a load's value, or of a guard on memory (`None`).
    pub fn remember(&mut self, key: Key, value: Option<ValueId>) {
        self.heap_classes |= key.op.facts().reads;
        self.heap.push((key, value));
    }

    pub fn kill_refcounts(&mut self) {
        self.kill(Write { classes: 1 << Heap::Refcounts as u32, offset: None });
    }
}

/// Whether `write` may change what `key` reads.
#[inline]
pub(crate) fn may_change(key: &Key, write: Write) -> bool {
    if key.op.facts().reads & write.classes == 0 {
        return false;
    }
    match (write.offset, field_offset(key.op, key.imms)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

impl Optimizer<'_> {
    fn remembered(&self, key: &Key) -> Option<Option<ValueId>> {
        self.st.heap.iter().find(|(k, _)| k == key).map(|&(_, v)| v)
    }

    /// A load: what memory is known to hold, else the load itself.
    pub fn load(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<ValueId, Reason> {
        let key = Key::new(op, args, imms);
        if let Some(Some(v)) = self.remembered(&key) {
            return Ok(v);
        }
        let v = self.push(op, args, imms)?;
        self.learn(op, args, v);
        self.st.remember(key, Some(v));
        Ok(v)
    }

    /// A guard on memory; whether it was emitted.
    pub fn heap_guard(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<bool, Reason> {
        // Other threads write the eval breaker: nothing seen there lasts.
        let lasting = op.facts().reads & (1 << Heap::EvalBreaker as u32) == 0;
        let key = Key::new(op, args, imms);
        if lasting && self.remembered(&key).is_some() {
            return Ok(false);
        }
        if op == Uop::GuardFieldIs {
            // What the trace itself stored there.
            let load = key.with(Uop::LoadFieldI64, [imms[0], 0]);
            match self.remembered(&load).flatten().and_then(|v| self.constant(v)) {
                Some(found) if found == imms[1] => return Ok(false),
                Some(_) => return Err(Reason::Contradiction),
                None => {}
            }
        }
        self.push(op, args, imms)?;
        if lasting {
            self.st.remember(key, None);
        }
        Ok(true)
    }

    /// Forgets what a uop may change: a store to a field leaves other objects' fields alone.
    fn kill_by(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) {
        let write = writes(op, imms);
        if !stores_field(op) {
            return self.st.kill(write);
        }
        let mut heap = std::mem::take(&mut self.st.heap);
        heap.retain(|(key, _)| {
            let other = key.first().filter(|_| field_offset(key.op, key.imms).is_some());
            !may_change(key, write) || other.is_some_and(|other| self.are_distinct(args[0], other))
        });
        self.st.heap = heap;
    }

    /// The pending store: nothing is emitted; snapshots carry it, and [`Optimizer::settle`] does it before anybody
    /// looks.
    pub fn set_field(&mut self, object: ValueId, value: ValueId, offset: u64) -> Result<(), Reason> {
        let (args, imms) = ([object, value], [offset, 0]);
        if !self.lazy {
            return self.effect(Uop::StoreFieldI64, &args, imms).map(drop);
        }
        self.st.pending.retain(|s| s.object != object || u64::from(s.offset) != offset);
        self.settle(Uop::StoreFieldI64, &args, imms);
        self.kill_by(Uop::StoreFieldI64, &args, imms);
        let key = Key::new(Uop::LoadFieldI64, &args[..1], imms);
        self.st.remember(key, Some(value));
        self.st.pending.push(FieldStore { object, offset: offset as u32, value });
        Ok(())
    }

    /// Emits the pending stores that must not come after uop `op`: it may read the field or write it, run code that
    /// does, or free the object. (What an object's death takes with it when nobody can see it is no iterator.)
    #[inline]
    pub fn settle(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) {
        if !self.st.pending.is_empty() {
            self.settle_some(op, args, imms);
        }
    }

    fn settle_some(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) {
        let facts = op.facts();
        let all = facts.grade != Grade::Leaf || op == Uop::Link;
        let touches = (facts.reads | facts.writes) & 1 << Heap::Fields as u32 != 0;
        if !all && !touches && op != Uop::DecrefDead {
            return;
        }
        let field = field_offset(op, imms);
        let due = |s: &FieldStore| {
            let same_object = || args.first().is_none_or(|&a| !self.are_distinct(a, s.object));
            all || touches && field.is_none_or(|f| f == u64::from(s.offset) && same_object())
                || op == Uop::DecrefDead && same_object()
        };
        if self.st.pending.iter().any(due) {
            let (now, later): (Vec<FieldStore>, _) = self.st.pending.iter().copied().partition(due);
            *self.st.pending = later;
            self.store_fields(now);
        }
    }

    /// Emits every pending store.
    pub fn flush_fields(&mut self) {
        let all = std::mem::take(&mut *self.st.pending);
        self.store_fields(all);
    }

    fn store_fields(&mut self, stores: Vec<FieldStore>) {
        for s in stores {
            self.push_inst(Inst::new(Uop::StoreFieldI64, &[s.object, s.value]).imm(s.offset.into()));
        }
    }

    /// Whether two values are known to be different objects.
    fn are_distinct(&self, a: ValueId, b: ValueId) -> bool {
        if a == b || self.kind(a) != Kind::Obj || self.kind(b) != Kind::Obj {
            return false;
        }
        if let (Some(x), Some(y)) = (self.info(a).ty, self.info(b).ty)
            && x != y
        {
            return true;
        }
        let key = Key::new(Uop::SameObject, &[a.min(b), a.max(b)], [0; 2]);
        self.st.shared.get(&key).is_some_and(|&same| self.constant(same) == Some(0))
    }

    /// Any other uop with effects: forgets what it writes, then notes what a store leaves in memory.
    pub fn effect(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<ValueId, Reason> {
        let v = self.push(op, args, imms)?;
        self.kill_by(op, args, imms);
        let (load, place, stored) = match op {
            Uop::StoreAttr => (Uop::LoadAttr, &args[..1], args[1]),
            Uop::StoreFieldObj => (Uop::LoadFieldObj, &args[..1], args[1]),
            Uop::StoreFieldI64 => (Uop::LoadFieldI64, &args[..1], args[1]),
            Uop::StoreGenSlot => {
                let owned = Key::new(Uop::GuardGenSlotOwned, &args[..1], imms);
                self.st.remember(owned, None);
                (Uop::LoadGenSlot, &args[..1], args[1])
            }
            Uop::StoreGenState => {
                // The guard's immediate is signed.
                let state = imms[1] as u8 as i8 as u64;
                let key = Key::new(Uop::GuardGenState, args, [imms[0], state]);
                self.st.remember(key, None);
                return Ok(v);
            }
            Uop::StoreCell => (Uop::LoadCell, &args[..1], args[1]),
            Uop::StoreAt => (Uop::LoadAt, &args[..0], args[0]),
            Uop::StoreItem => (Uop::LoadItem, &args[..2], args[2]),
            Uop::StoreI64 => (Uop::LoadI64, &args[..2], args[2]),
            Uop::StoreF64 => (Uop::LoadF64, &args[..2], args[2]),
            Uop::StoreDictValue => (Uop::DictValue, &args[..1], args[1]),
            _ => return Ok(v),
        };
        let key = Key::new(load, place, imms);
        self.st.remember(key, Some(stored));
        Ok(v)
    }
}
