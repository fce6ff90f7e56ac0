//! How the runtime plugs in: hot counters, recording, executors.

use cpython::abi::*;

use crate::decode;
use crate::inst::{Inst, Installed, Tier1Code};
use crate::ops;

/// Where tier 1 goes on after a hook.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Resume {
    pub frame: *mut Frame,
    pub ip: *const Inst,
    pub sp: *mut StackRef,
    pub kind: ResumeKind,
}

#[repr(C, usize)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResumeKind {
    /// Go on at `ip`.
    Normal,
    /// A Python exception is set: run exception handling for `frame`, whose instruction `ip` raised.
    Error,
    /// The entry frame itself returned this value (null with an exception set) and is gone.
    Returned(*mut Object),
    /// A callee of `frame` returned this value and is gone. (`ip` and `sp` are not used: the frame has them.)
    CalleeReturned(*mut Object),
    /// A callee of `frame` ended with an exception, which is set. (As above.)
    CalleeFailed,
    /// Go on at `ip` in recording mode.
    Record,
    /// Run the rest of this frame in CPython's evaluator.
    Leave,
}

/// What a recorder wants next.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum RecordStep {
    /// Execute the instruction and keep recording.
    Go,
    /// Execute it and leave recording mode.
    Stop,
    /// Recording is over; go on elsewhere.
    Jump(Resume),
}

pub type HotHook = unsafe fn(*mut ThreadState, *mut Frame, *const Inst, *mut StackRef) -> Resume;
pub type RecordHook = unsafe fn(*mut ThreadState, *mut Frame, *const Inst, *mut StackRef) -> RecordStep;
/// The answer is read before anything else runs.
pub type InstructionHook = unsafe fn(*mut ThreadState, *mut Frame, *const Inst, *mut StackRef);
pub type EnterHook = unsafe fn(*mut ThreadState, *mut Frame, *const Inst, *mut StackRef, u32) -> *const Resume;

/// The runtime's side. `instr_ptr` and `stackpointer` of the frame are saved before each of them is called.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// A counter ran out. `ip` is the loop header (the target of the back edge) or the function's `RESUME`.
    pub on_hot: HotHook,
    /// Recording: called before each instruction. A null `ip` says that the activation being recorded ends
    /// (the entry frame returned or raised); the answer is ignored then.
    pub on_record: RecordHook,
    /// An installed executor was reached. `ip` is the loop header or the `RESUME`, as for `on_hot`.
    pub enter: EnterHook,
    /// While instructions are counted: called before each. (Here the frame is not saved.)
    pub on_instruction: InstructionHook,
}

unsafe fn no_hot(_: *mut ThreadState, frame: *mut Frame, ip: *const Inst, sp: *mut StackRef) -> Resume {
    Resume { frame, ip, sp, kind: ResumeKind::Normal }
}

unsafe fn no_record(_: *mut ThreadState, _: *mut Frame, _: *const Inst, _: *mut StackRef) -> RecordStep {
    RecordStep::Stop
}

unsafe fn no_enter(_: *mut ThreadState, _: *mut Frame, _: *const Inst, _: *mut StackRef, _: u32) -> *const Resume {
    unreachable!("whoever installs executors sets the hooks")
}

unsafe fn no_instruction(_: *mut ThreadState, _: *mut Frame, _: *const Inst, _: *mut StackRef) {}

impl Hooks {
    /// Nobody listens.
    pub const NONE: Hooks =
        Hooks { on_hot: no_hot, on_record: no_record, enter: no_enter, on_instruction: no_instruction };
}

static mut HOOKS: Hooks = Hooks::NONE;

/// Sets the runtime's hooks, once.
///
/// # Safety
/// Before any code runs in tier 1, under the GIL.
pub unsafe fn set_hooks(hooks: Hooks) {
    // SAFETY: the caller's.
    unsafe { HOOKS = hooks }
}

#[inline(always)]
pub(crate) fn hooks() -> Hooks {
    // SAFETY: written before any reader.
    unsafe { HOOKS }
}

/// Sets a back edge's or a `RESUME`'s counter: so many more passes until `on_hot`.
///
/// # Safety
/// `offset` is that of a `JUMP_BACKWARD` or `RESUME` of live code.
pub unsafe fn reset_counter(code: *mut Tier1Code, offset: usize, value: u32) {
    // SAFETY: the caller's.
    unsafe {
        if (*code).base_op(offset).opcode == op::RESUME {
            (*code).entry_counter = value;
        } else {
            (*Tier1Code::inst(code, offset).add(1)).a = value;
        }
    }
}

/// Puts an executor over a back edge or a `RESUME`. False if another one is there.
///
/// # Safety
/// `offset` is that of a `JUMP_BACKWARD` or `RESUME` of live code.
pub unsafe fn install_executor(code: *mut Tier1Code, offset: usize, id: u32) -> bool {
    // SAFETY: the caller's.
    unsafe {
        if (*code).installed.iter().any(|e| e.offset as usize == offset) {
            return false;
        }
        let inst = Tier1Code::inst(code, offset);
        (*code).installed.push(Installed { offset: offset as u32, original: (*inst).word });
        if (*code).base_op(offset).opcode == op::RESUME {
            (*inst).a = id;
            (*inst).word = ops::jump::enter_executor_resume::<false> as *const () as usize;
        } else {
            (*inst.add(1)).b = id;
            (*inst).word = ops::jump::enter_executor_loop::<false> as *const () as usize;
        }
        true
    }
}

/// Takes an executor off again. False if there is none.
///
/// # Safety
/// `code` is live.
pub unsafe fn uninstall_executor(code: *mut Tier1Code, offset: usize) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let Some(i) = (*code).installed.iter().position(|e| e.offset as usize == offset) else {
            return false;
        };
        let entry = (*code).installed.swap_remove(i);
        let inst = Tier1Code::inst(code, offset);
        (*inst).word = entry.original;
        if (*code).base_op(offset).opcode == op::JUMP_BACKWARD {
            decode::set_way_back(inst);
        }
        true
    }
}
