//! Iteration.
use core::mem::offset_of;

use cpython::abi as py;
use ir::{Resume, SnapId, Uop};

use crate::state::Entry;
use crate::{Abort, EscapeHelper, Recorder};

/// A `FOR_ITER` whose outcome is not known yet.
pub(crate) struct Stepping {
    iterator: ir::ValueId,
    /// The snapshot before the instruction.
    before: SnapId,
    oparg: u32,
    /// A helper can take the step without running Python code.
    quiet: bool,
}

impl Recorder {
    pub(crate) unsafe fn get_iter(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the object.
        let ty = unsafe { py::Object::type_of(object) };
        if ty != py::PyRange_Type() && ty != py::PyList_Type() && ty != py::PyTuple_Type() {
            let operands = self.pop_n(1);
            let r = self.escape(EscapeHelper::GetIter, 0, &operands);
            self.push(Entry::owned(r));
            return Ok(());
        }
        self.guard_type(v, object);
        let e = self.peek(0);
        let plan = self.plan_release(&[(e, object)]);
        let it = self.emit(Uop::NewIterator, &[v]);
        self.pop();
        self.push(Entry::owned(it));
        self.release(plan);
        Ok(())
    }

    pub(crate) unsafe fn for_iter(&mut self, oparg: u32) -> Result<(), Abort> {
        let it = self.peek_value(0)?;
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the iterator; its type is compared before its fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            if ty == py::PyRangeIter_Type() {
                self.guard_type(it, object);
                self.for_iter_range(it, (*object.cast::<py::RangeIter>()).len > 0);
                Ok(())
            } else if ty == py::PyListIter_Type() {
                self.guard_type(it, object);
                self.for_iter_list(it, object.cast())
            } else if ty == py::PyTupleIter_Type() {
                self.guard_type(it, object);
                self.for_iter_tuple(it, object.cast())
            } else if ty == py::PyGen_Type() {
                Err(Abort::Unsupported("iteration over a generator"))
            } else {
                let quiet = py::may_step_quietly(ty);
                if quiet {
                    self.guard_type(it, object);
                }
                // Item or end: the next instruction shows it.
                self.stepping = Some(Stepping { iterator: it, before: self.before, oparg, quiet });
                Ok(())
            }
        }
    }

    fn for_iter_range(&mut self, it: ir::ValueId, more: bool) {
        let start_at = offset_of!(py::RangeIter, start) as u64;
        let step_at = offset_of!(py::RangeIter, step) as u64;
        let len_at = offset_of!(py::RangeIter, len) as u64;
        let zero = self.const_i64(0);
        let one = self.const_i64(1);
        let len = self.emit_imm(Uop::LoadFieldI64, &[it], len_at, 0);
        if !more {
            self.emit(Uop::GuardIntLe, &[len, zero]);
            return;
        }
        self.emit(Uop::GuardIntLt, &[zero, len]);
        let value = self.emit_imm(Uop::LoadFieldI64, &[it], start_at, 0);
        let step = self.emit_imm(Uop::LoadFieldI64, &[it], step_at, 0);
        let next = self.emit(Uop::IntAddNowrap, &[value, step]);
        let rest = self.emit(Uop::IntSubNowrap, &[len, one]);
        self.emit_imm(Uop::StoreFieldI64, &[it, next], start_at, 0);
        self.emit_imm(Uop::StoreFieldI64, &[it, rest], len_at, 0);
        let e = self.box_int(value);
        self.push(e);
    }

    unsafe fn for_iter_list(&mut self, it: ir::ValueId, object: *mut py::ListIter) -> Result<(), Abort> {
        let index_at = offset_of!(py::ListIter, it_index) as u64;
        let seq_at = offset_of!(py::ListIter, it_seq) as u64;
        // SAFETY: a list iterator.
        let (seq, index) = unsafe { ((*object).it_seq, (*object).it_index) };
        if seq.is_null() {
            return Err(Abort::Value("an exhausted iterator"));
        }
        let list = self.emit_imm(Uop::LoadFieldObj, &[it], seq_at, 0);
        self.emit(Uop::GuardNonNull, &[list]);
        let i = self.emit_imm(Uop::LoadFieldI64, &[it], index_at, 0);
        let len = self.emit(Uop::ListLen, &[list]);
        // SAFETY: the iterator holds its list.
        if index as usize >= unsafe { py::List::len(seq) } {
            return self.exhaust(it, list, seq.cast(), i, len, seq_at);
        }
        self.emit(Uop::GuardInRange, &[i, len]);
        let items = self.emit(Uop::ListItems, &[list]);
        let item = self.emit(Uop::LoadItem, &[items, i]);
        self.advance(it, i, item, index_at);
        Ok(())
    }

    unsafe fn for_iter_tuple(&mut self, it: ir::ValueId, object: *mut py::TupleIter) -> Result<(), Abort> {
        let index_at = offset_of!(py::TupleIter, it_index) as u64;
        let seq_at = offset_of!(py::TupleIter, it_seq) as u64;
        // SAFETY: a tuple iterator.
        let (seq, index) = unsafe { ((*object).it_seq, (*object).it_index) };
        if seq.is_null() {
            return Err(Abort::Value("an exhausted iterator"));
        }
        let tuple = self.emit_imm(Uop::LoadFieldObj, &[it], seq_at, 0);
        self.emit(Uop::GuardNonNull, &[tuple]);
        let i = self.emit_imm(Uop::LoadFieldI64, &[it], index_at, 0);
        let len = self.emit(Uop::TupleLen, &[tuple]);
        // SAFETY: the iterator holds its tuple.
        if index as usize >= unsafe { py::Tuple::len(seq) } {
            return self.exhaust(it, tuple, seq.cast(), i, len, seq_at);
        }
        self.emit(Uop::GuardInRange, &[i, len]);
        let item = self.emit(Uop::TupleItemAt, &[tuple, i]);
        self.advance(it, i, item, index_at);
        Ok(())
    }

    fn advance(&mut self, it: ir::ValueId, i: ir::ValueId, item: ir::ValueId, index_at: u64) {
        let one = self.const_i64(1);
        let next = self.emit(Uop::IntAddNowrap, &[i, one]);
        self.emit_imm(Uop::StoreFieldI64, &[it, next], index_at, 0);
        self.emit(Uop::Incref, &[item]);
        self.push(Entry::owned(item));
    }

    /// The iterator is at its end and lets go of its sequence.
    fn exhaust(
        &mut self,
        it: ir::ValueId,
        seq: ir::ValueId,
        object: *mut py::Object,
        i: ir::ValueId,
        len: ir::ValueId,
        seq_at: u64,
    ) -> Result<(), Abort> {
        self.emit(Uop::GuardIntLe, &[len, i]);
        let plan = self.plan_release(&[(Entry::owned(seq), object)]);
        if plan.escapes() {
            return Err(Abort::Value("a sequence dies with its iterator"));
        }
        let null = self.const_obj(0);
        self.emit_imm(Uop::StoreFieldObj, &[it, null], seq_at, 0);
        self.release(plan);
        Ok(())
    }

    /// Completes a `FOR_ITER` now that tier 1 goes on at `offset`.
    pub(crate) fn finish_step(&mut self, s: Stepping, offset: u32) -> Result<(), Abort> {
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
