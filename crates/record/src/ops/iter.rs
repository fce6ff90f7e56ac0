//! Iteration.
use core::mem::offset_of;

use cpython::abi as py;
use ir::{Resume, SnapId, Uop, ValueId};

use super::generator::suspension;
use crate::state::{Entry, Suspension, Val};
use crate::{Abort, EscapeHelper, Recorder};

/// A `FOR_ITER` whose outcome is not known yet.
pub(crate) struct Stepping {
    iterator: ValueId,
    /// The snapshot before the instruction.
    before: SnapId,
    oparg: u32,
    /// A helper can take the step without running Python code.
    quiet: bool,
    /// A generator that may be resumed here, as it was, and what it is sent (NULL: the None of `FOR_ITER`).
    resumes: Option<(*mut py::Generator, Suspension, Entry)>,
}

/// An item that a step is about to give.
enum Item {
    Int(ValueId),
    /// Borrowed from the sequence; the real object.
    Object(ValueId, *mut py::Object),
}

/// A step of an iterator whose guards have passed: fields to be written (object, value, offset), and the item.
pub(super) struct Step {
    item: Item,
    stores: Vec<(ValueId, ValueId, u64)>,
}

/// Iterators over lists and over tuples have the same fields.
const INDEX_AT: u64 = offset_of!(py::ListIter, it_index) as u64;
pub(crate) const SEQUENCE_AT: u64 = offset_of!(py::ListIter, it_seq) as u64;
const _: () = {
    assert!(INDEX_AT == offset_of!(py::TupleIter, it_index) as u64);
    assert!(SEQUENCE_AT == offset_of!(py::TupleIter, it_seq) as u64);
};

/// Whether `plan_step` has a plan for the iterator's next step.
unsafe fn may_plan(object: *mut py::Object) -> bool {
    // SAFETY: a live iterator; types are compared before fields are read.
    unsafe {
        let ty = py::Object::type_of(object);
        if ty == py::PyRangeIter_Type() {
            return (*object.cast::<py::RangeIter>()).len > 0;
        }
        let it = object.cast::<py::ListIter>();
        (ty == py::PyListIter_Type() || ty == py::PyTupleIter_Type())
            && !(*it).it_seq.is_null()
            && (*it).it_index < (*(*it).it_seq).ob_base.ob_size
    }
}

/// Whether nobody but its iterator holds a result tuple.
unsafe fn is_unshared(tuple: *mut py::Tuple) -> bool {
    // SAFETY: a live tuple, or null.
    unsafe { !tuple.is_null() && (*tuple).ob_base.ob_base.ob_refcnt == 1 }
}

impl Recorder {
    pub(crate) unsafe fn get_iter(&mut self) -> Result<(), Abort> {
        if let Some(fields) = self.ranging.take() {
            self.pop();
            let iterator = self.new_range_iter(fields);
            self.push(iterator);
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe { self.call_special(0, c"__iter__", &[]) }? {
            return Ok(());
        }
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        let e = self.peek(0);
        // SAFETY: the real frame holds the object.
        let (ty, dies, is_iterator) = unsafe {
            let ty = py::Object::type_of(object);
            (ty, e.owned && (*object).ob_refcnt == 1, py::is_own_iterator(ty))
        };
        if is_iterator {
            self.guard_type(v, object);
            return self.keep_iterator();
        }
        let is_range = ty == py::PyRange_Type();
        // An iterator that is made and an owner that dies would be two calls where one escape does both.
        let is_sequence = ty == py::PyList_Type() || ty == py::PyTuple_Type();
        if !is_range && (!py::is_iterated_quietly(ty) || dies && !is_sequence && !self.is_harmless(v, object)) {
            let operands = self.pop_n(1);
            let r = self.escape(EscapeHelper::GetIter, 0, &operands);
            self.push(Entry::owned(r));
            return Ok(());
        }
        self.guard_type(v, object);
        if is_sequence {
            let it = self.emit(Uop::NewIterator, &[v]);
            self.pop();
            self.push(Entry::owned(it));
            if e.owned {
                // The iterator keeps it alive.
                self.emit(Uop::DecrefAlive, &[v]);
            }
            return Ok(());
        }
        let plan = self.plan_release(&[(e, object)]);
        let it = self.emit(Uop::NewIterator, &[v]);
        self.pop();
        self.push(Entry::owned(it));
        self.release(plan);
        Ok(())
    }

    /// The operand is its own iterator, which the stack owns from here on.
    pub(crate) fn keep_iterator(&mut self) -> Result<(), Abort> {
        let e = self.pop();
        let e = self.own(e)?;
        self.push(e);
        Ok(())
    }

    /// The recording starts at a step that was left to CPython: it is an escape, as the same helper may never have an
    /// answer for this iterator.
    pub fn decline_step(&mut self) {
        self.step_declined = true;
    }

    pub(crate) unsafe fn for_iter(&mut self, oparg: u32) -> Result<(), Abort> {
        let it = self.peek_value(0)?;
        let object = self.real_peek(0);
        let declined = std::mem::take(&mut self.step_declined);
        // SAFETY: the real frame holds the iterator; its type is compared before its fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            if let Some(step) = self.plan_step(it, object) {
                let item = self.take_step(&step);
                self.push(item);
                return Ok(());
            }
            if ty == py::PyRangeIter_Type() {
                let zero = self.const_i64(0);
                let len = self.emit_imm(Uop::LoadFieldI64, &[it], offset_of!(py::RangeIter, len) as u64, 0);
                self.emit(Uop::GuardIntLe, &[len, zero]);
                return Ok(());
            }
            if (ty == py::PyListIter_Type() || ty == py::PyTupleIter_Type()) && self.exhaust(it, object.cast())? {
                return Ok(());
            }
            if py::iterators_are_known() && self.unpacks_next() {
                let done = if ty == py::PyEnum_Type() {
                    self.for_iter_enumerate(it, object.cast())
                } else if ty == py::PyZip_Type() {
                    self.for_iter_zip(it, object.cast())
                } else {
                    false
                };
                if done {
                    return Ok(());
                }
            }
            if ty == py::PyGen_Type()
                && let Some(at) = suspension(object.cast())
            {
                self.await_resumption(it, object.cast(), at, Entry::NULL, oparg);
                return Ok(());
            }
            if self.next_special()? {
                return Ok(());
            }
            let quiet = !declined && py::may_step_quietly(ty) && !self.may_kill(object);
            if quiet {
                self.guard_type(it, object);
            }
            // Item or end: the next instruction shows it.
            self.stepping = Some(Stepping { iterator: it, before: self.before, oparg, quiet, resumes: None });
        }
        Ok(())
    }

    /// Guards for one more step of an iterator over a range, list or tuple. `None` for others, and at the end.
    pub(super) unsafe fn plan_step(&mut self, it: ValueId, object: *mut py::Object) -> Option<Step> {
        // SAFETY: the real frame, or an iterator that it holds, holds this one; types are compared before fields are
        // read.
        unsafe {
            let ty = py::Object::type_of(object);
            if ty == py::PyRangeIter_Type() {
                self.guard_type(it, object);
                return ((*object.cast::<py::RangeIter>()).len > 0).then(|| self.plan_range(it));
            }
            let is_list = ty == py::PyListIter_Type();
            if !is_list && ty != py::PyTupleIter_Type() {
                return None;
            }
            self.guard_type(it, object);
            let iter = object.cast::<py::ListIter>();
            let (seq, index) = ((*iter).it_seq, (*iter).it_index);
            if seq.is_null() || index >= (*seq).ob_base.ob_size {
                return None;
            }
            let (seq, i, len) = self.sequence_of(it, is_list);
            self.emit(Uop::GuardInRange, &[i, len]);
            let item = if is_list {
                let items = self.emit(Uop::ListItems, &[seq]);
                self.emit(Uop::LoadItem, &[items, i])
            } else {
                self.emit(Uop::TupleItemAt, &[seq, i])
            };
            let one = self.const_i64(1);
            let next = self.emit(Uop::IntAddNowrap, &[i, one]);
            let object = if is_list {
                py::List::item((*iter).it_seq, index as usize)
            } else {
                py::Tuple::item((*iter).it_seq.cast(), index as usize)
            };
            Some(Step { item: Item::Object(item, object), stores: vec![(it, next, INDEX_AT)] })
        }
    }

    fn plan_range(&mut self, it: ValueId) -> Step {
        let start_at = offset_of!(py::RangeIter, start) as u64;
        let step_at = offset_of!(py::RangeIter, step) as u64;
        let len_at = offset_of!(py::RangeIter, len) as u64;
        let zero = self.const_i64(0);
        let one = self.const_i64(1);
        let len = self.emit_imm(Uop::LoadFieldI64, &[it], len_at, 0);
        self.emit(Uop::GuardIntLt, &[zero, len]);
        let value = self.emit_imm(Uop::LoadFieldI64, &[it], start_at, 0);
        let step = self.emit_imm(Uop::LoadFieldI64, &[it], step_at, 0);
        let next = self.emit(Uop::IntAddNowrap, &[value, step]);
        let rest = self.emit(Uop::IntSubNowrap, &[len, one]);
        Step { item: Item::Int(value), stores: vec![(it, next, start_at), (it, rest, len_at)] }
    }

    /// A list or tuple iterator's sequence, index and length.
    fn sequence_of(&mut self, it: ValueId, is_list: bool) -> (ValueId, ValueId, ValueId) {
        let seq = self.emit_imm(Uop::LoadFieldObj, &[it], SEQUENCE_AT, 0);
        self.emit(Uop::GuardNonNull, &[seq]);
        let i = self.emit_imm(Uop::LoadFieldI64, &[it], INDEX_AT, 0);
        let len = self.emit(if is_list { Uop::ListLen } else { Uop::TupleLen }, &[seq]);
        (seq, i, len)
    }

    /// Carries a step out; the item, owned.
    pub(super) fn take_step(&mut self, step: &Step) -> Entry {
        for (it, value, at) in &step.stores {
            self.emit_imm(Uop::SetFieldI64, &[*it, *value], *at, 0);
        }
        match step.item {
            Item::Int(raw) => self.box_int(raw),
            Item::Object(item, _) => {
                self.emit(Uop::Incref, &[item]);
                Entry::owned(item)
            }
        }
    }

    /// Whether the instruction behind this `FOR_ITER` unpacks the item.
    unsafe fn unpacks_next(&mut self) -> bool {
        self.instruction_at(self.frames.len() - 1, 2).0 == py::op::UNPACK_SEQUENCE
    }

    /// Opcode and argument of the instruction `distance` units behind that of a frame; not for long arguments.
    pub(super) fn instruction_at(&self, frame: usize, distance: usize) -> (u8, usize) {
        let frame = &self.frames[frame];
        // SAFETY: the callers' instructions are never the last of their code.
        let unit = unsafe { *py::Code::units(frame.code_ptr).add(frame.pc as usize + distance) };
        (py::DEOPT[usize::from(unit as u8)], usize::from(unit >> 8))
    }

    /// Whether the tuple that is about to be made goes to an UNPACK_SEQUENCE without anybody seeing it: directly, or
    /// yielded to a `for` that unpacks it.
    pub(crate) fn is_unpacked_at_once(&self, n: usize) -> bool {
        let last = self.frames.len() - 1;
        let unpack = (py::op::UNPACK_SEQUENCE, n);
        let next = self.instruction_at(last, 1);
        if next.0 != py::op::YIELD_VALUE || last == 0 {
            return next == unpack;
        }
        self.frames[last].generator.is_some()
            && self.instruction_at(last - 1, 0).0 == py::op::FOR_ITER
            && self.instruction_at(last - 1, 2) == unpack
    }

    /// `for i, x in enumerate(..)` over a range, list or tuple, without the pair. Whether it could be done.
    unsafe fn for_iter_enumerate(&mut self, it: ValueId, object: *mut py::Enumerate) -> bool {
        let index_at = offset_of!(py::Enumerate, en_index) as u64;
        // SAFETY: an exact enumerate.
        unsafe {
            let inner_object = (*object).en_sit;
            if !(*object).en_longindex.is_null() || !may_plan(inner_object) || !is_unshared((*object).en_result) {
                return false;
            }
            self.guard_type(it, object.cast());
            let long = self.emit_imm(Uop::LoadFieldObj, &[it], offset_of!(py::Enumerate, en_longindex) as u64, 0);
            self.emit_imm(Uop::GuardIs, &[long], 0, 0);
            let result = self.emit_imm(Uop::LoadFieldObj, &[it], offset_of!(py::Enumerate, en_result) as u64, 0);
            self.emit(Uop::GuardUnshared, &[result]);
            let index = self.emit_imm(Uop::LoadFieldI64, &[it], index_at, 0);
            let one = self.const_i64(1);
            let next = self.emit(Uop::IntAdd, &[index, one]);
            let inner = self.emit_imm(Uop::LoadFieldObj, &[it], offset_of!(py::Enumerate, en_sit) as u64, 0);
            let Some(step) = self.plan_step(inner, inner_object) else { return false };
            let steps = [Step { item: Item::Int(index), stores: vec![(it, next, index_at)] }, step];
            self.take_unpacked(result, (*object).en_result, &steps)
        }
    }

    /// `for a, b in zip(..)` over ranges, lists and tuples, without the tuple. Whether it could be done.
    unsafe fn for_iter_zip(&mut self, it: ValueId, object: *mut py::Zip) -> bool {
        // SAFETY: an exact zip.
        unsafe {
            let n = py::Tuple::len((*object).ittuple);
            let inner_objects: Vec<_> = (0..n).map(|i| py::Tuple::item((*object).ittuple, i)).collect();
            let distinct = |i: usize| !inner_objects[..i].contains(&inner_objects[i]);
            if n > 8 || !(0..n).all(|i| may_plan(inner_objects[i]) && distinct(i)) || !is_unshared((*object).result) {
                return false;
            }
            self.guard_type(it, object.cast());
            let size = self.emit_imm(Uop::LoadFieldI64, &[it], offset_of!(py::Zip, tuplesize) as u64, 0);
            let expected = self.const_i64(n as i64);
            self.emit(Uop::GuardIntEq, &[size, expected]);
            let result = self.emit_imm(Uop::LoadFieldObj, &[it], offset_of!(py::Zip, result) as u64, 0);
            self.emit(Uop::GuardUnshared, &[result]);
            let tuple = self.emit_imm(Uop::LoadFieldObj, &[it], offset_of!(py::Zip, ittuple) as u64, 0);
            let mut steps = Vec::new();
            let mut inners = Vec::new();
            for (i, object) in inner_objects.iter().enumerate() {
                let inner = self.emit_imm(Uop::TupleItem, &[tuple], 8 * i as u64, 0);
                for other in &inners {
                    let same = self.emit(Uop::SameObject, &[*other, inner]);
                    self.emit(Uop::GuardFalse, &[same]);
                }
                let Some(step) = self.plan_step(inner, *object) else { return false };
                inners.push(inner);
                steps.push(step);
            }
            self.take_unpacked(result, (*object).result, &steps)
        }
    }

    /// Carries steps out whose items go onto the stack at the next instruction. Each also goes into the iterator's own
    /// `result` tuple, in place of the last one, as CPython would leave it: there it lives until the next step. (Where
    /// nobody can see when old and new item die, what the private tuple holds is let be.)
    unsafe fn take_unpacked(&mut self, result: ValueId, tuple: *mut py::Tuple, steps: &[Step]) -> bool {
        let mut stored = Vec::new();
        let mut dying = Vec::new();
        for (i, step) in steps.iter().enumerate() {
            let at = offset_of!(py::Tuple, ob_item) as u64 + 8 * i as u64;
            // SAFETY: the private tuple has an item for each step.
            let old_object = unsafe { py::Tuple::item(tuple, i) };
            let old = self.emit_imm(Uop::LoadFieldObj, &[result], at, 0);
            let harmless = match step.item {
                Item::Int(_) => true,
                Item::Object(v, object) => self.is_harmless(v, object),
            };
            if harmless && self.is_harmless(old, old_object) {
                self.guard_type(old, old_object);
                if let Item::Object(v, object) = step.item {
                    self.guard_type(v, object);
                }
                continue;
            }
            stored.push((i, at));
            dying.push((Entry::owned(old), old_object));
        }
        let plan = self.plan_release(&dying);
        if plan.escapes() {
            return false;
        }
        let mut items = Vec::new();
        for step in steps {
            items.push(self.take_step(step));
        }
        for (i, at) in stored {
            let Val::Is(v) = items[i].val else { continue };
            self.emit(Uop::Incref, &[v]);
            self.emit_imm(Uop::StoreFieldObj, &[result, v], at, 0);
        }
        self.release(plan);
        self.push(Entry::NULL);
        self.unpacking = Some(items);
        true
    }

    /// Puts the items of a step in place of the tuple that was not made.
    pub(crate) fn finish_unpack(&mut self, items: Vec<Entry>) {
        self.pop();
        for item in items.into_iter().rev() {
            self.push(item);
        }
    }

    /// Whether an iterator holds the last reference to something that it lets go of at its end, which is now, and whose
    /// death may be seen.
    unsafe fn may_kill(&self, object: *mut py::Object) -> bool {
        // SAFETY: the real frame holds the iterator; types are compared before fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            if ty != py::PyListIter_Type() && ty != py::PyTupleIter_Type() {
                return false;
            }
            let seq = (*object.cast::<py::ListIter>()).it_seq.cast::<py::Object>();
            let exact = || [py::PyList_Type(), py::PyTuple_Type()].contains(&py::Object::type_of(seq));
            !seq.is_null() && (*seq).ob_refcnt == 1 && !(exact() && py::lookup::items_plain(seq))
        }
    }

    /// A list or tuple iterator is at its end and lets go of its sequence. Whether this could be done without an
    /// escape.
    unsafe fn exhaust(&mut self, it: ValueId, object: *mut py::ListIter) -> Result<bool, Abort> {
        // SAFETY: the real frame holds the iterator.
        let (seq_object, is_list) = unsafe {
            let is_list = py::Object::type_of(object.cast()) == py::PyListIter_Type();
            ((*object).it_seq.cast::<py::Object>(), is_list)
        };
        // SAFETY: as above.
        if seq_object.is_null() || unsafe { self.may_kill(object.cast()) } {
            return Ok(false);
        }
        let (seq, i, len) = self.sequence_of(it, is_list);
        self.emit(Uop::GuardIntLe, &[len, i]);
        let plan = self.plan_release(&[(Entry::owned(seq), seq_object)]);
        let null = self.const_obj(0);
        if is_list {
            // What `__length_hint__` goes by: it does not look for the list then.
            let end = self.const_i64(-1);
            self.emit_imm(Uop::StoreFieldI64, &[it, end], INDEX_AT, 0);
        }
        self.emit_imm(Uop::StoreFieldObj, &[it, null], SEQUENCE_AT, 0);
        self.release(plan);
        Ok(true)
    }

    /// Notes that tier 1 may go on in a generator's frame.
    pub(crate) fn await_resumption(
        &mut self,
        iterator: ValueId,
        generator: *mut py::Generator,
        at: Suspension,
        sent: Entry,
        oparg: u32,
    ) {
        let resumes = Some((generator, at, sent));
        self.stepping = Some(Stepping { iterator, before: self.before, oparg, quiet: false, resumes });
    }

    /// Completes a `FOR_ITER` or `SEND` now that tier 1 goes on at `offset` of `frame`.
    pub(crate) unsafe fn finish_step(&mut self, s: Stepping, frame: *mut py::Frame, offset: u32) -> Result<(), Abort> {
        if let Some((generator, at, sent)) = s.resumes {
            // SAFETY: the trace's frames hold the generator.
            unsafe {
                if frame == &raw mut (*generator).gi_iframe {
                    return self.resume(s.iterator, generator, at, sent, s.before);
                }
            }
            if sent.val != Val::Null {
                return Err(Abort::FrameMismatch);
            }
        }
        let pc = self.top().pc;
        let item_at = pc + 2;
        // Exhausted iterators go behind END_FOR.
        let end_at = item_at + s.oparg + 1;
        if offset != item_at && offset != end_at {
            return Err(Abort::Exception);
        }
        self.before = s.before;
        let item = if s.quiet {
            self.emit(Uop::IterNext, &[s.iterator])
        } else {
            self.escape(EscapeHelper::ForIter, u64::from(s.oparg), &[Entry::borrowed(s.iterator)])
        };
        let end = py::iteration_end() as u64;
        if offset == item_at {
            self.before = self.snapshot_at(end_at);
            self.emit_imm(Uop::GuardMore, &[item], end, 0);
            self.push(Entry::owned(item));
        } else {
            self.push(Entry::owned(item));
            self.before = self.snapshot_at(item_at);
            self.pop();
            self.emit_imm(Uop::GuardEnd, &[item], end, 0);
        }
        Ok(())
    }

    /// The frames as they are now, the innermost one at `pc`.
    fn snapshot_at(&mut self, pc: u32) -> SnapId {
        let here = std::mem::replace(&mut self.top().pc, pc);
        let snapshot = self.snapshot(Resume::Before);
        self.top().pc = here;
        snapshot
    }
}
