//! Branches and loops.

use cpython::abi as py;
use ir::Uop;

use crate::{Abort, Recorder};

impl Recorder {
    pub(crate) unsafe fn pop_jump_if(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        let c = self.unbox_bool(v, object)?;
        let truth = object == py::_Py_TrueStruct();
        self.emit(if truth { Uop::GuardTrue } else { Uop::GuardFalse }, &[c]);
        self.pop();
        Ok(())
    }

    pub(crate) unsafe fn pop_jump_if_none(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        let none = py::_Py_NoneStruct();
        if object == none {
            self.guard_is(v, none);
        } else if !self.types.contains_key(&v) {
            self.emit_imm(Uop::GuardIsNot, &[v], none as u64, 0);
        }
        let e = self.peek(0);
        let plan = self.plan_release(&[(e, object)]);
        self.pop();
        if object != none && self.instruction_at(self.frames.len() - 1, 0).0 == py::op::POP_JUMP_IF_NOT_NONE {
            // It jumps after that.
            self.top().continuation = ir::Continuation::Finish;
        }
        self.release(plan);
        self.top().continuation = ir::Continuation::Push;
        Ok(())
    }

    pub(crate) unsafe fn jump_backward(&mut self) -> Result<(), Abort> {
        self.poll();
        let (code, pc) = (self.top().code_ptr as usize, self.top().pc);
        self.pass_header(code, pc)
    }

    /// Leaves where an event (signal, GIL request, tool) is pending.
    pub(crate) fn poll(&mut self) {
        let expected = {
            // SAFETY: the running thread's state.
            let ts = unsafe { py::PyThreadState_Get() };
            // SAFETY: as above. Pending events are cleared: recording goes on once tier 1 has handled them.
            unsafe { (*ts).eval_breaker & !0xff }
        };
        self.emit_imm(Uop::GuardEvalBreaker, &[], expected as u64, 0);
    }
}
