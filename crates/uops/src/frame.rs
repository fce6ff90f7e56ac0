//! The interpreter frame: locals and stack slots (one numbering: `localsplus`), eval breaker.
use crate::layout::*;
use crate::{Cx, Imm32, Imm64, Obj, Step, read, write};
use uop_macros::uop;

/// The object in slot `slot` of the root frame (byte offset `8 * slot`), borrowed from it. Unbound slots give null.
#[uop(reads(Slots))]
#[inline(always)]
pub unsafe fn load_slot(cx: Cx, offset: Imm32) -> Obj {
    // SAFETY: the native frame holds the live interpreter frame; offset is within localsplus.
    unsafe { read::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize) & !TAG_MASK }
}

/// The object that slot holds a reference to; the immortal `otherwise` where it only borrows one. Releasing it is
/// releasing the slot's contents.
#[uop(reads(Slots))]
#[inline(always)]
pub unsafe fn slot_reference(cx: Cx, offset: Imm32, otherwise: Imm64) -> Obj {
    // SAFETY: as for load_slot. An unbound slot is tagged as one that borrows.
    let word = unsafe { read::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize) };
    if word & TAG_BORROWED == 0 { word } else { otherwise }
}

/// Stores an owned reference into a slot, tagged as borrowed where the object is immortal. The old contents must have
/// been dealt with.
#[uop(writes(Slots))]
#[inline(always)]
pub unsafe fn store_slot(cx: Cx, value: Obj, offset: Imm32) {
    // SAFETY: as for load_slot; `value` is a live object.
    unsafe {
        let tag = read::<u16>(value, FLAGS) as u64 & TAG_BORROWED;
        write::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize, value | tag)
    }
}

/// As [`store_slot`], of an object or null, which leaves the slot unbound.
#[uop(writes(Slots))]
#[inline(always)]
pub unsafe fn store_slot_or_null(cx: Cx, value: Obj, offset: Imm32) {
    let mut tag = TAG_BORROWED;
    if value != 0 {
        // SAFETY: `value` is a live object.
        tag &= unsafe { read::<u16>(value, FLAGS) as u64 };
    }
    // SAFETY: as for load_slot.
    unsafe { write::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize, value | tag) }
}

/// Stores a reference that something else owns into a slot, tagged as borrowed. The old contents must have been dealt
/// with.
#[uop(writes(Slots))]
#[inline(always)]
pub unsafe fn lend_slot(cx: Cx, value: Obj, offset: Imm32) {
    // SAFETY: as for load_slot; `value` is a live object.
    unsafe { write::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize, value | TAG_BORROWED) }
}

/// The thread's data stack has room for `bytes` more before its chunk ends.
#[uop(reads(DataStack))]
#[inline(always)]
pub unsafe fn guard_data_stack(cx: Cx, bytes: Imm32) -> Step<()> {
    // SAFETY: the native frame holds the running thread's state.
    unsafe {
        let ts = read::<u64>(cx, CX_TSTATE);
        let end = read::<u64>(ts, TSTATE_DATASTACK_TOP) + bytes as u64;
        if end < read::<u64>(ts, TSTATE_DATASTACK_LIMIT) { Step::Next(()) } else { Step::Exit }
    }
}

/// Leaves when the low bits of the eval breaker are set (signal, GC, GIL request, pending call) or the
/// instrumentation version is not the one the trace was compiled under.
#[uop(reads(EvalBreaker))]
#[inline(always)]
pub unsafe fn guard_eval_breaker(cx: Cx, expected: Imm64) -> Step<()> {
    // SAFETY: the native frame holds the address of the running thread's eval breaker.
    let word = unsafe { (read::<u64>(cx, CX_EVAL_BREAKER) as *const u64).read_volatile() };
    if word == expected { Step::Next(()) } else { Step::Exit }
}

/// The low bit of a slot's stack ref is `tag`: whether the slot owns its reference.
#[uop(reads(Slots))]
#[inline(always)]
pub unsafe fn guard_slot_tag(cx: Cx, offset: Imm32, tag: Imm32) -> Step<()> {
    // SAFETY: as for load_slot.
    let word = unsafe { read::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize) };
    if word & 1 == tag as u64 { Step::Next(()) } else { Step::Exit }
}

/// `guard_slot_tag` of a slot that owns its reference, and so is bound.
#[uop(reads(Slots))]
#[inline(always)]
pub unsafe fn guard_slot_owned(cx: Cx, offset: Imm32) -> Step<()> {
    // SAFETY: as for load_slot.
    let word = unsafe { read::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize) };
    if word & 1 == 0 { Step::Next(()) } else { Step::Exit }
}

/// An instruction starts: counts it in the word at `address`, and notes where it is in the next one. Emitted only where
/// exits are logged.
#[uop(reads(Count), writes(Count))]
#[inline(always)]
pub unsafe fn count_instruction(address: Imm64, pc: Imm32) {
    // SAFETY: the runtime's counter.
    unsafe {
        write::<u64>(address, 0, read::<u64>(address, 0).wrapping_add(1));
        write::<i64>(address, 8, pc as i64);
    }
}

/// The thread may still push `depth` more Python frames (`py_recursion_remaining`, at byte offset `offset` of the
/// thread state, exceeds `depth`).
#[uop(reads(Recursion))]
#[inline(always)]
pub unsafe fn guard_recursion(cx: Cx, offset: Imm32, depth: Imm32) -> Step<()> {
    // SAFETY: the native frame holds the running thread's state.
    let remaining = unsafe { read::<i32>(read::<u64>(cx, CX_TSTATE), offset as isize) };
    if remaining as i64 > depth as i64 { Step::Next(()) } else { Step::Exit }
}

/// The root frame's globals and builtins are these dicts: code may run on others than it was recorded with.
#[uop(pure)]
#[inline(always)]
pub unsafe fn guard_frame_globals(cx: Cx, globals: Imm64, builtins: Imm64) -> Step<()> {
    // SAFETY: the native frame holds the live interpreter frame.
    let (g, b) = unsafe {
        let frame = read::<u64>(cx, CX_FRAME);
        (read::<u64>(frame, FRAME_GLOBALS), read::<u64>(frame, FRAME_BUILTINS))
    };
    if g == globals && b == builtins { Step::Next(()) } else { Step::Exit }
}

/// The slot owns its reference, or is unbound.
#[uop(reads(Slots))]
#[inline(always)]
pub unsafe fn guard_slot_owned_or_unbound(cx: Cx, offset: Imm32) -> Step<()> {
    // SAFETY: as for load_slot.
    let word = unsafe { read::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize) };
    if word & 1 == 0 {
        return Step::Next(());
    }
    if word == TAG_BORROWED { Step::Next(()) } else { Step::Exit }
}

/// Adds to the counter at an address: so many instructions ran.
#[uop(writes(InstructionCount))]
#[inline(always)]
pub unsafe fn count_instructions(counter: Imm64, n: Imm32) {
    // SAFETY: the runtime's counter lives as long as the process.
    unsafe { write::<u64>(counter, 0, read::<u64>(counter, 0).wrapping_add(n as u64)) }
}

/// Unbinds a slot; the trace takes its reference over.
#[uop(writes(Slots))]
#[inline(always)]
pub unsafe fn clear_slot(cx: Cx, offset: Imm32) {
    // SAFETY: as for load_slot; the null reference is tagged as borrowed.
    unsafe { write::<u64>(read::<u64>(cx, CX_FRAME), FRAME_LOCALS + offset as isize, TAG_BORROWED) }
}

/// The root frame's namespace is this dict.
#[uop(pure)]
#[inline(always)]
pub unsafe fn guard_frame_locals(cx: Cx, namespace: Imm64) -> Step<()> {
    // SAFETY: the native frame holds the live interpreter frame.
    let found = unsafe { read::<u64>(read::<u64>(cx, CX_FRAME), FRAME_NAMESPACE) };
    if found == namespace { Step::Next(()) } else { Step::Exit }
}

/// Nobody has made an object for the root frame, which would outlive it with all its locals. (A native call's frame
/// that is not in the thread's chain yet has nobody to see it, and no such field.)
#[uop(reads(Slots))]
#[inline(always)]
pub unsafe fn guard_frame_unseen(cx: Cx) -> Step<()> {
    // SAFETY: the native frame holds the interpreter frame, whose header is written once it is in the chain.
    unsafe {
        if read::<u32>(cx, CX_LINKED) == 0 {
            return Step::Next(());
        }
        if read::<u64>(read::<u64>(cx, CX_FRAME), FRAME_OBJECT) == 0 { Step::Next(()) } else { Step::Exit }
    }
}
