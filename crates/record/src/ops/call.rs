//! Calls and returns.
use core::mem::offset_of;

use cpython::abi as py;
use ir::Uop;

use crate::state::{Entry, MAX_DEPTH, Val};
use crate::{Abort, EscapeHelper, Recorder};

impl Recorder {
    /// CALL: stack callable, self or NULL, arguments.
    pub(crate) unsafe fn call(&mut self, nargs: usize) -> Result<(), Abort> {
        let callable = self.peek_value(nargs + 1)?;
        let object = self.real_peek(nargs + 1);
        // SAFETY: the real frame holds the callable; its type is compared before its fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            if ty == py::PyFunction_Type() {
                let has_self = !self.real_peek(nargs).is_null();
                if self.inlinable(object.cast(), nargs + usize::from(has_self)) {
                    if self.stays_a_call(object.cast()) {
                        return self.call_native(callable, object.cast(), nargs, has_self);
                    }
                    return self.inline(callable, object.cast(), nargs, has_self);
                }
                return Err(Abort::Value("calls a Python function that is not inlined yet"));
            }
            if object == py::PyRange_Type().cast() && self.real_peek(nargs).is_null() && (1..=3).contains(&nargs) {
                return self.call_range(callable, object, nargs);
            }
            if self.const_of.contains_key(&callable)
                && object == (*(*py::PyThreadState_Get()).interp).cached_len
                && nargs == 1
                && self.call_len(callable)
            {
                return Ok(());
            }
            if ty == py::PyMethodDescr_Type() && object == (*(*py::PyThreadState_Get()).interp).cached_list_append {
                return self.call_list_append(callable, object, nargs);
            }
            if nargs == 1 && self.const_of.contains_key(&callable) && is_math_sqrt(object) && self.call_sqrt() {
                return Ok(());
            }
            // A class or a C function that calls Python would push frames of its own: those run inside the escape.
            if nargs + 2 > 15 {
                return Err(Abort::Value("a call with many arguments"));
            }
            let operands = self.pop_n(nargs + 2);
            let v = self.escape(EscapeHelper::Call, nargs as u64, &operands);
            self.push(Entry::owned(v));
        }
        Ok(())
    }

    pub(crate) unsafe fn call_kw(&mut self, nargs: usize) -> Result<(), Abort> {
        if nargs + 3 > 15 {
            return Err(Abort::Value("a call with many arguments"));
        }
        let object = self.real_peek(nargs + 2);
        // SAFETY: the real frame holds the callable.
        if unsafe { py::Object::type_of(object) } == py::PyFunction_Type() {
            return Err(Abort::Value("calls a Python function with keywords"));
        }
        let operands = self.pop_n(nargs + 3);
        let v = self.escape(EscapeHelper::CallKw, nargs as u64, &operands);
        self.push(Entry::owned(v));
        Ok(())
    }

    /// Whether a call with `n` positional arguments can be recorded into the callee.
    unsafe fn inlinable(&self, f: *mut py::Function, n: usize) -> bool {
        // SAFETY: a function object.
        unsafe {
            let code = (*f).func_code;
            let plain = py::CO_OPTIMIZED | py::CO_NEWLOCALS;
            let odd = py::CO_VARARGS
                | py::CO_VARKEYWORDS
                | py::CO_GENERATOR
                | py::CO_COROUTINE
                | py::CO_ASYNC_GENERATOR
                | py::CO_ITERABLE_COROUTINE;
            let flags = (*code).co_flags as u32;
            let required = (*code).co_argcount as usize;
            let defaults = if (*f).func_defaults.is_null() { 0 } else { py::Tuple::len((*f).func_defaults.cast()) };
            flags & plain == plain
                && flags & odd == 0
                && (*code).co_kwonlyargcount == 0
                && (*code).co_ncellvars == 0
                && (*code).co_nfreevars == 0
                && n <= required
                && n + defaults >= required
        }
    }

    /// Leaves where one frame more would exceed the recursion limit.
    pub(crate) fn guard_recursion(&mut self) {
        let depth = self.frames.len();
        if depth > self.recursion_guarded {
            let remaining_at = offset_of!(py::ThreadState, py_recursion_remaining) as u64;
            self.emit_imm(Uop::GuardRecursion, &[], remaining_at, depth as u64);
            self.recursion_guarded = depth;
        }
    }

    /// Enters the callee's abstract frame.
    unsafe fn inline(
        &mut self,
        callable: ir::ValueId,
        f: *mut py::Function,
        nargs: usize,
        has_self: bool,
    ) -> Result<(), Abort> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Abort::TooDeep);
        }
        // SAFETY: a function object that the real frame holds.
        unsafe {
            self.guard_callee(callable, f, nargs, has_self);
            self.guard_recursion();
            let func = Entry { clean: false, ..self.peek(nargs + 1) };
            self.enter_frame(func, f, nargs, has_self);
        }
        Ok(())
    }

    pub(crate) unsafe fn return_value(&mut self) -> Result<(), Abort> {
        if self.in_root() {
            // SAFETY: by the contract of `record`.
            return unsafe { self.return_from_root() };
        }
        if self.top().generator.is_some() {
            return self.finish_generator();
        }
        let nlocals = self.top().nlocals;
        if self.top().slots.len() != nlocals + 1 {
            return Err(Abort::FrameMismatch);
        }
        // The locals die in CPython's order: last slot first, then the function.
        let mut dying: Vec<(Entry, *mut py::Object)> = Vec::new();
        for i in (0..nlocals).rev() {
            let real = self.real_slot(i);
            if !real.is_null() {
                dying.push((self.top().slots[i], real.object()));
            }
        }
        // SAFETY: the running frame.
        let func = unsafe { (*self.real).f_funcobj.object() };
        let func_entry = self.top().func;
        dying.push((func_entry, func));
        let plan = self.plan_release(&dying);
        let mut result = self.pop();
        let caller = self.frames.len() - 2;
        if let Val::Is(v) = result.val
            && !result.owned
        {
            // RETURN_VALUE makes the reference outlive the frame.
            if !self.types.get(&v).is_some_and(|ty| self.immortal_type(*ty)) {
                self.emit(Uop::Incref, &[v]);
                result.owned = true;
            }
        }
        self.frames.truncate(caller + 1);
        self.push(result);
        self.expect_code = Some(self.top().code_ptr);
        self.release(plan);
        Ok(())
    }

    /// `range(...)` of exact ints.
    unsafe fn call_range(&mut self, callable: ir::ValueId, object: *mut py::Object, nargs: usize) -> Result<(), Abort> {
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

    /// `len(x)` of an exact list or tuple.
    unsafe fn call_len(&mut self, callable: ir::ValueId) -> bool {
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the argument.
        let ty = unsafe { py::Object::type_of(object) };
        let uop = if ty == py::PyList_Type() {
            Uop::ListLen
        } else if ty == py::PyTuple_Type() {
            Uop::TupleLen
        } else {
            return false;
        };
        let Ok(v) = self.peek_value(0) else { return false };
        let callable_object = self.real_peek(2);
        self.guard_is(callable, callable_object);
        self.guard_type(v, object);
        let (e, c) = (self.peek(0), self.peek(2));
        let plan = self.plan_release(&[(e, object), (c, callable_object)]);
        let n = self.emit(uop, &[v]);
        let result = self.box_int(n);
        self.pop_n(3);
        self.push(result);
        self.release(plan);
        true
    }

    /// `math.sqrt(x)` of a float or int; a negative number (an error) and a NaN leave the trace.
    fn call_sqrt(&mut self) -> bool {
        let object = self.real_peek(0);
        let callable_object = self.real_peek(2);
        if !self.real_peek(1).is_null() {
            return false;
        }
        let Ok(v) = self.peek_value(0) else { return false };
        let Some(n) = self.number(v, object) else { return false };
        let x = self.as_float(n);
        let zero = self.const_f64(0.0);
        self.emit(Uop::GuardFloatLe, &[zero, x]);
        let (e, c) = (self.peek(0), self.peek(2));
        let plan = self.plan_release(&[(e, object), (c, callable_object)]);
        let root = self.emit(Uop::FloatSqrt, &[x]);
        let result = self.box_float(root);
        self.pop_n(3);
        self.push(result);
        self.release(plan);
        true
    }

    /// `list.append(x)` through its method descriptor.
    unsafe fn call_list_append(
        &mut self,
        callable: ir::ValueId,
        object: *mut py::Object,
        nargs: usize,
    ) -> Result<(), Abort> {
        let list_object = self.real_peek(nargs);
        // SAFETY: the real frame holds it, or it is null.
        let exact = !list_object.is_null() && unsafe { py::Object::type_of(list_object) } == py::PyList_Type();
        if nargs != 1 || !exact {
            return Err(Abort::Value("list.append on something else"));
        }
        let list = self.peek_value(1)?;
        let item = self.peek_value(0)?;
        self.guard_is(callable, object);
        self.guard_type(list, list_object);
        let (e, l, c) = (self.peek(0), self.peek(1), self.peek(2));
        let plan = self.plan_release(&[(c, object), (l, list_object)]);
        if !e.owned && !self.types.get(&item).is_some_and(|ty| self.immortal_type(*ty)) {
            self.emit(Uop::Incref, &[item]);
        }
        self.emit(Uop::ListAppend, &[list, item]);
        self.pop_n(3);
        let none = self.constant_entry(py::_Py_NoneStruct());
        self.push(none);
        self.release(plan);
        Ok(())
    }
}

/// Whether the object is the standard library's `math.sqrt`.
unsafe fn is_math_sqrt(object: *mut py::Object) -> bool {
    // SAFETY: the real frame holds the object; a builtin of a module names its method and its module.
    unsafe {
        if py::Object::type_of(object) != py::PyCFunction_Type() {
            return false;
        }
        let function = object.cast::<py::CFunction>();
        let module = (*function).m_self;
        if module.is_null()
            || py::Object::type_of(module) != py::PyModule_Type()
            || core::ffi::CStr::from_ptr((*(*function).m_ml).ml_name) != c"sqrt"
        {
            return false;
        }
        let name = (*function).m_module;
        !name.is_null()
            && py::Object::type_of(name) == py::PyUnicode_Type()
            && core::ffi::CStr::from_ptr(py::PyUnicode_AsUTF8(name)) == c"math"
    }
}
