//! Slices: of lists, tuples, strings and bytes, and assignments to those of lists.
use cpython::abi as py;
use cpython::abi::op;
use ir::{Uop, ValueId};

use crate::leaf;
use crate::state::Entry;
use crate::{EscapeHelper, Recorder};

impl Recorder {
    /// `a[start:stop]` of a str, list, tuple or bytes object.
    pub(crate) unsafe fn sequence_slice(&mut self) -> Option<()> {
        let container = self.peek_value(2).ok()?;
        let object = self.real_peek(2);
        // SAFETY: the real frame holds the container.
        let ty = unsafe { sliced_plainly(object) }?;
        let bounds = [self.slice_end(1)?, self.slice_end(0)?, None];
        self.guard_type(container, object);
        let plan = self.plan_operands(3);
        let v = self.emit_slice(ty, container, bounds);
        self.pop_n(3);
        self.push(Entry::owned(v));
        self.release(plan);
        Some(())
    }

    /// `a[start:stop:step]` of such an object, where that is what a slice is made for: without it.
    pub(crate) unsafe fn stride_slice(&mut self) -> Option<()> {
        let frame = self.frames.len() - 1;
        if self.instruction_at(frame, 1) != (py::op::BINARY_OP, py::nb::SUBSCR as usize) {
            return None;
        }
        let container = self.peek_value(3).ok()?;
        let object = self.real_peek(3);
        // SAFETY: the real frame holds the container.
        let ty = unsafe { sliced_plainly(object) }?;
        let bounds = [self.slice_end(2)?, self.slice_end(1)?, self.slice_end(0)?];
        self.guard_type(container, object);
        let plan = self.plan_operands(4);
        if plan.escapes() {
            return None;
        }
        let v = self.emit_slice(ty, container, bounds);
        self.pop_n(3);
        self.push(Entry::NULL);
        self.sliced = Some(v);
        self.release(plan);
        Some(())
    }

    /// `a[slice]` of such an object, where the slice is a constant.
    pub(crate) unsafe fn constant_slice(&mut self) -> Option<()> {
        let container = self.peek_value(1).ok()?;
        let object = self.real_peek(1);
        // SAFETY: the real frame holds the container.
        let ty = unsafe { sliced_plainly(object) }?;
        let bounds = self.bounds_of_constant()?.map(|n| n.map(|n| self.const_i64(n)));
        self.guard_type(container, object);
        let plan = self.plan_operands(2);
        let v = self.emit_slice(ty, container, bounds);
        self.pop_n(2);
        self.push(Entry::owned(v));
        self.release(plan);
        Some(())
    }

    /// Start, stop and step of the slice on top of the stack, if it is a constant made of ints.
    fn bounds_of_constant(&mut self) -> Option<[Option<i64>; 3]> {
        let (v, object) = (self.peek_value(0).ok()?, self.real_peek(0));
        // SAFETY: the real frame holds the slice, whose type is compared before its fields are read.
        unsafe {
            if !self.const_of.contains_key(&v) || py::Object::type_of(object) != py::PySlice_Type() {
                return None;
            }
            let slice = object.cast::<py::Slice>();
            let mut bounds = [None; 3];
            for (bound, part) in bounds.iter_mut().zip([(*slice).start, (*slice).stop, (*slice).step]) {
                if part != py::_Py_NoneStruct() {
                    if py::Object::type_of(part) != py::PyLong_Type() {
                        return None;
                    }
                    *bound = Some(py::Long::to_i64(part.cast())?);
                }
            }
            Some(bounds)
        }
    }

    /// A slice of a sequence of this type, which is guarded.
    fn emit_slice(&mut self, ty: *mut py::Type, sequence: ValueId, bounds: [Option<ValueId>; 3]) -> ValueId {
        let [start, stop, step] = bounds;
        let uop = match leaf::set_of(ty) {
            _ if step.is_some() => Uop::StrideSlice,
            leaf::STR => Uop::StrSlice,
            leaf::LIST => Uop::ListSlice,
            leaf::TUPLE => Uop::TupleSlice,
            _ => Uop::BytesSlice,
        };
        let absent = if step.is_some() { u64::from(start.is_none()) | u64::from(stop.is_none()) << 1 } else { 0 };
        let start = start.unwrap_or_else(|| self.const_i64(0));
        let stop = stop.unwrap_or_else(|| self.const_i64(i64::MAX));
        let args: Vec<_> = [sequence, start, stop].into_iter().chain(step).collect();
        let v = self.emit_imm(uop, &args, absent, 0);
        self.types.insert(v, ty as usize);
        v
    }

    /// Plans the release of the `n` topmost entries, the lowest first.
    fn plan_operands(&mut self, n: usize) -> crate::emit::Releases {
        let all: Vec<_> = (0..n).rev().map(|n| (self.peek(n), self.real_peek(n))).collect();
        self.plan_release(&all)
    }

    /// `list[start:stop] = values`. Stack: values, list, start, stop.
    pub(crate) unsafe fn store_list_slice(&mut self) -> Option<()> {
        let bounds = [self.slice_end(1)?, self.slice_end(0)?];
        // SAFETY: the caller's.
        unsafe { self.put_list_slice(2, bounds) }
    }

    /// `list[slice] = values` where the slice is a constant without a step. Stack: values, list, slice.
    pub(crate) unsafe fn store_constant_slice(&mut self) -> Option<()> {
        let [start, stop, None] = self.bounds_of_constant()? else { return None };
        let bounds = [start, stop].map(|n| n.map(|n| self.const_i64(n)));
        // SAFETY: the caller's.
        unsafe { self.put_list_slice(1, bounds) }
    }

    /// Puts values into a list, which lies `n` entries below the top.
    unsafe fn put_list_slice(&mut self, n: usize, [start, stop]: [Option<ValueId>; 2]) -> Option<()> {
        let (list, values) = (self.peek_value(n).ok()?, self.peek_value(n + 1).ok()?);
        let (list_object, values_object) = (self.real_peek(n), self.real_peek(n + 1));
        // SAFETY: the real frame holds both.
        let types = unsafe { (leaf::types_of(list_object), leaf::types_of(values_object)) };
        if types.0 != leaf::LIST || types.1 & (leaf::LIST | leaf::TUPLE) == 0 {
            return None;
        }
        self.guard_type(list, list_object);
        self.guard_type(values, values_object);
        let plan = self.plan_topmost(n + 2);
        let start = start.unwrap_or_else(|| self.const_i64(0));
        let stop = stop.unwrap_or_else(|| self.const_i64(i64::MAX));
        self.emit(Uop::ListStoreSlice, &[list, start, stop, values]);
        self.pop_n(n + 2);
        self.release(plan);
        Some(())
    }

    /// The `n`th entry from the top as an end or step of a slice: inner `None` for None.
    fn slice_end(&mut self, n: usize) -> Option<Option<ValueId>> {
        let (v, object) = (self.peek_value(n).ok()?, self.real_peek(n));
        if object == py::_Py_NoneStruct() {
            self.guard_is(v, object);
            return Some(None);
        }
        self.unbox_int(v, object).map(Some)
    }
}

/// The type of a sequence whose slices only depend on its items.
unsafe fn sliced_plainly(object: *mut py::Object) -> Option<*mut py::Type> {
    // SAFETY: the caller's: a live object.
    let ty = unsafe { py::Object::type_of(object) };
    (leaf::set_of(ty) & (leaf::LIST | leaf::TUPLE | leaf::STR | leaf::BYTES) != 0).then_some(ty)
}

/// Which escape a slice is where it is none of the above.
pub(crate) fn slice_escape(opcode: u8) -> (EscapeHelper, usize) {
    if opcode == op::STORE_SLICE { (EscapeHelper::StoreSlice, 4) } else { (EscapeHelper::BinarySlice, 3) }
}
