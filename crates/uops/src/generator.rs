//! The frame that lies in a generator: its slots, and how it was suspended.
use crate::layout::*;
use crate::{Imm32, Obj, Step, opaque_int, read, write};
use uop_macros::uop;

/// The object in the slot at byte offset `offset` of the generator, borrowed from it. Unbound slots give null.
#[uop(reads(GeneratorSlots))]
#[inline(always)]
pub unsafe fn load_gen_slot(generator: Obj, offset: Imm32) -> Obj {
    // SAFETY: `generator` is a live generator; a guard on its frame fixes which slots are live.
    unsafe { read::<u64>(generator, offset as isize) & !TAG_MASK }
}

/// Stores an owned reference into a slot of the generator, as `store_slot` does. The old contents must be dealt with.
#[uop(writes(GeneratorSlots))]
#[inline(always)]
pub unsafe fn store_gen_slot(generator: Obj, value: Obj, offset: Imm32) {
    // SAFETY: as for load_gen_slot; `value` is a live object.
    unsafe {
        let tag = read::<u16>(value, FLAGS) as u64 & TAG_BORROWED;
        write::<u64>(generator, offset as isize, value | tag)
    }
}

/// A bound slot of the generator owns its reference, or the object is immortal: the slot does not borrow a constant.
#[uop(reads(GeneratorSlots))]
#[inline(always)]
pub unsafe fn guard_gen_slot_owned(generator: Obj, offset: Imm32) -> Step<()> {
    // SAFETY: as for load_gen_slot; the object is live.
    let owned = unsafe {
        let word = read::<u64>(generator, offset as isize);
        word & TAG_BORROWED == 0 || read::<u32>(word & !TAG_MASK, REFCNT) >= IMMORTAL
    };
    if owned { Step::Next(()) } else { Step::Exit }
}

/// The byte at `offset` (`gi_frame_state`) is `state`.
#[uop(reads(GeneratorState))]
#[inline(always)]
pub unsafe fn guard_gen_state(generator: Obj, offset: Imm32, state: Imm32) -> Step<()> {
    // SAFETY: `generator` is a live generator.
    let found = unsafe { read::<i8>(generator, offset as isize) };
    if found as i64 == state as i64 { Step::Next(()) } else { Step::Exit }
}

/// Sets the byte at `offset` (`gi_frame_state`), given as an unsigned number.
#[uop(writes(GeneratorState))]
#[inline(always)]
pub unsafe fn store_gen_state(generator: Obj, offset: Imm32, state: Imm32) {
    // SAFETY: as for guard_gen_state.
    unsafe { write::<u8>(generator, offset as isize, opaque_int(state as i64) as u8) }
}

/// Sets the field at `offset` to an address within the object itself, `distance` bytes from its start (a frame's
/// stack pointer).
#[uop(writes(Fields))]
#[inline(always)]
pub unsafe fn store_own_address(object: Obj, offset: Imm32, distance: Imm32) {
    // SAFETY: `object` is live and of a known layout.
    unsafe { write::<u64>(object, offset as isize, object + distance as u64) }
}
