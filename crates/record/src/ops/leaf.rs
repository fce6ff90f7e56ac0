//! Calls of C functions that run no Python code: methods of builtin types, functions of builtin modules, conversions.
use core::ffi::CStr;
use core::mem::offset_of;

use cpython::abi as py;
use ir::{Uop, ValueId};

use crate::emit::{Number, Releases};
use crate::leaf::{self, Leaf, Owner, Types};
use crate::state::Entry;
use crate::{Abort, Recorder};

impl Recorder {
    /// Plans the release of a call's callable, receiver and arguments.
    pub(crate) fn plan_call(&mut self, nargs: usize) -> Releases {
        self.plan_topmost(nargs + 2)
    }

    /// Plans the release of the `n` topmost entries, topmost first.
    pub(crate) fn plan_topmost(&mut self, n: usize) -> Releases {
        let all: Vec<_> = (0..n).map(|n| (self.peek(n), self.real_peek(n))).collect();
        self.plan_release(&all)
    }

    /// Ends a call, whose releases were planned before its first effect.
    pub(crate) fn end_call(&mut self, nargs: usize, plan: Releases, result: Entry) {
        self.pop_n(nargs + 2);
        self.push(result);
        self.release(plan);
    }

    /// Ends a call whose result is this value, of which somebody else holds a reference.
    pub(crate) fn give(&mut self, nargs: usize, v: ValueId) {
        let plan = self.plan_call(nargs);
        self.emit(Uop::Incref, &[v]);
        self.end_call(nargs, plan, Entry::owned(v));
    }

    /// Ends a call whose result is a number or constant.
    fn give_value(&mut self, nargs: usize, result: Entry) {
        let plan = self.plan_call(nargs);
        self.end_call(nargs, plan, result);
    }

    /// CALL of a C function or builtin type without escape, if it can be done.
    pub(crate) unsafe fn call_leaf(&mut self, nargs: usize) -> Result<bool, Abort> {
        let callable = self.peek_value(nargs + 1)?;
        let object = self.real_peek(nargs + 1);
        // SAFETY: the real frame holds the callable; its type is compared before its fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            let receiver = !self.real_peek(nargs).is_null();
            if ty == py::PyMethodDescr_Type() && receiver && is_static((*object.cast::<py::MethodDescr>()).d_type) {
                // A static type's method lives as long as the interpreter.
                self.guard_is(callable, object);
                return Ok(self.call_c_method(object.cast(), nargs).is_some());
            }
            if ty == py::PyCFunction_Type() && !receiver {
                if self.call_bound_method(callable, object.cast(), nargs).is_some() {
                    return Ok(true);
                }
                return Ok(self.call_c_function(callable, object.cast(), nargs).is_some());
            }
            if ty == py::PyType_Type() && !receiver && nargs == 1 && is_static(object.cast()) {
                self.guard_is(callable, object);
                return Ok(self.call_type(object.cast()).is_some());
            }
        }
        Ok(false)
    }

    /// A bound method of a builtin object (`append = items.append`): stack bound method, NULL, arguments.
    unsafe fn call_bound_method(&mut self, callable: ValueId, bound: *mut py::CFunction, nargs: usize) -> Option<()> {
        // SAFETY: a C function that the real frame holds, and with it its receiver.
        unsafe {
            let receiver = (*bound).m_self;
            if receiver.is_null() || !is_static(py::Object::type_of(receiver)) {
                return None;
            }
            let method = py::lookup::method_of(py::Object::type_of(receiver), (*bound).m_ml);
            if method.is_null() {
                return None;
            }
            self.guard_definition(callable, bound);
            let v = self.emit_imm(Uop::LoadFieldObj, &[callable], offset_of!(py::CFunction, m_self) as u64, 0);
            let place = self.top().slots.len() - 1 - nargs;
            let null = core::mem::replace(&mut self.top().slots[place], Entry::borrowed(v));
            self.bound = Some((nargs, receiver));
            let done = self.call_c_method(method.cast(), nargs);
            self.bound = None;
            if done.is_none() {
                self.top().slots[place] = null;
            }
            done
        }
    }

    /// Guards which C function it is. The function object may go; its definition is part of the library.
    unsafe fn guard_definition(&mut self, callable: ValueId, function: *mut py::CFunction) {
        if !self.const_of.contains_key(&callable) {
            self.guard_type(callable, function.cast());
            let definition_at = offset_of!(py::CFunction, m_ml) as u64;
            // SAFETY: a C function that the real frame holds.
            let definition = unsafe { (*function).m_ml };
            self.emit_imm(Uop::GuardFieldIs, &[callable], definition_at, definition as u64);
        }
    }

    /// A method of a builtin type: stack method, receiver, arguments.
    unsafe fn call_c_method(&mut self, method: *mut py::MethodDescr, nargs: usize) -> Option<()> {
        // SAFETY: a method descriptor that the real frame holds, as it does the receiver.
        unsafe {
            let owner = (*method).d_type;
            let receiver = self.real_peek(nargs);
            if py::Object::type_of(receiver) != owner {
                return None;
            }
            let definition = &*(*method).d_method;
            let name = CStr::from_ptr(definition.ml_name);
            if owner == py::PyDict_Type() {
                return self.dict_method(definition, name.to_bytes(), nargs);
            }
            if owner == py::PySet_Type() {
                return self.set_method(name.to_bytes(), nargs);
            }
            if owner == py::PyList_Type() && self.list_method(definition, name.to_bytes(), nargs).is_some() {
                return Some(());
            }
            let listed = leaf::find(Owner::Type(leaf::set_of(owner)), name)?;
            let v = self.peek_value(nargs).ok()?;
            if !self.fits(receiver, leaf::types_of(receiver) | listed.receiver) {
                return None;
            }
            self.arguments_fit(listed, nargs)?;
            self.require(v, receiver, listed.receiver);
            self.call_listed(listed, definition, v, nargs)
        }
    }

    /// A function of a builtin module: stack function, NULL, arguments.
    unsafe fn call_c_function(&mut self, callable: ValueId, function: *mut py::CFunction, nargs: usize) -> Option<()> {
        // SAFETY: a C function that the real frame holds.
        unsafe {
            let definition = &*(*function).m_ml;
            let name = CStr::from_ptr(definition.ml_name);
            let module = module_name(function)?;
            if module != c"builtins" && module != c"math" {
                return None;
            }
            self.guard_definition(callable, function);
            if module == c"math" && nargs == 1 && self.call_libm(name).is_some() {
                return Some(());
            }
            if module == c"builtins" && self.call_builtin(name, nargs).is_some() {
                return Some(());
            }
            let module = [c"builtins", c"math"].into_iter().find(|m| *m == module)?;
            let listed = leaf::find(Owner::Module(module), name)?;
            self.arguments_fit(listed, nargs)?;
            let receiver = self.emit_imm(Uop::LoadFieldObj, &[callable], offset_of!(py::CFunction, m_self) as u64, 0);
            self.call_listed(listed, definition, receiver, nargs)
        }
    }

    /// Whether `object` is of one of these types, with plain items if so asked.
    unsafe fn fits(&self, object: *mut py::Object, types: Types) -> bool {
        // SAFETY: the real frame holds the object.
        unsafe {
            leaf::types_of(object) & types != 0 && (types & leaf::PLAIN_ITEMS == 0 || py::lookup::items_plain(object))
        }
    }

    unsafe fn arguments_fit(&self, listed: &Leaf, nargs: usize) -> Option<()> {
        let fitting = (listed.required..=listed.takes.len()).contains(&nargs)
            // SAFETY: the real frame holds the arguments.
            && (0..nargs).all(|i| unsafe { self.fits(self.real_peek(nargs - 1 - i), listed.takes[i]) });
        fitting.then_some(())
    }

    /// Guards what `fits` saw.
    pub(crate) fn require(&mut self, v: ValueId, object: *mut py::Object, types: Types) {
        self.guard_type(v, object);
        if types & leaf::PLAIN_ITEMS != 0 {
            let plain = self.emit(Uop::ItemsPlain, &[v]);
            self.emit(Uop::GuardTrue, &[plain]);
        }
    }

    /// Calls a listed function, whose arguments fit.
    unsafe fn call_listed(
        &mut self,
        listed: &Leaf,
        definition: &py::MethodDef,
        receiver: ValueId,
        nargs: usize,
    ) -> Option<()> {
        const METH_NOARGS: i32 = 4;
        const METH_O: i32 = 8;
        const METH_FASTCALL: i32 = 128;
        const METH_METHOD: i32 = 512;
        let flags = definition.ml_flags;
        let uop = match nargs {
            _ if flags & METH_METHOD != 0 => return None,
            0 if flags & METH_NOARGS != 0 => Uop::CallNoargs,
            1 if flags & METH_O != 0 => Uop::CallO,
            0 if flags & METH_FASTCALL != 0 => Uop::CallFast0,
            1 if flags & METH_FASTCALL != 0 => Uop::CallFast1,
            2 if flags & METH_FASTCALL != 0 => Uop::CallFast2,
            3 if flags & METH_FASTCALL != 0 => Uop::CallFast3,
            _ => return None,
        };
        let mut args = vec![receiver];
        for i in 0..nargs {
            let n = nargs - 1 - i;
            let v = self.peek_value(n).ok()?;
            let object = self.real_peek(n);
            self.require(v, object, listed.takes[i]);
            args.push(v);
        }
        let plan = self.plan_call(nargs);
        let v = self.emit_imm(uop, &args, definition.ml_meth as u64, 0);
        if let Some(ty) = leaf::type_in(listed.gives) {
            self.types.insert(v, ty as usize);
        }
        let result = if listed.gives == leaf::BOOL { Entry::borrowed(v) } else { Entry::owned(v) };
        self.end_call(nargs, plan, result);
        Some(())
    }

    /// A function of module `math` that is one of the C library.
    fn call_libm(&mut self, name: &CStr) -> Option<()> {
        let function = leaf::libm(name)?;
        let v = self.peek_value(0).ok()?;
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the argument.
        let value = match unsafe { leaf::types_of(object) } {
            // SAFETY: as above; the type says which.
            leaf::FLOAT => unsafe { (*object.cast::<py::Float>()).ob_fval },
            // Logarithms of ints are another matter.
            leaf::INT if !name.to_bytes().starts_with(b"log") => {
                // SAFETY: as above.
                unsafe { py::Long::to_i64(object.cast()) }? as f64
            }
            _ => return None,
        };
        // SAFETY: a function of the C library.
        if !value.is_finite() || !unsafe { function(value) }.is_finite() {
            return None;
        }
        let number = self.number(v, object)?;
        let x = self.as_float(number);
        let infinity = self.const_f64(f64::INFINITY);
        let result = self.emit_imm(Uop::Libm, &[x], function as usize as u64, 0);
        for finite in [x, result] {
            let magnitude = self.emit(Uop::FloatAbs, &[finite]);
            self.emit(Uop::GuardFloatLt, &[magnitude, infinity]);
        }
        let e = self.box_float(result);
        self.give_value(1, e);
        Some(())
    }

    /// Builtin functions that are uops.
    unsafe fn call_builtin(&mut self, name: &CStr, nargs: usize) -> Option<()> {
        match (name.to_bytes(), nargs) {
            (b"abs", 1) => self.call_abs(),
            (b"min", 2) => self.call_extreme(false),
            (b"max", 2) => self.call_extreme(true),
            (b"len", 1) => self.call_length(),
            (b"repr", 1) => {
                // SAFETY: the real frame holds the argument.
                let simple = unsafe { leaf::types_of(self.real_peek(0)) } & (leaf::STR | leaf::BYTES) == 0;
                if simple { self.give_text() } else { None }
            }
            // SAFETY: the caller's.
            (b"isinstance", 2) => unsafe { self.call_isinstance() },
            _ => None,
        }
    }

    /// `abs(x)`. A number that is not negative is its own.
    fn call_abs(&mut self) -> Option<()> {
        let (v, object) = (self.peek_value(0).ok()?, self.real_peek(0));
        let result = match self.number(v, object)? {
            Number::Float(x) => {
                let x = self.emit(Uop::FloatAbs, &[x]);
                self.box_float(x)
            }
            Number::Int(i) => {
                let zero = self.const_i64(0);
                // SAFETY: an exact int that fits, or it had no number.
                if unsafe { py::Long::to_i64(object.cast()) }? >= 0 {
                    self.emit(Uop::GuardIntLe, &[zero, i]);
                    self.give(1, v);
                    return Some(());
                }
                self.emit(Uop::GuardIntLt, &[i, zero]);
                let n = self.emit(Uop::IntNeg, &[i]);
                self.box_int(n)
            }
        };
        self.give_value(1, result);
        Some(())
    }

    /// `min(a, b)`, `max(a, b)` of two ints or two floats: the first, unless the second is beyond it.
    fn call_extreme(&mut self, max: bool) -> Option<()> {
        let (a, b) = (self.peek_value(1).ok()?, self.peek_value(0).ok()?);
        let (x, y) = (self.real_peek(1), self.real_peek(0));
        // SAFETY: the real frame holds both arguments.
        if unsafe { leaf::types_of(x) != leaf::types_of(y) } {
            return None;
        }
        let (first, second) = (self.number(a, x)?, self.number(b, y)?);
        let beyond = match (first, second) {
            (Number::Int(i), Number::Int(j)) => self.emit(Uop::IntLt, &if max { [i, j] } else { [j, i] }),
            (Number::Float(i), Number::Float(j)) => self.emit(Uop::FloatLt, &if max { [i, j] } else { [j, i] }),
            _ => return None,
        };
        // SAFETY: exact ints that fit, or floats.
        let is_beyond = unsafe {
            if let Number::Int(_) = first {
                let (i, j) = (py::Long::to_i64(x.cast())?, py::Long::to_i64(y.cast())?);
                if max { i < j } else { j < i }
            } else {
                let (i, j) = ((*x.cast::<py::Float>()).ob_fval, (*y.cast::<py::Float>()).ob_fval);
                if max { i < j } else { j < i }
            }
        };
        self.emit(if is_beyond { Uop::GuardTrue } else { Uop::GuardFalse }, &[beyond]);
        self.give(2, if is_beyond { b } else { a });
        Some(())
    }

    /// `len(x)` of a str, bytes, dict, set or array. (Lists and tuples: `call_len`.)
    fn call_length(&mut self) -> Option<()> {
        let (v, object) = (self.peek_value(0).ok()?, self.real_peek(0));
        let e = if let Some(uop) = self.length_uop(object) {
            self.guard_type(v, object);
            let n = self.emit(uop, &[v]);
            self.box_int(n)
        } else {
            self.numbers_len()?
        };
        self.give_value(1, e);
        Some(())
    }

    /// What gives the length of a builtin container.
    pub(crate) fn length_uop(&self, object: *mut py::Object) -> Option<Uop> {
        // SAFETY: the real frame holds the object.
        let ty = unsafe { py::Object::type_of(object) };
        [
            (py::PyUnicode_Type(), Uop::StrLen),
            // The length is where a tuple has it.
            (py::PyBytes_Type(), Uop::TupleLen),
            (py::PyList_Type(), Uop::ListLen),
            (py::PyTuple_Type(), Uop::TupleLen),
            (py::PyDict_Type(), Uop::DictLen),
            (py::PySet_Type(), Uop::SetLen),
            (py::PyFrozenSet_Type(), Uop::SetLen),
        ]
        .into_iter()
        .find(|(t, _)| *t == ty)
        .map(|(_, uop)| uop)
    }

    /// `isinstance(x, cls)` of a class whose metaclass has no `__instancecheck__`: known from the type of `x`, whose
    /// bases a dependency watches, unless `x` might claim another class.
    unsafe fn call_isinstance(&mut self) -> Option<()> {
        let (v, cls) = (self.peek_value(1).ok()?, self.peek_value(0).ok()?);
        let (object, class) = (self.real_peek(1), self.real_peek(0));
        // SAFETY: the real frame holds both; types are compared before their fields are read.
        unsafe {
            let metaclass = py::Object::type_of(class);
            if !self.asks_plainly(metaclass) {
                return None;
            }
            let ty = py::Object::type_of(object);
            if py::Type::version(ty) == 0 {
                return None;
            }
            let is = py::PyType_IsSubtype(ty, class.cast()) != 0;
            if !is && !self.shows_its_class(ty) {
                return None;
            }
            self.guard_is(cls, class);
            if metaclass != py::PyType_Type() {
                self.guard_type(cls, class);
                self.depend(crate::Dependency::Type(metaclass as usize));
            }
            self.guard_type(v, object);
            self.depend(crate::Dependency::Type(ty as usize));
            let truth = if is { py::_Py_TrueStruct() } else { py::_Py_FalseStruct() };
            let e = self.constant_entry(truth);
            self.give_value(2, e);
        }
        Some(())
    }

    /// Whether classes of this metaclass leave `isinstance` to `type.__instancecheck__`.
    unsafe fn asks_plainly(&self, metaclass: *mut py::Type) -> bool {
        // SAFETY: a live type; looking up an interned name in types runs no Python code.
        unsafe {
            if metaclass == py::PyType_Type() {
                return true;
            }
            let check = |ty| py::Type::look_up(ty, c"__instancecheck__").filter(|found| !found.is_null());
            py::PyType_IsSubtype(metaclass, py::PyType_Type()) != 0
                && py::Type::version(metaclass) != 0
                && check(metaclass).is_some()
                && check(metaclass) == check(py::PyType_Type())
        }
    }

    /// Whether `__class__` of the type's instances is their type.
    unsafe fn shows_its_class(&self, ty: *mut py::Type) -> bool {
        // SAFETY: a live type; looking up an interned name in types runs no Python code.
        unsafe {
            if (*ty).tp_getattro != py::address::PyObject_GenericGetAttr() && ty != py::PyType_Type() {
                return false;
            }
            let plain = py::Type::look_up(py::PyBaseObject_Type(), c"__class__");
            plain.is_some_and(|plain| !plain.is_null()) && py::Type::look_up(ty, c"__class__") == plain
        }
    }

    /// `cls(x)` for `int`, `float` and `str`.
    unsafe fn call_type(&mut self, class: *mut py::Type) -> Option<()> {
        let (v, object) = (self.peek_value(0).ok()?, self.real_peek(0));
        // SAFETY: the real frame holds the argument.
        let types = unsafe { leaf::types_of(object) };
        if leaf::type_in(types) == Some(class) && types & (leaf::INT | leaf::FLOAT | leaf::STR) != 0 {
            self.guard_type(v, object);
            self.give(1, v);
            return Some(());
        }
        let number = if class == py::PyUnicode_Type() {
            return self.give_text();
        } else if class == py::PyLong_Type() {
            match types {
                leaf::STR => return self.parse(Uop::IntOfStr, class),
                leaf::FLOAT => self.truncate(v, object)?,
                _ => return None,
            }
        } else if class == py::PyFloat_Type() {
            match types {
                leaf::STR => return self.parse(Uop::FloatOfStr, class),
                leaf::INT => {
                    let n = self.number(v, object)?;
                    let x = self.as_float(n);
                    self.box_float(x)
                }
                _ => return None,
            }
        } else {
            return None;
        };
        self.give_value(1, number);
        Some(())
    }

    /// `cls(text)` of an exact str.
    fn parse(&mut self, uop: Uop, class: *mut py::Type) -> Option<()> {
        let (v, object) = (self.peek_value(0).ok()?, self.real_peek(0));
        self.guard_type(v, object);
        let plan = self.plan_call(1);
        let result = self.emit(uop, &[v]);
        self.types.insert(result, class as usize);
        self.end_call(1, plan, Entry::owned(result));
        Some(())
    }

    /// `str(x)`, or `repr(x)`, where that is the same.
    fn give_text(&mut self) -> Option<()> {
        let plan = self.plan_call(1);
        let text = self.text_of(0)?;
        self.end_call(1, plan, text);
        Some(())
    }

    /// `int(x)` of a float that fits.
    fn truncate(&mut self, v: ValueId, object: *mut py::Object) -> Option<Entry> {
        // Beyond this not every float is below 2**63.
        const LIMIT: f64 = 9.0e18;
        // SAFETY: an exact float.
        if unsafe { (*object.cast::<py::Float>()).ob_fval }.abs() >= LIMIT {
            return None;
        }
        let x = self.unbox_float(v, object)?;
        let limit = self.const_f64(LIMIT);
        let magnitude = self.emit(Uop::FloatAbs, &[x]);
        self.emit(Uop::GuardFloatLt, &[magnitude, limit]);
        let n = self.emit(Uop::FloatToInt, &[x]);
        Some(self.box_int(n))
    }

    /// `str(x)` of the `n`th entry from the top, an int, float or bool, or None.
    pub(crate) fn text_of(&mut self, n: usize) -> Option<Entry> {
        let (v, object) = (self.peek_value(n).ok()?, self.real_peek(n));
        // SAFETY: the real frame holds the object.
        let result = match unsafe { leaf::types_of(object) } {
            leaf::INT => {
                let i = self.unbox_int(v, object)?;
                self.emit(Uop::StrOfInt, &[i])
            }
            leaf::FLOAT | leaf::BOOL | leaf::NONE => {
                self.guard_type(v, object);
                self.emit(Uop::StrOf, &[v])
            }
            _ => return None,
        };
        self.types.insert(result, py::PyUnicode_Type() as usize);
        Some(Entry::owned(result))
    }
}

/// Whether the type is a static one, which nobody frees.
unsafe fn is_static(ty: *mut py::Type) -> bool {
    // SAFETY: a live type.
    unsafe { !py::Type::has_flag(ty, py::TPFLAGS_HEAPTYPE) }
}

/// The name of the builtin module that a C function is one of.
unsafe fn module_name<'a>(function: *mut py::CFunction) -> Option<&'a CStr> {
    // SAFETY: a C function that the real frame holds; a module's function names its module.
    unsafe {
        let module = (*function).m_self;
        let name = (*function).m_module;
        if module.is_null()
            || py::Object::type_of(module) != py::PyModule_Type()
            || name.is_null()
            || py::Object::type_of(name) != py::PyUnicode_Type()
        {
            return None;
        }
        let text = py::PyUnicode_AsUTF8(name);
        (!text.is_null()).then(|| CStr::from_ptr(text))
    }
}
