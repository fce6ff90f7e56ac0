//! Generators: resumed and suspended within a trace.
//!
//! A generator's frame lies in the generator and stays there: its locals are stored at once, its value stack is written
//! when it yields. While the trace runs it, memory says that it is suspended where it was; whoever leaves the trace, or
//! escapes, links it to its caller first.
use core::mem::offset_of;

use cpython::abi as py;
use ir::{Continuation, SnapId, Uop, ValueId};

use crate::emit::generator_slot;
use crate::state::{AbsFrame, Entry, MAX_DEPTH, Suspension, Val};
use crate::{Abort, EscapeHelper, Recorder};

const STATE_AT: u64 = offset_of!(py::Generator, gi_frame_state) as u64;
const INSTR_PTR_AT: u64 = (offset_of!(py::Generator, gi_iframe) + offset_of!(py::Frame, instr_ptr)) as u64;
const STACKPOINTER_AT: u64 = (offset_of!(py::Generator, gi_iframe) + offset_of!(py::Frame, stackpointer)) as u64;
const GLOBALS_AT: u64 = (offset_of!(py::Generator, gi_iframe) + offset_of!(py::Frame, f_globals)) as u64;
const BUILTINS_AT: u64 = (offset_of!(py::Generator, gi_iframe) + offset_of!(py::Frame, f_builtins)) as u64;

/// Instructions that make it worth entering and leaving a trace for each item that a generator yields to C code.
const MIN_STEPS_PER_YIELD: usize = 20;

/// The state of a generator's or coroutine's frame, if it is suspended.
pub(crate) unsafe fn suspension(generator: *mut py::Generator) -> Option<Suspension> {
    // SAFETY: a live generator; its frame is complete while it is suspended.
    unsafe {
        let state = (*generator).gi_frame_state;
        if ![py::GEN_CREATED, py::GEN_SUSPENDED, py::GEN_SUSPENDED_YIELD_FROM].contains(&state) {
            return None;
        }
        let frame = &raw mut (*generator).gi_iframe;
        Some(Suspension {
            instr_ptr: (*frame).instr_ptr as usize,
            depth: (*frame).stackpointer.offset_from(py::Frame::local(frame, 0)) as usize,
            state,
        })
    }
}

impl Recorder {
    /// Goes on in the frame of `generator`, which was suspended as `at` says and got `sent`. The snapshot `before` is
    /// that of the instruction that resumed it.
    pub(crate) unsafe fn resume(
        &mut self,
        v: ValueId,
        generator: *mut py::Generator,
        at: Suspension,
        sent: Entry,
        before: SnapId,
    ) -> Result<(), Abort> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Abort::TooDeep);
        }
        self.before = before;
        self.guard_type(v, generator.cast());
        self.guard_distinct(v, generator.cast())?;
        self.emit_imm(Uop::GuardGenState, &[v], STATE_AT, at.state as u64);
        self.emit_imm(Uop::GuardFieldIs, &[v], INSTR_PTR_AT, at.instr_ptr as u64);
        // SAFETY: the generator is running now, so its frame is complete.
        let (code, nlocals) = unsafe {
            let frame = &raw mut (*generator).gi_iframe;
            // Other functions may share the code.
            self.emit_imm(Uop::GuardFieldIs, &[v], GLOBALS_AT, (*frame).f_globals as u64);
            self.emit_imm(Uop::GuardFieldIs, &[v], BUILTINS_AT, (*frame).f_builtins as u64);
            let code = py::Frame::code(frame);
            (code, (*code).co_nlocalsplus as usize)
        };
        self.guard_recursion();
        if sent.val != Val::Null {
            self.pop();
        }
        let sent = match sent.val {
            Val::Is(_) => sent,
            _ => self.constant_entry(py::_Py_NoneStruct()),
        };
        let sent = self.own(sent)?;
        let mut slots = vec![Entry { val: Val::Memory, owned: true, clean: true }; at.depth];
        slots.push(sent);
        let code_id = self.code_id(code);
        // SAFETY: the instruction pointer lies within the code object.
        let pc = unsafe { (at.instr_ptr as *const py::CodeUnit).offset_from(py::Code::units(code)) } as u32;
        self.frames.push(AbsFrame {
            code: code_id,
            code_ptr: code,
            func: Entry::borrowed(v),
            generator: Some(Some(at)),
            slots,
            nlocals,
            pc,
            continuation: Continuation::Push,
        });
        Ok(())
    }

    /// Two values that hold one generator would each see half of what happens to it.
    fn guard_distinct(&mut self, v: ValueId, object: *mut py::Object) -> Result<(), Abort> {
        if self.generators.iter().any(|(known, _)| *known == v) {
            return Ok(());
        }
        if self.generators.iter().any(|(_, known)| *known == object) {
            return Err(Abort::Value("one generator, reached in two ways"));
        }
        for (other, _) in self.generators.clone() {
            let same = self.emit(Uop::SameObject, &[other, v]);
            self.emit(Uop::GuardFalse, &[same]);
        }
        self.generators.push((v, object));
        Ok(())
    }

    /// The entry with a reference of its own (or an immortal object).
    pub(crate) fn own(&mut self, e: Entry) -> Result<Entry, Abort> {
        let Val::Is(v) = e.val else { return Err(Abort::Value("NULL operand")) };
        if e.owned || self.types.get(&v).is_some_and(|ty| self.immortal_type(*ty)) {
            return Ok(e);
        }
        self.emit(Uop::Incref, &[v]);
        Ok(Entry::owned(v))
    }

    pub(crate) unsafe fn yield_value(&mut self, oparg: u32) -> Result<(), Abort> {
        if self.in_root() {
            return self.leave_generator();
        }
        let (Some(suspended), Some(generator)) = (self.top().generator, self.home()) else {
            return Err(Abort::FrameMismatch);
        };
        let e = self.pop();
        // What is unpacked at once has no tuple.
        let value = if self.unpacking.is_some() { e } else { self.own(e)? };
        let (nlocals, depth) = (self.top().nlocals, self.top().slots.len());
        for i in nlocals..depth {
            let e = self.top().slots[i];
            if !e.clean {
                let e = self.own(e)?;
                let Val::Is(v) = e.val else { return Err(Abort::Value("NULL operand")) };
                self.store_in_memory(i, v);
            }
        }
        let next = self.top().pc as usize + 1;
        // SAFETY: YIELD_VALUE is followed by RESUME.
        let instr_ptr = unsafe { py::Code::units(self.top().code_ptr).add(next) } as usize;
        let state = py::GEN_SUSPENDED + oparg as i8;
        let now = Suspension { instr_ptr, depth, state };
        let differs = |f: fn(Suspension) -> usize| suspended.is_none_or(|was| f(was) != f(now));
        if differs(|s| s.instr_ptr) {
            let address = self.const_i64(instr_ptr as i64);
            self.emit_imm(Uop::StoreFieldI64, &[generator, address], INSTR_PTR_AT, 0);
        }
        if differs(|s| s.depth) {
            self.emit_imm(Uop::StoreOwnAddress, &[generator], STACKPOINTER_AT, generator_slot(depth));
        }
        if differs(|s| s.state as usize) {
            self.emit_imm(Uop::StoreGenState, &[generator], STATE_AT, u64::from(state as u8));
        }
        self.frames.pop();
        self.push(value);
        self.expect_code = Some(self.top().code_ptr);
        Ok(())
    }

    /// The frame that the trace started in yields, to C code or to what tier 1 runs: the trace ends here if it was
    /// worth entering.
    fn leave_generator(&mut self) -> Result<(), Abort> {
        if self.steps() < MIN_STEPS_PER_YIELD || self.start.entry || self.unpacking.is_some() {
            return Err(Abort::LeftLoop);
        }
        self.trace.push(ir::Inst::new(Uop::Exit, &[]).snap(self.before));
        self.has_returned = true;
        Ok(())
    }

    /// RETURN_VALUE of a generator: its frame is cleared, its caller gets the value.
    pub(crate) fn finish_generator(&mut self) -> Result<(), Abort> {
        let Some(generator) = self.home() else { return Err(Abort::FrameMismatch) };
        if self.top().slots.len() != self.top().nlocals + 1 {
            return Err(Abort::FrameMismatch);
        }
        let e = self.pop();
        let value = self.own(e)?;
        let pc = u64::from(self.top().pc);
        self.frames.pop();
        let v = self.escape(EscapeHelper::FinishGenerator, pc, &[value, Entry::borrowed(generator)]);
        self.push(Entry::owned(v));
        self.expect_code = Some(self.top().code_ptr);
        Ok(())
    }

    /// SEND: stack receiver, value.
    pub(crate) unsafe fn send(&mut self, oparg: u32) -> Result<(), Abort> {
        let (v, receiver) = (self.peek_value(0)?, self.peek_value(1)?);
        let object = self.real_peek(1);
        // SAFETY: the real frame holds the receiver; its type is compared before its fields are read.
        unsafe {
            let ty = py::Object::type_of(object);
            if ty == py::PyGen_Type() || ty == py::PyCoro_Type() {
                let Some(at) = suspension(object.cast()) else {
                    return Err(Abort::Value("a generator that has ended"));
                };
                let sent = self.peek(0);
                self.await_resumption(receiver, object.cast(), at, sent, oparg);
                return Ok(());
            }
            let none = py::_Py_NoneStruct();
            if self.real_peek(0) != none {
                return Err(Abort::Value("a value sent to an iterator"));
            }
            let Some(step) = self.plan_step(receiver, object) else {
                return Err(Abort::Unsupported("yield from this type"));
            };
            self.guard_is(v, none);
            let item = self.take_step(&step);
            self.pop();
            self.push(item);
        }
        Ok(())
    }

    /// END_SEND: the receiver goes, the value stays.
    pub(crate) unsafe fn end_send(&mut self) -> Result<(), Abort> {
        let receiver = self.peek(1);
        let plan = self.plan_release(&[(receiver, self.real_peek(1))]);
        let value = self.peek(0);
        self.pop_n(2);
        self.push(value);
        self.release(plan);
        Ok(())
    }

    pub(crate) unsafe fn get_yield_from_iter(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the object.
        let ty = unsafe { py::Object::type_of(object) };
        if ty == py::PyGen_Type() {
            self.guard_type(v, object);
            return self.keep_iterator();
        }
        if ty == py::PyCoro_Type() {
            return Err(Abort::Unsupported("yield from a coroutine"));
        }
        // SAFETY: by the contract of `record`.
        unsafe { self.get_iter() }
    }
}
