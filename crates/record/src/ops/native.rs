//! Calls that stay calls, and the return of the frame a recording started in.

use cpython::abi as py;
use ir::{Count, Inst, Resume, TraceKind, Uop, ValueId};

use crate::ops::bind::Inlined;
use crate::state::{Entry, MAX_DEPTH, MAX_FRAME_WORDS};
use crate::{Abort, Dependency, Recorder};

/// Arguments of a call, which travel in registers.
const MAX_ARGUMENTS: usize = 8;

impl Recorder {
    /// Whether a call of `f` is not followed into the callee: it would follow a recursion.
    pub(crate) unsafe fn stays_a_call(&self, f: *mut py::Function) -> bool {
        // SAFETY: a function object.
        let code = unsafe { (*f).func_code };
        self.frames.len() >= MAX_DEPTH || self.frames.iter().any(|frame| frame.code_ptr == code)
    }

    /// A call whose callee is not recorded. Tier 1 pushes its frame as the next step; see [`Recorder::returned`].
    pub(crate) unsafe fn call_native(
        &mut self,
        callable: ValueId,
        f: *mut py::Function,
        nargs: usize,
        has_self: bool,
    ) -> Result<(), Abort> {
        // SAFETY: a function object that the real frame holds.
        unsafe {
            let code = (*f).func_code;
            if self.frames.iter().any(|frame| frame.generator.is_some()) {
                return Err(Abort::Value("a recursive call in a generator"));
            }
            if (*code).co_argcount as usize > MAX_ARGUMENTS || (*code).co_nlocalsplus > 64 {
                return Err(Abort::Value("a call with many arguments or locals"));
            }
            if (*code).co_framesize as usize > MAX_FRAME_WORDS {
                return Err(Abort::Value("a call into a large frame"));
            }
            if self.frames.iter().any(|frame| frame.code_ptr == py::_Py_InitCleanup()) {
                return Err(Abort::Value("a recursive call within __init__"));
            }
            if self.frames.iter().any(|frame| frame.generator.is_some()) {
                return Err(Abort::Value("a recursive call within a generator"));
            }
            self.guard_callee(callable, f, nargs, has_self);
            let callable_entry = self.peek(nargs + 1);
            let plan = self.plan_release(&[(callable_entry, f.cast())]);
            if plan.escapes() {
                return Err(Abort::Value("a function dies in its call"));
            }
            let func = Entry::borrowed(self.const_obj(f as u64));
            self.enter_frame(func, f, nargs, has_self);
            self.release(plan);
            self.calling = true;
            self.lent_function = !callable_entry.owned;
        }
        Ok(())
    }

    /// The callee of a call that stays one has returned `result` to the frame that the recording goes on in.
    ///
    /// # Safety
    /// `result` is alive.
    pub unsafe fn returned(&mut self, result: *mut py::Object) {
        self.calling = false;
        let snap = self.snapshot(Resume::Before);
        if let Some((callee, _)) = self.trace.snapshots.innermost_mut(snap)
            && !self.lent_function
        {
            callee.count = Count::New;
        }
        self.frames.pop();
        // SAFETY: by this function's contract.
        let (int, float) = unsafe {
            let ty = py::Object::type_of(result);
            let int = ty == py::PyLong_Type() && py::Long::to_i64(result.cast()).is_some();
            (int && !self.boxed_results, ty == py::PyFloat_Type() && !self.boxed_results)
        };
        let op = if int {
            Uop::CallI64
        } else if float {
            Uop::CallF64
        } else {
            Uop::CallObj
        };
        let v = self.trace.push(Inst::new(op, &[]).snap(snap));
        let entry = match op {
            Uop::CallI64 => self.box_int(v),
            Uop::CallF64 => self.box_float(v),
            _ => Entry::owned(v),
        };
        self.push(entry);
        self.expect_code = Some(self.top().code_ptr);
    }

    /// `RETURN_VALUE` of the root frame: the end of the trace, where it did not start at a loop.
    pub(crate) unsafe fn return_from_root(&mut self) -> Result<(), Abort> {
        let loops = self.start.kind == TraceKind::Root && !self.start.entry;
        let function = py::CO_OPTIMIZED | py::CO_NEWLOCALS;
        // SAFETY: the root frame is running.
        let (owner, flags) = unsafe { ((*self.root).owner as u32, (*self.top().code_ptr).co_flags as u32) };
        if loops || owner != py::FRAME_OWNED_BY_THREAD || flags & function != function {
            return Err(Abort::LeftLoop);
        }
        let (pc, nlocals) = (self.top().pc, self.top().nlocals);
        if self.top().slots.len() != nlocals + 1 {
            return Err(Abort::FrameMismatch);
        }
        let v = self.peek_value(0)?;
        let seen = |i: &Inst| i.op.facts().grade == ir::Grade::Escapes;
        if matches!(self.start.kind, TraceKind::Bridge { .. }) || self.trace.insts.iter().any(seen) {
            // What is pending in the frame's slots would not reach its object.
            self.emit(Uop::GuardFrameUnseen, &[]);
        }
        let result = self.pop();
        if !result.owned && !self.types.get(&v).is_some_and(|ty| self.immortal_type(*ty)) {
            self.emit(Uop::Incref, &[v]);
        }
        self.trace.push(Inst::new(Uop::ReturnObj, &[v]).imm(u64::from(pc)).imm2(nlocals as u64));
        self.has_returned = true;
        Ok(())
    }

    /// Guards that the callable is `f`, with a receiver or without as now.
    pub(crate) unsafe fn guard_callee(
        &mut self,
        callable: ValueId,
        f: *mut py::Function,
        nargs: usize,
        has_self: bool,
    ) {
        self.guard_is(callable, f.cast());
        self.guard_receiver(nargs, has_self);
        self.depend(Dependency::Function(f as usize));
    }

    /// Pops the operands of a call and pushes the callee's abstract frame with them.
    pub(crate) unsafe fn enter_frame(&mut self, func: Entry, f: *mut py::Function, nargs: usize, has_self: bool) {
        // SAFETY: a function object that the real frame holds.
        unsafe {
            let code = (*f).func_code;
            let code_id = self.code_id(code);
            let operands = self.pop_n(nargs + 2);
            let argcount = (*code).co_argcount as usize;
            let nlocals = (*code).co_nlocalsplus as usize;
            let mut slots: Vec<Entry> =
                operands[if has_self { 1 } else { 2 }..].iter().map(|e| Entry { clean: false, ..*e }).collect();
            if slots.len() < argcount {
                let defaults = (*f).func_defaults.cast::<py::Tuple>();
                let count = py::Tuple::len(defaults);
                for i in slots.len()..argcount {
                    let e = self.constant_entry(py::Tuple::item(defaults, i + count - argcount));
                    slots.push(e);
                }
            }
            slots.resize(nlocals, Entry::NULL);
            self.enter(Inlined { code_id, code, slots }, func);
        }
    }
}
