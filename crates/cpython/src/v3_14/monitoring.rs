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

/// `PY_MONITORING_EVENT_C_RETURN` and `_C_RAISE`.
const C_EVENTS: [usize; 2] = [16, 17];

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
        filter_c_events();
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
        filter_c_events();
        if before.is_null() || !is_filter(before) {
            return before;
        }
        let callback = (*before.cast::<CFunction>()).m_self;
        incref(callback);
        decref(before);
        callback
    }
}

/// Puts a filter before every callback for returns and exceptions of C functions.
///
/// Under any evaluation hook CPython's evaluator calls Python functions through C. Where a tool watches the calls it
/// then takes the callee for a C function and reports its return, which without a hook it does not.
unsafe fn filter_c_events() {
    // SAFETY: the GIL is held; the table owns its callbacks, and the filter takes that reference over.
    unsafe {
        let table = &mut (*(*PyThreadState_Get()).interp).monitoring_callables;
        for slot in table.iter_mut().flat_map(|tool| C_EVENTS.map(|event| &raw mut tool[event])) {
            let callback = *slot;
            if callback.is_null() || is_filter(callback) {
                continue;
            }
            let filter = PyCFunction_NewEx((&raw const FILTER).cast(), callback, null_mut());
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

static FILTER: Definition =
    Definition { name: c"c_event".as_ptr(), implementation: filter, flags: METH_FASTCALL as i32, doc: null_mut() };

unsafe fn is_filter(callback: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe {
        Object::type_of(callback) == PyCFunction_Type()
            && core::ptr::eq((*callback.cast::<CFunction>()).m_ml.cast(), &raw const FILTER)
    }
}

/// The event goes to `callback` unless it says that a Python function, called by the running frame, was a C function.
unsafe extern "C" fn filter(callback: *mut Object, args: *const *mut Object, nargs: isize) -> *mut Object {
    // SAFETY: CPython calls us with `nargs` live arguments: the code, an offset, the callable and its first argument.
    unsafe {
        let ts = PyThreadState_Get();
        if nargs >= 3 && (HOOKS.unwrap_unchecked().hook_is_ours)(ts) {
            let (code, callable) = (*args, *args.add(2));
            let frame = (*ts).current_frame;
            if Object::type_of(callable) == PyFunction_Type()
                && (*callable.cast::<Function>()).vectorcall.map(|v| v as usize)
                    == function_vectorcall().map(|v| v as usize)
                && !frame.is_null()
                && core::ptr::eq(Frame::code(frame).cast(), code)
            {
                return _Py_NoneStruct();
            }
        }
        PyObject_Vectorcall(callback, args, nargs as usize, null_mut())
    }
}
