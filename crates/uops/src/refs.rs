//! Reference counts (GIL build, 3.12 and later: 32 bits count, immortal objects never change).
use crate::layout::*;
use crate::{Bool, Imm32, Obj, Step, read, write};
use uop_macros::uop;

/// One more reference.
#[uop(writes(Refcounts))]
#[inline(always)]
pub unsafe fn incref(object: Obj) {
    // SAFETY: `object` is a live object.
    unsafe {
        let count = read::<u32>(object, REFCNT);
        if count < IMMORTAL {
            write::<u32>(object, REFCNT, count + 1);
        }
    }
}

/// The object has more than `count` references (immortal objects always have): leaves where `count` releases that
/// follow could kill it.
#[uop(reads(Refcounts))]
#[inline(always)]
pub unsafe fn guard_refcount(object: Obj, count: Imm32) -> Step<()> {
    // SAFETY: `object` is a live object.
    if unsafe { read::<u32>(object, REFCNT) } > count as u32 { Step::Next(()) } else { Step::Exit }
}

/// The object has exactly one reference: what it holds may be replaced in place.
#[uop(reads(Refcounts))]
#[inline(always)]
pub unsafe fn guard_unshared(object: Obj) -> Step<()> {
    // SAFETY: `object` is a live object.
    if unsafe { read::<u32>(object, REFCNT) } == 1 { Step::Next(()) } else { Step::Exit }
}

/// One reference less, of an object that survives it: a `guard_refcount` of the same instruction said so.
#[uop(writes(Refcounts))]
#[inline(always)]
pub unsafe fn decref_alive(object: Obj) {
    // SAFETY: `object` is a live object.
    unsafe {
        let count = read::<u32>(object, REFCNT);
        if count < IMMORTAL {
            write::<u32>(object, REFCNT, count - 1);
        }
    }
}

/// Null, or an object with more than `count` references.
#[uop(reads(Refcounts))]
#[inline(always)]
pub unsafe fn guard_null_or_refcount(object: Obj, count: Imm32) -> Step<()> {
    if object == 0 {
        return Step::Next(());
    }
    // SAFETY: `object` is a live object.
    if unsafe { read::<u32>(object, REFCNT) } > count as u32 { Step::Next(()) } else { Step::Exit }
}

/// One reference less unless it is null; a `guard_null_or_refcount` of the same instruction said that it survives.
#[uop(writes(Refcounts))]
#[inline(always)]
pub unsafe fn decref_alive_or_null(object: Obj) {
    if object != 0 {
        // SAFETY: `object` is a live object.
        unsafe {
            let count = read::<u32>(object, REFCNT);
            if count < IMMORTAL {
                write::<u32>(object, REFCNT, count - 1);
            }
        }
    }
}

/// One reference less; 1 when that was the last one (then `dealloc_harmless` must follow).
#[uop(writes(Refcounts))]
#[inline(always)]
pub unsafe fn decref_is_last(object: Obj) -> Bool {
    // SAFETY: `object` is a live object.
    unsafe {
        let count = read::<u32>(object, REFCNT);
        if count >= IMMORTAL {
            return 0;
        }
        write::<u32>(object, REFCNT, count - 1);
        (count == 1) as u64
    }
}

#[allow(dead_code, reason = "read as text by uop-table")]
pub trait Structural2 {
    /// One reference less of an object of a harmless type (int, float, str, bytes, bool, None, range, slice of those):
    /// frees it where that was the last one. Expanded by codegen: decrement, and out of line a call of
    /// `dealloc_harmless`.
    #[uop(writes(Refcounts))]
    fn decref_dead(object: Obj);

    /// Root frame slot `slot` (a number, not an offset) now holds `new` (owned); the old value `old` is released as
    /// [`decref_dead`] would.
    /// The optimizer leaves such stores pending; what remains is expanded to `store_slot` and `decref_dead`.
    #[uop(writes(Slots, Refcounts))]
    fn set_slot(new: Obj, old: Obj, slot: Imm32);

    /// Root frame slot at byte offset `offset` becomes unbound; what it holds, a value of a harmless type, is released
    /// as [`decref_dead`] would, unless the slot borrows it. Expanded to `clear_slot` and `decref_dead`.
    #[uop(writes(Slots, Refcounts))]
    fn drop_slot(offset: Imm32);
}
