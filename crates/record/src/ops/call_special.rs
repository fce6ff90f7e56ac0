//! Calls of instances and classes by keywords or with a tuple, of classes with a metaclass, of bound methods with a
//! tuple: what tier 1 enters by its `ops::call_special`. The operands stay on the caller's stack; `return_to_finish`
//! ends the call.
use core::mem::offset_of;

use cpython::abi as py;
use cpython::abi::{op, special};
use ir::{Continuation, Uop, ValueId};

use super::bind::Prepared;
use super::call::is_len;
use crate::state::{Entry, Val};
use crate::{Abort, Dependency, Recorder};

/// More arguments than any such function is worth inlining for.
const MAX_ARGUMENTS: usize = 12;

impl Recorder {
    /// A call with `nargs` arguments, the last ones by these names, below `above` other operands, of an instance or
    /// class. Whether it is recorded into a Python function.
    pub(crate) unsafe fn callee_special(
        &mut self,
        nargs: usize,
        above: usize,
        keywords: &[*mut py::Object],
    ) -> Result<bool, Abort> {
        let at = nargs + above;
        let object = self.real_peek(at + 1);
        let has_self = !self.real_peek(at).is_null();
        // SAFETY: by the contract of `record`.
        unsafe {
            if nargs > MAX_ARGUMENTS {
                return Ok(false);
            }
            let ty = py::Object::type_of(object);
            if special::is_made_by_type(ty) {
                if has_self {
                    return Ok(false);
                }
                let args: Vec<Entry> = (0..nargs).rev().map(|n| self.peek(n + above)).collect();
                return self.class_special(at + 1, &args, keywords);
            }
            if special::called_function(ty).is_none() {
                return Ok(false);
            }
            let Some(f) = self.special_of(at + 1, c"__call__") else { return Ok(false) };
            self.guard_receiver(at, has_self);
            self.guard_arguments(above..at + usize::from(has_self));
            let mut args = vec![self.peek(at + 1)];
            if has_self {
                args.push(self.peek(at));
            }
            args.extend((0..nargs).rev().map(|n| self.peek(n + above)));
            let function = self.const_obj(f as u64);
            Self::entered(self.enter_above(function, f, &args, keywords, Continuation::Finish))
        }
    }

    /// `f(*tuple)` of an instance, class or bound method, the `n` items of the tuple being `args`. Whether it is
    /// recorded into a Python function.
    pub(crate) unsafe fn unpacked_special(&mut self, args: &[Entry]) -> Result<bool, Abort> {
        let object = self.real_peek(3);
        // SAFETY: by the contract of `record`; types are compared before fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            if special::is_made_by_type(ty) {
                return self.class_special(3, args, &[]);
            }
            let (function, f, first) = if ty == py::PyMethod_Type() {
                let f = (*object.cast::<py::BoundMethod>()).im_func;
                if py::Object::type_of(f) != py::PyFunction_Type() {
                    return Ok(false);
                }
                let method = self.peek_value(3)?;
                self.guard_type(method, object);
                let function_at = offset_of!(py::BoundMethod, im_func) as u64;
                let function = self.emit_imm(Uop::LoadFieldObj, &[method], function_at, 0);
                let self_at = offset_of!(py::BoundMethod, im_self) as u64;
                let receiver = self.emit_imm(Uop::LoadFieldObj, &[method], self_at, 0);
                (function, f.cast(), Entry::owned(receiver))
            } else {
                if special::called_function(ty).is_none() {
                    return Ok(false);
                }
                let Some(f) = self.special_of(3, c"__call__") else { return Ok(false) };
                (self.const_obj(f as u64), f, self.peek(3))
            };
            let all: Vec<Entry> = [first].iter().chain(args).copied().collect();
            Self::entered(self.enter_above(function, f, &all, &[], Continuation::Finish))
        }
    }

    /// Records a call of `f`, the value `function`, with new references to `args`. All else is guarded.
    unsafe fn enter_above(
        &mut self,
        function: ValueId,
        f: *mut py::Function,
        args: &[Entry],
        keywords: &[*mut py::Object],
        continuation: Continuation,
    ) -> Result<(), Abort> {
        // SAFETY: the caller's.
        unsafe {
            if !self.enters_above(f, 0) {
                return Err(super::special::REFUSED);
            }
            let prepared = self.prepare(function, f, args.len(), keywords)?;
            self.enter_prepared(function, f, prepared, args, keywords.len(), continuation);
            self.hold_for_callee(self.frames.len() - 2, false);
            Ok(())
        }
    }

    unsafe fn enter_prepared(
        &mut self,
        function: ValueId,
        f: *mut py::Function,
        prepared: Prepared,
        args: &[Entry],
        keywords: usize,
        continuation: Continuation,
    ) {
        // SAFETY: as for `enter_above`.
        unsafe {
            let args: Vec<Entry> = args.iter().map(|e| Entry { owned: true, clean: false, ..*e }).collect();
            let callee = self.place(prepared, &args, keywords);
            for v in args.iter().filter_map(value) {
                self.emit(Uop::Incref, &[v]);
            }
            let func = if self.const_of.contains_key(&function) {
                self.constant_entry(f.cast())
            } else {
                self.emit(Uop::Incref, &[function]);
                Entry::owned(function)
            };
            self.top().continuation = continuation;
            self.enter(callee, func);
        }
    }

    /// `class(...)`: the class is the `n`th entry, with a NULL above it. Its instance takes that place, as in tier 1.
    unsafe fn class_special(&mut self, n: usize, args: &[Entry], keywords: &[*mut py::Object]) -> Result<bool, Abort> {
        let (callable, object) = (self.peek_value(n)?, self.real_peek(n));
        let class: *mut py::Type = object.cast();
        // SAFETY: the real frame holds the class and the arguments.
        unsafe {
            if !self.const_of.contains_key(&callable) || !self.real_peek(n - 1).is_null() {
                return Ok(false);
            }
            let Some(init) = self.python_init(class) else { return Ok(false) };
            if !self.enters_above(init, 0) || !self.binds(init, 1 + args.len() - keywords.len(), keywords) {
                return Ok(false);
            }
            self.guard_receiver(n - 1, false);
            self.rely_on_binding(object);
            self.depend(Dependency::Type(class as usize));
            self.guard_arguments(0..n - 1);
            // All guards come before the instance is made, and whatever else is.
            let function = self.const_obj(init as u64);
            let prepared = self.prepare(function, init, 1 + args.len(), keywords)?;
            let class_value = self.const_obj(class as u64);
            let instance = self.emit(Uop::NewInstance, &[class_value]);
            self.types.insert(instance, class as usize);
            let place = self.stack_index(n - 1);
            self.top().slots[place] = Entry::owned(instance);
            self.hold_for_callee(self.frames.len() - 1, true);
            let all: Vec<Entry> = [Entry::owned(instance)].iter().chain(args).copied().collect();
            self.enter_prepared(function, init, prepared, &all, keywords.len(), Continuation::FinishNegated);
        }
        Ok(true)
    }

    /// What C code would hold for the callee that the instruction of a frame waits for, or, if that is an `__init__`,
    /// of an instance that lies above its class: the references that tier 1 takes (`ops::held`), with the real objects
    /// below `real_sp`.
    pub(crate) unsafe fn held_for_callee(
        &self,
        frame: usize,
        real_sp: *mut py::StackRef,
        init: bool,
    ) -> Vec<(Entry, *mut py::Object)> {
        let (opcode, nargs) = self.instruction_at(frame, 0);
        let slots = &self.frames[frame].slots;
        // SAFETY: the real frame's stack.
        let real = |n: usize| unsafe { (*real_sp.sub(n + 1)).object() };
        let held = |n: usize| value(&slots[slots.len() - 1 - n]).map(|v| (Entry::owned(v), real(n)));
        let by_keyword = match opcode {
            op::FORMAT_SIMPLE => return held(0).into_iter().collect(),
            op::FORMAT_WITH_SPEC => return held(1).into_iter().collect(),
            op::CALL if !init && is_len(real(nargs + 1)) => return Vec::new(),
            op::CALL => false,
            op::CALL_KW => true,
            _ => return Vec::new(),
        };
        let above = usize::from(by_keyword);
        let below = above + nargs;
        let receiver = below + usize::from(!init);
        let has_self = !init && !real(below).is_null();
        let is_number = |(_, object): &(Entry, *mut py::Object)| {
            // SAFETY: what the real frame's stack holds is alive.
            let ty = unsafe { py::Object::type_of(*object) };
            ty == py::PyLong_Type() || ty == py::PyFloat_Type()
        };
        let arguments = (above..below + usize::from(has_self)).rev().filter_map(held).filter(|held| !is_number(held));
        if !by_keyword {
            return arguments.collect();
        }
        arguments.flat_map(|held| [held, held]).chain(held(receiver)).collect()
    }

    /// Takes those references, for a callee that was entered above the frame.
    pub(crate) unsafe fn hold_for_callee(&mut self, frame: usize, init: bool) {
        // SAFETY: the real frame is at the call.
        for (e, _) in unsafe { self.held_for_callee(frame, self.real_sp, init) } {
            if let Val::Is(v) = e.val {
                self.emit(Uop::Incref, &[v]);
            }
        }
    }

    /// Establishes the types of these entries, arguments of a call: what is held of them goes by that.
    pub(super) fn guard_arguments(&mut self, entries: core::ops::Range<usize>) {
        for i in entries {
            if let Val::Is(v) = self.peek(i).val {
                let object = self.real_peek(i);
                if !object.is_null() {
                    self.guard_type(v, object);
                }
            }
        }
    }
}

fn value(e: &Entry) -> Option<ValueId> {
    match e.val {
        Val::Is(v) => Some(v),
        _ => None,
    }
}
