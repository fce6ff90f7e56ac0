//! Calls and returns.
use core::mem::offset_of;

use cpython::abi as py;
use ir::Uop;

use crate::state::{Entry, Val};
use crate::{Abort, EscapeHelper, Recorder};

/// Frames of one code within each other that are inlined, where the call cannot stay one.
const MAX_NESTED: usize = 4;

impl Recorder {
    /// CALL: stack callable, self or NULL, arguments.
    pub(crate) unsafe fn call(&mut self, nargs: usize) -> Result<(), Abort> {
        let callable = self.peek_value(nargs + 1)?;
        let object = self.real_peek(nargs + 1);
        // SAFETY: the real frame holds the callable; its type is compared before its fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            let method_of_python = ty == py::PyMethod_Type()
                && py::Object::type_of((*object.cast::<py::BoundMethod>()).im_func) == py::PyFunction_Type();
            if ty == py::PyFunction_Type() || method_of_python && self.real_peek(nargs).is_null() {
                if let Some(code) = makes_generator(object) {
                    return self.make_generator(EscapeHelper::Call, nargs, nargs + 2, code);
                }
                match self.call_function(nargs, 0, &[]) {
                    Err(reason) if reason.leaves_a_call() => return self.call_outside(EscapeHelper::Call, nargs, 2),
                    followed => return followed,
                }
            }
            if object == py::PyRange_Type().cast() && self.real_peek(nargs).is_null() && (1..=3).contains(&nargs) {
                return self.call_range(callable, object, nargs);
            }
            if self.const_of.contains_key(&callable) && is_len(object) && nargs == 1 && self.call_len(callable) {
                return Ok(());
            }
            if self.const_of.contains_key(&callable)
                && is_len(object)
                && nargs == 1
                && self.real_peek(1).is_null()
                && self.call_special(0, c"__len__", &[])?
            {
                return Ok(());
            }
            if nargs == 1 && self.const_of.contains_key(&callable) && is_math_sqrt(object) && self.call_sqrt() {
                return Ok(());
            }
            if self.call_leaf(nargs)? {
                return Ok(());
            }
            if self.called_special(nargs)? {
                return Ok(());
            }
            if ty != py::PyType_Type()
                && py::Type::has_flag(ty, py::TPFLAGS_TYPE_SUBCLASS)
                && self.callee_special(nargs, 0, &[])?
            {
                return Ok(());
            }
            if ty == py::PyType_Type() && self.call_class(callable, object.cast(), nargs)? {
                return Ok(());
            }
        }
        // A class or a C function that calls Python would push frames of its own: those run inside the escape.
        self.call_outside(EscapeHelper::Call, nargs, 2)
    }

    /// A call with `nargs` arguments and so many other operands as an escape.
    fn call_outside(&mut self, helper: EscapeHelper, nargs: usize, others: usize) -> Result<(), Abort> {
        if nargs + others > 15 {
            return Err(Abort::Value("a call with many arguments"));
        }
        let operands = self.pop_n(nargs + others);
        let v = self.escape(helper, nargs as u64, &operands);
        self.push(Entry::owned(v));
        Ok(())
    }

    pub(crate) unsafe fn call_kw(&mut self, nargs: usize) -> Result<(), Abort> {
        let names = self.real_peek(0);
        let object = self.real_peek(nargs + 2);
        // SAFETY: the real frame holds the callable and the tuple of names, a constant of the code.
        unsafe {
            let keywords: Vec<*mut py::Object> =
                (0..py::Tuple::len(names.cast())).map(|i| py::Tuple::item(names.cast(), i)).collect();
            if py::Object::type_of(object) == py::PyFunction_Type()
                || py::Object::type_of(object) == py::PyMethod_Type()
            {
                if let Some(code) = makes_generator(object) {
                    return self.make_generator(EscapeHelper::CallKw, nargs, nargs + 3, code);
                }
                match self.call_function(nargs, 1, &keywords) {
                    Err(reason) if reason.leaves_a_call() => {}
                    followed => return followed,
                }
            } else if self.callee_special(nargs, 1, &keywords)? {
                return Ok(());
            }
        }
        self.call_outside(EscapeHelper::CallKw, nargs, 3)
    }

    /// A call with `operands` operands that makes a generator: none of its code runs, so it need not be followed.
    fn make_generator(
        &mut self,
        helper: EscapeHelper,
        nargs: usize,
        operands: usize,
        code: *mut py::Code,
    ) -> Result<(), Abort> {
        if operands > 15 {
            return Err(Abort::Value("a call with many arguments"));
        }
        if self.frames.iter().any(|f| f.code_ptr == code) {
            return Err(Abort::Value("makes a generator of a function that is running"));
        }
        let operands = self.pop_n(operands);
        let v = self.escape(helper, nargs as u64, &operands);
        self.push(Entry::owned(v));
        self.making = Some(code);
        Ok(())
    }

    /// A call of a Python function or of a bound method of one, with `nargs` arguments below `above` other operands;
    /// the last arguments have these names.
    unsafe fn call_function(&mut self, nargs: usize, above: usize, keywords: &[*mut py::Object]) -> Result<(), Abort> {
        let at = nargs + above;
        let mut callable = self.peek_value(at + 1)?;
        let mut object = self.real_peek(at + 1);
        let mut has_self = !self.real_peek(at).is_null();
        self.guard_receiver(at, has_self);
        // SAFETY: the real frame holds the callable; its type is compared before its fields are read.
        unsafe {
            let mut bound = None;
            if py::Object::type_of(object) == py::PyMethod_Type() && !has_self {
                let method = object.cast::<py::BoundMethod>();
                let release = self.plan_unbind_method(callable, object, at + 1)?;
                let function_at = offset_of!(py::BoundMethod, im_func) as u64;
                let function = self.emit_imm(Uop::LoadFieldObj, &[callable], function_at, 0);
                let self_at = offset_of!(py::BoundMethod, im_self) as u64;
                let receiver = self.emit_imm(Uop::LoadFieldObj, &[callable], self_at, 0);
                (callable, object, has_self) = (function, (*method).im_func, true);
                bound = Some((function, receiver, release));
            }
            if py::Object::type_of(object) != py::PyFunction_Type() || !self.inlinable(object.cast()) {
                return Err(Abort::Value("calls a Python function that is not inlined yet"));
            }
            if self.stays_a_call(object.cast()) {
                let positional = bound.is_none() && keywords.is_empty() && above == 0;
                if positional && simple(object.cast(), nargs + usize::from(has_self)) {
                    return self.call_native(callable, object.cast(), nargs, has_self);
                }
                // Closures of one code call each other without being a recursion; a few levels of it are followed.
                let code = (*object.cast::<py::Function>()).func_code;
                if self.frames.iter().filter(|f| f.code_ptr == code).count() >= MAX_NESTED {
                    return Err(Abort::TooDeep);
                }
            }
            let mut args: Vec<Entry> = (0..nargs).rev().map(|n| self.peek(n + above)).collect();
            if has_self {
                let receiver = match &bound {
                    Some((_, receiver, _)) => Entry::owned(*receiver),
                    None => self.peek(at),
                };
                args.insert(0, receiver);
            }
            let callee = self.inline(callable, object.cast(), &args, keywords)?;
            let operands = self.pop_n(at + 2);
            let mut func = operands[0];
            if let Some(Entry { val: Val::Is(names), owned: true, .. }) =
                operands.get(at + 2 - above..).and_then(|e| e.first())
            {
                // The code object has the names of the keywords, too.
                self.emit(Uop::DecrefAlive, &[*names]);
            }
            if let Some((function, receiver, release)) = bound {
                self.emit(Uop::Incref, &[function]);
                self.emit(Uop::Incref, &[receiver]);
                func = Entry::owned(function);
                self.release(release);
            }
            self.enter(callee, func);
        }
        Ok(())
    }

    /// Guards whether the call has a receiver, the `n`th entry from the top: one site may see the same function with
    /// one and without.
    pub(crate) fn guard_receiver(&mut self, n: usize, has_self: bool) {
        if let Val::Is(receiver) = self.peek(n).val
            && !self.types.contains_key(&receiver)
        {
            if has_self {
                self.emit(Uop::GuardNonNull, &[receiver]);
            } else {
                self.emit_imm(Uop::GuardIs, &[receiver], 0, 0);
            }
        }
    }

    /// Leaves where one frame more would exceed the recursion limit.
    pub(crate) fn guard_recursion(&mut self) {
        self.guard_recursion_by(1);
    }

    /// As [`Recorder::guard_recursion`], for `more` frames.
    pub(crate) fn guard_recursion_by(&mut self, more: usize) {
        let depth = self.frames.len() + more - 1;
        if depth > self.recursion_guarded {
            let remaining_at = offset_of!(py::ThreadState, py_recursion_remaining) as u64;
            self.emit_imm(Uop::GuardRecursion, &[], remaining_at, depth as u64);
            self.recursion_guarded = depth;
        }
    }

    /// Guards for taking a bound method apart: its release, once function and receiver have references of their own. A
    /// dying one then takes nothing with it, unless it has weak references.
    unsafe fn plan_unbind_method(
        &mut self,
        method: ir::ValueId,
        object: *mut py::Object,
        n: usize,
    ) -> Result<crate::emit::Releases, Abort> {
        self.guard_type(method, object);
        let e = self.peek(n);
        let plan = self.plan_release(&[(e, object)]);
        if !plan.escapes() {
            return Ok(plan);
        }
        let weak_at = py::BOUND_METHOD_WEAK_REFERENCES;
        // SAFETY: a bound method, by its type.
        if unsafe { !(*object.byte_add(weak_at).cast::<*mut py::Object>()).is_null() } {
            return Err(Abort::Value("a bound method with weak references dies"));
        }
        self.emit_imm(Uop::GuardFieldIs, &[method], weak_at as u64, 0);
        Ok(plan.harmlessly())
    }

    /// CALL_FUNCTION_EX: stack callable, NULL, arguments, keyword arguments or NULL.
    pub(crate) unsafe fn call_function_ex(&mut self) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        match unsafe { self.call_unpacked() } {
            Err(reason) if reason.leaves_a_call() => {}
            followed => return followed,
        }
        let operands = self.pop_n(4);
        let v = self.escape(EscapeHelper::CallEx, 0, &operands);
        self.push(Entry::owned(v));
        Ok(())
    }

    /// The call of a Python function with a tuple of arguments, and keyword arguments in a dict of these very names.
    unsafe fn call_unpacked(&mut self) -> Result<(), Abort> {
        const REFUSED: Abort = Abort::Value("unpacked arguments of another kind");
        let callable = self.peek_value(3)?;
        let (object, arguments, named) = (self.real_peek(3), self.real_peek(1), self.real_peek(0));
        // SAFETY: the real frame holds the operands; types are compared before fields are read.
        unsafe {
            let is_function = py::Object::type_of(object) == py::PyFunction_Type();
            if py::Object::type_of(arguments) != py::PyTuple_Type()
                || is_function && (!self.inlinable(object.cast()) || self.stays_a_call(object.cast()))
                || !is_function && !named.is_null()
            {
                return Err(REFUSED);
            }
            let tuple = self.peek_value(1)?;
            self.guard_type(tuple, arguments);
            let n = py::Tuple::len(arguments.cast());
            let expected = self.const_i64(n as i64);
            let len = self.emit(Uop::TupleLen, &[tuple]);
            self.emit(Uop::GuardIntEq, &[len, expected]);
            let mut args: Vec<Entry> =
                (0..n).map(|i| Entry::owned(self.emit_imm(Uop::TupleItem, &[tuple], 8 * i as u64, 0))).collect();
            let mut names = Vec::new();
            let mut releases = vec![(self.peek(1), arguments)];
            if named.is_null() {
                if let Val::Is(keywords) = self.peek(0).val {
                    self.emit_imm(Uop::GuardIs, &[keywords], 0, 0);
                }
            } else {
                names = self.named_arguments(object.cast(), named, &mut args).ok_or(REFUSED)?;
                releases.insert(0, (self.peek(0), named));
            }
            if !is_function {
                return if self.unpacked_special(&args)? { Ok(()) } else { Err(REFUSED) };
            }
            // The callee has references to all that these containers hold: nobody sees them go.
            let plan = self.plan_release(&releases).harmlessly();
            let callee = self.inline(callable, object.cast(), &args, &names)?;
            for e in &args {
                if let Val::Is(v) = e.val {
                    self.emit(Uop::Incref, &[v]);
                }
            }
            let operands = self.pop_n(4);
            self.enter(callee, operands[0]);
            self.release(plan);
        }
        Ok(())
    }

    /// Adds the values of a call's dict of keyword arguments to `args`; their names. `None` where they are not all
    /// parameters of the function.
    unsafe fn named_arguments(
        &mut self,
        f: *mut py::Function,
        named: *mut py::Object,
        args: &mut Vec<Entry>,
    ) -> Option<Vec<*mut py::Object>> {
        const MOST: usize = 8;
        let dict = self.peek_value(0).ok()?;
        // SAFETY: the real frame holds function and dict; the type is compared before its fields are read.
        unsafe {
            if py::Object::type_of(named) != py::PyDict_Type() {
                return None;
            }
            let used = (*named.cast::<py::Dict>()).ma_used as usize;
            let parameters = (*(*f).func_code).co_localsplusnames;
            let count = ((*(*f).func_code).co_argcount + (*(*f).func_code).co_kwonlyargcount) as usize;
            let found: Vec<_> = (0..count)
                .map(|i| py::Tuple::item(parameters, i))
                .filter(|name| !py::PyDict_GetItemWithError(named, *name).is_null())
                .collect();
            if used > MOST || found.len() != used {
                return None;
            }
            self.guard_type(dict, named);
            let len = self.emit(Uop::DictLen, &[dict]);
            let expected = self.const_i64(used as i64);
            self.emit(Uop::GuardIntEq, &[len, expected]);
            let one = self.const_i64(1);
            for name in &found {
                let name = self.const_obj(*name as u64);
                let at = self.emit(Uop::DictFindStr, &[dict, name]);
                self.emit(Uop::GuardIntLt, &[one, at]);
                let cell = self.emit(Uop::DictCell, &[at]);
                args.push(Entry::owned(self.emit(Uop::DictValue, &[cell])));
            }
            Some(found)
        }
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
        // SAFETY: by the contract of `record`.
        let dying = unsafe { self.dying_with_frame() };
        if self.frames[self.frames.len() - 2].continuation.finishes() {
            // SAFETY: by the contract of `record`.
            return unsafe { self.return_to_finish(dying) };
        }
        let from_init = self.in_init();
        if from_init {
            self.guard_init_result()?;
        }
        let plan = self.plan_release(&dying);
        let mut result = self.pop();
        let mut caller = self.frames.len() - 2;
        if from_init {
            // The trampoline hands the instance on instead.
            result = self.frames[caller].slots[0];
            caller -= 1;
        }
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

    /// What the innermost frame lets go of when it ends, in CPython's order: the last local first, then the function.
    pub(crate) unsafe fn dying_with_frame(&mut self) -> Vec<(Entry, *mut py::Object)> {
        let mut dying: Vec<(Entry, *mut py::Object)> = Vec::new();
        for i in (0..self.top().nlocals).rev() {
            let real = self.real_slot(i);
            if !real.is_null() {
                dying.push((self.top().slots[i], real.object()));
            }
        }
        // SAFETY: the running frame.
        let func = unsafe { (*self.real).f_funcobj.object() };
        dying.push((self.top().func, func));
        dying
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
}

/// Whether `n` positional arguments, and defaults, are all that the function's parameters can get, and it has no cells.
pub(super) unsafe fn simple(f: *mut py::Function, n: usize) -> bool {
    // SAFETY: a function object.
    unsafe {
        let code = (*f).func_code;
        let required = (*code).co_argcount as usize;
        let defaults = if (*f).func_defaults.is_null() { 0 } else { py::Tuple::len((*f).func_defaults.cast()) };
        (*code).co_flags as u32 & (py::CO_VARARGS | py::CO_VARKEYWORDS) == 0
            && (*code).co_kwonlyargcount == 0
            && (*code).co_ncellvars == 0
            && (*code).co_nfreevars == 0
            && n <= required
            && n + defaults >= required
    }
}

/// The code of a Python function, or of a bound method's, whose call makes a generator, coroutine or the like.
unsafe fn makes_generator(callable: *mut py::Object) -> Option<*mut py::Code> {
    let makes = py::CO_GENERATOR | py::CO_COROUTINE | py::CO_ASYNC_GENERATOR;
    // SAFETY: the real frame holds the callable; types are compared before fields are read.
    unsafe {
        let bound = py::Object::type_of(callable) == py::PyMethod_Type();
        let function = if bound { (*callable.cast::<py::BoundMethod>()).im_func } else { callable };
        if py::Object::type_of(function) != py::PyFunction_Type() {
            return None;
        }
        let code = (*function.cast::<py::Function>()).func_code;
        ((*code).co_flags as u32 & makes != 0).then_some(code)
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

/// Whether it is `len`.
pub(super) fn is_len(object: *mut py::Object) -> bool {
    // SAFETY: a recorder's thread has the GIL.
    unsafe { object == (*(*py::PyThreadState_Get()).interp).cached_len }
}
