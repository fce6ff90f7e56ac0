//! Subscripts, slices, building and unpacking containers, formatting.
use cpython::abi as py;
use cpython::abi::{nb, op};
use ir::Uop;

use super::mapping::Place;
use super::slice::slice_escape;
use crate::state::Entry;
use crate::{Abort, EscapeHelper, Recorder};

impl Recorder {
    /// `container[key]`.
    pub(crate) unsafe fn subscr(&mut self) -> Result<(), Abort> {
        if let Some(slice) = self.sliced.take() {
            self.pop_n(2);
            self.push(Entry::owned(slice));
            return Ok(());
        }
        let (key, container) = (self.peek_value(0)?, self.peek_value(1)?);
        let (key_object, object) = (self.real_peek(0), self.real_peek(1));
        // SAFETY: the real frame holds the container; fields are read after the type is compared.
        let (ty, len) = unsafe {
            let ty = py::Object::type_of(object);
            let sized = ty == py::PyList_Type() || ty == py::PyTuple_Type();
            (ty, if sized { (*object.cast::<py::VarObject>()).ob_size } else { 0 })
        };
        if (ty == py::PyList_Type() || ty == py::PyTuple_Type())
            && let Some(i) = self.unbox_int(key, key_object)
            // SAFETY: `key_object` is an exact int, or the unboxing had failed.
            && let Some(index) = unsafe { py::Long::to_i64(key_object.cast()) }
            && index < len as i64
            && index >= -(len as i64)
        {
            self.guard_type(container, object);
            let is_list = ty == py::PyList_Type();
            let n = self.emit(if is_list { Uop::ListLen } else { Uop::TupleLen }, &[container]);
            let i = self.checked_index(i, n, index);
            let item = if is_list {
                let items = self.emit(Uop::ListItems, &[container]);
                self.emit(Uop::LoadItem, &[items, i])
            } else {
                self.emit(Uop::TupleItemAt, &[container, i])
            };
            let (k, c) = (self.peek(0), self.peek(1));
            let plan = self.plan_release(&[(c, object), (k, key_object)]);
            self.emit(Uop::Incref, &[item]);
            self.pop_n(2);
            self.push(Entry::owned(item));
            self.release(plan);
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe {
            self.text_subscr()
                || self.constant_slice().is_some()
                || self.numbers_subscr().is_some()
                || self.dict_subscr(Place { container, object, key, key_object })
        } {
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe { self.subscript_special() }? {
            return Ok(());
        }
        let operands = self.pop_n(2);
        let v = self.escape(EscapeHelper::BinaryOp, u64::from(nb::SUBSCR), &operands);
        self.push(Entry::owned(v));
        Ok(())
    }

    /// The index as an offset from the start, guarded to be in range; `index` is its value now.
    pub(crate) fn checked_index(&mut self, i: ir::ValueId, len: ir::ValueId, index: i64) -> ir::ValueId {
        let i = if index < 0 { self.emit(Uop::WrapIndex, &[i, len]) } else { i };
        self.emit(Uop::GuardInRange, &[i, len]);
        i
    }

    /// `container[key] = value`: stack value, container, key.
    pub(crate) unsafe fn store_subscr(&mut self) -> Result<(), Abort> {
        let (key, container, value) = (self.peek_value(0)?, self.peek_value(1)?, self.peek_value(2)?);
        let (key_object, object) = (self.real_peek(0), self.real_peek(1));
        // SAFETY: the real frame holds the container; fields are read after the type is compared.
        unsafe {
            if py::Object::type_of(object) == py::PyList_Type()
                && let Some(i) = self.unbox_int(key, key_object)
                && let Some(index) = py::Long::to_i64(key_object.cast())
            {
                let list = object.cast::<py::List>();
                let len = py::List::len(list) as i64;
                if index < len && index >= -len {
                    let old_object = py::List::item(list, (if index < 0 { index + len } else { index }) as usize);
                    self.guard_type(container, object);
                    let n = self.emit(Uop::ListLen, &[container]);
                    let i = self.checked_index(i, n, index);
                    let items = self.emit(Uop::ListItems, &[container]);
                    let old = self.emit(Uop::LoadItem, &[items, i]);
                    let (k, c, e) = (self.peek(0), self.peek(1), self.peek(2));
                    let plan = self.plan_release(&[(Entry::owned(old), old_object), (c, object), (k, key_object)]);
                    if !e.owned && !self.types.get(&value).is_some_and(|ty| self.immortal_type(*ty)) {
                        self.emit(Uop::Incref, &[value]);
                    }
                    self.emit(Uop::StoreItem, &[items, i, value]);
                    self.pop_n(3);
                    self.release(plan);
                    return Ok(());
                }
            }
        }
        // SAFETY: by the contract of `record`.
        if unsafe {
            self.numbers_store().is_some()
                || self.store_constant_slice().is_some()
                || self.dict_store(Place { container, object, key, key_object }, value)
        } {
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe { self.call_special(1, c"__setitem__", &[0, 2]) }? {
            return Ok(());
        }
        let operands = self.pop_n(3);
        self.escape(EscapeHelper::SetItem, 0, &operands);
        Ok(())
    }

    pub(crate) unsafe fn delete_subscr(&mut self) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        if unsafe { self.call_special(1, c"__delitem__", &[0]) }? {
            return Ok(());
        }
        let operands = self.pop_n(2);
        self.escape(EscapeHelper::DelItem, 0, &operands);
        Ok(())
    }

    pub(crate) unsafe fn unpack_sequence(&mut self, n: usize) -> Result<(), Abort> {
        if let Some(items) = self.unpacking.take() {
            if items.len() != n {
                return Err(Abort::Exception);
            }
            self.finish_unpack(items);
            return Ok(());
        }
        let seq = self.peek_value(0)?;
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the sequence; fields are read after the type is compared.
        let (ty, len) = unsafe {
            let ty = py::Object::type_of(object);
            let sized = ty == py::PyList_Type() || ty == py::PyTuple_Type();
            (ty, if sized { (*object.cast::<py::VarObject>()).ob_size } else { -1 })
        };
        if len != n as isize {
            return Err(Abort::Value("unpacks something that is no tuple or list of that length"));
        }
        self.guard_type(seq, object);
        let expected = self.const_i64(n as i64);
        let items: Vec<ir::ValueId> = if ty == py::PyTuple_Type() {
            let length = self.emit(Uop::TupleLen, &[seq]);
            self.emit(Uop::GuardIntEq, &[length, expected]);
            (0..n).map(|i| self.emit_imm(Uop::TupleItem, &[seq], 8 * i as u64, 0)).collect()
        } else {
            let length = self.emit(Uop::ListLen, &[seq]);
            self.emit(Uop::GuardIntEq, &[length, expected]);
            let array = self.emit(Uop::ListItems, &[seq]);
            (0..n)
                .map(|i| {
                    let index = self.const_i64(i as i64);
                    self.emit(Uop::LoadItem, &[array, index])
                })
                .collect()
        };
        let e = self.peek(0);
        let plan = self.plan_release(&[(e, object)]);
        for v in &items {
            self.emit(Uop::Incref, &[*v]);
        }
        self.pop();
        for v in items.into_iter().rev() {
            self.push(Entry::owned(v));
        }
        self.release(plan);
        Ok(())
    }

    pub(crate) unsafe fn build(&mut self, opcode: u8, n: usize) -> Result<(), Abort> {
        if self.display(opcode, n) || (opcode == op::BUILD_STRING && self.join_pieces(n)) {
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if opcode == op::BUILD_SLICE && n == 3 && unsafe { self.stride_slice() }.is_some() {
            return Ok(());
        }
        let (helper, count) = match opcode {
            op::BUILD_LIST => (EscapeHelper::BuildList, n),
            op::BUILD_TUPLE => (EscapeHelper::BuildTuple, n),
            op::BUILD_MAP => (EscapeHelper::BuildMap, 2 * n),
            op::BUILD_SET => (EscapeHelper::BuildSet, n),
            op::BUILD_SLICE => (EscapeHelper::BuildSlice, n),
            _ => (EscapeHelper::BuildString, n),
        };
        if opcode == op::BUILD_TUPLE && n > 0 && self.is_unpacked_at_once(n) {
            let items = self.pop_n(n);
            // Each is owned, as by the tuple: unpacking may overwrite the locals they came from.
            let items = items.into_iter().map(|e| self.own(e)).collect::<Result<_, _>>()?;
            self.push(Entry::NULL);
            self.unpacking = Some(items);
            return Ok(());
        }
        if count > 15 {
            return Err(Abort::Value("a display of many items"));
        }
        let operands = self.pop_n(count);
        let v = self.escape(helper, n as u64, &operands);
        self.push(Entry::owned(v));
        Ok(())
    }

    /// LIST_APPEND of a comprehension: the list lies `n` entries below the item.
    pub(crate) unsafe fn list_append(&mut self, n: usize) -> Result<(), Abort> {
        let list = self.peek_value(n)?;
        let object = self.real_peek(n);
        self.guard_type(list, object);
        let item = self.peek_value(0)?;
        // As in `put_into_list`.
        self.emit(Uop::ListAppend, &[list, item]);
        if !self.pop().owned {
            self.emit(Uop::Incref, &[item]);
        }
        Ok(())
    }

    pub(crate) unsafe fn slice(&mut self, opcode: u8) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        let plain = unsafe {
            match opcode {
                op::BINARY_SLICE => self.sequence_slice(),
                _ => self.store_list_slice(),
            }
        };
        if plain.is_some() {
            return Ok(());
        }
        let (helper, n) = slice_escape(opcode);
        let operands = self.pop_n(n);
        let v = self.escape(helper, 0, &operands);
        if helper.pushes() {
            self.push(Entry::owned(v));
        }
        Ok(())
    }

    pub(crate) unsafe fn format(&mut self, opcode: u8, oparg: u32) -> Result<(), Abort> {
        if self.format_plain(opcode).is_some() {
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe { self.format_special(opcode, oparg) }? {
            return Ok(());
        }
        let (helper, n) = match opcode {
            op::FORMAT_SIMPLE => {
                let v = self.peek_value(0)?;
                let object = self.real_peek(0);
                // An exact str is left alone.
                if self.is_str(object) {
                    self.guard_type(v, object);
                    return Ok(());
                }
                (EscapeHelper::FormatSimple, 1)
            }
            op::FORMAT_WITH_SPEC => (EscapeHelper::FormatWithSpec, 2),
            _ => (EscapeHelper::ConvertValue, 1),
        };
        let operands = self.pop_n(n);
        let v = self.escape(helper, u64::from(oparg), &operands);
        self.push(Entry::owned(v));
        Ok(())
    }

    fn is_str(&self, object: *mut py::Object) -> bool {
        // SAFETY: the real frame holds the object.
        unsafe { py::Object::type_of(object) == py::PyUnicode_Type() }
    }
}
