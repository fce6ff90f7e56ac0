//! Special methods written in Python that instructions call: recorded into frames of their own.
//!
//! CPython's C code calls `__add__` and its like while the operands stay on the caller's stack, and looks at the answer
//! afterwards. So do traces: the caller's frame has a continuation, which tier 1 carries out when it is left before the
//! callee has returned (`tier1`'s `ops::finish`), and `return_to_finish` records.
use core::ffi::CStr;

use cpython::abi as py;
use cpython::abi::{op, special};
use ir::{Continuation, Uop, ValueId};

use super::call::is_len;
use crate::state::{Entering, Entry, MAX_DEPTH, Val};
use crate::{Abort, Dependency, Recorder};

/// An argument of a special method.
pub(crate) enum Argument {
    /// This entry from the top of the caller's stack.
    Stack(usize),
    /// A constant: a name of the caller's code, or what its operand's class has under a watcher.
    Constant(*mut py::Object),
}

/// What the caller pushes once its instruction is finished.
enum Given {
    /// What the method returned.
    Result,
    /// Something made of it.
    Value(Entry),
    /// The instance that `__init__` was called for, which lies above its class.
    Instance,
    Nothing,
}

pub(super) const REFUSED: Abort = Abort::Value("a special method that is not inlined");

/// Whether code has a `raise StopIteration`, and handles nothing.
unsafe fn ends_plainly(code: *mut py::Code) -> bool {
    // SAFETY: the code of a live function; its instructions are whole.
    unsafe {
        if !py::Code::exception_table(code).is_empty() {
            return false;
        }
        let mut at = 0;
        while at < py::Code::len(code) {
            let unit = *py::Code::units(code).add(at);
            let opcode = py::DEOPT[usize::from(unit as u8)];
            at += 1 + usize::from(py::CACHES[usize::from(opcode)]);
            if opcode == op::LOAD_GLOBAL && at < py::Code::len(code) {
                let next = *py::Code::units(code).add(at);
                let raises = py::DEOPT[usize::from(next as u8)] == op::RAISE_VARARGS && next >> 8 == 1;
                let name = py::Code::name(code, usize::from(unit >> 9));
                if raises && py::PyUnicode_EqualToUTF8(name, c"StopIteration".as_ptr()) != 0 {
                    return true;
                }
            }
        }
        false
    }
}

impl Recorder {
    /// Records a call of `f` by the instruction, whose guards on why it is `f` are emitted. The operands stay on the
    /// caller's stack, or, if they are `moved`, become the callee's.
    unsafe fn enter_special(
        &mut self,
        f: *mut py::Function,
        args: &[Argument],
        moved: bool,
        continuation: Continuation,
    ) -> Result<(), Abort> {
        // SAFETY: a function that the operand's type holds.
        unsafe {
            if !self.enters_above(f, if moved { args.len() } else { 0 }) {
                return Err(REFUSED);
            }
            let mut entries = Vec::new();
            let mut objects = Vec::new();
            for arg in args {
                let (v, object, owned) = match arg {
                    Argument::Stack(n) => (self.peek_value(*n)?, self.real_peek(*n), self.peek(*n).owned),
                    Argument::Constant(name) => (self.const_obj(*name as u64), *name, false),
                };
                entries.push(Entry { val: Val::Is(v), owned: owned || !moved, clean: false });
                objects.push(object);
            }
            let callable = self.const_obj(f as u64);
            let callee = self.inline(callable, f, &entries, &[])?;
            if !moved {
                for e in &entries {
                    if let Val::Is(v) = e.val {
                        self.emit(Uop::Incref, &[v]);
                    }
                }
            }
            let func = self.constant_entry(f.cast());
            let count = if moved { objects.len() } else { 0 };
            self.pop_n(count);
            self.top().continuation = continuation;
            self.enter(callee, func);
            if !moved {
                self.hold_for_callee(self.frames.len() - 2, false);
            }
            self.entering = Some(Box::new(Entering { function: f, args: objects, moved: count, continuation }));
            Ok(())
        }
    }

    /// Whether `f` can be recorded in a frame that the instruction waits for, once `moved` entries are gone from the
    /// stack.
    pub(super) unsafe fn enters_above(&mut self, f: *mut py::Function, moved: usize) -> bool {
        // SAFETY: the code of a running frame; a live function.
        unsafe {
            let to_the_end = py::Code::len(self.top().code_ptr) + 1 - self.top().pc as usize;
            self.frames.len() < MAX_DEPTH
                && !self.stays_a_call(f)
                && self.inlinable(f)
                && u16::try_from(to_the_end).is_ok()
                && self.result_has_room(moved)
        }
    }

    /// Whether the frame has room for a result, once `moved` entries are gone from its stack. The one above all
    /// operands may be one more than the compiler reckoned with: behind frames on the data stack is room for that (a
    /// chunk is never quite full), behind a generator's is another object.
    fn result_has_room(&mut self, moved: usize) -> bool {
        let top = self.top();
        let depth = top.slots.len() - moved;
        // SAFETY: the code of a running frame.
        unsafe {
            let code = top.code_ptr;
            let makes_generators = py::CO_GENERATOR | py::CO_COROUTINE | py::CO_ASYNC_GENERATOR;
            (*code).co_flags as u32 & makes_generators == 0
                || depth < ((*code).co_nlocalsplus + (*code).co_stacksize) as usize
        }
    }

    /// Establishes the exact types of the top `n` entries, which decide what an operator calls.
    unsafe fn guard_operand_types(&mut self, n: usize) -> Result<(), Abort> {
        for i in (0..n).rev() {
            let (v, object) = (self.peek_value(i)?, self.real_peek(i));
            let ty = self.guard_type(v, object);
            // SAFETY: the real frame holds the object.
            if unsafe { py::Type::has_flag(ty as *mut py::Type, py::TPFLAGS_HEAPTYPE) } {
                // SAFETY: as above.
                if unsafe { py::Type::version(ty as *mut py::Type) } == 0 {
                    return Err(REFUSED);
                }
                self.depend(Dependency::Type(ty));
            }
        }
        Ok(())
    }

    /// Whether `f` is entered; what was emitted where it is not are guards of what is so.
    pub(super) fn entered(result: Result<(), Abort>) -> Result<bool, Abort> {
        match result {
            Ok(()) => Ok(true),
            Err(reason) if reason.leaves_a_call() => Ok(false),
            Err(reason) => Err(reason),
        }
    }

    /// `a op b` by a Python method. Whether it is one.
    pub(crate) unsafe fn operator_special(&mut self, oparg: u32) -> Result<bool, Abort> {
        // SAFETY: the real frame holds the operands.
        unsafe {
            let Some(method) = special::operator_method(self.real_peek(1), self.real_peek(0), oparg) else {
                return Ok(false);
            };
            self.guard_operand_types(2)?;
            let args = if method.reflected { [0, 1] } else { [1, 0] }.map(Argument::Stack);
            Self::entered(self.enter_special(method.function, &args, false, Continuation::Finish))
        }
    }

    /// `a < b` and its like by a Python method. Whether it is one.
    pub(crate) unsafe fn comparison_special(&mut self, op: u32) -> Result<bool, Abort> {
        // SAFETY: the real frame holds the operands.
        unsafe {
            let Some(method) = special::comparison_method(self.real_peek(1), self.real_peek(0), op) else {
                return Ok(false);
            };
            self.guard_operand_types(2)?;
            let how = if method.negated { Continuation::FinishNegated } else { Continuation::Finish };
            Self::entered(self.enter_special(method.function, &[Argument::Stack(1), Argument::Stack(0)], false, how))
        }
    }

    /// The Python function that the `n`th entry's type has as this method, its type established.
    pub(super) unsafe fn special_of(&mut self, n: usize, name: &CStr) -> Option<*mut py::Function> {
        let (v, object) = (self.peek_value(n).ok()?, self.real_peek(n));
        // SAFETY: the real frame holds the object.
        unsafe {
            let f = special::special_function(py::Object::type_of(object), name)?;
            let ty = self.guard_type(v, object);
            self.depend(Dependency::Type(ty));
            Some(f)
        }
    }

    /// An instruction that calls the method `name` of the `n`th entry, with the entries `args`. Whether that is
    /// Python's.
    pub(crate) unsafe fn call_special(&mut self, n: usize, name: &CStr, args: &[usize]) -> Result<bool, Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            let Some(f) = self.special_of(n, name) else { return Ok(false) };
            let all: Vec<Argument> = [n].iter().chain(args).map(|i| Argument::Stack(*i)).collect();
            Self::entered(self.enter_special(f, &all, false, Continuation::Finish))
        }
    }

    /// `a[b]` by a Python method. Whether it is one.
    pub(crate) unsafe fn subscript_special(&mut self) -> Result<bool, Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            let Some(f) = self.special_of(1, c"__getitem__") else { return Ok(false) };
            if !super::call::simple(f, 2) {
                return Ok(false);
            }
            let args = [Argument::Stack(1), Argument::Stack(0)];
            Self::entered(self.enter_special(f, &args, true, Continuation::Push))
        }
    }

    /// The truth of an instance by `__bool__` or `__len__`, or because it has neither. Whether it is decided by that.
    pub(crate) unsafe fn truth_special(&mut self) -> Result<bool, Abort> {
        let (v, object) = (self.peek_value(0)?, self.real_peek(0));
        // SAFETY: the real frame holds the object.
        unsafe {
            let ty = py::Object::type_of(object);
            let changes = py::Type::has_flag(ty, py::TPFLAGS_HEAPTYPE);
            if changes && py::Type::version(ty) == 0 {
                return Ok(false);
            }
            let args = [Argument::Stack(0)];
            if special::is_always_true(ty) {
                let e = self.peek(0);
                let plan = self.plan_release(&[(e, object)]);
                if plan.escapes() {
                    return Ok(false);
                }
                self.guard_type(v, object);
                if changes {
                    self.depend(Dependency::Type(ty as usize));
                }
                let truth = self.constant_entry(py::_Py_TrueStruct());
                self.pop();
                self.push(truth);
                self.release(plan);
                return Ok(true);
            }
            if let Some(f) = self.special_of(0, c"__bool__") {
                return Self::entered(self.enter_special(f, &args, false, Continuation::Finish));
            }
            if special::is_true_by_length(ty)
                && let Some(f) = self.special_of(0, c"__len__")
            {
                return Self::entered(self.enter_special(f, &args, false, Continuation::FinishNegated));
            }
            Ok(false)
        }
    }

    /// An attribute that is a property with a Python getter, or that another descriptor of the class answers for in
    /// Python before the instance is asked. Whether it is.
    pub(crate) unsafe fn property_special(&mut self, on_type: *mut py::Object, method: bool) -> Result<bool, Abort> {
        // SAFETY: what a type of the operand's has under its watcher.
        unsafe {
            if !(*py::Object::type_of(on_type)).tp_descr_set.is_null()
                && let Some(f) = special::special_function(py::Object::type_of(on_type), c"__get__")
            {
                self.guard_operand_types(1)?;
                return self.get_special(on_type, f);
            }
            let Some(f) = special::property_getter(on_type) else { return Ok(false) };
            self.guard_operand_types(1)?;
            // CPython's specialization, where it applies, hands the object over.
            let code = (*f).func_code;
            let flags = (*code).co_flags as u32 & (py::CO_VARARGS | py::CO_VARKEYWORDS);
            let moved = !method && flags == 0 && (*code).co_argcount == 1 && (*code).co_kwonlyargcount == 0;
            let how = if moved { Continuation::Push } else { Continuation::Finish };
            Self::entered(self.enter_special(f, &[Argument::Stack(0)], moved, how))
        }
    }

    /// An attribute by the Python function `f` that is `__get__` of what the class, which is guarded, has by its name.
    pub(crate) unsafe fn get_special(&mut self, on_type: *mut py::Object, f: *mut py::Function) -> Result<bool, Abort> {
        self.rely_on_method(on_type);
        // SAFETY: the real frame holds the object.
        let class = unsafe { py::Object::type_of(self.real_peek(0)) };
        let args = [Argument::Constant(on_type), Argument::Stack(0), Argument::Constant(class.cast())];
        // SAFETY: by the contract of `record`.
        Self::entered(unsafe { self.enter_special(f, &args, false, Continuation::Finish) })
    }

    /// Relies on the methods of a descriptor whose methods are Python's, found on a class that is guarded.
    fn rely_on_method(&mut self, descriptor: *mut py::Object) {
        self.rely_on_binding(descriptor);
        // SAFETY: the class has the descriptor.
        self.depend(Dependency::Type(unsafe { py::Object::type_of(descriptor) } as usize));
    }

    /// Any attribute, by the `__getattribute__` of a class without `__getattr__`. Whether that is Python's.
    pub(crate) unsafe fn any_attribute_special(&mut self, name: *mut py::Object) -> Result<bool, Abort> {
        // SAFETY: the real frame holds the object.
        unsafe {
            let Some(f) = special::attribute_function(py::Object::type_of(self.real_peek(0))) else { return Ok(false) };
            self.guard_operand_types(1)?;
            let args = [Argument::Stack(0), Argument::Constant(name)];
            Self::entered(self.enter_special(f, &args, false, Continuation::Finish))
        }
    }

    /// An attribute that the instance has not, guards of which are emitted: `__getattr__` is asked.
    pub(crate) unsafe fn missing_special(&mut self, name: *mut py::Object) -> Result<bool, Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            let Some(f) = self.special_of(0, c"__getattr__") else { return Ok(false) };
            let args = [Argument::Stack(0), Argument::Constant(name)];
            Self::entered(self.enter_special(f, &args, false, Continuation::Finish))
        }
    }

    /// `x.name = v` or, if not to `store`, `del x.name` by `__setattr__` or `__delattr__`, by a property, or by another
    /// descriptor of the class. Whether it is by a method written in Python.
    pub(crate) unsafe fn store_special(&mut self, name: *mut py::Object, store: bool) -> Result<bool, Abort> {
        let object = self.real_peek(0);
        let value = Argument::Stack(1);
        // SAFETY: the real frame holds the operands.
        unsafe {
            let ty = py::Object::type_of(object);
            let whole = if store { c"__setattr__" } else { c"__delattr__" };
            let (f, mut args) = if let Some(f) = special::special_function(ty, whole) {
                (f, vec![Argument::Stack(0), Argument::Constant(name)])
            } else if (*ty).tp_setattro != py::address::PyObject_GenericSetAttr() || py::Type::version(ty) == 0 {
                return Ok(false);
            } else {
                let on_type = py::_PyType_Lookup(ty, name);
                if on_type.is_null() {
                    return Ok(false);
                }
                let accessor =
                    if store { special::property_setter(on_type) } else { special::property_deleter(on_type) };
                let method = if store { c"__set__" } else { c"__delete__" };
                if let Some(f) = accessor {
                    (f, vec![Argument::Stack(0)])
                } else if let Some(f) = special::special_function(py::Object::type_of(on_type), method) {
                    self.guard_operand_types(1)?;
                    self.rely_on_method(on_type);
                    (f, vec![Argument::Constant(on_type), Argument::Stack(0)])
                } else {
                    return Ok(false);
                }
            };
            if store {
                args.push(value);
            }
            self.guard_operand_types(1)?;
            Self::entered(self.enter_special(f, &args, false, Continuation::Finish))
        }
    }

    /// The text of an object in an f-string, by a method written in Python. Whether it is.
    pub(crate) unsafe fn format_special(&mut self, opcode: u8, oparg: u32) -> Result<bool, Abort> {
        let n = usize::from(opcode == op::FORMAT_WITH_SPEC);
        let value = Argument::Stack(n);
        // SAFETY: the real frame holds the object; the empty string is immortal.
        unsafe {
            let ty = py::Object::type_of(self.real_peek(n));
            let format = special::special_function(ty, c"__format__");
            let (f, args, how) = match (opcode, oparg) {
                (op::FORMAT_WITH_SPEC, _) => (format, vec![value, Argument::Stack(0)], Continuation::Finish),
                (op::FORMAT_SIMPLE, _) if format.is_some() => {
                    (format, vec![value, Argument::Constant(py::empty_str())], Continuation::Finish)
                }
                (op::FORMAT_SIMPLE, _) => {
                    (special::str_function_of_format(ty), vec![value], Continuation::FinishNegated)
                }
                (_, py::FVC_STR) => (special::str_function(ty), vec![value], Continuation::Finish),
                (_, py::FVC_REPR) => (special::special_function(ty, c"__repr__"), vec![value], Continuation::Finish),
                _ => return Ok(false),
            };
            let Some(f) = f else { return Ok(false) };
            let v = self.peek_value(n)?;
            let object = self.real_peek(n);
            let ty = self.guard_type(v, object);
            self.depend(Dependency::Type(ty));
            Self::entered(self.enter_special(f, &args, false, how))
        }
    }

    /// RETURN_VALUE of a special method, and the rest of the instruction that called it. `dying` are the locals and the
    /// function of its frame.
    pub(crate) unsafe fn return_to_finish(&mut self, mut dying: Vec<(Entry, *mut py::Object)>) -> Result<(), Abort> {
        let caller = self.frames.len() - 2;
        let (opcode, oparg) = self.instruction_at(caller, 0);
        let negated = self.frames[caller].continuation == Continuation::FinishNegated;
        // SAFETY: the caller's real frame waits with its operands on its stack.
        let real_sp = unsafe { (*(*self.real).previous).stackpointer };
        let (v, object) = (self.peek_value(0)?, self.real_peek(0));
        let (operands, given) = match opcode {
            op::BINARY_OP => (2, self.implemented(v, object)?),
            op::COMPARE_OP if negated || oparg & 16 != 0 => (2, self.truth_given(v, object, negated)?),
            op::COMPARE_OP => (2, self.implemented(v, object)?),
            op::CONTAINS_OP => (2, self.truth_given(v, object, oparg & 1 != 0)?),
            op::TO_BOOL if !negated => (1, self.truth_given(v, object, false)?),
            op::TO_BOOL => {
                let n = self.length_given(v, object)?;
                let truth = self.emit(Uop::IntIsTrue, &[n]);
                (1, Given::Value(self.box_bool(truth)))
            }
            op::CALL | op::CALL_KW | op::CALL_FUNCTION_EX if negated => {
                self.guard_init_result()?;
                (py::operands_of_call(opcode, oparg), Given::Instance)
            }
            // SAFETY: as above.
            op::CALL if is_len(unsafe { (*real_sp.sub(oparg + 2)).object() }) => {
                let n = self.length_given(v, object)?;
                (3, Given::Value(self.box_int(n)))
            }
            op::CALL | op::CALL_KW | op::CALL_FUNCTION_EX => (py::operands_of_call(opcode, oparg), Given::Result),
            op::STORE_SUBSCR => (3, Given::Nothing),
            op::FOR_ITER => (0, Given::Result),
            op::GET_ITER => {
                // SAFETY: by the contract of `record`.
                unsafe { self.iterator_given(v, object) }?;
                // An iterator that gives itself stays where it is.
                let slots = &self.frames[caller].slots;
                if slots[slots.len() - 1].val == Val::Is(v) { (0, Given::Nothing) } else { (1, Given::Result) }
            }
            op::DELETE_SUBSCR | op::STORE_ATTR => (2, Given::Nothing),
            op::DELETE_ATTR => (1, Given::Nothing),
            op::FORMAT_SIMPLE | op::FORMAT_WITH_SPEC | op::CONVERT_VALUE => {
                // SAFETY: the real frame holds the object.
                if unsafe { py::PyType_IsSubtype(py::Object::type_of(object), py::PyUnicode_Type()) } == 0 {
                    return Err(Abort::Value("a text that is no str"));
                }
                self.guard_type(v, object);
                (1 + usize::from(opcode == op::FORMAT_WITH_SPEC), Given::Result)
            }
            _ => (1, Given::Result),
        };
        let e = self.peek(0);
        if !matches!(given, Given::Result) {
            dying.push((e, object));
        }
        let from_init = matches!(given, Given::Instance);
        // SAFETY: as above.
        dying.extend(unsafe { self.held_for_callee(caller, real_sp, from_init) });
        let slots = &self.frames[caller].slots;
        let instance = if from_init { slots[slots.len() + 1 - operands] } else { Entry::NULL };
        let above: Vec<_> = (0..operands)
            .filter(|n| !from_init || n + 2 != operands)
            // SAFETY: as above.
            .map(|n| (slots[slots.len() - 1 - n], unsafe { (*real_sp.sub(n + 1)).object() }))
            .collect();
        // The last one first, but for arithmetic.
        if opcode == op::BINARY_OP {
            dying.extend(above.into_iter().rev());
        } else {
            dying.extend(above);
        }
        let plan = self.plan_release(&dying);
        let result = match given {
            Given::Result => Some(self.own(e)?),
            Given::Value(e) => Some(e),
            Given::Instance => Some(instance),
            Given::Nothing => None,
        };
        self.frames.truncate(caller + 1);
        let top = self.top();
        top.continuation = Continuation::Push;
        top.slots.truncate(top.slots.len() - operands);
        if let Some(result) = result {
            self.push(result);
        }
        if opcode == op::LOAD_ATTR && oparg & 1 != 0 {
            self.push(Entry::NULL);
        }
        if opcode == op::GET_ITER && operands == 0 {
            self.keep_iterator()?;
        }
        self.expect_code = Some(self.top().code_ptr);
        self.release(plan);
        Ok(())
    }

    /// A call of an instance by its class's `__call__`. Whether that is Python's.
    pub(crate) unsafe fn called_special(&mut self, nargs: usize) -> Result<bool, Abort> {
        /// More arguments than any such method is worth inlining for.
        const MAX_ARGUMENTS: usize = 12;
        // SAFETY: by the contract of `record`.
        unsafe {
            let ty = py::Object::type_of(self.real_peek(nargs + 1));
            if nargs > MAX_ARGUMENTS || special::called_function(ty).is_none() {
                return Ok(false);
            }
            let first = if self.real_peek(nargs).is_null() { nargs } else { nargs + 1 };
            self.guard_receiver(nargs, first > nargs);
            self.guard_arguments(0..first);
            let args: Vec<usize> = (0..first).rev().collect();
            self.call_special(nargs + 1, c"__call__", &args)
        }
    }

    /// The result of an operator, which is not `NotImplemented`.
    fn implemented(&mut self, v: ValueId, object: *mut py::Object) -> Result<Given, Abort> {
        let not_implemented = py::_Py_NotImplementedStruct();
        if object == not_implemented {
            return Err(Abort::Value("an operand does not know an operator"));
        }
        if !self.types.contains_key(&v) {
            self.emit_imm(Uop::GuardIsNot, &[v], not_implemented as u64, 0);
        }
        Ok(Given::Result)
    }

    /// The result of `__iter__`, which is an iterator.
    unsafe fn iterator_given(&mut self, v: ValueId, object: *mut py::Object) -> Result<(), Abort> {
        // SAFETY: the real frame holds the object.
        unsafe {
            let ty = py::Object::type_of(object);
            let changes = py::Type::has_flag(ty, py::TPFLAGS_HEAPTYPE);
            if py::PyIter_Check(object) == 0 || changes && py::Type::version(ty) == 0 {
                return Err(Abort::Value("an __iter__ that gives no iterator"));
            }
            self.guard_type(v, object);
            if changes {
                self.depend(Dependency::Type(ty as usize));
            }
            Ok(())
        }
    }

    /// `for` by a `__next__` written in Python. Whether it is, and is recorded: an iterator's end that is not recorded
    /// would end the recording of a loop around this one.
    pub(crate) unsafe fn next_special(&mut self) -> Result<bool, Abort> {
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the iterator.
        unsafe {
            let Some(f) = special::special_function(py::Object::type_of(object), c"__next__") else { return Ok(false) };
            let own_loop = self.in_root() && self.is_loop() && self.start.offset == self.top().pc;
            if !own_loop && !ends_plainly((*f).func_code) {
                return Ok(false);
            }
            self.call_special(0, c"__next__", &[])
        }
    }

    /// `raise StopIteration` in the `__next__` that a `for` calls: the loop ends. The exception, and what it knows of
    /// the frame, die before anybody sees them.
    pub(crate) unsafe fn raise(&mut self, nargs: usize) -> Result<(), Abort> {
        const OTHER: Abort = Abort::Unsupported("RAISE_VARARGS");
        let Some(caller) = self.frames.len().checked_sub(2) else { return Err(OTHER) };
        let nlocals = self.top().nlocals;
        // SAFETY: by the contract of `record`.
        unsafe {
            if nargs != 1
                || self.real_peek(0) != (*py::PyExc_StopIteration()).cast()
                || self.top().generator.is_some()
                || self.top().slots.len() != nlocals + 1
                || !py::Code::exception_table(self.top().code_ptr).is_empty()
                || !self.frames[caller].continuation.finishes()
                || self.instruction_at(caller, 0).0 != op::FOR_ITER
            {
                return Err(OTHER);
            }
            let (v, object) = (self.peek_value(0)?, self.real_peek(0));
            self.guard_is(v, object);
            let dying = self.dying_with_frame();
            let plan = self.plan_release(&dying);
            if plan.escapes() {
                return Err(Abort::Value("an iterator's end that lets something die"));
            }
            self.frames.truncate(caller + 1);
            self.top().continuation = Continuation::Push;
            self.expect_code = Some(self.top().code_ptr);
            self.release(plan);
            Ok(())
        }
    }

    /// The truth of a result, which is a bool; reversed if asked for.
    fn truth_given(&mut self, v: ValueId, object: *mut py::Object, reversed: bool) -> Result<Given, Abort> {
        let mut c = self.unbox_bool(v, object)?;
        if reversed {
            c = self.emit(Uop::BoolNot, &[c]);
        }
        Ok(Given::Value(self.box_bool(c)))
    }

    /// The length that `__len__` told.
    fn length_given(&mut self, v: ValueId, object: *mut py::Object) -> Result<ValueId, Abort> {
        const ODD: Abort = Abort::Value("a length that is no small number");
        let n = self.unbox_int(v, object).ok_or(ODD)?;
        // SAFETY: an exact int, or unboxing had failed.
        if unsafe { py::Long::to_i64(object.cast()) }.is_none_or(|n| n < 0) {
            return Err(ODD);
        }
        let zero = self.const_i64(0);
        self.emit(Uop::GuardIntLe, &[zero, n]);
        Ok(n)
    }
}
