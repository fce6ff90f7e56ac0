//! `sys.monitoring` where its built-in functions must do one thing more for Tierup.
//!
//! A built-in function object of this interpreter gets a method definition of ours, which is CPython's but for the
//! implementation, and that calls CPython's.

use core::ffi::{CStr, c_char};
use core::ptr::null_mut;

use super::api::*;
use super::layout::*;
use super::owned::Owned;
use super::refs::{decref, incref};
use super::types::FastFn;

/// What Tierup wants to know, and to be asked.
#[derive(Clone, Copy)]
pub struct MonitoringHooks {
    /// Called with a code object after a tool asked for events of it alone: that instruments the code in place, and
    /// neither a watcher nor the eval breaker's version tells of it.
    pub on_local_events: unsafe fn(*mut Code),
    /// Whether the interpreter's evaluation hook (PEP 523) is Tierup's.
    pub hook_is_ours: unsafe fn(*mut ThreadState) -> bool,
}

/// CPython's implementations.
static mut SET_LOCAL_EVENTS: Option<FastFn> = None;
static mut REGISTER_CALLBACK: Option<FastFn> = None;
static mut HOOKS: Option<MonitoringHooks> = None;

/// Events with a filter before their callbacks.
const FILTERED: [(usize, &Definition); 3] = [
    (MONITORING_EVENT_RAISE, &RAISE_FILTER),
    (MONITORING_EVENT_C_RETURN, &C_FILTER),
    (MONITORING_EVENT_C_RAISE, &C_FILTER),
];

/// What an exception does to a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Raised {
    /// The frame goes on in a handler.
    Handled,
    /// The frame ends.
    Unwound,
}

/// Tells the tools that watch what the exception that is set does to `f`, at this offset in units, as CPython's
/// evaluator does. False if one raised: that is the exception now.
///
/// # Safety
/// `f` is the current frame.
pub unsafe fn tell_raised(ts: *mut ThreadState, f: *mut Frame, offset: usize, what: Raised) -> bool {
    // Both are asked for in all code or in none.
    let event = match what {
        Raised::Handled => MONITORING_EVENT_EXCEPTION_HANDLED,
        Raised::Unwound => MONITORING_EVENT_PY_UNWIND,
    };
    // SAFETY: the caller's.
    unsafe {
        let mut state = MonitoringState { active: (*(*ts).interp).monitors[event], opaque: 0 };
        if state.active == 0 {
            return true;
        }
        let (code, offset) = (Frame::code(f).cast(), 2 * offset as i32);
        0 == match what {
            Raised::Handled => _PyMonitoring_FireExceptionHandledEvent(&mut state, code, offset),
            Raised::Unwound => _PyMonitoring_FirePyUnwindEvent(&mut state, code, offset),
        }
    }
}

/// Installs the hooks. False if `sys.monitoring` is not the one we know.
///
/// # Safety
/// The GIL is held; called once, and the hooks stay valid for ever.
pub unsafe fn watch(hooks: MonitoringHooks) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let monitoring = PySys_GetObject(c"monitoring".as_ptr());
        if monitoring.is_null() {
            return false;
        }
        HOOKS = Some(hooks);
        let Some(register) = builtin(monitoring, c"register_callback") else { return false };
        let Some(set_local) = builtin(monitoring, c"set_local_events") else { return false };
        REGISTER_CALLBACK = Some(replace(&register, register_callback));
        SET_LOCAL_EVENTS = Some(replace(&set_local, set_local_events));
        filter_events();
        true
    }
}

/// A built-in function of the kind both are.
unsafe fn builtin(module: *mut Object, name: &CStr) -> Option<Owned> {
    // SAFETY: a live module.
    unsafe {
        let Some(function) = Owned::steal(PyObject_GetAttrString(module, name.as_ptr())) else {
            PyErr_Clear();
            return None;
        };
        let known = Object::type_of(function.as_ptr()) == PyCFunction_Type()
            && (*(*function.as_ptr().cast::<CFunction>()).m_ml).ml_flags as u32 == METH_FASTCALL;
        known.then_some(function)
    }
}

/// Gives a function another implementation; what it had.
unsafe fn replace(function: &Owned, implementation: FastFn) -> FastFn {
    // SAFETY: a built-in function with these flags has an implementation of that signature.
    unsafe {
        let function: *mut CFunction = function.as_ptr().cast();
        let mut definition = (*function).m_ml.read();
        let before = core::mem::transmute::<*const (), FastFn>(definition.ml_meth);
        definition.ml_meth = implementation as *const ();
        // The function may outlive everything but the process.
        (*function).m_ml = Box::leak(Box::new(definition));
        before
    }
}

unsafe extern "C" fn set_local_events(module: *mut Object, args: *const *mut Object, nargs: isize) -> *mut Object {
    // SAFETY: CPython calls us with `nargs` live arguments, after `watch` set the variables.
    unsafe {
        let result = SET_LOCAL_EVENTS.unwrap_unchecked()(module, args, nargs);
        // Even a call that fails may have instrumented.
        if nargs >= 2 && Object::type_of(*args.add(1)) == PyCode_Type() {
            (HOOKS.unwrap_unchecked().on_local_events)((*args.add(1)).cast());
        }
        result
    }
}

unsafe extern "C" fn register_callback(module: *mut Object, args: *const *mut Object, nargs: isize) -> *mut Object {
    // SAFETY: as above.
    unsafe {
        let before = REGISTER_CALLBACK.unwrap_unchecked()(module, args, nargs);
        filter_events();
        if before.is_null() || !is_filter(before) {
            return before;
        }
        let callback = (*before.cast::<CFunction>()).m_self;
        incref(callback);
        decref(before);
        callback
    }
}

/// Puts a filter before every callback for an event that CPython's evaluator tells of wrongly under an evaluation hook.
///
/// Under any such hook it calls Python functions and resumes generators through C. Where a tool watches the calls it
/// takes the callee for a C function and reports its return; that a coroutine returned it sees as a `StopIteration`.
/// Without a hook it reports neither.
unsafe fn filter_events() {
    // SAFETY: the GIL is held; the table owns its callbacks, and the filter takes that reference over.
    unsafe {
        let table = &mut (*(*PyThreadState_Get()).interp).monitoring_callables;
        for (slot, definition) in
            table.iter_mut().flat_map(|tool| FILTERED.map(|(event, filter)| (&raw mut tool[event], filter)))
        {
            let callback = *slot;
            if callback.is_null() || is_filter(callback) {
                continue;
            }
            let filter = PyCFunction_NewEx((&raw const *definition).cast(), callback, null_mut());
            if filter.is_null() {
                // Without memory the tool hears too much.
                PyErr_Clear();
                continue;
            }
            *slot = filter;
            decref(callback);
        }
    }
}

/// To be called before CPython's evaluator runs a frame: the callbacks of `sys.settrace` are in place since its first
/// use, of which nobody tells.
///
/// # Safety
/// The GIL is held, `ts` is the running thread.
#[inline(always)]
pub unsafe fn before_cpython_runs(ts: *mut ThreadState) {
    // SAFETY: the caller's.
    unsafe {
        let callback = (*(*ts).interp).monitoring_callables[MONITORING_SYS_TRACE_ID][MONITORING_EVENT_RAISE];
        if !callback.is_null() && !is_filter(callback) {
            filter_events();
        }
    }
}

/// `PyMethodDef`, constant.
#[repr(C)]
struct Definition {
    name: *const c_char,
    implementation: FastFn,
    flags: i32,
    doc: *const c_char,
}

const _: () = assert!(size_of::<Definition>() == size_of::<MethodDef>());

// SAFETY: nobody writes it.
unsafe impl Sync for Definition {}

static C_FILTER: Definition =
    Definition { name: c"c_event".as_ptr(), implementation: c_event, flags: METH_FASTCALL as i32, doc: null_mut() };
static RAISE_FILTER: Definition =
    Definition { name: c"raise".as_ptr(), implementation: raise, flags: METH_FASTCALL as i32, doc: null_mut() };

unsafe fn is_filter(callback: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe {
        Object::type_of(callback) == PyCFunction_Type() && {
            let definition: *const Definition = (*callback.cast::<CFunction>()).m_ml.cast();
            core::ptr::eq(definition, &raw const C_FILTER) || core::ptr::eq(definition, &raw const RAISE_FILTER)
        }
    }
}

/// The event goes to `callback` unless it says that a Python function, called by the running frame, was a C function.
unsafe extern "C" fn c_event(callback: *mut Object, args: *const *mut Object, nargs: isize) -> *mut Object {
    // SAFETY: CPython calls us with `nargs` live arguments: the code, an offset, the callable and its first argument.
    unsafe {
        if nargs >= 3
            && let Some(_) = hooked_frame(*args)
        {
            let callable = *args.add(2);
            if Object::type_of(callable) == PyFunction_Type()
                && (*callable.cast::<Function>()).vectorcall.map(|v| v as usize)
                    == function_vectorcall().map(|v| v as usize)
            {
                return _Py_NoneStruct();
            }
        }
        PyObject_Vectorcall(callback, args, nargs as usize, null_mut())
    }
}

/// The event goes to `callback` unless it says that a generator or coroutine which the running frame sent something to
/// has returned. (Sending into a generator that had returned before is an event in plain CPython too, and cannot be
/// told apart.)
unsafe extern "C" fn raise(callback: *mut Object, args: *const *mut Object, nargs: isize) -> *mut Object {
    // SAFETY: CPython calls us with `nargs` live arguments: the code, an offset and the exception.
    unsafe {
        if nargs >= 3
            && Object::type_of(*args.add(2)).cast() == *PyExc_StopIteration()
            && let Some(frame) = hooked_frame(*args)
            && sends_to_generator(frame)
        {
            return _Py_NoneStruct();
        }
        PyObject_Vectorcall(callback, args, nargs as usize, null_mut())
    }
}

/// The running frame, if the evaluation hook is ours and it runs `code`.
unsafe fn hooked_frame(code: *mut Object) -> Option<*mut Frame> {
    // SAFETY: the GIL is held; a callback of a tool is running, and callbacks have no frames.
    unsafe {
        let ts = PyThreadState_Get();
        let frame = (*ts).current_frame;
        ((HOOKS.unwrap_unchecked().hook_is_ours)(ts)
            && !frame.is_null()
            && core::ptr::eq(Frame::code(frame).cast(), code))
        .then_some(frame)
    }
}

/// Whether the frame is at a `SEND` to a generator or coroutine proper.
unsafe fn sends_to_generator(frame: *mut Frame) -> bool {
    // SAFETY: the frame runs; below what is sent, its stack has the receiver.
    unsafe {
        // Without instrumentation.
        let Some(code) = Owned::steal(PyCode_GetCode(Frame::code(frame))) else {
            PyErr_Clear();
            return false;
        };
        let opcode = *PyBytes_AsString(code.as_ptr()).cast::<u8>().add(2 * Frame::lasti(frame));
        opcode == op::SEND && {
            let receiver = Object::type_of((*(*frame).stackpointer.sub(2)).object());
            receiver == PyCoro_Type() || receiver == PyGen_Type()
        }
    }
}
