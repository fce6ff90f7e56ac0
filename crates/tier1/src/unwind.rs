//! Leaving frames: exceptions, delegation to CPython's evaluator, and what happens to the caller.

use cpython::abi::monitoring::{self, Raised};
use cpython::abi::*;

use crate::dispatch::{code_of, go, record_end};
use crate::entry;
use crate::hot::{none, plain_loop};
use crate::inst::Tier1Code;
use crate::ops::call_python;

/// Reads one variable-length number, six bits to a byte, bit 6 saying that more follow; and where the next one is.
#[inline(always)]
unsafe fn read_varint(mut at: *const u8) -> (usize, *const u8) {
    // SAFETY: the caller's: a number begins there.
    unsafe {
        let mut byte = *at;
        let mut value = (byte & 63) as usize;
        while byte & 64 != 0 {
            plain_loop();
            at = at.add(1);
            byte = *at;
            value = value << 6 | (byte & 63) as usize;
        }
        (value, at.add(1))
    }
}

/// Marks the first byte of an exception table's entry.
const ENTRY: u8 = 0x80;

/// Bytes of an exception table that are searched from the first on; more are halved before.
const SEARCHED: usize = 40;

/// No instruction has this offset.
const NO_HANDLER: usize = usize::MAX;

/// Looks a unit offset up in the exception table: the handler's offset, and twice the stack depth it wants plus
/// one if it also wants to know the instruction to blame. (Two numbers come back in registers; more would make
/// the caller give up its tail call.)
#[inline(never)]
unsafe fn find_handler(code: *mut Code, offset: usize) -> (usize, usize) {
    // SAFETY: a code object; its table, which is not kept, consists of whole entries, ordered by where they begin.
    unsafe {
        let table = Code::exception_table(code).as_ptr_range();
        let (mut entry, mut end) = (table.start, table.end);
        while end.offset_from_unsigned(entry) > SEARCHED {
            // An entry has half as many bytes at most.
            let mut middle = entry.add(end.offset_from_unsigned(entry) / 2);
            while *middle & ENTRY == 0 {
                middle = middle.sub(1);
            }
            if read_varint(middle).0 > offset {
                end = middle;
            } else {
                entry = middle;
            }
        }
        while entry < end {
            let (start, at) = read_varint(entry);
            if start > offset {
                break;
            }
            let (size, mut at) = read_varint(at);
            if offset < start + size {
                let (target, at) = read_varint(at);
                return (target, read_varint(at).0);
            }
            while at < end && *at & ENTRY == 0 {
                plain_loop();
                at = at.add(1);
            }
            entry = at;
        }
        (NO_HANDLER, 0)
    }
}

/// `PyStackRef_TagInt`: how the instruction to blame is kept on the stack.
fn tagged_int(value: usize) -> StackRef {
    StackRef(value << 2 | TAG_BITS)
}

/// The inverse of [`tagged_int`].
pub(crate) fn untag_int(slot: StackRef) -> usize {
    ((slot.0 as isize) >> 2) as usize
}

/// CPython's label `error`: an exception is set, `instr_ptr` names the instruction to blame, and handlers are
/// looked up at `offset`.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn raise<const R: bool>(
    f: *mut Frame,
    offset: usize,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the frame is saved, and current.
    unsafe {
        if (*ts).current_exception.is_null() {
            PyErr_SetString(*PyExc_SystemError(), c"error return without exception set".as_ptr());
        }
        if !Frame::is_incomplete(f) {
            let known = (*f).frame_obj;
            let object = if known.is_null() { PyThreadState_GetFrame(ts) } else { known };
            if !object.is_null() {
                PyTraceBack_Here(object);
                if known.is_null() {
                    decref(object);
                }
            } else if (*ts).current_exception.is_null() {
                // No memory for a frame object; that function then clears the exception.
                PyErr_NoMemory();
            }
        }
        if entry::instrumented_since(f, ts) {
            _PyEval_MonitorRaise(ts, f, Code::units(Frame::code(f)).add(offset));
        }
        unwind::<R>(f, offset, ts)
    }
}

/// CPython's label `exception_unwind`: finds a handler here or in a caller of the same activation.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn unwind<const R: bool>(
    f: *mut Frame,
    offset: usize,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the frame is saved, and current.
    unsafe {
        let code = Frame::code(f);
        let (target, depth_and_lasti) = find_handler(code, offset);
        let level = Frame::stack_base(f).add(depth_and_lasti >> 1);
        while (*f).stackpointer > level {
            (*f).stackpointer = (*f).stackpointer.sub(1);
            (*(*f).stackpointer).close();
        }
        let watched = entry::instrumented_since(f, ts);
        if target == NO_HANDLER {
            if watched {
                monitoring::tell_raised(ts, f, offset, Raised::Unwound);
            }
            return exit_with_error::<R>(f, ts);
        }
        if watched && !monitoring::tell_raised(ts, f, target, Raised::Handled) {
            return unwind::<R>(f, target.wrapping_sub(1), ts);
        }
        let mut sp = (*f).stackpointer;
        if depth_and_lasti & 1 != 0 {
            *sp = tagged_int(Frame::lasti(f));
            sp = sp.add(1);
        }
        *sp = StackRef::steal(PyErr_GetRaisedException());
        if watched {
            // Tracing was switched on while this frame ran: it goes on where it can be traced.
            (*f).instr_ptr = Code::units(code).add(target);
            (*f).stackpointer = sp.add(1);
            return delegate::<R>(f, ts, 0);
        }
        let ip = Tier1Code::inst(code_of(f), target);
        go::<R>(f, ip, sp.add(1), ts)
    }
}

/// CPython's label `exit_unwind`: the frame ends with an exception.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn exit_with_error<const R: bool>(
    f: *mut Frame,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the frame is current and its value stack empty; one recursion unit was taken for it.
    unsafe {
        leave_recursive(ts);
        let caller = (*f).previous;
        (*ts).current_frame = caller;
        _PyEval_FrameClearAndPop(ts, f);
        fail_in_caller::<R>(caller, ts)
    }
}

/// A callee of `caller` failed: raises in `caller`, or ends the activation.
pub(crate) unsafe extern "sysv64" fn fail_in_caller<const R: bool>(
    caller: *mut Frame,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: `caller` is current, and saved by its call.
    unsafe {
        let returns = (*caller).return_offset as usize;
        (*caller).return_offset = 0;
        if (*caller).owner as u32 == FRAME_OWNED_BY_INTERPRETER {
            record_end::<R>(ts, caller);
            (*ts).current_frame = (*caller).previous;
            return core::ptr::null_mut();
        }
        if entry::is_init_shim(caller) {
            // The trampoline below an inlined __init__ handles nothing and is in no traceback.
            while (*caller).stackpointer > Frame::stack_base(caller) {
                (*caller).stackpointer = (*caller).stackpointer.sub(1);
                (*(*caller).stackpointer).close();
            }
            return exit_with_error::<R>(caller, ts);
        }
        let tier1 = code_of(caller);
        let at = Frame::lasti(caller);
        if at + returns >= (*tier1).len() {
            let (ip, sp) = (Tier1Code::inst(tier1, at), (*caller).stackpointer);
            let is_call = matches!((*tier1).base_op(at).opcode, op::CALL | op::CALL_KW | op::CALL_FUNCTION_EX);
            if at + returns > (*tier1).len() && is_call {
                return crate::ops::call_special::failed_init::<R>(caller, ip, sp, ts);
            }
            return crate::ops::finish::failed_callee::<R>(caller, ip, sp, ts);
        }
        // CPython looks handlers up one unit before the call here, not at its last cache.
        raise::<R>(caller, at.wrapping_sub(1), ts)
    }
}

/// A callee of `caller` returned `value`: goes on there, or ends the activation.
pub(crate) unsafe extern "sysv64" fn return_to_caller<const R: bool>(
    caller: *mut Frame,
    value: StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: `caller` is current, and saved by its call.
    unsafe {
        if (*caller).owner as u32 == FRAME_OWNED_BY_INTERPRETER {
            record_end::<R>(ts, caller);
            (*ts).current_frame = (*caller).previous;
            return value.into_object();
        }
        if entry::is_init_shim(caller) {
            return finish_init::<R>(caller, value, ts);
        }
        let offset = Frame::lasti(caller) + (*caller).return_offset as usize;
        continue_at::<R>(caller, offset, value, ts)
    }
}

/// Pushes `value` and goes on at a unit offset, unless tracing was switched on in the meantime.
unsafe extern "sysv64" fn continue_at<const R: bool>(
    f: *mut Frame,
    offset: usize,
    value: StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: as the callers'.
    unsafe {
        let sp = (*f).stackpointer;
        *sp = value;
        let code = code_of(f);
        let ip = Tier1Code::inst(code, offset);
        // Who has an instruction to finish looks afterwards.
        if (*ts).eval_breaker != (*code).breaker && offset < (*code).len() && entry::instrumented_since(f, ts) {
            (*f).instr_ptr = Code::units(Frame::code(f)).add(offset - (*code).base_op(offset).extended as usize);
            (*f).stackpointer = sp.add(1);
            return delegate::<R>(f, ts, 0);
        }
        go::<R>(f, ip, sp.add(1), ts)
    }
}

/// The end of the trampoline CPython puts below an inlined `__init__`: checks for `None`, returns the instance.
unsafe extern "sysv64" fn finish_init<const R: bool>(
    shim: *mut Frame,
    value: StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the trampoline's only stack entry is the instance.
    unsafe {
        if value.object() != none() {
            crate::ops::call_class::is_result_of_init(value.object());
            *(*shim).stackpointer = value;
            (*shim).stackpointer = (*shim).stackpointer.add(1);
            while (*shim).stackpointer > Frame::stack_base(shim) {
                (*shim).stackpointer = (*shim).stackpointer.sub(1);
                (*(*shim).stackpointer).close();
            }
            return exit_with_error::<R>(shim, ts);
        }
        (*shim).stackpointer = (*shim).stackpointer.sub(1);
        let instance = (*(*shim).stackpointer).heap_safe();
        leave_recursive(ts);
        let caller = (*shim).previous;
        (*ts).current_frame = caller;
        if !(*shim).frame_obj.is_null() || (*shim).f_executable.is_counted() || frame_is_first_in_chunk(ts, shim) {
            clear_and_pop_frame(ts, shim);
        } else {
            // It has no variables, and owns nothing.
            (*ts).datastack_top = shim.cast();
        }
        call_python::return_into::<R>(caller, core::ptr::null_mut(), core::ptr::null_mut(), ts, instance)
    }
}

/// Runs the rest of a saved frame in CPython's evaluator, then goes on in its caller.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn delegate<const R: bool>(
    f: *mut Frame,
    ts: *mut ThreadState,
    throwflag: i32,
) -> *mut Object {
    // SAFETY: the frame is saved and current; the evaluator takes its recursion unit anew, and pops the frame.
    unsafe {
        let caller = (*f).previous;
        let generator = ((*f).owner as u32 == FRAME_OWNED_BY_GENERATOR).then(|| Frame::generator(f));
        (*ts).current_frame = caller;
        leave_recursive(ts);
        if let Some(generator) = generator {
            // A generator may yield rather than end; what it is iterated by keeps it alive, but be sure.
            incref(generator.cast());
        }
        let value = entry::left_to_cpython(ts, f, throwflag, &entry::counts().midway);
        (*ts).current_frame = caller;
        let mut yielded = false;
        if let Some(generator) = generator {
            let state = (*generator).gi_frame_state;
            yielded = !value.is_null() && (state == GEN_SUSPENDED || state == GEN_SUSPENDED_YIELD_FROM);
            decref(generator.cast());
        }
        if value.is_null() {
            return fail_in_caller::<R>(caller, ts);
        }
        let value = StackRef::steal(value);
        if yielded && (*caller).owner as u32 != FRAME_OWNED_BY_INTERPRETER {
            return yield_to_caller::<R>(caller, value, ts);
        }
        return_to_caller::<R>(caller, value, ts)
    }
}

/// A generator resumed by `caller`'s `FOR_ITER` or `SEND` yielded.
pub(crate) unsafe extern "sysv64" fn yield_to_caller<const R: bool>(
    caller: *mut Frame,
    value: StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: `caller` is current, and saved by the instruction that resumed the generator.
    unsafe {
        if (*caller).owner as u32 == FRAME_OWNED_BY_INTERPRETER {
            record_end::<R>(ts, caller);
            (*ts).current_frame = (*caller).previous;
            return value.into_object();
        }
        // Both instructions have one cache unit.
        continue_at::<R>(caller, Frame::lasti(caller) + 2, value, ts)
    }
}

/// Raises a `RecursionError` or the like in a frame that was pushed but has not begun.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn fail_at_start<const R: bool>(f: *mut Frame, ts: *mut ThreadState) -> *mut Object {
    // SAFETY: the frame is current.
    unsafe { exit_with_error::<R>(f, ts) }
}
