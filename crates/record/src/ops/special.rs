//! Special methods written in Python that instructions call: recorded into frames of their own.
//!
//! CPython's C code calls `__add__` and its like while the operands stay on the caller's stack, and looks at the answer
//! afterwards. So do traces: the caller's frame has a continuation, which tier 1 carries out when it is left before the
//! callee has returned (`tier1`'s `ops::finish`), and `return_to_finish` records.
use core::ffi::CStr;

use cpython::abi as py;
use cpython::abi::{op, special};
use ir::{Continuation, Uop, ValueId};

use crate::state::{Entering, Entry, MAX_DEPTH, Val};
use crate::{Abort, Dependency, Recorder};

/// An argument of a special method.
pub(crate) enum Argument {
    /// This entry from the top of the caller's stack.
    Stack(usize),
    /// A name of the caller's code.
    Name(*mut py::Object),
}

/// What the caller pushes once its instruction is finished.
enum Given {
    /// What the method returned.
    Result,
    /// Something made of it.
    Value(Entry),
    Nothing,
}

const REFUSED: Abort = Abort::Value("a special method that is not inlined");

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
            let to_the_end = py::Code::len(self.top().code_ptr) + 1 - self.top().pc as usize;
            if self.frames.len() >= MAX_DEPTH
                || self.stays_a_call(f)
                || !self.inlinable(f)
                || u16::try_from(to_the_end).is_err()
                || !self.result_has_room(if moved { args.len() } else { 0 })
            {
                return Err(REFUSED);
            }
            let mut entries = Vec::new();
            let mut objects = Vec::new();
            for arg in args {
                let (v, object, owned) = match arg {
                    Argument::Stack(n) => (self.peek_value(*n)?, self.real_peek(*n), self.peek(*n).owned),
                    Argument::Name(name) => (self.const_obj(*name as u64), *name, false),
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
            self.entering = Some(Box::new(Entering { function: f, args: objects, moved: count, continuation }));
            Ok(())
        }
    }

    /// Whether the frame has room for a result, once `moved` entries are gone from its stack. The one above all operands
    /// may be one more than the compiler reckoned with: behind frames on the data stack is room for that (a chunk is never
    /// quite full), behind a generator's is another object.
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
    fn entered(result: Result<(), Abort>) -> Result<bool, Abort> {
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
    unsafe fn special_of(&mut self, n: usize, name: &CStr) -> Option<*mut py::Function> {
        let (v, object) = (self.peek_value(n).ok()?, self.real_peek(n));
        // SAFETY: the real frame holds the object.
        unsafe {
            let f = special::special_function(py::Object::type_of(object), name)?;
            let ty = self.guard_type(v, object);
            self.depend(Dependency::Type(ty));
            Some(f)
        }
    }

    /// An instruction that calls the method `name` of the `n`th entry, with the entries `args`. Whether that is Python's.
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
            if !py::Type::has_flag(ty, py::TPFLAGS_HEAPTYPE) || py::Type::version(ty) == 0 {
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
                self.depend(Dependency::Type(ty as usize));
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

    /// An attribute that is a property with a Python getter. Whether it is.
    pub(crate) unsafe fn property_special(&mut self, on_type: *mut py::Object, method: bool) -> Result<bool, Abort> {
        // SAFETY: what a type of the operand's has under its watcher.
        unsafe {
            let Some(f) = special::property_getter(on_type) else { return Ok(false) };
            self.guard_operand_types(1)?;
            let how = if method { Continuation::Finish } else { Continuation::Push };
            Self::entered(self.enter_special(f, &[Argument::Stack(0)], !method, how))
        }
    }

    /// An attribute that the instance has not, guards of which are emitted: `__getattr__` is asked.
    pub(crate) unsafe fn missing_special(&mut self, name: *mut py::Object) -> Result<bool, Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            let Some(f) = self.special_of(0, c"__getattr__") else { return Ok(false) };
            let args = [Argument::Stack(0), Argument::Name(name)];
            Self::entered(self.enter_special(f, &args, false, Continuation::Finish))
        }
    }

    /// `x.name = v` by a property's setter or by `__setattr__`. Whether it is by one written in Python.
    pub(crate) unsafe fn store_special(&mut self, name: *mut py::Object) -> Result<bool, Abort> {
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the operands.
        unsafe {
            let ty = py::Object::type_of(object);
            if let Some(f) = special::special_function(ty, c"__setattr__") {
                self.guard_operand_types(1)?;
                let args = [Argument::Stack(0), Argument::Name(name), Argument::Stack(1)];
                return Self::entered(self.enter_special(f, &args, false, Continuation::Finish));
            }
            if (*ty).tp_setattro != py::address::PyObject_GenericSetAttr() || py::Type::version(ty) == 0 {
                return Ok(false);
            }
            let on_type = py::_PyType_Lookup(ty, name);
            if on_type.is_null() {
                return Ok(false);
            }
            let Some(f) = special::property_setter(on_type) else { return Ok(false) };
            self.guard_operand_types(1)?;
            let args = [Argument::Stack(0), Argument::Stack(1)];
            Self::entered(self.enter_special(f, &args, false, Continuation::Finish))
        }
    }

    /// RETURN_VALUE of a special method, and the rest of the instruction that called it. `dying` are the locals and the
    /// function of its frame.
    pub(crate) unsafe fn return_to_finish(&mut self, mut dying: Vec<(Entry, *mut py::Object)>) -> Result<(), Abort> {
        let caller = self.frames.len() - 2;
        let (opcode, oparg) = self.instruction_at(caller, 0);
        let negated = self.frames[caller].continuation == Continuation::FinishNegated;
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
            op::CALL => {
                let n = self.length_given(v, object)?;
                (3, Given::Value(self.box_int(n)))
            }
            op::STORE_SUBSCR => (3, Given::Nothing),
            op::DELETE_SUBSCR | op::STORE_ATTR => (2, Given::Nothing),
            _ => (1, Given::Result),
        };
        let e = self.peek(0);
        if !matches!(given, Given::Result) {
            dying.push((e, object));
        }
        // SAFETY: the caller's real frame waits with its operands on its stack.
        let real_sp = unsafe { (*(*self.real).previous).stackpointer };
        let slots = &self.frames[caller].slots;
        let above: Vec<_> = (0..operands)
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
        self.expect_code = Some(self.top().code_ptr);
        self.release(plan);
        Ok(())
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
