//! Generators and coroutines: creating, resuming and suspending them without recursion on the C stack.

use cpython::abi::*;

use super::call::VECTORCALL_OFFSET;
use super::names::interned;
use crate::dispatch::*;
use crate::entry::{self, EVENTS_MASK};
use crate::inst::{Inst, Tier1Code};
use crate::unwind;

/// The decoded code of a suspended generator, if it can be resumed right here.
#[inline(always)]
unsafe fn resumable(ts: *mut ThreadState, generator: *mut Generator) -> Option<*mut Tier1Code> {
    // SAFETY: a generator or coroutine; only one that has not ended has a frame with code.
    unsafe {
        // At the recursion limit the way through CPython reports the error.
        if (*generator).gi_frame_state >= GEN_EXECUTING || (*ts).py_recursion_remaining <= 1 || !entry::hook_is_ours(ts)
        {
            return None;
        }
        let tier1 = entry::find_decoded(Frame::code(&raw mut (*generator).gi_iframe))?;
        // Code not known to be free of instrumentation goes through the hook, which looks.
        if (*tier1).breaker == (*ts).eval_breaker & !EVENTS_MASK { Some(tier1) } else { None }
    }
}

/// Resumes a generator with `sent` on behalf of `f`, which is saved.
#[inline(always)]
unsafe fn enter<const R: bool>(
    f: *mut Frame,
    ts: *mut ThreadState,
    generator: *mut Generator,
    tier1: *mut Tier1Code,
    sent: StackRef,
) -> *mut Object {
    // SAFETY: the generator is suspended, `tier1` is its code, and `f`'s stack keeps it alive.
    unsafe {
        let frame = &raw mut (*generator).gi_iframe;
        let sp = (*frame).stackpointer;
        *sp = sent;
        (*generator).gi_frame_state = GEN_EXECUTING;
        (*generator).gi_exc_state.previous_item = (*ts).exc_info;
        (*ts).exc_info = &raw mut (*generator).gi_exc_state;
        (*frame).previous = f;
        (*ts).current_frame = frame;
        (*ts).py_recursion_remaining = (*ts).py_recursion_remaining.wrapping_sub(1);
        go::<R>(frame, Tier1Code::inst(tier1, Frame::lasti(frame)), sp.add(1), ts)
    }
}

/// What came of sending a value to something that tier 1 cannot resume itself.
enum Sent {
    Yielded(*mut Object),
    Returned(*mut Object),
    Failed,
}

/// Sends `value` to any awaitable or iterator. A function of its own, since a handler with locals whose
/// addresses are known elsewhere could not end in a jump.
#[inline(never)]
unsafe fn send_value(ts: *mut ThreadState, f: *mut Frame, receiver: *mut Object, value: *mut Object) -> Sent {
    let mut result = core::ptr::null_mut();
    // SAFETY: live objects; the frame is saved.
    unsafe {
        let ty = (*receiver).ob_type;
        if ty == PyGen_Type() || ty == PyCoro_Type() {
            return match PyIter_Send(receiver, value, &raw mut result) {
                1 => Sent::Yielded(result),
                0 => Sent::Returned(result),
                _ => Sent::Failed,
            };
        }
        result = if value == _Py_NoneStruct() && PyIter_Check(receiver) != 0 {
            match (*ty).tp_iternext {
                Some(next) => next(receiver),
                None => core::ptr::null_mut(),
            }
        } else {
            let arguments = [receiver, value];
            let count = arguments.len() | VECTORCALL_OFFSET;
            PyObject_VectorcallMethod(interned!(c"send"), arguments.as_ptr(), count, core::ptr::null_mut())
        };
        if !result.is_null() {
            return Sent::Yielded(result);
        }
        if !(*ts).current_exception.is_null() && PyErr_ExceptionMatches(*PyExc_StopIteration()) != 0 {
            _PyEval_MonitorRaise(ts, f, (*f).instr_ptr);
        }
        if _PyGen_FetchStopIterationValue(&raw mut result) == 0 { Sent::Returned(result) } else { Sent::Failed }
    }
}

/// Goes on at `ip` after code that tools may have started to watch has run.
#[inline(always)]
unsafe fn go_unless_watched<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip, sp, ts);
        }
        go::<R>(f, ip, sp, ts)
    }
}

/// `_PyFrame_Copy`: moves a frame off the data stack into its generator.
unsafe fn move_frame(from: *mut Frame, to: *mut Frame) {
    // SAFETY: the generator was made for the frame's code, so there is room for its locals; slots are moved,
    // and those that only borrowed become owners, for the lender may go.
    unsafe {
        (*to).f_executable = (*from).f_executable.heap_safe();
        (*to).previous = core::ptr::null_mut();
        (*to).f_funcobj = (*from).f_funcobj.heap_safe();
        (*to).f_globals = (*from).f_globals;
        (*to).f_builtins = (*from).f_builtins;
        (*to).f_locals = (*from).f_locals;
        (*to).frame_obj = (*from).frame_obj;
        (*to).instr_ptr = (*from).instr_ptr;
        (*to).visited = 0;
        let used = (*from).stackpointer.offset_from(Frame::local(from, 0)) as usize;
        (*to).stackpointer = Frame::local(to, used);
        for i in 0..used {
            *Frame::local(to, i) = (*Frame::local(from, i)).heap_safe();
        }
    }
}

handlers! {
    fn return_generator(f, ip, sp, ts) {
        return_generator_out_of_line::<R>(f, ip, sp, ts)
    }

    fn yield_value(f, ip, sp, ts) {
        let generator = Frame::generator(f);
        // The generator goes on at the RESUME that follows.
        save(f, ip.add(1), sp.sub(1));
        (*generator).gi_frame_state = GEN_SUSPENDED.wrapping_add((*ip).a as i8);
        (*ts).exc_info = (*generator).gi_exc_state.previous_item;
        (*generator).gi_exc_state.previous_item = core::ptr::null_mut();
        leave_recursive(ts);
        let caller = (*f).previous;
        (*ts).current_frame = caller;
        (*f).previous = core::ptr::null_mut();
        let value = (*sp.sub(1)).heap_safe();
        if (*caller).owner as u32 == FRAME_OWNED_BY_INTERPRETER {
            return yield_out::<R>(caller, ip, sp, ts, value);
        }
        let code = code_of(caller);
        if (*ts).eval_breaker != (*code).breaker {
            return yield_out::<R>(caller, ip, sp, ts, value);
        }
        let sp = (*caller).stackpointer;
        *sp = value;
        // FOR_ITER and SEND have one cache unit.
        go::<R>(caller, Tier1Code::inst(code, Frame::lasti(caller) + 2), sp.add(1), ts)
    }

    /// `FOR_ITER` over a generator.
    fn for_iter_gen(f, ip, sp, ts) {
        let generator: *mut Generator = (*sp.sub(1)).object().cast();
        if (*generator).ob_base.ob_type == PyGen_Type() && (*ip).a <= u16::MAX as u32 {
            if let Some(tier1) = resumable(ts, generator) {
                save(f, ip, sp);
                // The returned value is END_FOR's to drop, which an exhausted iterator's jump leaves out.
                (*f).return_offset = ((*ip).a as u16).wrapping_sub(1);
                return enter::<R>(f, ts, generator, tier1, none_ref());
            }
        }
        super::iter::for_iter::<R>(f, ip, sp, ts)
    }

    fn send(f, ip, sp, ts) {
        let generator: *mut Generator = (*sp.sub(2)).object().cast();
        let ty = (*generator).ob_base.ob_type;
        if (ty == PyCoro_Type() || ty == PyGen_Type()) && (*ip).a <= u16::MAX as u32 {
            if let Some(tier1) = resumable(ts, generator) {
                save(f, ip, sp.sub(1));
                (*f).return_offset = (*ip).a as u16;
                return enter::<R>(f, ts, generator, tier1, (*sp.sub(1)).heap_safe());
            }
        }
        send_out_of_line::<R>(f, ip, sp, ts)
    }

    fn get_yield_from_iter(f, ip, sp, ts) {
        if (*(*sp.sub(1)).object()).ob_type == PyGen_Type() {
            return go::<R>(f, ip.add(1), sp, ts);
        }
        get_yield_from_iter_any::<R>(f, ip, sp, ts)
    }

    fn get_awaitable(f, ip, sp, ts) {
        get_awaitable_out_of_line::<R>(f, ip, sp, ts)
    }

    fn get_aiter(f, ip, sp, ts) {
        get_aiter_out_of_line::<R>(f, ip, sp, ts)
    }

    fn get_anext(f, ip, sp, ts) {
        get_anext_out_of_line::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    fn return_generator_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let generator: *mut Generator = _Py_MakeCoro(Frame::function(f)).cast();
        if generator.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        // The generator starts behind this instruction.
        (*f).instr_ptr = (*f).instr_ptr.add(1);
        let frame = &raw mut (*generator).gi_iframe;
        move_frame(f, frame);
        (*generator).gi_frame_state = GEN_CREATED;
        (*frame).owner = FRAME_OWNED_BY_GENERATOR as u8;
        leave_recursive(ts);
        let caller = (*f).previous;
        _PyThreadState_PopFrame(ts, f);
        (*ts).current_frame = caller;
        unwind::return_to_caller::<R>(caller, StackRef::steal_mortal(generator.cast()), ts)
    }

    /// A yield that ends the activation, or while an event is pending. `f` is the frame that resumed the generator.
    fn yield_out(f, ip, sp, ts, value: StackRef) {
        unwind::yield_to_caller::<R>(f, value, ts)
    }

    fn send_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        match send_value(ts, f, (*sp.sub(2)).object(), (*sp.sub(1)).object()) {
            Sent::Yielded(value) => {
                close_slot(sp.sub(1));
                *sp.sub(1) = StackRef::steal(value);
                go_unless_watched::<R>(f, ip.add(2), sp, ts)
            }
            Sent::Returned(value) => {
                close_slot(sp.sub(1));
                *sp.sub(1) = StackRef::steal(value);
                go_unless_watched::<R>(f, ip.add((*ip).a as usize), sp, ts)
            }
            Sent::Failed => {
                close_slot(sp.sub(1));
                error::<R>(f, ip, sp.sub(1), ts)
            }
        }
    }

    fn get_yield_from_iter_any(f, ip, sp, ts) {
        save(f, ip, sp);
        let iterable = *sp.sub(1);
        if (*iterable.object()).ob_type == PyCoro_Type() {
            if (*Frame::code(f)).co_flags as u32 & (CO_COROUTINE | CO_ITERABLE_COROUTINE) == 0 {
                let message = c"cannot 'yield from' a coroutine object in a non-coroutine generator";
                PyErr_SetString(*PyExc_TypeError(), message.as_ptr());
                return error::<R>(f, ip, sp, ts);
            }
            return go::<R>(f, ip.add(1), sp, ts);
        }
        let iterator = PyObject_GetIter(iterable.object());
        if iterator.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp.sub(1) = StackRef::steal(iterator);
        iterable.close();
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn get_awaitable_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let iterator = _PyEval_GetAwaitable((*sp.sub(1)).object(), (*ip).a as i32);
        close_slot(sp.sub(1));
        if iterator.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(iterator);
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn get_aiter_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let object = (*sp.sub(1)).object();
        let ty = (*object).ob_type;
        let methods = (*ty).tp_as_async;
        let getter = if methods.is_null() { None } else { (*methods).am_aiter };
        let Some(getter) = getter else {
            let message = c"'async for' requires an object with __aiter__ method, got %.100s";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*ty).tp_name);
            close_slot(sp.sub(1));
            return error::<R>(f, ip, sp.sub(1), ts);
        };
        let iterator = getter(object);
        close_slot(sp.sub(1));
        if iterator.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        let methods = (*(*iterator).ob_type).tp_as_async;
        if methods.is_null() || (*methods).am_anext.is_none() {
            let message =
                c"'async for' received an object from __aiter__ that does not implement __anext__: %.100s";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*(*iterator).ob_type).tp_name);
            decref(iterator);
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(iterator);
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn get_anext_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let awaitable = _PyEval_GetANext((*sp.sub(1)).object());
        if awaitable.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(awaitable);
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }
}
