//! Globals and attributes.
use core::mem::offset_of;

use cpython::abi as py;
use ir::Uop;

use crate::state::Entry;
use crate::{Abort, Dependency, EscapeHelper, Recorder};

/// Where an attribute lives.
enum Place {
    /// Inline value at this byte offset of the instance; the valid byte is at `valid`.
    Inline {
        offset: usize,
        valid: usize,
    },
    /// `__slots__` member at this byte offset.
    Slot {
        offset: usize,
    },
    /// On the type: this object, no data descriptor; instances can be shown not to have the key.
    Class {
        object: *mut py::Object,
        absent: Absent,
    },
    /// In the instance's dict, or nowhere but on its type (null: not there either).
    Dict {
        on_type: *mut py::Object,
    },
    Unknown,
}

/// How to show that an instance does not shadow a class attribute.
#[derive(Clone, Copy)]
enum Absent {
    /// Instances have no dict.
    Never,
    /// The values are inline (valid byte at this offset) and the shared keys, which only grow, still have the same
    /// number of entries.
    Inline { valid: usize, entries_at: usize, entries: u64 },
    /// Its dict is asked for this name.
    FromDict { name: *mut py::Object },
}

impl Recorder {
    pub(crate) unsafe fn load_global(&mut self, oparg: u32) -> Result<(), Abort> {
        let code = self.top().code_ptr;
        // SAFETY: by the contract of `record`.
        let e = unsafe {
            let name = py::Code::name(code, (oparg >> 1) as usize);
            self.global(name)?
        };
        self.push(e);
        if oparg & 1 != 0 {
            self.push(Entry::NULL);
        }
        Ok(())
    }

    pub(crate) unsafe fn load_attr(&mut self, oparg: u32) -> Result<(), Abort> {
        let method = oparg & 1 != 0;
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        // SAFETY: by the contract of `record`.
        unsafe {
            let name = py::Code::name(self.top().code_ptr, (oparg >> 1) as usize);
            let ty = py::Object::type_of(object);
            if ty == py::PyModule_Type() {
                return self.load_module_attr(v, object, name, method);
            }
            let on_type = Self::find_on_type(object, name);
            if let Some(on_type) = on_type {
                // Where the class has `__getattr__`, that is asked after an AttributeError of the getter: not by a
                // frame.
                let plain = (*ty).tp_getattro == py::address::PyObject_GenericGetAttr();
                if plain && !on_type.is_null() && self.property_special(on_type, method)? {
                    return Ok(());
                }
                if on_type.is_null() && self.ask_for_missing(v, object, name)? {
                    return Ok(());
                }
            }
            let mut place = on_type.map_or(Place::Unknown, |found| self.find_attr(object, name, found));
            if let Place::Dict { on_type } = place {
                let own = py::lookup::instance_attribute(object, name);
                if own == py::iteration_end() {
                    place = Place::Unknown;
                } else if !own.is_null() {
                    self.guard_instance(v, object);
                    let r = self.emit_imm(Uop::InstanceAttribute, &[v], name as u64, 0);
                    self.emit_imm(Uop::GuardIsNot, &[r], py::iteration_end() as u64, 0);
                    return self.finish_value(r, object, method);
                } else if !on_type.is_null() {
                    place = Place::Class { object: on_type, absent: Absent::FromDict { name } };
                }
            }
            if on_type.is_none() && self.any_attribute_special(name)? {
                return Ok(());
            }
            if let Some(found) = on_type.filter(|_| !matches!(place, Place::Unknown)) {
                self.rely_on_binding(found);
            }
            if let Place::Class { object: found, absent } = place
                && (*ty).tp_getattro == py::address::PyObject_GenericGetAttr()
                && let Some(f) = py::special::special_function(py::Object::type_of(found), c"__get__")
            {
                self.guard_instance(v, object);
                self.guard_absent(v, absent);
                if self.get_special(found, f)? {
                    return Ok(());
                }
            }
            match place {
                Place::Inline { offset, valid } => {
                    self.guard_instance(v, object);
                    self.emit_imm(Uop::GuardInlineValues, &[v], valid as u64, 0);
                    return self.finish_load(v, object, offset, method);
                }
                Place::Slot { offset } => {
                    self.guard_instance(v, object);
                    return self.finish_load(v, object, offset, method);
                }
                Place::Class { object: found, absent }
                    if py::Type::has_flag(py::Object::type_of(found), py::TPFLAGS_METHOD_DESCRIPTOR) && method =>
                {
                    self.guard_instance(v, object);
                    self.guard_absent(v, absent);
                    let f = self.class_constant(found);
                    let e = self.pop();
                    self.push(f);
                    self.push(e);
                    return Ok(());
                }
                Place::Class { object: found, absent } if (*py::Object::type_of(found)).tp_descr_get.is_null() => {
                    self.guard_instance(v, object);
                    self.guard_absent(v, absent);
                    let e = self.peek(0);
                    let plan = self.plan_release(&[(e, object)]);
                    self.pop();
                    let f = self.class_constant(found);
                    self.push(f);
                    if method {
                        self.push(Entry::NULL);
                    }
                    self.release(plan);
                    return Ok(());
                }
                _ => {}
            }
            if ty == py::PyType_Type() && self.load_class_attr(v, object.cast(), name, method)? {
                return Ok(());
            }
            if method {
                // Tier 1 leaves a function unbound that it finds on the type: then the receiver follows.
                let on_type = py::_PyType_Lookup(ty, name);
                let binds =
                    |f: *mut py::Object| py::Type::has_flag(py::Object::type_of(f), py::TPFLAGS_METHOD_DESCRIPTOR);
                if !on_type.is_null() && binds(on_type) {
                    return Err(Abort::Value("a method of unknown kind"));
                }
                let operands = self.pop_n(1);
                let r = self.escape(EscapeHelper::GetMethod, name as u64, &operands);
                self.push(Entry::owned(r));
                self.push(Entry::NULL);
                return Ok(());
            }
            let operands = self.pop_n(1);
            let r = self.escape(EscapeHelper::GetAttr, name as u64, &operands);
            self.push(Entry::owned(r));
        }
        Ok(())
    }

    /// An attribute that the type has not: if the instance has it neither, and `__getattr__` is a Python function, that
    /// is recorded.
    unsafe fn ask_for_missing(
        &mut self,
        v: ir::ValueId,
        object: *mut py::Object,
        name: *mut py::Object,
    ) -> Result<bool, Abort> {
        // SAFETY: the real frame holds the object, whose type looks attributes up plainly.
        unsafe {
            let ty = py::Object::type_of(object);
            if py::special::special_function(ty, c"__getattr__").is_none()
                || !py::lookup::instance_attribute(object, name).is_null()
            {
                return Ok(false);
            }
            self.guard_instance(v, object);
            if py::Type::has_flag(ty, py::TPFLAGS_MANAGED_DICT) || (*ty).tp_dictoffset != 0 {
                self.guard_absent(v, Absent::FromDict { name });
            }
            self.missing_special(name)
        }
    }

    /// An attribute of a class that the trace knows, where binding it to no instance gives itself.
    unsafe fn load_class_attr(
        &mut self,
        v: ir::ValueId,
        class: *mut py::Type,
        name: *mut py::Object,
        method: bool,
    ) -> Result<bool, Abort> {
        // SAFETY: a class whose metaclass is `type`; lookups in types run no Python code.
        unsafe {
            if !self.const_of.contains_key(&v) || py::Type::version(class) == 0 {
                return Ok(false);
            }
            let on_metaclass = py::_PyType_Lookup(py::PyType_Type(), name);
            if !on_metaclass.is_null() && !(*py::Object::type_of(on_metaclass)).tp_descr_set.is_null() {
                return Ok(false);
            }
            let found = py::_PyType_Lookup(class, name);
            if found.is_null() {
                return Ok(false);
            }
            let ty = py::Object::type_of(found);
            if !(*ty).tp_descr_get.is_null() && ty != py::PyFunction_Type() {
                return Ok(false);
            }
            let e = self.peek(0);
            let plan = self.plan_release(&[(e, class.cast())]);
            if plan.escapes() {
                return Ok(false);
            }
            self.depend(Dependency::Type(class as usize));
            self.rely_on_binding(found);
            self.pop();
            let f = self.class_constant(found);
            self.push(f);
            if method {
                self.push(Entry::NULL);
            }
            self.release(plan);
            Ok(true)
        }
    }

    /// A constant found on a type that the trace depends on.
    fn class_constant(&mut self, found: *mut py::Object) -> Entry {
        self.constant_entry(found)
    }

    unsafe fn finish_load(
        &mut self,
        v: ir::ValueId,
        object: *mut py::Object,
        offset: usize,
        method: bool,
    ) -> Result<(), Abort> {
        let r = self.emit_imm(Uop::LoadAttr, &[v], offset as u64, 0);
        // SAFETY: the caller's.
        unsafe { self.finish_value(r, object, method) }
    }

    /// The attribute is `r`, if that is not null, borrowed from the instance.
    unsafe fn finish_value(&mut self, r: ir::ValueId, object: *mut py::Object, method: bool) -> Result<(), Abort> {
        self.emit(Uop::GuardNonNull, &[r]);
        let e = self.peek(0);
        let plan = self.plan_release(&[(e, object)]);
        self.emit(Uop::Incref, &[r]);
        self.pop();
        self.push(Entry::owned(r));
        if method {
            self.push(Entry::NULL);
        }
        self.release(plan);
        Ok(())
    }

    /// Guards the instance's type, whose attributes are constant under a type watcher.
    unsafe fn guard_instance(&mut self, v: ir::ValueId, object: *mut py::Object) {
        let ty = self.guard_type(v, object);
        self.depend(Dependency::Type(ty));
    }

    fn guard_absent(&mut self, v: ir::ValueId, absent: Absent) {
        match absent {
            Absent::Never => {}
            Absent::Inline { valid, entries_at, entries } => {
                self.emit_imm(Uop::GuardInlineValues, &[v], valid as u64, 0);
                self.emit_imm(Uop::GuardWordAt, &[], entries_at as u64, entries);
            }
            Absent::FromDict { name } => {
                let own = self.emit_imm(Uop::InstanceAttribute, &[v], name as u64, 0);
                self.emit_imm(Uop::GuardIs, &[own], 0, 0);
            }
        }
    }

    /// What the object's type has by that name (null: nothing); `None` where that does not decide.
    unsafe fn find_on_type(object: *mut py::Object, name: *mut py::Object) -> Option<*mut py::Object> {
        // SAFETY: the real frame holds the object; lookups in types run no Python code.
        unsafe {
            let ty = py::Object::type_of(object);
            let known = py::Type::version(ty) != 0 && py::Type::looks_attributes_up_plainly(ty);
            known.then(|| py::_PyType_Lookup(ty, name))
        }
    }

    /// The place of an attribute among the object's inline values, if these are valid and their keys have it.
    unsafe fn inline_place(object: *mut py::Object, name: *mut py::Object) -> Option<Place> {
        // SAFETY: the real frame holds the object; its type says whether it has inline values.
        unsafe {
            let ty = py::Object::type_of(object);
            if !py::Type::has_flag(ty, py::TPFLAGS_INLINE_VALUES) {
                return None;
            }
            let values = py::Object::inline_values(object);
            let i = py::DictKeys::index_of_name((*ty.cast::<py::HeapType>()).ht_cached_keys, name)?;
            let base = object as usize;
            ((*values).valid != 0).then(|| Place::Inline {
                offset: py::DictValues::slot(values, i) as usize - base,
                valid: &raw const (*values).valid as usize - base,
            })
        }
    }

    /// Where the object has an attribute of which [`Self::find_on_type`] found this.
    unsafe fn find_attr(&self, object: *mut py::Object, name: *mut py::Object, on_type: *mut py::Object) -> Place {
        // SAFETY: the real frame holds the object.
        unsafe {
            let ty = py::Object::type_of(object);
            if !on_type.is_null() {
                let descr = py::Object::type_of(on_type);
                if descr == py::PyMemberDescr_Type() {
                    // One that is read-only or of another class is left to CPython.
                    return py::special::slot_offset(ty, on_type, true)
                        .map_or(Place::Unknown, |offset| Place::Slot { offset });
                }
                if !(*descr).tp_descr_set.is_null() {
                    return Place::Unknown;
                }
            }
            if !py::Type::has_flag(ty, py::TPFLAGS_INLINE_VALUES) {
                let no_dict = !py::Type::has_flag(ty, py::TPFLAGS_MANAGED_DICT) && (*ty).tp_dictoffset == 0;
                return if !no_dict {
                    Place::Dict { on_type }
                } else if on_type.is_null() {
                    Place::Unknown
                } else {
                    Place::Class { object: on_type, absent: Absent::Never }
                };
            }
            let keys = (*ty.cast::<py::HeapType>()).ht_cached_keys;
            let values = py::Object::inline_values(object);
            match py::DictKeys::index_of_name(keys, name) {
                Some(i) if (*values).valid != 0 => {
                    if !on_type.is_null() && (*py::DictValues::slot(values, i)).is_null() {
                        // A class attribute that other instances shadow.
                        return Place::Dict { on_type };
                    }
                    Self::inline_place(object, name).unwrap_or(Place::Unknown)
                }
                None if !on_type.is_null() && (*values).valid != 0 => Place::Class {
                    object: on_type,
                    absent: Absent::Inline {
                        valid: &raw const (*values).valid as usize - object as usize,
                        entries_at: &raw const (*keys).dk_nentries as usize,
                        entries: (*keys).dk_nentries as u64,
                    },
                },
                _ => Place::Dict { on_type },
            }
        }
    }

    unsafe fn load_module_attr(
        &mut self,
        v: ir::ValueId,
        module: *mut py::Object,
        name: *mut py::Object,
        method: bool,
    ) -> Result<(), Abort> {
        // SAFETY: a module and its dict; a string key runs no Python code.
        unsafe {
            let dict = (*module.cast::<py::Module>()).md_dict;
            let found = py::PyDict_GetItemWithError(dict, name);
            let e = self.peek(0);
            let plan = self.plan_release(&[(e, module)]);
            if found.is_null() || !self.const_of.contains_key(&v) || plan.escapes() {
                let operands = self.pop_n(1);
                let helper = if method { EscapeHelper::GetMethod } else { EscapeHelper::GetAttr };
                let r = self.escape(helper, name as u64, &operands);
                self.push(Entry::owned(r));
                if method {
                    self.push(Entry::NULL);
                }
                return Ok(());
            }
            let f = self.dict_value(dict, name).ok_or(Abort::Exception)?;
            self.pop();
            self.push(f);
            if method {
                self.push(Entry::NULL);
            }
            self.release(plan);
        }
        Ok(())
    }

    /// `del object.name`.
    pub(crate) unsafe fn delete_attr(&mut self, oparg: u32) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            let name = py::Code::name(self.top().code_ptr, oparg as usize);
            if self.store_special(name, false)? {
                return Ok(());
            }
            let operands = self.pop_n(1);
            self.escape(EscapeHelper::DelAttr, name as u64, &operands);
        }
        Ok(())
    }

    /// `object.name = value`: stack value, object.
    pub(crate) unsafe fn store_attr(&mut self, oparg: u32) -> Result<(), Abort> {
        let (target, value) = (self.peek_value(0)?, self.peek_value(1)?);
        let object = self.real_peek(0);
        // SAFETY: by the contract of `record`.
        unsafe {
            let name = py::Code::name(self.top().code_ptr, oparg as usize);
            let ty = py::Object::type_of(object);
            if self.store_special(name, true)? {
                return Ok(());
            }
            // A target that dies at once takes with it what was just stored.
            let dies = self.peek(0).owned && (*object).ob_refcnt == 1;
            let settable = (*ty).tp_setattro == py::address::PyObject_GenericSetAttr() && !dies;
            let on_type = if settable { Self::find_on_type(object, name) } else { None };
            let mut place = on_type.map_or(Place::Unknown, |found| self.find_attr(object, name, found));
            if let Place::Dict { .. } = place {
                // The first value of an attribute that the class has, too: a default.
                place = Self::inline_place(object, name).unwrap_or(place);
            }
            if let (Place::Inline { .. }, Some(found)) = (&place, on_type) {
                self.rely_on_binding(found);
            }
            let offset = match place {
                Place::Inline { offset, valid } if (*py::Object::managed_dict(object)).is_null() => {
                    self.guard_instance(target, object);
                    self.emit_imm(Uop::GuardInlineValues, &[target], valid as u64, 0);
                    let dict_at = -(py::MANAGED_DICT_OFFSET as i64);
                    self.emit_imm(Uop::GuardNoDict, &[target], dict_at as u64, 0);
                    Some(offset)
                }
                Place::Slot { offset } => {
                    self.guard_instance(target, object);
                    Some(offset)
                }
                _ => None,
            };
            let old_object = offset.map(|o| *object.byte_add(o).cast::<*mut py::Object>());
            if let (Some(offset), Some(old_object)) = (offset, old_object)
                && !old_object.is_null()
            {
                let old = self.emit_imm(Uop::LoadAttr, &[target], offset as u64, 0);
                self.emit(Uop::GuardNonNull, &[old]);
                let (t, e) = (self.peek(0), self.peek(1));
                let plan = self.plan_release(&[(Entry::owned(old), old_object), (t, object)]);
                if !e.owned && !self.types.get(&value).is_some_and(|ty| self.immortal_type(*ty)) {
                    self.emit(Uop::Incref, &[value]);
                }
                self.emit_imm(Uop::StoreAttr, &[target, value], offset as u64, 0);
                self.pop_n(2);
                self.release(plan);
                return Ok(());
            }
            match (&place, offset) {
                (Place::Inline { offset, valid }, Some(_)) => {
                    return self.store_new_attr(object, *offset, Some(*valid));
                }
                (Place::Slot { offset }, Some(_)) => return self.store_new_attr(object, *offset, None),
                _ => {}
            }
            let operands = self.pop_n(2);
            self.escape(EscapeHelper::SetAttr, name as u64, &operands);
        }
        Ok(())
    }

    /// The first store of an attribute that has a place: in the inline values, whose `valid` byte is there, where it
    /// also becomes the last in their order, or in a slot. The instance is guarded.
    unsafe fn store_new_attr(
        &mut self,
        object: *mut py::Object,
        offset: usize,
        valid: Option<usize>,
    ) -> Result<(), Abort> {
        let (target, value) = (self.peek_value(0)?, self.peek_value(1)?);
        let old = self.emit_imm(Uop::LoadAttr, &[target], offset as u64, 0);
        self.emit_imm(Uop::GuardIs, &[old], 0, 0);
        let (t, e) = (self.peek(0), self.peek(1));
        let plan = self.plan_release(&[(t, object)]);
        self.with_reference(e);
        self.emit_imm(Uop::StoreAttr, &[target, value], offset as u64, 0);
        if let Some(valid) = valid {
            let values = valid - offset_of!(py::DictValues, valid);
            let index = (offset - values - offset_of!(py::DictValues, values)) / 8;
            self.emit_imm(Uop::AddToInsertionOrder, &[target], values as u64, index as u64);
        }
        self.pop_n(2);
        self.release(plan);
        Ok(())
    }
}
