//! Instances of classes whose `__init__` is a Python function, which is inlined.
//!
//! Between the caller and `__init__` lies CPython's trampoline frame, in snapshots as in memory: it holds the instance,
//! and takes the `None` that `__init__` returns.
use cpython::abi as py;
use ir::{Continuation, Uop, ValueId};

use crate::state::{AbsFrame, Entry, MAX_DEPTH, Val};
use crate::{Abort, Dependency, Recorder};

impl Recorder {
    /// The `__init__` of a class whose instances tier 1 makes without a call of C code, as its `call_class` decides.
    pub(super) unsafe fn python_init(&self, class: *mut py::Type) -> Option<*mut py::Function> {
        // SAFETY: a class; lookups in types run no Python code.
        unsafe {
            if !py::Type::makes_plain_instances(class) || py::Type::version(class) == 0 {
                return None;
            }
            let init = py::Type::look_up(class, c"__init__")?;
            let is_function = !init.is_null() && py::Object::type_of(init) == py::PyFunction_Type();
            (is_function && self.inlinable(init.cast())).then_some(init.cast())
        }
    }

    /// Records `class(...)` with `nargs` positional arguments into `__init__`. False where that is not possible.
    pub(crate) unsafe fn call_class(
        &mut self,
        callable: ValueId,
        class: *mut py::Type,
        nargs: usize,
    ) -> Result<bool, Abort> {
        // SAFETY: the real frame holds the class.
        unsafe {
            if !self.const_of.contains_key(&callable) || !self.real_peek(nargs).is_null() {
                return Ok(false);
            }
            let Some(init) = self.python_init(class) else { return Ok(false) };
            if !py::Code::is_simple((*init).func_code) {
                return self.callee_special(nargs, 0, &[]);
            }
            if self.frames.len() + 1 >= MAX_DEPTH || self.stays_a_call(init) {
                return Err(Abort::TooDeep);
            }
            let e = self.peek(nargs + 1);
            let plan = self.plan_release(&[(e, class.cast())]);
            if plan.escapes() {
                return Ok(false);
            }
            self.depend(Dependency::Type(class as usize));
            // All guards come before the instance is made.
            self.guard_recursion_by(2);
            let trampoline = py::_Py_InitCleanup();
            let above: i32 = self.frames[1..].iter().map(|f| (*f.code_ptr).co_framesize).sum();
            let bytes = 8 * (above + (*trampoline).co_framesize) as u64;
            self.emit_imm(Uop::GuardDataStack, &[], bytes, 0);
            let mut args: Vec<Entry> = (0..nargs).rev().map(|n| self.peek(n)).collect();
            let class_value = self.const_obj(class as u64);
            let instance = self.emit(Uop::NewInstance, &[class_value]);
            self.types.insert(instance, class as usize);
            self.emit(Uop::Incref, &[instance]);
            args.insert(0, Entry::owned(instance));
            let function = self.constant_entry(init.cast());
            let Val::Is(function_value) = function.val else { unreachable!("a constant is a value") };
            let callee = self.inline(function_value, init, &args, &[])?;
            self.pop_n(nargs + 2);
            let code = self.code_id(trampoline);
            self.frames.push(AbsFrame {
                generator: None,
                code,
                code_ptr: trampoline,
                func: Entry::NULL,
                slots: vec![Entry::owned(instance)],
                nlocals: 0,
                pc: 0,
                continuation: Continuation::Push,
            });
            self.enter(callee, function);
            self.release(plan);
        }
        Ok(true)
    }

    /// Whether the innermost frame is an `__init__` that was called by a trampoline.
    pub(crate) fn in_init(&self) -> bool {
        let n = self.frames.len();
        n >= 2 && self.frames[n - 2].code_ptr == py::_Py_InitCleanup()
    }

    /// Guards that `__init__` returns `None`.
    pub(crate) fn guard_init_result(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let none = py::_Py_NoneStruct();
        if self.real_peek(0) != none {
            return Err(Abort::Exception);
        }
        self.guard_is(v, none);
        Ok(())
    }
}
