//! Dicts and sets: look-ups that run no Python code.
//!
//! A look-up compares exact builtin objects only (`cpython::abi::lookup`); where a key with the wanted hash is anything
//! else, the trace is left. What follows a look-up (replacing a value, inserting, removing) is then known to find its
//! place in the same way.
use cpython::abi as py;
use cpython::abi::lookup;
use ir::{Uop, ValueId};

use crate::Recorder;
use crate::state::{Entry, Val};

/// Where a key was found.
pub(crate) struct Cell {
    /// The value's cell, or what the look-up answered where the key is absent.
    pub at: ValueId,
    /// The object in it now; null where the key is absent.
    pub object: *mut py::Object,
}

/// A receiver or container and a key: values and what they are now.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub container: ValueId,
    pub object: *mut py::Object,
    pub key: ValueId,
    pub key_object: *mut py::Object,
}

impl Recorder {
    /// Looks a key up in an exact dict and guards that it is there, or not, as it is now. `None`, with nothing emitted,
    /// where the look-up might run Python code.
    pub(crate) unsafe fn find_key(&mut self, p: Place) -> Option<Cell> {
        // SAFETY: the real frame holds both objects.
        unsafe {
            let (at, address) = self.look_up(p)?;
            if address == 0 {
                self.emit_imm(Uop::GuardIntIs, &[at], 0, 0);
                return Some(Cell { at, object: core::ptr::null_mut() });
            }
            let unknown = self.const_i64(lookup::UNKNOWN as i64);
            self.emit(Uop::GuardIntLt, &[unknown, at]);
            let at = self.emit(Uop::DictCell, &[at]);
            Some(Cell { at, object: *(address as *mut *mut py::Object) })
        }
    }

    /// The look-up alone: its result, an address, 0 or `lookup::UNKNOWN`, and what it is now (not the latter).
    unsafe fn look_up(&mut self, p: Place) -> Option<(ValueId, usize)> {
        // SAFETY: the real frame holds both objects; types are compared first.
        unsafe {
            if py::Object::type_of(p.object) != py::PyDict_Type() {
                return None;
            }
            let dict = p.object.cast::<py::Dict>();
            let ty = py::Object::type_of(p.key_object);
            let number = if ty == py::PyLong_Type() { py::Long::to_i64(p.key_object.cast()) } else { None };
            let address = match number {
                Some(n) => lookup::dict_find_int(dict, n),
                None => lookup::dict_find(dict, p.key_object),
            };
            if address == lookup::UNKNOWN {
                return None;
            }
            self.guard_type(p.container, p.object);
            let at = match number {
                Some(_) => {
                    let n = self.unbox_int(p.key, p.key_object)?;
                    self.emit(Uop::DictFindInt, &[p.container, n])
                }
                None if ty == py::PyUnicode_Type() => {
                    self.guard_type(p.key, p.key_object);
                    self.emit(Uop::DictFindStr, &[p.container, p.key])
                }
                None => self.emit(Uop::DictFind, &[p.container, p.key]),
            };
            Some((at, address))
        }
    }

    /// Guards that nobody watches the dict, whose contents are about to change. False if somebody does now.
    unsafe fn guard_unwatched(&mut self, p: Place) -> bool {
        // SAFETY: an exact dict, alive.
        if unsafe { (*p.object.cast::<py::Dict>())._ma_watcher_tag } & 0xff != 0 {
            return false;
        }
        self.emit(Uop::GuardDictUnwatched, &[p.container]);
        true
    }

    /// Pops `n` entries, pushes `result`; `held` are those of them whose objects a container holds from now on.
    fn settle(&mut self, n: usize, held: &[Entry]) {
        self.pop_n(n);
        for e in held {
            if let (Val::Is(v), true) = (e.val, e.owned) {
                // Never the last one.
                self.emit(Uop::DecrefDead, &[v]);
            }
        }
    }

    /// `dict[key]` of a key that is there.
    pub(crate) unsafe fn dict_subscr(&mut self, p: Place) -> bool {
        // SAFETY: the caller's.
        unsafe {
            // A missing key is an exception.
            if !self.is_present(p) {
                return false;
            }
            let Some(cell) = self.find_key(p) else { return false };
            let value = self.emit(Uop::DictValue, &[cell.at]);
            let (k, c) = (self.peek(0), self.peek(1));
            let plan = self.plan_release(&[(c, p.object), (k, p.key_object)]);
            self.emit(Uop::Incref, &[value]);
            self.pop_n(2);
            self.push(Entry::owned(value));
            self.release(plan);
            true
        }
    }

    unsafe fn is_present(&self, p: Place) -> bool {
        // SAFETY: the real frame holds both.
        unsafe {
            py::Object::type_of(p.object) == py::PyDict_Type()
                && lookup::dict_find(p.object.cast(), p.key_object) > lookup::UNKNOWN
        }
    }

    /// `dict[key] = value`: stack value, dict, key.
    pub(crate) unsafe fn dict_store(&mut self, p: Place, value: ValueId) -> bool {
        // SAFETY: the caller's.
        unsafe {
            if py::Object::type_of(p.object) != py::PyDict_Type() {
                return false;
            }
            let Some(cell) = self.find_key(p) else { return false };
            if !self.guard_unwatched(p) {
                return false;
            }
            let (k, c, e) = (self.peek(0), self.peek(1), self.peek(2));
            if cell.object.is_null() {
                let plan = self.plan_release(&[(c, p.object)]);
                self.emit(Uop::DictInsert, &[p.container, p.key, value]);
                self.settle(3, &[e, k]);
                self.release(plan);
                return true;
            }
            let old = self.emit(Uop::DictValue, &[cell.at]);
            let plan = self.plan_release(&[(Entry::owned(old), cell.object), (c, p.object), (k, p.key_object)]);
            self.own_reference(e, value);
            self.emit(Uop::StoreDictValue, &[cell.at, value]);
            self.pop_n(3);
            self.release(plan);
            true
        }
    }

    /// Makes the reference that an entry may only borrow.
    pub(crate) fn own_reference(&mut self, e: Entry, v: ValueId) {
        if !e.owned && !self.types.get(&v).is_some_and(|ty| self.immortal_type(*ty)) {
            self.emit(Uop::Incref, &[v]);
        }
    }

    /// `key in dict` or `key in set`, as a truth value.
    pub(crate) unsafe fn has_key(&mut self, p: Place) -> Option<ValueId> {
        // SAFETY: the caller's; the container's type is compared first.
        unsafe {
            let ty = py::Object::type_of(p.object);
            if ty == py::PyDict_Type() {
                let (at, _) = self.look_up(p)?;
                let unknown = self.const_i64(lookup::UNKNOWN as i64);
                self.emit(Uop::GuardIntNe, &[at, unknown]);
                return Some(self.emit(Uop::IntIsTrue, &[at]));
            }
            if (ty != py::PySet_Type() && ty != py::PyFrozenSet_Type())
                || lookup::set_find(p.object.cast(), p.key_object) > 1
            {
                return None;
            }
            self.guard_type(p.container, p.object);
            let found = self.emit(Uop::SetFind, &[p.container, p.key]);
            Some(self.answer(found))
        }
    }

    /// The truth value of a search's answer: 1 or 0; the trace is left for 2.
    pub(crate) fn answer(&mut self, found: ValueId) -> ValueId {
        let unknown = self.const_i64(2);
        self.emit(Uop::GuardIntLt, &[found, unknown]);
        self.emit(Uop::IntIsTrue, &[found])
    }

    /// A method of an exact dict, called with `nargs` arguments: stack method, dict, arguments.
    pub(crate) unsafe fn dict_method(&mut self, definition: &py::MethodDef, name: &[u8], nargs: usize) -> Option<()> {
        let (dict, object) = (self.peek_value(nargs).ok()?, self.real_peek(nargs));
        // SAFETY: the caller's.
        unsafe {
            if py::Object::type_of(object) != py::PyDict_Type() {
                return None;
            }
            if nargs == 0 && [&b"items"[..], b"keys", b"values"].contains(&name) {
                self.guard_type(dict, object);
                let plan = self.plan_call(nargs);
                let v = self.emit_imm(Uop::CallNoargs, &[dict], definition.ml_meth as u64, 0);
                self.end_call(nargs, plan, Entry::owned(v));
                return Some(());
            }
            if !(1..=2).contains(&nargs) {
                return None;
            }
            let (key, key_object) = (self.peek_value(nargs - 1).ok()?, self.real_peek(nargs - 1));
            let p = Place { container: dict, object, key, key_object };
            match name {
                b"get" => self.dict_get(p, nargs),
                b"pop" => self.dict_pop(p, nargs),
                b"setdefault" => self.dict_setdefault(p, nargs),
                _ => None,
            }
        }
    }

    unsafe fn dict_get(&mut self, p: Place, nargs: usize) -> Option<()> {
        // SAFETY: the caller's.
        let cell = unsafe { self.find_key(p) }?;
        if cell.object.is_null() {
            return self.give_default(nargs);
        }
        let value = self.emit(Uop::DictValue, &[cell.at]);
        self.give(nargs, value);
        Some(())
    }

    /// The call's result is its second argument, None if there is none.
    fn give_default(&mut self, nargs: usize) -> Option<()> {
        if nargs == 1 {
            let plan = self.plan_call(nargs);
            let none = self.constant_entry(py::_Py_NoneStruct());
            self.end_call(nargs, plan, none);
            return Some(());
        }
        let value = self.peek_value(0).ok()?;
        self.give(nargs, value);
        Some(())
    }

    unsafe fn dict_pop(&mut self, p: Place, nargs: usize) -> Option<()> {
        // SAFETY: the caller's.
        unsafe {
            if nargs == 1 && !self.is_present(p) {
                return None;
            }
            let cell = self.find_key(p)?;
            if cell.object.is_null() {
                return self.give_default(nargs);
            }
            if !self.guard_unwatched(p) {
                return None;
            }
            let plan = self.plan_call(nargs);
            let value = self.emit(Uop::DictRemove, &[p.container, p.key]);
            self.end_call(nargs, plan, Entry::owned(value));
        }
        Some(())
    }

    unsafe fn dict_setdefault(&mut self, p: Place, nargs: usize) -> Option<()> {
        // SAFETY: the caller's.
        unsafe {
            let cell = self.find_key(p)?;
            if !cell.object.is_null() {
                let value = self.emit(Uop::DictValue, &[cell.at]);
                self.give(nargs, value);
                return Some(());
            }
            if nargs != 2 || !self.guard_unwatched(p) {
                return None;
            }
            let value = self.peek_value(0).ok()?;
            let (k, d, c) = (self.peek(1), self.peek(2), self.peek(3));
            let method = self.real_peek(3);
            let plan = self.plan_release(&[(d, p.object), (c, method)]);
            let e = self.peek(0);
            self.emit(Uop::DictInsert, &[p.container, p.key, value]);
            self.own_reference(e, value);
            self.settle(4, &[k]);
            self.push(Entry::owned(value));
            self.release(plan);
        }
        Some(())
    }

    /// A method of an exact set, called with one argument: stack method, set, argument.
    pub(crate) unsafe fn set_method(&mut self, name: &[u8], nargs: usize) -> Option<()> {
        if nargs != 1 {
            return None;
        }
        let (set, object) = (self.peek_value(1).ok()?, self.real_peek(1));
        let (key, key_object) = (self.peek_value(0).ok()?, self.real_peek(0));
        // SAFETY: the caller's; the set's type is compared first.
        unsafe {
            if py::Object::type_of(object) != py::PySet_Type() {
                return None;
            }
            let found = lookup::set_find(object.cast(), key_object);
            let change = match name {
                b"add" => found == 0,
                b"discard" => found == 1,
                b"remove" if found == 1 => true,
                _ => return None,
            };
            if found > 1 {
                return None;
            }
            self.guard_type(set, object);
            let at = self.emit(Uop::SetFind, &[set, key]);
            self.emit_imm(Uop::GuardIntIs, &[at], found as u64, 0);
            let plan = self.plan_call(nargs);
            if change {
                self.emit(if name == b"add" { Uop::SetInsert } else { Uop::SetRemove }, &[set, key]);
            }
            let none = self.constant_entry(py::_Py_NoneStruct());
            self.end_call(nargs, plan, none);
        }
        Some(())
    }
}
