//! The native frame: one layout for all executors.
//!
//! ```text
//! rbp + 8   return address into the caller of `enter`
//! rbp       caller's rbp
//! rbp - 8   status          the end of NativeFrame: its address is rbp - size_of::<NativeFrame>()
//! rbp - 16  frame
//! rbp - 24  tstate
//! rbp - 32  eval_breaker
//! rbp - 36  linked          whether `frame` is in the thread's chain of frames
//! rbp - 40  call            the call in flight
//! rbp - 48  data_top        where the frames inlined at that call begin
//! rbp - 56  spill slot 0, and so on downwards
//!           saved xmm0..xmm15, rax..r15, the caller's callee-saved registers
//! rsp       16-byte aligned: helpers are called without further adjustment
//! ```
//! rbp is the frame pointer and the only context register. Links and bridges are plain jumps between executors,
//! so all of them share this layout and one epilogue. A native call makes a new one below, for which the callee's
//! prologue takes a frame's room off the thread's data stack; nothing else is written there before somebody looks.
use std::mem::{offset_of, size_of};

use uops::layout::{CX_EVAL_BREAKER, CX_FRAME, CX_LINKED, CX_TSTATE};

/// Spill slots of a native frame. A trace that needs more is not compiled.
pub const SPILL_SLOTS: usize = 128;

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loc {
    /// General register, by hardware number (0 = rax .. 15 = r15).
    Reg(u8),
    /// Vector register, by hardware number.
    Fpr(u8),
    /// Spill slot of the native frame.
    Spill(u16),
    /// Nowhere: it has this value (a float as its bits).
    Const(u64),
}

/// What an executor's machine code shares with the runtime while it runs. Lies on the C stack.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct NativeFrame {
    /// The caller's rbx, r12, r13, r14, r15.
    callee_saved: [u64; 5],
    _pad: u64,
    /// General registers at the last exit or escape, by hardware number; only allocatable ones are meaningful.
    pub gprs: [u64; 16],
    /// Low halves of the vector registers at the last exit or escape.
    pub fprs: [u64; 16],
    /// Spill slots, in descending order: use [`NativeFrame::spill`].
    spills: [u64; SPILL_SLOTS],
    /// Where the data stack ended before the call in flight, once its frames are written.
    pub data_top: u64,
    /// The call in flight.
    pub call: u32,
    /// Neither [`LINKED`] nor [`ENTERED`] while nobody can see `frame`: then a native call made this native frame, and
    /// the caller's is `caller()`.
    pub linked: u32,
    /// Address of the thread's eval breaker.
    pub eval_breaker: u64,
    pub tstate: u64,
    /// The root `_PyInterpreterFrame`.
    pub frame: u64,
    /// What the executor returns when `on_escape` answers that native code must be left.
    pub status: u64,
}

/// Called by an exit with all registers saved; its result is what [`crate::Arena::enter`] returns.
pub type OnExit = unsafe extern "sysv64" fn(cx: *mut NativeFrame, exit: u32) -> u64;
/// Called by an escape with all registers saved: the resulting object, or 0 when native code must be left with
/// `cx.status` as the executor's result.
pub type OnEscape = unsafe extern "sysv64" fn(cx: *mut NativeFrame, escape: u32) -> u64;
/// Called when an escape that ran as machine code cannot go on: its result is null or something has changed. Nothing is
/// saved; the result is what [`crate::Arena::enter`] returns.
pub type OnLeft = unsafe extern "sysv64" fn(cx: *mut NativeFrame, escape: u32, result: u64) -> u64;
/// The shared prologue: lays out a native frame and jumps to `code`.
pub type Enter = unsafe extern "sysv64" fn(code: usize, frame: u64, tstate: u64, eval_breaker: u64) -> u64;

impl NativeFrame {
    /// The value at `loc`, read from the save area or the spill slots.
    #[inline]
    pub fn value(&self, loc: Loc) -> u64 {
        match loc {
            Loc::Reg(n) => self.gprs[n as usize],
            Loc::Fpr(n) => self.fprs[n as usize],
            Loc::Spill(n) => self.spill(n),
            Loc::Const(bits) => bits,
        }
    }

    /// The native frame that called the one at `this`.
    ///
    /// # Safety
    /// A native call made `this`.
    pub unsafe fn caller(this: *mut NativeFrame) -> *mut NativeFrame {
        // SAFETY: the frame ends where its rbp points: at the caller's rbp.
        unsafe { (*this.add(1).cast::<*mut NativeFrame>()).sub(1) }
    }

    /// Contents of spill slot `n`.
    #[inline]
    pub fn spill(&self, n: u16) -> u64 {
        self.spills[SPILL_SLOTS - 1 - n as usize]
    }
}

/// [`NativeFrame::linked`] of a frame that a native call made.
pub const LINKED: u32 = 1;
/// [`NativeFrame::linked`] of a frame that was entered from tier 1.
pub const ENTERED: u32 = 2;
/// In [`NativeFrame::linked`]: the frame is the first of its data-stack chunk, or the first after those inlined at the
/// call. It holds its references already.
pub const CHUNK: u32 = 4;

/// How a native call hands its result over: an object in rax.
pub const RETURNS_OBJ: u8 = 0;
/// An integer in rax.
pub const RETURNS_I64: u8 = 1;
/// A float in xmm0.
pub const RETURNS_F64: u8 = 2;
/// An object (or null, with an exception set) in rax, after the callers' frames have been written.
pub const RETURNS_WRITTEN: u8 = 3;

/// Not a result: the callee runs in the native frame that was made for the runtime, from the address in rax on.
pub const ENTERS: u8 = 4;

/// What a runtime function about a native call answers, in rax and rdx.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub value: u64,
    pub how: u64,
}

/// Called where no executor is there to be called: runs the callee of the caller's call in flight. Its arguments are in
/// the registers of `cx`. Answers with [`RETURNS_WRITTEN`] or [`ENTERS`].
pub type OnCall = unsafe extern "sysv64" fn(cx: *mut NativeFrame) -> Answer;
/// Called before an escape of a frame that nobody can see yet: writes it and its callers' frames.
pub type OnLink = unsafe extern "sysv64" fn(cx: *mut NativeFrame);
/// Called when a call answers otherwise than expected, with `how` (`value`, or `float` for [`RETURNS_F64`]): the
/// value as expected and 0, or what the executor itself returns and 1.
pub type OnReturned = unsafe extern "sysv64" fn(cx: *mut NativeFrame, value: u64, how: u64, float: u64) -> Answer;
/// Called at a return that is not quite simple: releases and pops the frame. Answers the executor's result.
pub type OnReturn = unsafe extern "sysv64" fn(cx: *mut NativeFrame, value: u64, how: u64, pc: u64) -> Answer;

const SIZE: i32 = size_of::<NativeFrame>() as i32;

/// The frame's address relative to rbp.
pub(crate) const FRAME_BASE: i32 = -SIZE;
/// What the prologue takes off rsp.
pub(crate) const FRAME_SIZE: i32 = SIZE;
pub(crate) const LINKED_AT: i32 = offset_of!(NativeFrame, linked) as i32 - SIZE;
pub(crate) const CALL_AT: i32 = offset_of!(NativeFrame, call) as i32 - SIZE;
pub(crate) const STATUS: i32 = offset_of!(NativeFrame, status) as i32 - SIZE;
pub(crate) const CALLEE_SAVED: i32 = offset_of!(NativeFrame, callee_saved) as i32 - SIZE;

/// The rbp-relative address of general register `n`'s save slot.
pub(crate) const fn gpr_save(n: u8) -> i32 {
    offset_of!(NativeFrame, gprs) as i32 - SIZE + 8 * n as i32
}

/// The rbp-relative address of vector register `n`'s save slot.
pub(crate) const fn fpr_save(n: u8) -> i32 {
    offset_of!(NativeFrame, fprs) as i32 - SIZE + 8 * n as i32
}

/// The rbp-relative address of spill slot `n`.
pub(crate) const fn spill_slot(n: u16) -> i32 {
    offset_of!(NativeFrame, spills) as i32 - SIZE + 8 * (SPILL_SLOTS as i32 - 1 - n as i32)
}

const _: () = {
    assert!(SIZE % 16 == 0);
    assert!(offset_of!(NativeFrame, frame) as i32 - SIZE == CX_FRAME as i32);
    assert!(offset_of!(NativeFrame, tstate) as i32 - SIZE == CX_TSTATE as i32);
    assert!(offset_of!(NativeFrame, eval_breaker) as i32 - SIZE == CX_EVAL_BREAKER as i32);
    assert!(LINKED_AT == CX_LINKED as i32);
    assert!(spill_slot(0) == -56);
};
