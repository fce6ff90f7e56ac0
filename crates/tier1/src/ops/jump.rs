//! Jumps, events, and the ways into the other tiers.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use cpython::abi::*;

use super::superinstructions;
use crate::dispatch::*;
use crate::entry::{self, EVENTS_MASK};
use crate::hooks::ResumeKind;
use crate::hot::*;
use crate::inst::Tier1Code;
use crate::observe::is_recording;

/// Keeps the two outcomes of a jump apart: as a select, the next instruction's address would depend on the
/// condition, and nothing could be predicted.
#[inline(always)]
pub(crate) fn branch_not_select() {
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("", options(nomem, nostack, preserves_flags)) }
}

/// How often a frame was handed to CPython because of an opcode tier 1 lacks, by opcode.
static UNSUPPORTED: [AtomicU64; 256] = [const { AtomicU64::new(0) }; 256];

/// Opcodes for which frames were handed over, with how often.
pub fn unsupported_counts() -> Vec<(&'static str, u64)> {
    UNSUPPORTED
        .iter()
        .zip(OPCODE_NAMES)
        .map(|(count, name)| (name, count.load(Relaxed)))
        .filter(|entry| entry.1 != 0)
        .collect()
}

handlers! {
    fn nop(f, ip, sp, ts) {
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn jump_forward(f, ip, sp, ts) {
        go::<R>(f, ip.add((*ip).a as usize), sp, ts)
    }

    fn jump_backward_no_interrupt(f, ip, sp, ts) {
        go::<R>(f, ip.offset(-((*ip).a as i32 as isize)), sp, ts)
    }

    // Unit 1 behind it: the code, back edges until it is hot, and the way back in bytes.
    fn jump_backward(f, ip, sp, ts) {
        if (*ts).eval_breaker != (*((*ip.add(1)).word as *mut Tier1Code)).breaker {
            return poll_backward::<R>(f, ip, sp, ts);
        }
        // Not while recording: a counter that ran out unseen would not come round again.
        if !is_recording::<R>(ts) {
            let counter = (*ip.add(1)).a.wrapping_sub(1);
            (*ip.add(1)).a = counter;
            if counter == 0 {
                return hot_loop::<R>(f, ip, sp, ts);
            }
        }
        if R {
            return go::<R>(f, ip.offset(-((*ip).a as i32 as isize)), sp, ts);
        }
        go::<R>(f, ip.byte_sub((*ip.add(1)).b as usize), sp, ts)
    }

    fn enter_executor_loop(f, ip, sp, ts) {
        if (*ts).eval_breaker != (*Tier1Code::of(ip)).breaker {
            return poll_backward::<R>(f, ip, sp, ts);
        }
        if is_recording::<R>(ts) {
            return go::<R>(f, ip.offset(-((*ip).a as i32 as isize)), sp, ts);
        }
        enter_loop::<R>(f, ip, sp, ts)
    }

    fn resume_checked(f, ip, sp, ts) {
        if (*ts).eval_breaker != (*Tier1Code::of(ip)).breaker {
            return poll_resume::<R>(f, ip, sp, ts);
        }
        if !is_recording::<R>(ts) {
            let counter = (*Tier1Code::of(ip)).entry_counter.wrapping_sub(1);
            (*Tier1Code::of(ip)).entry_counter = counter;
            if counter == 0 {
                return hot_entry::<R>(f, ip, sp, ts);
            }
        }
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn enter_executor_resume(f, ip, sp, ts) {
        if (*ts).eval_breaker != (*Tier1Code::of(ip)).breaker {
            return poll_resume::<R>(f, ip, sp, ts);
        }
        if is_recording::<R>(ts) {
            return go::<R>(f, ip.add(1), sp, ts);
        }
        enter_function::<R>(f, ip, sp, ts)
    }

    fn resume_unchecked(f, ip, sp, ts) {
        if (*ts).eval_breaker & !EVENTS_MASK != (*Tier1Code::of(ip)).breaker {
            return poll_resume_unchecked::<R>(f, ip, sp, ts);
        }
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn pop_jump_if_false(f, ip, sp, ts) {
        if (*sp.sub(1)).object() == false_object() {
            branch_not_select();
            return go::<R>(f, ip.add((*ip).a as usize), sp.sub(1), ts);
        }
        go::<R>(f, ip.add(3), sp.sub(1), ts)
    }

    fn pop_jump_if_false_bare(f, ip, sp, ts) {
        if (*sp.sub(1)).object() == false_object() {
            branch_not_select();
            return go::<R>(f, ip.add((*ip).a as usize), sp.sub(1), ts);
        }
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn pop_jump_if_true(f, ip, sp, ts) {
        if (*sp.sub(1)).object() == true_object() {
            branch_not_select();
            return go::<R>(f, ip.add((*ip).a as usize), sp.sub(1), ts);
        }
        go::<R>(f, ip.add(3), sp.sub(1), ts)
    }

    fn pop_jump_if_true_bare(f, ip, sp, ts) {
        if (*sp.sub(1)).object() == true_object() {
            branch_not_select();
            return go::<R>(f, ip.add((*ip).a as usize), sp.sub(1), ts);
        }
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn pop_jump_if_none(f, ip, sp, ts) {
        let value = *sp.sub(1);
        if value.object() == none() {
            branch_not_select();
            return go::<R>(f, ip.add((*ip).a as usize), sp.sub(1), ts);
        }
        if value.is_counted() {
            let op = value.object();
            (*op).ob_refcnt = (*op).ob_refcnt.wrapping_sub(1);
            if (*op).ob_refcnt == 0 {
                return release_and_go_on::<R, 2>(f, ip, sp.sub(1), ts, op);
            }
        }
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn pop_jump_if_not_none(f, ip, sp, ts) {
        let value = *sp.sub(1);
        if value.object() == none() {
            branch_not_select();
            return go::<R>(f, ip.add(2), sp.sub(1), ts);
        }
        if value.is_counted() {
            let op = value.object();
            (*op).ob_refcnt = (*op).ob_refcnt.wrapping_sub(1);
            if (*op).ob_refcnt == 0 {
                return destroy_and_jump::<R>(f, ip, sp.sub(1), ts, op);
            }
        }
        go::<R>(f, ip.add((*ip).a as usize), sp.sub(1), ts)
    }

    fn unsupported(f, ip, sp, ts) {
        leave_unsupported::<R>(f, ip, sp, ts)
    }
}

/// Whether a counter that ran out says that the code is warm, which it says once.
unsafe fn warms_up(code: *mut Tier1Code) -> bool {
    // SAFETY: live code.
    unsafe {
        let first = !(*code).is_warm;
        if first {
            superinstructions::combine(code);
        }
        first
    }
}

out_of_line_handlers! {
    fn destroy_and_jump(f, ip, sp, ts, dead: *mut Object) {
        save(f, ip, sp);
        _Py_Dealloc(dead);
        proceed::<R>(f, ip, ip.add((*ip).a as usize), sp, ts)
    }

    fn leave_unsupported(f, ip, sp, ts) {
        let opcode = base(ip).opcode;
        UNSUPPORTED[opcode as usize].fetch_add(1, Relaxed);
        leave::<R>(f, ip, sp, ts)
    }

    /// The eval breaker is not as expected at a back edge.
    fn poll_backward(f, ip, sp, ts) {
        save(f, ip, sp);
        if (*ts).eval_breaker & EVENTS_MASK != 0 && _Py_HandlePending(ts) != 0 {
            return error::<R>(f, ip, sp, ts);
        }
        let target = ip.offset(-((*ip).a as i32 as isize));
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, target, sp, ts);
        }
        go::<R>(f, target, sp, ts)
    }

    /// The eval breaker is not as expected at a function's start or a generator's resumption.
    fn poll_resume(f, ip, sp, ts) {
        save(f, ip, sp);
        if entry::instrumented_since(f, ts) || (*ts).eval_breaker & !EVENTS_MASK != (*Tier1Code::of(ip)).breaker {
            // CPython brings the code up to date, then looks for events itself.
            return leave::<R>(f, ip, sp, ts);
        }
        if (*ts).eval_breaker & EVENTS_MASK != 0 && _Py_HandlePending(ts) != 0 {
            return error::<R>(f, ip, sp, ts);
        }
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip.add(1), sp, ts);
        }
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn poll_resume_unchecked(f, ip, sp, ts) {
        save(f, ip, sp);
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip, sp, ts);
        }
        go::<R>(f, ip.add(1), sp, ts)
    }

    /// After a call: an event is pending or the instrumentation version has changed. The call's result is pushed.
    fn poll_behind(f, ip, sp, ts) {
        save(f, ip, sp);
        if (*ts).eval_breaker & EVENTS_MASK != 0 && _Py_HandlePending(ts) != 0 {
            return error::<R>(f, ip, sp, ts);
        }
        let next = ip.add(base(ip).len as usize);
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, next, sp, ts);
        }
        go::<R>(f, next, sp, ts)
    }

    fn hot_loop(f, ip, sp, ts) {
        let target = ip.offset(-((*ip).a as i32 as isize));
        if warms_up(Tier1Code::of(ip)) && (*ip.add(1)).a != 0 {
            return go::<R>(f, target, sp, ts);
        }
        save(f, ip, sp);
        (*f).instr_ptr = Code::units(Frame::code(f)).add((*code_of(f)).offset_of(target));
        resume(ask_hot(f, target, sp, ts), ts)
    }

    fn hot_entry(f, ip, sp, ts) {
        let code = Tier1Code::of(ip);
        if warms_up(code) && (*code).entry_counter != 0 {
            return go::<R>(f, ip.add(1), sp, ts);
        }
        save(f, ip, sp);
        let to = ask_hot(f, ip, sp, ts);
        if core::ptr::eq((*to).ip, ip) && (*to).frame == f && (*to).kind == ResumeKind::Normal {
            // Not again at once.
            return go::<R>(f, ip.add(1), sp, ts);
        }
        resume(to, ts)
    }

    fn enter_loop(f, ip, sp, ts) {
        let target = ip.offset(-((*ip).a as i32 as isize));
        save(f, ip, sp);
        (*f).instr_ptr = Code::units(Frame::code(f)).add((*code_of(f)).offset_of(target));
        resume(ask_executor(f, target, sp, ts, (*ip.add(1)).b), ts)
    }

    fn enter_function(f, ip, sp, ts) {
        save(f, ip, sp);
        let to = ask_executor(f, ip, sp, ts, (*ip).a);
        if core::ptr::eq((*to).ip, ip) && (*to).frame == f && (*to).kind == ResumeKind::Normal {
            // The executor declined at its very start: go on behind the check, not into it again.
            return proceed::<R>(f, ip, ip.add(1), sp, ts);
        }
        resume(to, ts)
    }
}
