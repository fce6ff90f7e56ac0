//! Interpreter frames: reading them, pushing and popping them by hand.

use core::ffi::c_char;

use super::api::*;
use super::layout::*;
use super::refs::*;
use super::types::*;

impl Frame {
    /// The code object being run.
    ///
    /// # Safety
    /// `this` is a frame that runs Python code.
    #[inline(always)]
    pub unsafe fn code(this: *mut Self) -> *mut Code {
        // SAFETY: the caller's.
        unsafe { (*this).f_executable.object().cast() }
    }

    /// The function object.
    ///
    /// # Safety
    /// As [`Self::code`].
    #[inline(always)]
    pub unsafe fn function(this: *mut Self) -> *mut Function {
        // SAFETY: the caller's.
        unsafe { (*this).f_funcobj.object().cast() }
    }

    /// Address of local variable, cell or free variable `i`.
    ///
    /// # Safety
    /// `i` is below the code's `co_nlocalsplus` (or addresses the value stack behind it).
    #[inline(always)]
    pub unsafe fn local(this: *mut Self, i: usize) -> *mut StackRef {
        // SAFETY: the caller's.
        unsafe { (&raw mut (*this).localsplus).cast::<StackRef>().add(i) }
    }

    /// Bottom of the value stack.
    ///
    /// # Safety
    /// As [`Self::code`].
    #[inline(always)]
    pub unsafe fn stack_base(this: *mut Self) -> *mut StackRef {
        // SAFETY: the caller's.
        unsafe { Self::local(this, (*Self::code(this)).co_nlocalsplus as usize) }
    }

    /// Code unit the frame is at, as an offset from the first one.
    ///
    /// # Safety
    /// As [`Self::code`].
    #[inline(always)]
    pub unsafe fn lasti(this: *mut Self) -> usize {
        // SAFETY: the instruction pointer lies within the code object.
        unsafe { (*this).instr_ptr.offset_from(Code::units(Self::code(this))) as usize }
    }

    /// `_PyFrame_IsIncomplete`.
    ///
    /// # Safety
    /// `this` is a live frame.
    #[inline(always)]
    pub unsafe fn is_incomplete(this: *mut Self) -> bool {
        // SAFETY: only frames below FRAME_OWNED_BY_INTERPRETER have a code object to look into.
        unsafe {
            let owner = (*this).owner as u32;
            owner >= FRAME_OWNED_BY_INTERPRETER
                || owner != FRAME_OWNED_BY_GENERATOR
                    && ((*this).instr_ptr as *const CodeUnit)
                        < Code::units(Self::code(this)).add((*Self::code(this))._co_firsttraceable as usize)
        }
    }

    /// The generator a generator's frame is embedded in.
    ///
    /// # Safety
    /// The frame's owner is `FRAME_OWNED_BY_GENERATOR`.
    #[inline(always)]
    pub unsafe fn generator(this: *mut Self) -> *mut Generator {
        // SAFETY: the caller's.
        unsafe { this.byte_sub(core::mem::offset_of!(Generator, gi_iframe)).cast() }
    }
}

impl Code {
    /// Whether calls put positional arguments straight into its frame (CPython's `SIMPLE_FUNCTION`). Only then are calls of
    /// classes specialized that have it as `__init__`; others hold their arguments until it has returned.
    ///
    /// # Safety
    /// `this` is a code object.
    pub unsafe fn is_simple(this: *mut Self) -> bool {
        // SAFETY: the caller's.
        unsafe {
            (*this).co_flags as u32 & (CO_OPTIMIZED | CO_VARARGS | CO_VARKEYWORDS) == CO_OPTIMIZED
                && (*this).co_kwonlyargcount == 0
        }
    }

    /// The first code unit. The bytes may be specialized or instrumented at any time.
    ///
    /// # Safety
    /// `this` is a code object.
    #[inline(always)]
    pub unsafe fn units(this: *mut Self) -> *mut CodeUnit {
        // SAFETY: the caller's.
        unsafe { (&raw mut (*this).co_code_adaptive).cast() }
    }

    /// Number of code units.
    ///
    /// # Safety
    /// As [`Self::units`].
    #[inline(always)]
    pub unsafe fn len(this: *mut Self) -> usize {
        // SAFETY: the caller's.
        unsafe { (*this).ob_base.ob_size as usize }
    }

    /// Constant `i`, borrowed from the code object.
    ///
    /// # Safety
    /// The index is in range.
    #[inline(always)]
    pub unsafe fn constant(this: *mut Self, i: usize) -> *mut Object {
        // SAFETY: the caller's.
        unsafe { Tuple::item((*this).co_consts, i) }
    }

    /// Name `i`, borrowed from the code object.
    ///
    /// # Safety
    /// The index is in range.
    #[inline(always)]
    pub unsafe fn name(this: *mut Self, i: usize) -> *mut Object {
        // SAFETY: the caller's.
        unsafe { Tuple::item((*this).co_names, i) }
    }

    /// A word of each code object that the default build never reads, writes or initializes: it is there for
    /// the free-threaded one. (The official way to attach data, code extra, makes CPython refuse to share
    /// the code between interpreters, and calls every other user's destructor.)
    ///
    /// # Safety
    /// `this` is a code object, and not one of the interpreter's constants if the word is written.
    #[inline(always)]
    pub unsafe fn spare_word(this: *mut Self) -> *mut u64 {
        // SAFETY: the caller's.
        unsafe { &raw mut (*this)._co_unique_id }
    }

    /// The bytes of the exception table.
    ///
    /// # Safety
    /// As [`Self::units`]; the slice lives as long as the code object.
    #[inline]
    pub unsafe fn exception_table<'a>(this: *mut Self) -> &'a [u8] {
        // SAFETY: the caller's.
        unsafe { Bytes::as_slice((*this).co_exceptiontable) }
    }
}

/// How many stack entries a `CALL`, `CALL_KW` or `CALL_FUNCTION_EX` consumes.
#[inline(always)]
pub const fn operands_of_call(opcode: u8, oparg: usize) -> usize {
    match opcode {
        op::CALL => oparg + 2,
        op::CALL_KW => oparg + 3,
        _ => 4,
    }
}

/// `return_offset`, `owner` and `visited` of a frame on a thread's data stack, as the 32 bits at `return_offset`.
pub const fn thread_owned_word(return_offset: u16) -> u32 {
    return_offset as u32 | FRAME_OWNED_BY_THREAD << 16
}

const _: () = {
    let at = core::mem::offset_of!(Frame, return_offset);
    assert!(core::mem::offset_of!(Frame, owner) == at + 2 && core::mem::offset_of!(Frame, visited) == at + 3);
};

/// Takes a frame for `func` off the data stack if the current chunk has room (`_PyFrame_PushUnchecked`).
/// Takes over `func`. Locals from `null_locals_from` on are emptied; those before are the caller's to fill.
/// The frame is not made current, and no recursion unit is taken.
///
/// # Safety
/// `func` is a Python function; `previous` is the frame that calls it.
#[inline(always)]
pub unsafe fn push_frame(
    ts: *mut ThreadState,
    func: StackRef,
    code: *mut Code,
    null_locals_from: usize,
    previous: *mut Frame,
) -> Option<*mut Frame> {
    // SAFETY: `datastack_limit - datastack_top` slots are free; the frame needs `co_framesize` of them.
    unsafe {
        let frame = take_stack(ts, code)?;
        init_frame(frame, func, code, previous);
        for i in null_locals_from..(*code).co_nlocalsplus as usize {
            *Frame::local(frame, i) = StackRef::NULL;
        }
        Some(frame)
    }
}

/// [`push_frame`] with all locals null, where this chunk of the data stack has no room: CPython starts the next one,
/// which it does for calls only. Where it cannot be allocated, an exception is set, and the function is the caller's
/// again.
///
/// # Safety
/// As for [`push_frame`].
///
/// # Errors
/// The function.
pub unsafe fn push_frame_in_next_chunk(
    ts: *mut ThreadState,
    func: StackRef,
    code: *mut Code,
    previous: *mut Frame,
) -> Result<*mut Frame, StackRef> {
    // SAFETY: the caller's; nobody looks at function and code meanwhile: the call binds no argument and runs nothing.
    unsafe {
        let function: *mut Function = func.object().cast();
        // A call that fails releases the function.
        let kept = func.dup();
        // It may have got other code since the trace was made. This one has no parameters now: values that CPython
        // would ask for, or fill in, come from the trace.
        let own = core::mem::replace(&mut (*function).func_code, code);
        let (flags, arguments, keywords) = ((*code).co_flags, (*code).co_argcount, (*code).co_kwonlyargcount);
        (*code).co_flags &= !(CO_VARARGS | CO_VARKEYWORDS) as i32;
        ((*code).co_argcount, (*code).co_kwonlyargcount) = (0, 0);
        let null = core::ptr::null_mut();
        let frame = _PyEvalFramePushAndInit(ts, func, null, null.cast(), 0, null, previous);
        ((*code).co_flags, (*code).co_argcount, (*code).co_kwonlyargcount) = (flags, arguments, keywords);
        (*function).func_code = own;
        if frame.is_null() {
            return Err(kept);
        }
        kept.close_shared();
        Ok(frame)
    }
}

/// Writes a frame that is about to begin, all but its locals; the stack pointer is where those end. Takes over `func`.
///
/// # Safety
/// The memory is the frame's; `func` is a Python function with code `code`; `previous` is the frame that calls it.
#[inline(always)]
pub unsafe fn init_frame(frame: *mut Frame, func: StackRef, code: *mut Code, previous: *mut Frame) -> *mut StackRef {
    // SAFETY: the caller's.
    unsafe {
        let function: *mut Function = func.object().cast();
        (*frame).previous = previous;
        (*frame).f_funcobj = func;
        (*frame).f_executable = StackRef::new(code.cast());
        (*frame).f_builtins = (*function).func_builtins;
        (*frame).f_globals = (*function).func_globals;
        (*frame).f_locals = core::ptr::null_mut();
        let end = Frame::local(frame, (*code).co_nlocalsplus as usize);
        (*frame).stackpointer = end;
        (*frame).frame_obj = core::ptr::null_mut();
        (*frame).instr_ptr = Code::units(code);
        (*frame).return_offset = 0;
        (*frame).owner = FRAME_OWNED_BY_THREAD as u8;
        (*frame).visited = 0;
        end
    }
}

/// Whether the C stack has room for `reserve` bytes before its soft limit.
///
/// # Safety
/// The GIL is held by this thread.
#[inline(always)]
pub unsafe fn has_c_stack(ts: *mut ThreadState, reserve: usize) -> bool {
    let mark = 0u8;
    // SAFETY: every PyThreadState is the first field of a _PyThreadStateImpl.
    unsafe { &raw const mark as usize >= (*ts.cast::<ThreadStateImpl>()).c_stack_soft_limit + reserve }
}

/// Takes a frame for the trampoline below an inlined `__init__` (`_PyFrame_PushTrampolineUnchecked`), with
/// `depth` entries on its stack for the caller to fill.
///
/// # Safety
/// The data stack has room for it; `code` has no locals.
#[inline(always)]
pub unsafe fn push_trampoline(ts: *mut ThreadState, code: *mut Code, depth: usize, previous: *mut Frame) -> *mut Frame {
    // SAFETY: the caller's.
    unsafe {
        let frame: *mut Frame = (*ts).datastack_top.cast();
        (*ts).datastack_top = (*ts).datastack_top.add((*code).co_framesize as usize);
        (*frame).previous = previous;
        (*frame).f_funcobj = StackRef::borrowed(_Py_NoneStruct());
        (*frame).f_executable = StackRef::new(code.cast());
        (*frame).f_locals = core::ptr::null_mut();
        (*frame).stackpointer = Frame::local(frame, (*code).co_nlocalsplus as usize + depth);
        (*frame).frame_obj = core::ptr::null_mut();
        (*frame).instr_ptr = Code::units(code);
        (*frame).owner = FRAME_OWNED_BY_THREAD as u8;
        (*frame).visited = 0;
        (*frame).return_offset = 0;
        frame
    }
}

/// Whether [`push_frame`] would find room.
///
/// # Safety
/// `code` is a code object.
#[inline(always)]
pub unsafe fn has_stack_space(ts: *mut ThreadState, code: *mut Code) -> bool {
    // SAFETY: the caller's.
    unsafe { (*ts).datastack_top.wrapping_add((*code).co_framesize as usize) < (*ts).datastack_limit }
}

/// Memory for a frame of `code` from the data stack, if there is room in this chunk; where there is none at all, its
/// limit is null.
///
/// # Safety
/// `code` is a code object.
#[inline(always)]
pub unsafe fn take_stack(ts: *mut ThreadState, code: *mut Code) -> Option<*mut Frame> {
    // SAFETY: the caller's.
    unsafe {
        if !has_stack_space(ts, code) {
            return None;
        }
        let top = (*ts).datastack_top;
        (*ts).datastack_top = top.add((*code).co_framesize as usize);
        Some(top.cast())
    }
}

/// Clears a frame whose value stack is empty and gives its memory back, as `_PyEval_FrameClearAndPop` does.
/// The frame must no longer be current.
///
/// # Safety
/// `frame` is the topmost frame of this thread's data stack or a generator's.
#[inline(always)]
pub unsafe fn clear_and_pop_frame(ts: *mut ThreadState, frame: *mut Frame) {
    // SAFETY: the caller's; a frame owned by the thread with neither frame object nor locals dict holds
    // nothing but its locals, its function and its code, and lies at the top of the data stack. The first
    // frame of a chunk takes the chunk with it, which only CPython's function knows how to do.
    unsafe {
        if (*frame).owner as u32 != FRAME_OWNED_BY_THREAD
            || !(*frame).frame_obj.is_null()
            || !(*frame).f_locals.is_null()
            || frame_is_first_in_chunk(ts, frame)
        {
            _PyEval_FrameClearAndPop(ts, frame);
            return;
        }
        let locals = (*Frame::code(frame)).co_nlocalsplus as usize;
        // A finalizer run by one of these must not find the others half gone: CPython sets stackpointer down
        // as it goes, so that a traversal sees live slots only.
        let base = Frame::local(frame, 0);
        let mut slot = Frame::local(frame, locals);
        while slot > base {
            slot = slot.sub(1);
            let value = *slot;
            if value.is_counted() {
                (*frame).stackpointer = slot;
                decref_mortal(value.object());
            }
        }
        (*frame).stackpointer = base;
        (*frame).f_funcobj.close();
        (*frame).f_executable.close();
        (*ts).datastack_top = frame.cast();
    }
}

/// Whether `frame` is the first of its data-stack chunk.
///
/// # Safety
/// `frame` lies on the data stack of `ts`.
#[inline(always)]
pub unsafe fn frame_is_first_in_chunk(ts: *mut ThreadState, frame: *mut Frame) -> bool {
    // SAFETY: the current chunk's header precedes its data; see `_PyStackChunk`.
    unsafe { frame.cast::<u8>() == (*ts).datastack_chunk.cast::<u8>().add(CHUNK_DATA_OFFSET) }
}

/// `_Py_EnterRecursivePy`: takes a recursion unit. On `false` a `RecursionError` is set; the unit is taken all
/// the same, as in CPython, and given back by whoever unwinds the frame.
///
/// # Safety
/// The GIL is held.
#[inline(always)]
pub unsafe fn enter_recursive(ts: *mut ThreadState) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let remaining = (*ts).py_recursion_remaining;
        (*ts).py_recursion_remaining = remaining.wrapping_sub(1);
        remaining > 0 || check_recursive(ts)
    }
}

/// `_Py_LeaveRecursiveCallPy`.
///
/// # Safety
/// A unit was taken.
#[inline(always)]
pub unsafe fn leave_recursive(ts: *mut ThreadState) {
    // SAFETY: the caller's.
    unsafe { (*ts).py_recursion_remaining = (*ts).py_recursion_remaining.wrapping_add(1) }
}

/// `_Py_CheckRecursiveCallPy`.
#[cold]
#[inline(never)]
unsafe fn check_recursive(ts: *mut ThreadState) -> bool {
    // SAFETY: the caller holds the GIL.
    unsafe {
        if (*ts).recursion_headroom != 0 {
            if (*ts).py_recursion_remaining < -50 {
                eprintln!("Fatal Python error: Cannot recover from Python stack overflow.");
                std::process::abort();
            }
            return true;
        }
        if (*ts).py_recursion_remaining <= 0 {
            (*ts).recursion_headroom += 1;
            PyErr_SetString(*PyExc_RecursionError(), c"maximum recursion depth exceeded".as_ptr());
            (*ts).recursion_headroom -= 1;
            return false;
        }
        true
    }
}

/// `_Py_EnterRecursiveCall` without a place: whether the C stack has room. On `false` a `RecursionError` is set.
///
/// # Safety
/// The GIL is held by this thread.
#[inline(always)]
pub unsafe fn check_c_stack(ts: *mut ThreadState) -> bool {
    let mark = 0u8;
    let here = &raw const mark as usize;
    // SAFETY: every PyThreadState is the first field of a _PyThreadStateImpl.
    unsafe {
        let limit = (*ts.cast::<ThreadStateImpl>()).c_stack_soft_limit;
        if here < limit && here >= limit.wrapping_sub(2 * STACK_MARGIN_BYTES) {
            return _Py_CheckRecursiveCall(ts, c"".as_ptr().cast::<c_char>()) == 0;
        }
    }
    true
}

/// The frame CPython puts below the first frame of each evaluator entry. Readers of the frame chain skip it.
#[repr(C)]
pub struct EntryFrame {
    pub frame: Frame,
    /// The frame's one local and one stack slot.
    pub slots: [StackRef; 2],
}

/// What an entry frame's instruction pointer refers to; never executed, only there to be read.
static ENTRY_CODE: [CodeUnit; 4] = [
    op::INTERPRETER_EXIT as u16,
    op::INTERPRETER_EXIT as u16,
    op::INTERPRETER_EXIT as u16,
    op::INTERPRETER_EXIT as u16,
];

/// Fills an entry frame and makes `frame` the current one above it.
///
/// # Safety
/// `entry` outlives the evaluation of `frame`.
#[inline(always)]
pub unsafe fn enter_entry_frame(ts: *mut ThreadState, entry: *mut EntryFrame, frame: *mut Frame) {
    // SAFETY: the caller's.
    unsafe {
        let e = &raw mut (*entry).frame;
        (*entry).slots = [StackRef::NULL; 2];
        (*e).f_executable = StackRef::borrowed(_Py_NoneStruct());
        (*e).instr_ptr = (&raw const ENTRY_CODE).cast::<CodeUnit>().cast_mut().add(1);
        (*e).stackpointer = (&raw mut (*entry).slots).cast();
        (*e).owner = FRAME_OWNED_BY_INTERPRETER as u8;
        (*e).visited = 0;
        (*e).return_offset = 0;
        (*e).previous = (*ts).current_frame;
        (*frame).previous = e;
        (*ts).current_frame = frame;
    }
}
