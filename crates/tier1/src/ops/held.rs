//! References that CPython's C code holds to operands while it calls the Python function that their instruction runs:
//! they are counted here as there.
//!
//! (How many refer to a number is not promised: machine code need not box it for this.)

use cpython::abi::*;

use super::call_special::callable_of;
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{Inst, Tier1Code};

/// Takes, or else gives up, what is held by the instruction at `ip`, whose operands alone are on the stack, for what
/// [`super::finish`] finishes.
///
/// # Safety
/// The contract of handlers. What is given up was taken.
#[inline(always)]
pub(crate) unsafe fn hold(ip: *mut Inst, sp: *mut StackRef, ts: *mut ThreadState, take: bool) {
    // SAFETY: the caller's.
    unsafe {
        match base(ip).opcode {
            // A method bound to the object.
            op::FORMAT_SIMPLE => change((*sp.sub(1)).object(), take),
            op::FORMAT_WITH_SPEC => change((*sp.sub(2)).object(), take),
            op::CALL | op::CALL_KW => {
                let callable = callable_of(ip, sp);
                if (*callable).object() != (*(*ts).interp).cached_len {
                    hold_arguments(ip, sp, callable, callable.add(1 + (*callable.add(1)).is_null() as usize), take);
                }
            }
            _ => {}
        }
    }
}

/// Takes what is held for a frame that was pushed, if one was, with code; that frame.
///
/// # Safety
/// As for [`hold`].
#[inline(always)]
pub(crate) unsafe fn held(
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    pushed: (*mut Frame, *mut Tier1Code),
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: the caller's.
    unsafe {
        if !pushed.1.is_null() {
            hold(ip, sp, ts, true);
        }
        pushed
    }
}

/// As [`hold`], for the `__init__` of an instance that lies above its class.
///
/// # Safety
/// As for [`hold`].
#[inline(always)]
pub(crate) unsafe fn hold_for_init(ip: *mut Inst, sp: *mut StackRef, take: bool) {
    // SAFETY: the caller's.
    unsafe {
        let instance = callable_of(ip, sp).add(1);
        hold_arguments(ip, sp, instance, instance.add(1), take);
    }
}

/// What is held of a call's arguments, which begin at `slot`: a tuple of those by position, a dict of those by keyword,
/// and an array of all, with the receiver, if there are keywords.
#[inline(always)]
unsafe fn hold_arguments(ip: *mut Inst, sp: *mut StackRef, receiver: *mut StackRef, slot: *mut StackRef, take: bool) {
    // SAFETY: as the caller's.
    unsafe {
        match base(ip).opcode {
            op::CALL => hold_by_position(slot, sp, take),
            op::CALL_KW => {
                let end = sp.sub(1);
                hold_by_position(slot, end, take);
                hold_by_position(slot, end, take);
                change((*receiver).object(), take);
            }
            // The tuple is on the stack.
            _ => {}
        }
    }
}

/// What is held of the arguments between these two places, if all are given by position.
///
/// # Safety
/// As for [`hold`].
#[inline(always)]
pub(crate) unsafe fn hold_by_position(mut slot: *mut StackRef, end: *mut StackRef, take: bool) {
    // SAFETY: the caller's.
    unsafe {
        while slot < end {
            plain_loop();
            let object = (*slot).object();
            let ty = (*object).ob_type;
            if ty != long_type() && ty != float_type() {
                change(object, take);
            }
            slot = slot.add(1);
        }
    }
}

/// The stack keeps the object alive.
#[inline(always)]
unsafe fn change(object: *mut Object, take: bool) {
    // SAFETY: a live object, of which nobody else changes the count meanwhile.
    unsafe {
        if !Object::is_immortal(object) {
            (*object).ob_refcnt = (*object).ob_refcnt.wrapping_add_signed(if take { 1 } else { -1 });
        }
    }
}
