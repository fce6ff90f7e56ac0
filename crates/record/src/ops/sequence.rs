//! Lists, tuples, bytes and strings: items, slices, searches, displays.
use cpython::abi as py;
use cpython::abi::op;
use ir::{Uop, ValueId};

use crate::leaf;
use crate::state::{Entry, Val};
use crate::{Abort, Recorder};

impl Recorder {
    /// `text[i]` of a str or bytes object.
    pub(crate) unsafe fn text_subscr(&mut self) -> bool {
        let (Ok(key), Ok(container)) = (self.peek_value(0), self.peek_value(1)) else { return false };
        let (key_object, object) = (self.real_peek(0), self.real_peek(1));
        // SAFETY: the real frame holds the container.
        let ty = unsafe { py::Object::type_of(object) };
        if ty != py::PyUnicode_Type() && ty != py::PyBytes_Type() {
            return false;
        }
        // SAFETY: the container's type was compared; the key's is when it is unboxed.
        let len = unsafe {
            if ty == py::PyUnicode_Type() {
                (*object.cast::<py::AsciiStr>()).length as i64
            } else {
                (*object.cast::<py::VarObject>()).ob_size as i64
            }
        };
        let Some(i) = self.unbox_int(key, key_object) else { return false };
        // SAFETY: an exact int, or unboxing had failed.
        let Some(index) = (unsafe { py::Long::to_i64(key_object.cast()) }) else { return false };
        if index >= len || index < -len {
            return false;
        }
        self.guard_type(container, object);
        let text = ty == py::PyUnicode_Type();
        let n = self.emit(if text { Uop::StrLen } else { Uop::TupleLen }, &[container]);
        let i = self.checked_index(i, n, index);
        let (k, c) = (self.peek(0), self.peek(1));
        let plan = self.plan_release(&[(c, object), (k, key_object)]);
        let result = if text {
            let v = self.emit(Uop::StrItem, &[container, i]);
            self.types.insert(v, ty as usize);
            Entry::owned(v)
        } else {
            let n = self.emit(Uop::BytesItem, &[container, i]);
            self.box_int(n)
        };
        self.pop_n(2);
        self.push(result);
        self.release(plan);
        true
    }

    /// `a in b` without Python code, as a truth value.
    pub(crate) unsafe fn search(&mut self) -> Option<ValueId> {
        let (container, key) = (self.peek_value(0).ok()?, self.peek_value(1).ok()?);
        let (object, key_object) = (self.real_peek(0), self.real_peek(1));
        // SAFETY: the real frame holds both.
        unsafe {
            let types = leaf::types_of(object);
            if types == leaf::STR && leaf::types_of(key_object) == leaf::STR {
                self.guard_type(container, object);
                self.guard_type(key, key_object);
                let found = self.emit(Uop::StrContains, &[container, key]);
                return Some(self.answer(found));
            }
            if types & (leaf::LIST | leaf::TUPLE) != 0 {
                if py::lookup::sequence_find(object, key_object) > 1 {
                    return None;
                }
                self.guard_type(container, object);
                let found = self.emit(Uop::SequenceFind, &[container, key]);
                return Some(self.answer(found));
            }
            self.has_key(super::mapping::Place { container, object, key, key_object })
        }
    }

    /// `a == b`, `a < b`, .. of strs, `a == b` of plain objects, as a truth value.
    pub(crate) unsafe fn compare_plain(&mut self, op: u32) -> Option<ValueId> {
        const EQ: u32 = 2;
        const NE: u32 = 3;
        let (right, left) = (self.peek_value(0).ok()?, self.peek_value(1).ok()?);
        let (right_object, left_object) = (self.real_peek(0), self.real_peek(1));
        // SAFETY: the real frame holds both.
        let texts = unsafe { leaf::types_of(left_object) == leaf::STR && leaf::types_of(right_object) == leaf::STR };
        let equal = if texts {
            self.guard_type(left, left_object);
            self.guard_type(right, right_object);
            if op != EQ && op != NE {
                let order = self.emit(Uop::StrCompare, &[left, right]);
                let zero = self.const_i64(0);
                return Some(match op {
                    0 => self.emit(Uop::IntLt, &[order, zero]),
                    1 => self.emit(Uop::IntLe, &[order, zero]),
                    4 => self.emit(Uop::IntLt, &[zero, order]),
                    _ => self.emit(Uop::IntLe, &[zero, order]),
                });
            }
            self.emit(Uop::StrEq, &[left, right])
        } else {
            // SAFETY: as above.
            if (op != EQ && op != NE) || unsafe { py::lookup::plain_equal(left_object, right_object) }.is_none() {
                return None;
            }
            let answer = self.emit(Uop::PlainEqual, &[left, right]);
            self.answer(answer)
        };
        Some(if op == EQ { equal } else { self.emit(Uop::BoolNot, &[equal]) })
    }

    /// Replaces the two operands on the stack by a truth value.
    pub(crate) fn answer_two(&mut self, truth: ValueId) -> bool {
        let (a, b) = (self.peek(1), self.peek(0));
        let plan = self.plan_release(&[(a, self.real_peek(1)), (b, self.real_peek(0))]);
        let e = self.box_bool(truth);
        self.pop_n(2);
        self.push(e);
        self.release(plan);
        true
    }

    /// `a op b` of builtin sequences that runs no Python code.
    pub(crate) unsafe fn sequence_op(&mut self, op: u32) -> Option<()> {
        const ADD: u32 = 0;
        const MULTIPLY: u32 = 5;
        let (right, left) = (self.peek_value(0).ok()?, self.peek_value(1).ok()?);
        let (right_object, left_object) = (self.real_peek(0), self.real_peek(1));
        // SAFETY: the real frame holds both.
        let (a, b) = unsafe { (leaf::types_of(left_object), leaf::types_of(right_object)) };
        let sequence = leaf::STR | leaf::BYTES | leaf::LIST | leaf::TUPLE;
        let ty = match op {
            ADD if a == b && a & sequence != 0 => a,
            MULTIPLY if a & sequence != 0 && b == leaf::INT => a,
            MULTIPLY if b & sequence != 0 && a == leaf::INT => b,
            _ => return None,
        };
        self.guard_type(left, left_object);
        self.guard_type(right, right_object);
        let (l, r) = (self.peek(1), self.peek(0));
        let plan = self.plan_release(&[(l, left_object), (r, right_object)]);
        let v = if op == ADD && ty == leaf::STR {
            self.emit(Uop::StrConcat, &[left, right])
        } else {
            self.emit_imm(Uop::BuiltinOp, &[left, right], u64::from(op), 0)
        };
        self.types.insert(v, leaf::type_in(ty)? as usize);
        self.pop_n(2);
        self.push(Entry::owned(v));
        self.release(plan);
        Some(())
    }

    /// BUILD_TUPLE, BUILD_LIST, and BUILD_MAP of nothing.
    pub(crate) fn display(&mut self, opcode: u8, n: usize) -> bool {
        if opcode == op::BUILD_MAP && n == 0 {
            let v = self.emit(Uop::NewDict, &[]);
            self.types.insert(v, py::PyDict_Type() as usize);
            self.push(Entry::owned(v));
            return true;
        }
        if opcode != op::BUILD_LIST && (opcode != op::BUILD_TUPLE || n == 0) {
            return false;
        }
        let tuple = opcode == op::BUILD_TUPLE;
        let uop = if tuple { Uop::NewTuple } else { Uop::NewList };
        // Values first: what is read now is part of the instruction's guards.
        let entries = self.pop_n(n);
        let v = self.emit_imm(uop, &[], n as u64, 0);
        let items = if tuple || n == 0 { v } else { self.emit(Uop::ListItems, &[v]) };
        for (i, e) in entries.iter().enumerate() {
            let Val::Is(item) = e.val else { continue };
            self.own_reference(*e, item);
            if tuple {
                self.emit_imm(Uop::InitTupleItem, &[v, item], 8 * i as u64, 0);
            } else {
                let index = self.const_i64(i as i64);
                self.emit(Uop::StoreItem, &[items, index, item]);
            }
        }
        self.types.insert(v, if tuple { py::PyTuple_Type() } else { py::PyList_Type() } as usize);
        self.push(Entry::owned(v));
        true
    }

    /// BUILD_STRING. The pieces are strs: FORMAT_* made them.
    pub(crate) fn join_pieces(&mut self, n: usize) -> bool {
        // Six fit a helper's arguments; what is joined so far is the first piece of the next six.
        const MOST: usize = 6;
        const JOINS: [Uop; MOST - 1] = [Uop::StrJoin2, Uop::StrJoin3, Uop::StrJoin4, Uop::StrJoin5, Uop::StrJoin6];
        if !(2..=MOST).contains(&n) {
            return false;
        }
        let mut pieces = Vec::new();
        for i in (0..n).rev() {
            let Ok(v) = self.peek_value(i) else { return false };
            let object = self.real_peek(i);
            // SAFETY: the real frame holds the piece.
            if unsafe { leaf::types_of(object) } != leaf::STR {
                return false;
            }
            self.guard_type(v, object);
            pieces.push(v);
        }
        let v = self.emit(JOINS[n - 2], &pieces);
        self.types.insert(v, py::PyUnicode_Type() as usize);
        let entries = self.pop_n(n);
        self.push(Entry::owned(v));
        for e in entries {
            self.release_harmless(e);
        }
        true
    }

    /// FORMAT_SIMPLE and FORMAT_WITH_SPEC of numbers and strs.
    pub(crate) fn format_plain(&mut self, opcode: u8) -> Option<()> {
        if opcode == op::FORMAT_SIMPLE {
            let text = self.text_of(0)?;
            let e = self.pop();
            self.push(text);
            self.release_harmless(e);
            return Some(());
        }
        if opcode != op::FORMAT_WITH_SPEC {
            return None;
        }
        let (spec, value) = (self.peek_value(0).ok()?, self.peek_value(1).ok()?);
        let (spec_object, object) = (self.real_peek(0), self.real_peek(1));
        // SAFETY: the real frame holds both.
        let (types, spec_types) = unsafe { (leaf::types_of(object), leaf::types_of(spec_object)) };
        if spec_types != leaf::STR {
            return None;
        }
        let v = if types == leaf::INT {
            let padding = if self.const_of.contains_key(&spec) { padding(spec_object)? } else { return None };
            let n = self.unbox_int(value, object)?;
            self.emit_imm(Uop::PadInt, &[n], padding, 0)
        } else if types & (leaf::FLOAT | leaf::STR) != 0 {
            self.guard_type(value, object);
            self.guard_type(spec, spec_object);
            self.emit(Uop::FormatPlain, &[value, spec])
        } else {
            return None;
        };
        self.types.insert(v, py::PyUnicode_Type() as usize);
        let entries = self.pop_n(2);
        self.push(Entry::owned(v));
        for e in entries {
            self.release_harmless(e);
        }
        Some(())
    }

    /// Ends the call of a list's method that puts its last argument into the list, by `uop`.
    fn put_into_list(
        &mut self,
        uop: Uop,
        list: ValueId,
        object: *mut py::Object,
        index: Option<ValueId>,
    ) -> Option<()> {
        let nargs = 1 + usize::from(index.is_some());
        let item = self.peek_value(0).ok()?;
        self.guard_type(list, object);
        let e = self.peek(0);
        // The item goes into the list.
        let all: Vec<_> = (1..nargs + 2).map(|n| (self.peek(n), self.real_peek(n))).collect();
        let plan = self.plan_release(&all);
        // Nothing may have happened where it leaves. The borrowed item's lender keeps it alive meanwhile.
        let args: Vec<_> = [Some(list), index, Some(item)].into_iter().flatten().collect();
        self.emit(uop, &args);
        if !e.owned && !self.types.get(&item).is_some_and(|ty| self.immortal_type(*ty)) {
            self.emit(Uop::Incref, &[item]);
        }
        let none = self.constant_entry(py::_Py_NoneStruct());
        self.end_call(nargs, plan, none);
        Some(())
    }

    /// A method of an exact list that changes it: stack method, list, arguments.
    pub(crate) unsafe fn list_method(&mut self, definition: &py::MethodDef, name: &[u8], nargs: usize) -> Option<()> {
        let (list, object) = (self.peek_value(nargs).ok()?, self.real_peek(nargs));
        // SAFETY: an exact list that the real frame holds.
        let len = unsafe { py::List::len(object.cast()) } as i64;
        match (name, nargs) {
            (b"append", 1) => self.put_into_list(Uop::ListAppend, list, object, None),
            (b"insert", 2) => {
                let (v, o) = (self.peek_value(1).ok()?, self.real_peek(1));
                let index = self.unbox_int(v, o)?;
                self.put_into_list(Uop::ListInsert, list, object, Some(index))
            }
            (b"pop", 0 | 1) => {
                let (i, index) = if nargs == 0 {
                    (None, -1)
                } else {
                    let (v, o) = (self.peek_value(0).ok()?, self.real_peek(0));
                    let i = self.unbox_int(v, o)?;
                    // SAFETY: an exact int, or unboxing had failed.
                    (Some(i), unsafe { py::Long::to_i64(o.cast()) }?)
                };
                if index >= len || index < -len {
                    return None;
                }
                self.guard_type(list, object);
                let n = self.emit(Uop::ListLen, &[list]);
                let i = match i {
                    Some(i) => self.checked_index(i, n, index),
                    None => {
                        let one = self.const_i64(1);
                        let last = self.emit(Uop::IntSubNowrap, &[n, one]);
                        self.emit(Uop::GuardInRange, &[last, n]);
                        last
                    }
                };
                let plan = self.plan_call(nargs);
                let v = self.emit(Uop::ListPop, &[list, i]);
                self.end_call(nargs, plan, Entry::owned(v));
                Some(())
            }
            (b"extend", 1) => {
                let (other, o) = (self.peek_value(0).ok()?, self.real_peek(0));
                // SAFETY: the real frame holds the argument.
                if unsafe { leaf::types_of(o) } & (leaf::LIST | leaf::TUPLE) == 0 {
                    return None;
                }
                self.guard_type(list, object);
                self.guard_type(other, o);
                let plan = self.plan_call(nargs);
                self.emit(Uop::ListExtend, &[list, other]);
                let none = self.constant_entry(py::_Py_NoneStruct());
                self.end_call(nargs, plan, none);
                Some(())
            }
            (b"clear" | b"reverse", 0) => {
                // SAFETY: an exact list.
                if name != b"reverse" && !unsafe { py::lookup::items_plain(object) } {
                    return None;
                }
                self.require(list, object, if name == b"reverse" { 0 } else { leaf::PLAIN_ITEMS });
                let plan = self.plan_call(nargs);
                self.emit_imm(Uop::ListChange, &[list], definition.ml_meth as u64, 0);
                let none = self.constant_entry(py::_Py_NoneStruct());
                self.end_call(nargs, plan, none);
                Some(())
            }
            _ => None,
        }
    }

    /// LIST_EXTEND of an exact list or tuple: the list lies `n` entries below it. False where it is something else.
    pub(crate) unsafe fn extend(&mut self, n: usize) -> Result<bool, Abort> {
        let (list, other) = (self.peek_value(n)?, self.peek_value(0)?);
        let (object, o) = (self.real_peek(n), self.real_peek(0));
        // SAFETY: the real frame holds both.
        if unsafe { leaf::types_of(o) } & (leaf::LIST | leaf::TUPLE) == 0 {
            return Ok(false);
        }
        self.guard_type(list, object);
        self.guard_type(other, o);
        let e = self.peek(0);
        let plan = self.plan_release(&[(e, o)]);
        self.emit(Uop::ListExtend, &[list, other]);
        self.pop();
        self.release(plan);
        Ok(true)
    }

    /// The truth of a builtin container, which is whether it has anything in it.
    pub(crate) fn container_truth(&mut self) -> bool {
        let object = self.real_peek(0);
        let (Some(uop), Ok(v)) = (self.length_uop(object), self.peek_value(0)) else { return false };
        self.guard_type(v, object);
        let n = self.emit(uop, &[v]);
        let c = self.emit(Uop::IntIsTrue, &[n]);
        let entry = self.peek(0);
        let plan = self.plan_release(&[(entry, object)]);
        let e = self.box_bool(c);
        self.pop();
        self.push(e);
        self.release(plan);
        true
    }
}

/// The padding that a format spec of an int asks for, as `pad_int` wants it: a width, perhaps filled with zeros,
/// perhaps with a `d` behind it.
fn padding(spec: *mut py::Object) -> Option<u64> {
    // What `pad_int` has room for.
    const WIDEST: u64 = 64;
    // SAFETY: an exact str.
    let text = unsafe {
        let text = py::PyUnicode_AsUTF8(spec);
        if text.is_null() {
            py::PyErr_Clear();
            return None;
        }
        core::ffi::CStr::from_ptr(text).to_bytes()
    };
    let digits = text.strip_suffix(b"d").unwrap_or(text);
    let zeros = digits.first() == Some(&b'0');
    if digits.len() > 2 + usize::from(zeros) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let width = digits.iter().fold(0, |n, d| 10 * n + u64::from(d - b'0'));
    (width <= WIDEST).then_some(2 * width + u64::from(zeros))
}
