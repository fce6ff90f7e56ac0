//! Native calls: the callee's prologue, the call, the return, and the thunks for when one of them is not simple.
use ir::Uop;
use uops::layout::{
    CX_EVAL_BREAKER, CX_FRAME, CX_TSTATE, TSTATE_C_STACK_LIMIT, TSTATE_DATASTACK_LIMIT, TSTATE_DATASTACK_TOP,
    TSTATE_RECURSION,
};

use crate::abi::{self, OnCall, OnLink, OnReturn, OnReturned};
use crate::arena::{load_registers, save_registers};
use crate::asm::{Asm, Cond, RAX, RBP, RCX, RDI, RDX, RSI, RSP};
use crate::emit::{Emitter, Outside};
use crate::{MarkKind, Prologue};

const FRAME: i32 = CX_FRAME as i32;
const TSTATE: i32 = CX_TSTATE as i32;
const EVAL_BREAKER: i32 = CX_EVAL_BREAKER as i32;
const RECURSION: i32 = TSTATE_RECURSION as i32;
const TOP: i32 = TSTATE_DATASTACK_TOP as i32;
const LIMIT: i32 = TSTATE_DATASTACK_LIMIT as i32;
const C_STACK_LIMIT: i32 = TSTATE_C_STACK_LIMIT as i32;

/// Out of line: the call answered otherwise than expected.
pub(crate) struct ColdCall {
    from: u32,
    back: u32,
    mark: (u32, Uop),
}

/// Out of line: a return of a frame that somebody may see.
pub(crate) struct ColdReturn {
    from: u32,
    returns: u8,
    pc: u32,
    mark: (u32, Uop),
}

impl Emitter {
    /// The arguments are in their registers; rbp is still the caller's. Where there is no room, or the recursion limit
    /// is near, the runtime makes the call.
    pub fn prologue(&mut self, p: &Prologue, outside: &Outside) {
        let a = &mut self.asm;
        a.load(RAX, RBP, TSTATE);
        a.lea(RCX, RSP, -(p.c_stack_reserve as i32) - abi::FRAME_SIZE);
        a.cmp_rm(RCX, RAX, C_STACK_LIMIT);
        let mut refused = vec![a.jcc(Cond::Below)];
        a.cmp32_mi(RAX, RECURSION, 1);
        refused.push(a.jcc(Cond::LessEqual));
        a.load(RCX, RAX, TOP);
        a.lea(RDX, RCX, p.bytes as i32);
        a.cmp_rm(RDX, RAX, LIMIT);
        refused.push(a.jcc(Cond::NotBelow));
        a.dec32_m(RAX, RECURSION);
        a.store(RAX, TOP, RDX);
        a.load(RDX, RBP, EVAL_BREAKER);
        a.push_rbp();
        a.mov_rr(RBP, RSP);
        a.sub_rsp(abi::FRAME_SIZE);
        a.store(RBP, FRAME, RCX);
        a.store(RBP, TSTATE, RAX);
        a.store(RBP, EVAL_BREAKER, RDX);
        a.store32_imm(RBP, abi::LINKED_AT, 0);
        let mut loaded = None;
        for &(at, word) in &p.words {
            let at = at as i32;
            match i32::try_from(word as i64) {
                Ok(word) => a.store_imm(RCX, at, word),
                Err(_) => {
                    if loaded != Some(word) {
                        a.mov_ri(RDX, word);
                        loaded = Some(word);
                    }
                    a.store(RCX, at, RDX);
                }
            }
        }
        self.fixups.extend(refused.into_iter().map(|at| (at, outside.call_thunk)));
    }

    pub fn native_call(&mut self, id: u32, cell: usize, returns: u8, (frames, bytes): (u32, u32)) {
        self.inlined(frames, bytes, 1);
        let a = &mut self.asm;
        a.store32_imm(RBP, abi::CALL_AT, id);
        a.mov_ri(RAX, cell as u64);
        a.call_m(RAX);
        self.inlined(frames, bytes, -1);
        let a = &mut self.asm;
        a.cmp32_ri(RDX, returns as i8);
        let from = a.jcc(Cond::NotZero);
        let back = a.here();
        self.calls.push(ColdCall { from, back, mark: self.mark });
    }

    /// Takes (or gives back) recursion units and data stack for the frames inlined at a call.
    fn inlined(&mut self, frames: u32, bytes: u32, sign: i32) {
        if frames != 0 {
            let a = &mut self.asm;
            a.load(RCX, RBP, TSTATE);
            a.add32_mi(RCX, RECURSION, -sign * frames as i32);
            a.add_mi(RCX, TOP, sign * bytes as i32);
        }
    }

    /// A frame that nobody can see, and whose memory owns nothing, is just dropped.
    pub fn return_(&mut self, returns: u8, pc: u32, locals: u32) {
        let a = &mut self.asm;
        let from = if locals == 0 {
            a.cmp32_mi(RBP, abi::LINKED_AT, 0);
            let from = a.jcc(Cond::NotZero);
            a.load(RCX, RBP, TSTATE);
            a.load(RDX, RBP, FRAME);
            a.store(RCX, TOP, RDX);
            a.inc32_m(RCX, RECURSION);
            a.mov_ri(RDX, u64::from(returns));
            a.leave();
            a.ret();
            from
        } else {
            a.jmp()
        };
        self.returns.push(ColdReturn { from, returns, pc, mark: self.mark });
    }

    /// Before an escape: the frames must be there for others to see.
    pub fn link_first(&mut self) {
        self.asm.test8_mi(RBP, abi::LINKED_AT, (abi::LINKED | abi::ENTERED) as u8);
        let from = self.asm.jcc(Cond::Zero);
        let back = self.asm.here();
        self.links.push((from, back));
    }

    pub fn call_stubs(&mut self, outside: &Outside) {
        for c in std::mem::take(&mut self.calls) {
            self.mark(MarkKind::Cold(c.mark.0, c.mark.1));
            let here = self.asm.here();
            self.asm.bind(c.from, here);
            let at = self.asm.call();
            self.fixups.push((at, outside.returned_thunk));
            let at = self.asm.jmp();
            self.asm.bind(at, c.back);
        }
        for (from, back) in std::mem::take(&mut self.links) {
            let here = self.asm.here();
            self.asm.bind(from, here);
            let at = self.asm.call();
            self.fixups.push((at, outside.link_thunk));
            let at = self.asm.jmp();
            self.asm.bind(at, back);
        }
        for r in std::mem::take(&mut self.returns) {
            self.mark(MarkKind::Cold(r.mark.0, r.mark.1));
            let here = self.asm.here();
            self.asm.bind(r.from, here);
            if r.returns == abi::RETURNS_F64 {
                self.asm.movq_rx(RAX, 0);
            }
            self.asm.mov_ri(RDX, u64::from(r.returns));
            self.asm.mov_ri(RCX, u64::from(r.pc));
            let at = self.asm.jmp();
            self.fixups.push((at, outside.return_thunk));
        }
    }
}

/// The target of a call whose executor does not exist (yet), or refuses.
pub(crate) fn call_thunk(a: &mut Asm, on_call: OnCall) -> u32 {
    let start = a.here();
    a.load(RAX, RBP, TSTATE);
    a.load(RCX, RBP, EVAL_BREAKER);
    a.push_rbp();
    a.mov_rr(RBP, RSP);
    a.sub_rsp(abi::FRAME_SIZE);
    a.store(RBP, TSTATE, RAX);
    a.store(RBP, EVAL_BREAKER, RCX);
    save_registers(a);
    a.lea(RDI, RBP, abi::FRAME_BASE);
    a.mov_ri(RAX, on_call as usize as u64);
    a.call_r(RAX);
    a.cmp32_ri(RDX, abi::ENTERS as i8);
    let enters = a.jcc_short(Cond::Zero);
    a.leave();
    a.ret();
    a.bind_short(enters);
    load_registers(a);
    a.jmp_r(RAX);
    start
}

/// Makes the frames of a native frame and of its callers visible; keeps all registers.
pub(crate) fn link_thunk(a: &mut Asm, on_link: OnLink) -> u32 {
    let start = a.here();
    a.sub_rsp(8);
    save_registers(a);
    a.lea(RDI, RBP, abi::FRAME_BASE);
    a.mov_ri(RAX, on_link as usize as u64);
    a.call_r(RAX);
    load_registers(a);
    a.add_rsp(8);
    a.ret();
    start
}

/// Where native code comes when a call answered otherwise than expected; `epilogue` leaves the executor with rax.
pub(crate) fn returned_thunk(a: &mut Asm, on_returned: OnReturned, epilogue: u32) -> u32 {
    let start = a.here();
    a.sub_rsp(8);
    a.lea(RDI, RBP, abi::FRAME_BASE);
    a.mov_rr(RSI, RAX);
    a.movq_rx(RCX, 0);
    a.mov_ri(RAX, on_returned as usize as u64);
    a.call_r(RAX);
    a.test_rr(RDX, RDX);
    let left = a.jcc(Cond::NotZero);
    a.bind(left, epilogue);
    a.movq_xr(0, RAX);
    a.add_rsp(8);
    a.ret();
    start
}

/// Where a return comes that is not simple; `restore` takes the C caller's registers back and returns.
pub(crate) fn return_thunk(a: &mut Asm, on_return: OnReturn, restore: u32) -> u32 {
    let start = a.here();
    a.lea(RDI, RBP, abi::FRAME_BASE);
    a.mov_rr(RSI, RAX);
    a.mov_ri(RAX, on_return as usize as u64);
    a.call_r(RAX);
    a.movq_xr(0, RAX);
    let at = a.jmp();
    a.bind(at, restore);
    start
}
