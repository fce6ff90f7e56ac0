//! Emitting uops: constants, guards that are not known to hold yet, unboxing, boxing, releases.
use core::mem::offset_of;

use cpython::abi as py;
use ir::{Inst, Kind, Uop, ValueId};

use crate::state::{Entry, Val};
use crate::{Abort, Dependency, EscapeHelper, Recorder};

/// A number taken out of its object.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    Int(ValueId),
    Float(ValueId),
}

/// References that an instruction gives up, planned before its effects.
pub(crate) struct Releases {
    dead: Vec<ValueId>,
    alive: Vec<ValueId>,
    dying: Vec<ValueId>,
}

impl Releases {
    /// The same, where nobody can see the objects die.
    pub(crate) fn harmlessly(mut self) -> Releases {
        self.dead.append(&mut self.dying);
        self
    }

    /// The same after arbitrary code has run: nothing is known to survive any more.
    pub(crate) fn unseen(mut self) -> Releases {
        self.dying.append(&mut self.alive);
        self
    }

    /// Whether carrying it out runs arbitrary code.
    pub(crate) fn escapes(&self) -> bool {
        !self.dying.is_empty()
    }
}

/// Byte offset of slot `i` in a generator.
pub(crate) fn generator_slot(i: usize) -> u64 {
    (offset_of!(py::Generator, gi_iframe) + offset_of!(py::Frame, localsplus) + 8 * i) as u64
}

impl Recorder {
    pub(crate) fn emit(&mut self, op: Uop, args: &[ValueId]) -> ValueId {
        self.emit_imm(op, args, 0, 0)
    }

    pub(crate) fn emit_imm(&mut self, op: Uop, args: &[ValueId], imm: u64, imm2: u64) -> ValueId {
        let mut inst = Inst::new(op, args).imm(imm).imm2(imm2);
        if op.facts().exits {
            inst = inst.snap(self.before);
        }
        self.trace.push(inst)
    }

    fn constant(&mut self, op: Uop, bits: u64) -> ValueId {
        if let Some(v) = self.consts.get(&(op, bits)) {
            return *v;
        }
        let v = self.trace.push(Inst::new(op, &[]).imm(bits));
        self.consts.insert((op, bits), v);
        v
    }

    pub(crate) fn const_i64(&mut self, value: i64) -> ValueId {
        self.constant(Uop::ConstI64, value as u64)
    }

    pub(crate) fn const_f64(&mut self, value: f64) -> ValueId {
        self.constant(Uop::ConstF64, value.to_bits())
    }

    pub(crate) fn const_obj(&mut self, address: u64) -> ValueId {
        let v = self.constant(Uop::ConstObj, address);
        if address != 0 {
            self.const_of.insert(v, address as usize);
        }
        v
    }

    /// The value of slot `i` of the innermost frame, reading memory where it must. Who owns what waits on the stack is
    /// known, for a variable only [`Recorder::slot_with_owner`] tells.
    pub(crate) fn slot(&mut self, i: usize) -> Entry {
        let e = self.top().slots[i];
        if !matches!(e.val, Val::Memory) {
            return e;
        }
        if i >= self.top().nlocals {
            return self.slot_with_owner(i);
        }
        self.slot_in_memory(i, e.owned)
    }

    /// The same, looking whether this frame owns the reference or borrows it from a caller. Of a variable's number or
    /// string that is not looked at: small ones are never owned, and nothing but their reference count can tell.
    pub(crate) fn slot_with_owner(&mut self, i: usize) -> Entry {
        let e = self.top().slots[i];
        let real = self.real_slot(i);
        let in_memory = match e.val {
            Val::Memory => true,
            Val::Is(v) => e.clean && self.is_loaded_from(v, i),
            Val::Null => false,
        };
        let look = in_memory && self.home().is_none() && !real.is_null() && {
            // SAFETY: the real frame holds the object.
            let (ty, immortal) =
                unsafe { (py::Object::type_of(real.object()) as usize, py::Object::is_immortal(real.object())) };
            i >= self.top().nlocals || !immortal && !self.harmless_type(ty)
        };
        if !look {
            return if let Val::Memory = e.val { self.slot_in_memory(i, e.owned) } else { e };
        }
        let owned = real.is_counted();
        self.emit_imm(Uop::GuardSlotTag, &[], 8 * i as u64, u64::from(!owned));
        if let Val::Is(_) = e.val {
            self.top().slots[i].owned = owned;
            return self.top().slots[i];
        }
        self.slot_in_memory(i, owned)
    }

    fn slot_in_memory(&mut self, i: usize, owned: bool) -> Entry {
        let v = match self.home() {
            Some(generator) => self.emit_imm(Uop::LoadGenSlot, &[generator], generator_slot(i), 0),
            None => self.emit_imm(Uop::LoadSlot, &[], 8 * i as u64, 0),
        };
        let entry = Entry { val: Val::Is(v), owned, ..self.top().slots[i] };
        self.top().slots[i] = entry;
        entry
    }

    /// Stores an owned reference into slot `i` of the innermost frame, whose slots are in memory.
    pub(crate) fn store_in_memory(&mut self, i: usize, v: ValueId) {
        match self.home() {
            Some(generator) => self.emit_imm(Uop::StoreGenSlot, &[generator, v], generator_slot(i), 0),
            None => self.emit_imm(Uop::StoreSlot, &[v], 8 * i as u64, 0),
        };
    }

    /// Slot index of the `n`th entry from the top of the stack (0 is the top).
    pub(crate) fn stack_index(&mut self, n: usize) -> usize {
        self.top().slots.len() - 1 - n
    }

    /// The `n`th entry from the top of the stack.
    pub(crate) fn peek(&mut self, n: usize) -> Entry {
        let i = self.stack_index(n);
        self.slot(i)
    }

    /// The value of the `n`th entry from the top.
    pub(crate) fn peek_value(&mut self, n: usize) -> Result<ValueId, Abort> {
        match self.peek(n).val {
            Val::Is(v) if !self.real_peek(n).is_null() => Ok(v),
            _ => Err(Abort::Value("NULL operand")),
        }
    }

    /// The real object of the `n`th entry from the top; null for NULL.
    pub(crate) fn real_peek(&self, n: usize) -> *mut py::Object {
        if let Some((_, receiver)) = self.bound.filter(|(at, _)| *at == n) {
            return receiver;
        }
        // SAFETY: `check_frames` compared the depths; the entry is on the real stack.
        unsafe { (*self.real_sp.sub(n + 1)).object() }
    }

    /// The real object in slot `i` of the innermost frame.
    pub(crate) fn real_slot(&self, i: usize) -> py::StackRef {
        // SAFETY: `i` is within localsplus of the running frame.
        unsafe { *py::Frame::local(self.real, i) }
    }

    pub(crate) fn pop(&mut self) -> Entry {
        self.top().slots.pop().expect("the depth was checked")
    }

    /// Pops `n` entries, reading those that are still in the root frame's memory.
    pub(crate) fn pop_n(&mut self, n: usize) -> Vec<Entry> {
        let at = self.top().slots.len() - n;
        for i in at..at + n {
            self.slot(i);
        }
        self.top().slots.split_off(at)
    }

    pub(crate) fn push(&mut self, e: Entry) {
        self.top().slots.push(Entry { clean: false, ..e });
    }

    /// Establishes that `v`, which is `object` now, has exactly that type.
    pub(crate) fn guard_type(&mut self, v: ValueId, object: *mut py::Object) -> usize {
        if let Some(ty) = self.types.get(&v) {
            return *ty;
        }
        // SAFETY: `object` is alive: the real frame holds it.
        let ty = unsafe { py::Object::type_of(object) } as usize;
        if class_may_change(ty) || !self.const_of.contains_key(&v) {
            self.emit_imm(Uop::GuardType, &[v], ty as u64, 0);
        }
        self.types.insert(v, ty);
        ty
    }

    /// The `i64` in `v`, if `object` is an exact int that fits.
    pub(crate) fn unbox_int(&mut self, v: ValueId, object: *mut py::Object) -> Option<ValueId> {
        if let Some(raw) = self.raw.get(&v) {
            return (self.kind(*raw) == Kind::I64).then_some(*raw);
        }
        // SAFETY: `object` is alive; its type is compared first.
        unsafe {
            if py::Object::type_of(object) != py::PyLong_Type() {
                return None;
            }
            let long = object.cast::<py::Long>();
            let value = py::Long::to_i64(long)?;
            let raw = if self.const_of.contains_key(&v) {
                self.const_i64(value)
            } else if py::Long::is_compact(long) {
                self.guard_type(v, object);
                self.emit(Uop::GuardCompact, &[v]);
                self.emit(Uop::UnboxCompact, &[v])
            } else {
                self.guard_type(v, object);
                let fits = self.emit(Uop::IntFitsI64, &[v]);
                self.emit(Uop::GuardTrue, &[fits]);
                self.emit(Uop::UnboxWideInt, &[v])
            };
            self.types.insert(v, py::PyLong_Type() as usize);
            self.raw.insert(v, raw);
            Some(raw)
        }
    }

    /// The `f64` in `v`, if `object` is an exact float.
    pub(crate) fn unbox_float(&mut self, v: ValueId, object: *mut py::Object) -> Option<ValueId> {
        if let Some(raw) = self.raw.get(&v) {
            return (self.kind(*raw) == Kind::F64).then_some(*raw);
        }
        // SAFETY: `object` is alive; its type is compared first.
        unsafe {
            if py::Object::type_of(object) != py::PyFloat_Type() {
                return None;
            }
            let raw = if self.const_of.contains_key(&v) {
                self.const_f64((*object.cast::<py::Float>()).ob_fval)
            } else {
                self.guard_type(v, object);
                self.emit(Uop::UnboxF64, &[v])
            };
            self.types.insert(v, py::PyFloat_Type() as usize);
            self.raw.insert(v, raw);
            Some(raw)
        }
    }

    /// The number in `v`, if it is an exact int that fits 64 bits or an exact float.
    pub(crate) fn number(&mut self, v: ValueId, object: *mut py::Object) -> Option<Number> {
        if let Some(i) = self.unbox_int(v, object) {
            return Some(Number::Int(i));
        }
        self.unbox_float(v, object).map(Number::Float)
    }

    /// The number as a float; leaves where a large int would round.
    pub(crate) fn as_float(&mut self, n: Number) -> ValueId {
        match n {
            Number::Float(f) => f,
            Number::Int(i) => self.emit(Uop::IntToFloat, &[i]),
        }
    }

    pub(crate) fn kind(&self, v: ValueId) -> Kind {
        self.trace.inst(v).op.facts().result.expect("a raw value has a kind")
    }

    pub(crate) fn box_int(&mut self, raw: ValueId) -> Entry {
        let v = self.emit(Uop::BoxI64, &[raw]);
        self.raw.insert(v, raw);
        self.types.insert(v, py::PyLong_Type() as usize);
        Entry::owned(v)
    }

    pub(crate) fn box_float(&mut self, raw: ValueId) -> Entry {
        let v = self.emit(Uop::BoxF64, &[raw]);
        self.raw.insert(v, raw);
        self.types.insert(v, py::PyFloat_Type() as usize);
        Entry::owned(v)
    }

    pub(crate) fn box_bool(&mut self, raw: ValueId) -> Entry {
        let f = py::_Py_FalseStruct() as u64;
        let t = py::_Py_TrueStruct() as u64;
        let v = self.emit_imm(Uop::BoxBool, &[raw], f, t.wrapping_sub(f));
        self.raw.insert(v, raw);
        self.types.insert(v, py::PyBool_Type() as usize);
        Entry::borrowed(v)
    }

    /// A constant object of the code or of a watched slot.
    pub(crate) fn constant_entry(&mut self, object: *mut py::Object) -> Entry {
        let v = self.const_obj(object as u64);
        // SAFETY: `object` is alive: the code object or the watched slot holds it.
        unsafe {
            let ty = py::Object::type_of(object) as usize;
            if !class_may_change(ty) {
                self.types.insert(v, ty);
            }
            if py::Object::is_immortal(object) {
                return Entry::borrowed(v);
            }
        }
        self.emit(Uop::Incref, &[v]);
        Entry::owned(v)
    }

    /// Plans the release of `entries` (owned ones with a value): emits the guards that must precede effects.
    /// `objects` are the real objects, in the same order.
    pub(crate) fn plan_release(&mut self, entries: &[(Entry, *mut py::Object)]) -> Releases {
        self.plan_release_after(None, entries)
    }

    /// As [`Recorder::plan_release`], where the instruction has released `before` when it comes to these.
    pub(crate) fn plan_release_after(
        &mut self,
        before: Option<(ValueId, *mut py::Object)>,
        entries: &[(Entry, *mut py::Object)],
    ) -> Releases {
        let mut plan = Releases { dead: Vec::new(), alive: Vec::new(), dying: Vec::new() };
        // What may die visibly.
        let mut all: Vec<(ValueId, *mut py::Object)> = before.into_iter().collect();
        for (e, object) in entries {
            let Val::Is(v) = e.val else { continue };
            if !e.owned || object.is_null() {
                continue;
            }
            if self.is_harmless(v, *object) {
                self.guard_type(v, *object);
                plan.dead.push(v);
                continue;
            }
            all.push((v, *object));
        }
        for n in usize::from(before.is_some())..all.len() {
            let (v, object) = all[n];
            let times = all.iter().filter(|(_, o)| *o == object).count() as u32;
            // SAFETY: the real frame holds the object.
            let count = unsafe { (*object).ob_refcnt };
            // What goes after something has died goes in its order: that may have been all that held it.
            let in_order = plan.dying.is_empty() || self.const_of.contains_key(&v);
            if count > times && !in_order {
                plan.dying.push(v);
            } else if count > times {
                if !plan.alive.contains(&v) {
                    self.guard_survival(v, object, times, count, &all);
                }
                plan.alive.push(v);
            } else if plan.dead.contains(&v)
                || self.dies_quietly(v, object)
                || all.len() == 1 && (self.guard_iterator_death(v, object) || self.guard_quiet_death(v, object))
            {
                plan.dead.push(v);
            } else {
                plan.dying.push(v);
            }
        }
        plan
    }

    /// Guards that `v` survives the release of `all`, which has it `times` times now. Values that are different objects now
    /// may be one another time: then each has to count the other's release.
    fn guard_survival(
        &mut self,
        v: ValueId,
        object: *mut py::Object,
        times: u32,
        count: u32,
        all: &[(ValueId, *mut py::Object)],
    ) {
        let mut others: Vec<ValueId> =
            all.iter().filter(|(w, o)| *o != object && self.may_be_same(v, *w)).map(|(w, _)| *w).collect();
        let most = times + others.len() as u32;
        if count > most {
            self.emit_imm(Uop::GuardRefcount, &[v], u64::from(most), 0);
            return;
        }
        self.emit_imm(Uop::GuardRefcount, &[v], u64::from(times), 0);
        others.sort_unstable();
        others.dedup();
        for w in others {
            let same = self.emit(Uop::SameObject, &[v, w]);
            self.emit(Uop::GuardFalse, &[same]);
        }
    }

    /// Whether two values may be one object, in some iteration.
    fn may_be_same(&self, a: ValueId, b: ValueId) -> bool {
        let constants = self.const_of.contains_key(&a) && self.const_of.contains_key(&b);
        let types = self.types.get(&a).zip(self.types.get(&b));
        !constants && types.is_none_or(|(a, b)| a == b)
    }

    /// Whether `object`, a list or tuple, holds nothing whose death could be seen: then that is guarded.
    fn dies_quietly(&mut self, v: ValueId, object: *mut py::Object) -> bool {
        // SAFETY: the real frame holds the object; its type is compared before its items are read.
        unsafe {
            let ty = py::Object::type_of(object);
            if (ty != py::PyTuple_Type() && ty != py::PyList_Type()) || !py::lookup::items_plain(object) {
                return false;
            }
        }
        self.guard_type(v, object);
        let plain = self.emit(Uop::ItemsPlain, &[v]);
        self.emit(Uop::GuardTrue, &[plain]);
        true
    }

    /// Guards that nobody sees the last reference to an iterator over a list or tuple go: it is at its end, or its
    /// sequence survives it, or nobody sees that die either.
    fn guard_iterator_death(&mut self, v: ValueId, object: *mut py::Object) -> bool {
        // SAFETY: the real frame holds the object; types are compared before fields are read.
        let (seq_object, seq_type) = unsafe {
            let ty = py::Object::type_of(object);
            if ty != py::PyListIter_Type() && ty != py::PyTupleIter_Type() {
                return false;
            }
            let seq = (*object.cast::<py::ListIter>()).it_seq.cast::<py::Object>();
            (seq, if ty == py::PyListIter_Type() { py::PyList_Type() } else { py::PyTuple_Type() })
        };
        // SAFETY: the iterator holds its sequence.
        let survives = !seq_object.is_null() && unsafe { (*seq_object).ob_refcnt > 1 };
        let plain = |seq: *mut py::Object| {
            // SAFETY: as above; one of a subclass may do anything when it dies.
            unsafe { py::Object::type_of(seq) == seq_type && py::lookup::items_plain(seq) }
        };
        if !seq_object.is_null() && !survives && !plain(seq_object) {
            return false;
        }
        self.guard_type(v, object);
        let seq = self.emit_imm(Uop::LoadFieldObj, &[v], crate::ops::SEQUENCE_AT, 0);
        if seq_object.is_null() {
            self.emit_imm(Uop::GuardIs, &[seq], 0, 0);
            return true;
        }
        self.emit(Uop::GuardNonNull, &[seq]);
        if survives {
            self.emit_imm(Uop::GuardRefcount, &[seq], 1, 0);
        } else {
            self.guard_type(seq, seq_object);
            let plain = self.emit(Uop::ItemsPlain, &[seq]);
            self.emit(Uop::GuardTrue, &[plain]);
        }
        true
    }

    /// Guards that nobody sees the last reference to an instance of a Python class go. It may take references to
    /// its attributes with it, so no other object may be released with it that is said to survive.
    fn guard_quiet_death(&mut self, v: ValueId, object: *mut py::Object) -> bool {
        let unseen = |ty: *mut py::Type| {
            [py::PyLong_Type(), py::PyFloat_Type(), py::PyBool_Type(), py::PyUnicode_Type(), py::PyBytes_Type()]
                .contains(&ty)
        };
        // SAFETY: the real frame holds the object.
        unsafe {
            let ty = py::Object::type_of(object);
            if !py::Type::has_plain_instances(ty) || !py::Object::dies_quietly(object, 1, unseen) {
                return false;
            }
            self.guard_type(v, object);
            self.depend(Dependency::Type(ty as usize));
        }
        // SAFETY: as above.
        let class = unsafe { py::Object::type_of(object) } as u64;
        let quietly = self.emit_imm(Uop::DiesQuietly, &[v], 1, class);
        self.emit(Uop::GuardTrue, &[quietly]);
        true
    }

    /// Carries out a plan, after the instruction's effects: the abstract frames no longer hold the entries.
    pub(crate) fn release(&mut self, plan: Releases) {
        for v in plan.dead {
            self.emit(Uop::DecrefDead, &[v]);
        }
        for v in plan.alive {
            self.emit(Uop::DecrefAlive, &[v]);
        }
        if !plan.dying.is_empty() {
            let entries: Vec<Entry> = plan.dying.into_iter().map(Entry::owned).collect();
            self.escape(EscapeHelper::Release, 0, &entries);
        }
    }

    /// Whether nobody can see when `object` dies.
    pub(crate) fn is_harmless(&self, v: ValueId, object: *mut py::Object) -> bool {
        let ty = match self.types.get(&v) {
            Some(ty) => *ty,
            // SAFETY: the real frame holds the object.
            None => unsafe { py::Object::type_of(object) as usize },
        };
        self.harmless_type(ty)
    }

    pub(crate) fn harmless_type(&self, ty: usize) -> bool {
        [
            py::PyLong_Type() as usize,
            py::PyFloat_Type() as usize,
            py::PyBool_Type() as usize,
            py::PyUnicode_Type() as usize,
            py::PyBytes_Type() as usize,
            py::PyRangeIter_Type() as usize,
            // SAFETY: static objects of the interpreter.
            unsafe { py::Object::type_of(py::_Py_NoneStruct()) as usize },
        ]
        .contains(&ty)
            || py::is_text_iterator(ty as *mut py::Type)
    }

    /// Relies on what the type of `on_type`, an attribute of a type that the trace depends on, does about being loaded
    /// or stored through an instance: a class written in Python may yet become a descriptor, and the attribute get
    /// another class.
    pub(crate) fn rely_on_binding(&mut self, on_type: *mut py::Object) {
        if on_type.is_null() {
            return;
        }
        // SAFETY: the type has the attribute.
        let kind = unsafe { py::Object::type_of(on_type) } as usize;
        if class_may_change(kind) {
            self.depend(Dependency::Type(kind));
            let v = self.const_obj(on_type as u64);
            self.guard_type(v, on_type);
        }
    }

    pub(crate) fn depend(&mut self, d: Dependency) {
        if !self.dependencies.contains(&d) {
            self.dependencies.push(d);
        }
    }
}

/// Whether an object of this type can be given another one: for a class its metaclass, which no dependency watches.
fn class_may_change(ty: usize) -> bool {
    // SAFETY: the type of a live object.
    unsafe {
        let ty = ty as *mut py::Type;
        py::Type::has_flag(ty, py::TPFLAGS_HEAPTYPE) && !py::Type::has_flag(ty, py::TPFLAGS_IMMUTABLETYPE)
    }
}
