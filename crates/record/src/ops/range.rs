//! Ranges, most of which live only until `for` makes an iterator of them.
use cpython::abi as py;
use ir::{Uop, ValueId};

use crate::state::Entry;
use crate::{Abort, Recorder};

/// What a range call is given.
struct Bounds {
    start: ValueId,
    stop: ValueId,
    step: ValueId,
    values: [i64; 3],
}

impl Recorder {
    /// `range(...)` of exact ints.
    pub(super) unsafe fn call_range(
        &mut self,
        callable: ir::ValueId,
        object: *mut py::Object,
        nargs: usize,
    ) -> Result<(), Abort> {
        let mut args = Vec::new();
        for n in (0..nargs).rev() {
            let v = self.peek_value(n)?;
            let o = self.real_peek(n);
            // SAFETY: the real frame holds the argument.
            if unsafe { py::Object::type_of(o) } != py::PyLong_Type() {
                return Err(Abort::Value("range of something that is no int"));
            }
            self.guard_type(v, o);
            args.push(v);
        }
        self.guard_is(callable, object);
        if self.call_iterated_range(nargs, object)? {
            return Ok(());
        }
        let null = self.const_obj(0);
        let (start, stop, step) = match args[..] {
            [stop] => (null, stop, null),
            [start, stop] => (start, stop, null),
            _ => (args[0], args[1], args[2]),
        };
        let callable_entry = self.peek(nargs + 1);
        let plan = self.plan_release(&[(callable_entry, object)]);
        let v = self.emit(Uop::NewRange, &[start, stop, step]);
        self.types.insert(v, py::PyRange_Type() as usize);
        let operands = self.pop_n(nargs + 2);
        self.push(Entry::owned(v));
        for e in &operands[2..] {
            self.release_harmless(*e);
        }
        self.release(plan);
        Ok(())
    }

    /// A range call whose result is iterated at once: neither it nor its iterator is made. Whether it could be done.
    fn call_iterated_range(&mut self, nargs: usize, class: *mut py::Object) -> Result<bool, Abort> {
        let call = 1 + usize::from(py::CACHES[usize::from(py::op::CALL)]);
        if self.instruction_at(self.frames.len() - 1, call).0 != py::op::GET_ITER {
            return Ok(false);
        }
        let Some(bounds) = self.bounds(nargs)? else { return Ok(false) };
        let [start, stop, step] = bounds.values;
        if !is_iterated_in_machine_integers(start, stop, step) {
            return Ok(false);
        }
        let callable = self.peek(nargs + 1);
        let plan = self.plan_release(&[(callable, class)]);
        let len = self.range_len(&bounds);
        let operands = self.pop_n(nargs + 2);
        for e in &operands[2..] {
            self.release_harmless(*e);
        }
        self.release(plan);
        self.push(Entry::NULL);
        self.ranging = Some([bounds.start, len, bounds.step]);
        Ok(true)
    }

    /// The arguments of a range call as machine integers, if they are.
    fn bounds(&mut self, nargs: usize) -> Result<Option<Bounds>, Abort> {
        let mut args = Vec::with_capacity(3);
        for n in (0..nargs).rev() {
            let (v, object) = (self.peek_value(n)?, self.real_peek(n));
            // SAFETY: the real frame holds the argument, an exact int.
            let Some(value) = (unsafe { py::Long::to_i64(object.cast()) }) else { return Ok(None) };
            let Some(raw) = self.unbox_int(v, object) else { return Ok(None) };
            args.push((raw, value));
        }
        let (zero, one) = ((self.const_i64(0), 0), (self.const_i64(1), 1));
        let (start, stop, step) = match args[..] {
            [stop] => (zero, stop, one),
            [start, stop] => (start, stop, one),
            [start, stop, step] => (start, stop, step),
            _ => return Ok(None),
        };
        Ok(Some(Bounds { start: start.0, stop: stop.0, step: step.0, values: [start.1, stop.1, step.1] }))
    }

    /// Emits how many items the range has. It leaves where CPython's iterator would count in objects, and for another
    /// sign of the step; an empty range stays one.
    fn range_len(&mut self, b: &Bounds) -> ValueId {
        let [start, stop, step] = b.values;
        let zero = self.const_i64(0);
        let (low, high, empty) =
            if step > 0 { (b.start, b.stop, stop <= start) } else { (b.stop, b.start, start <= stop) };
        if step > 0 {
            self.emit(Uop::GuardIntLt, &[zero, b.step]);
        } else {
            self.emit(Uop::GuardIntLt, &[b.step, zero]);
        }
        if empty {
            self.emit(Uop::GuardIntLe, &[high, low]);
            return zero;
        }
        self.emit(Uop::GuardIntLt, &[low, high]);
        let one = self.const_i64(1);
        if step.unsigned_abs() == 1 {
            let by = self.const_i64(step);
            self.emit(Uop::GuardIntEq, &[b.step, by]);
            return self.emit(Uop::IntSub, &[high, low]);
        }
        // Rounded up, and leaving where the last step would not fit.
        let (size, beyond) = if step > 0 {
            let last = self.emit(Uop::IntSub, &[b.step, one]);
            (b.step, self.emit(Uop::IntAdd, &[b.stop, last]))
        } else {
            let size = self.emit(Uop::IntNeg, &[b.step]);
            let last = self.emit(Uop::IntSub, &[size, one]);
            (size, self.emit(Uop::IntSub, &[b.stop, last]))
        };
        let distance = if step > 0 {
            self.emit(Uop::IntSub, &[beyond, b.start])
        } else {
            self.emit(Uop::IntSub, &[b.start, beyond])
        };
        self.emit(Uop::IntFloordiv, &[distance, size])
    }

    /// A new range iterator with these fields: start, length, step.
    pub(crate) fn new_range_iter(&mut self, fields: [ValueId; 3]) -> Entry {
        let v = self.emit(Uop::NewRangeIter, &fields);
        self.types.insert(v, py::PyRangeIter_Type() as usize);
        Entry::owned(v)
    }
}

/// Whether the iterator of this range is one of machine integers, and what [`Recorder::range_len`] computes fits, too.
fn is_iterated_in_machine_integers(start: i64, stop: i64, step: i64) -> bool {
    if step == 0 || step == i64::MIN {
        return false;
    }
    if if step > 0 { stop <= start } else { start <= stop } {
        return true;
    }
    let beyond = if step > 0 { stop.checked_add(step - 1) } else { stop.checked_sub(-step - 1) };
    beyond.is_some_and(|b| if step > 0 { b.checked_sub(start) } else { start.checked_sub(b) }.is_some())
}
