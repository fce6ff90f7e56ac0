//! The extension module `tierup._native`: crate `runtime` as Python functions, nothing more.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{self, NonNull};

use cpython::abi;
use pyo3_ffi::*;
use runtime::Options;

#[cfg(feature = "fault-injection")]
mod faults;

#[cfg(not(feature = "fault-injection"))]
#[global_allocator]
static HEAP: heap::Heap = heap::Heap(std::alloc::System);

/// An owned reference. `None` as a return value means that a Python exception is set.
struct Owned(NonNull<PyObject>);

impl Owned {
    /// Takes the new reference that a C API call returned.
    ///
    /// # Safety
    /// `object` is null with an exception set, or a reference that the caller owns.
    unsafe fn from_new(object: *mut PyObject) -> Option<Owned> {
        NonNull::new(object).map(Owned)
    }

    fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    fn into_ptr(self) -> *mut PyObject {
        let object = self.0.as_ptr();
        std::mem::forget(self);
        object
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and only functions called by Python make an `Owned`.
        unsafe { Py_DECREF(self.as_ptr()) }
    }
}

fn none() -> Owned {
    // SAFETY: Python called us; None is immortal, so this reference needs no counting.
    Owned(unsafe { NonNull::new_unchecked(Py_None()) })
}

fn bool(value: bool) -> Option<Owned> {
    // SAFETY: Python called us, so the GIL is held.
    unsafe { Owned::from_new(PyBool_FromLong(value.into())) }
}

fn int(value: u64) -> Option<Owned> {
    // SAFETY: as in `bool`.
    unsafe { Owned::from_new(PyLong_FromUnsignedLongLong(value)) }
}

fn str(value: &str) -> Option<Owned> {
    // SAFETY: as in `bool`; pointer and length describe `value`.
    unsafe { Owned::from_new(PyUnicode_FromStringAndSize(value.as_ptr().cast(), value.len() as Py_ssize_t)) }
}

fn list(items: impl IntoIterator<Item = Option<Owned>>) -> Option<Owned> {
    // SAFETY: as in `bool`; PyList_Append makes a reference of its own.
    unsafe {
        let list = Owned::from_new(PyList_New(0))?;
        for item in items {
            if PyList_Append(list.as_ptr(), item?.as_ptr()) < 0 {
                return None;
            }
        }
        Some(list)
    }
}

fn raise(message: &str) -> Option<Owned> {
    let message = CString::new(message.replace('\0', " ")).expect("no NUL is left");
    // SAFETY: as in `bool`; the message is a C string.
    unsafe { PyErr_SetString(PyExc_RuntimeError, message.as_ptr()) };
    None
}

/// Reads a list of (name, value) pairs of strings.
///
/// # Safety
/// The GIL is held and `argument` is a live object.
unsafe fn settings(argument: *mut PyObject) -> Option<Vec<(String, String)>> {
    // SAFETY: borrowed items are used while the list, which nobody else can change meanwhile, is alive.
    unsafe {
        let mut settings = Vec::new();
        if PyList_Check(argument) == 0 {
            PyErr_SetString(PyExc_TypeError, c"expected a list of pairs".as_ptr());
            return None;
        }
        for i in 0..PyList_GET_SIZE(argument) {
            let pair = PyList_GET_ITEM(argument, i);
            if PyTuple_Check(pair) == 0 || PyTuple_GET_SIZE(pair) != 2 {
                PyErr_SetString(PyExc_TypeError, c"expected a list of pairs".as_ptr());
                return None;
            }
            settings.push((string(PyTuple_GET_ITEM(pair, 0))?, string(PyTuple_GET_ITEM(pair, 1))?));
        }
        Some(settings)
    }
}

/// # Safety
/// The GIL is held and `object` is a live object.
unsafe fn string(object: *mut PyObject) -> Option<String> {
    let mut len = 0;
    // SAFETY: CPython checks the type; the text it returns lives as long as `object`.
    unsafe {
        let text = PyUnicode_AsUTF8AndSize(object, &mut len);
        let text = NonNull::new(text.cast_mut())?.as_ptr();
        let bytes = std::slice::from_raw_parts(text.cast::<u8>(), len as usize);
        Some(String::from_utf8_unchecked(bytes.to_vec()))
    }
}

fn parse(settings: &[(String, String)]) -> (Options, Vec<String>) {
    Options::parse(settings.iter().map(|(n, v)| (n.as_str(), v.as_str())))
}

/// Declares a Python function whose body is an expression of type `Option<Owned>`.
macro_rules! function {
    ($name:ident($argument:ident), $body:expr) => {
        /// # Safety
        /// Called by Python only.
        unsafe extern "C" fn $name(_: *mut PyObject, $argument: *mut PyObject) -> *mut PyObject {
            fn body($argument: *mut PyObject) -> Option<Owned> {
                $body
            }
            body($argument).map_or(ptr::null_mut(), Owned::into_ptr)
        }
    };
}

function!(enable(argument), {
    // SAFETY: Python holds the GIL and keeps the argument alive.
    let (options, _) = parse(&unsafe { settings(argument) }?);
    match runtime::enable(&options) {
        Ok(()) => Some(none()),
        Err(reason) => raise(&reason),
    }
});

/// Our variables of the environment. (The standard library copies all.)
fn variables() -> impl Iterator<Item = &'static CStr> {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    // SAFETY: Python holds the GIL while it changes the environment, and nothing else does at start-up.
    let first = unsafe { environ };
    let count = if first.is_null() { 0 } else { usize::MAX };
    (0..count)
        // SAFETY: as above; a null ends the array.
        .map_while(move |n| unsafe { (*first.add(n)).as_ref().map(|text| CStr::from_ptr(text)) })
        .filter(|text| text.to_bytes().starts_with(b"TIERUP"))
}

/// Switches the JIT on as the environment says. False if that fails, or if there is more to do, which is the Python
/// part's: to warn, or to write statistics at exit.
fn autoload() -> bool {
    let settings: Option<Vec<_>> = variables().map(|text| text.to_str().ok()?.split_once('=')).collect();
    let Some(settings) = settings else { return false };
    let on = settings.contains(&("TIERUP", "1"));
    let writes = settings.iter().any(|(name, value)| *name == "TIERUP_STATS_FILE" && !value.is_empty());
    let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let (options, warnings) = parse(&settings);
    let enabled = on && !writes && warnings.is_empty() && runtime::enable(&options).is_ok();
    if enabled {
        runtime::wait_for_program();
    }
    enabled
}

function!(wait_for_program(_argument), {
    runtime::wait_for_program();
    Some(none())
});

function!(autoload_by_environment(_argument), bool(autoload()));

function!(warnings(argument), {
    // SAFETY: Python holds the GIL and keeps the argument alive.
    let (_, warnings) = parse(&unsafe { settings(argument) }?);
    list(warnings.iter().map(|warning| str(warning)))
});

function!(disable(_argument), {
    runtime::disable();
    Some(none())
});

function!(is_enabled(_argument), bool(runtime::is_enabled()));

function!(counters(_argument), {
    // SAFETY: Python holds the GIL; PyDict_SetItem makes references of its own.
    unsafe {
        let dict = Owned::from_new(PyDict_New())?;
        for (name, count) in runtime::stats() {
            if PyDict_SetItem(dict.as_ptr(), str(name)?.as_ptr(), int(count)?.as_ptr()) < 0 {
                return None;
            }
        }
        Some(dict)
    }
});

function!(events(_argument), list(runtime::events().iter().map(|event| str(event))));

function!(
    options(_argument),
    list(runtime::options::TABLE.iter().map(|spec| {
        let row =
            list([str(spec.variable), str(spec.values), str(spec.default), str(spec.help), bool(spec.command_line)])?;
        // SAFETY: Python holds the GIL and `row` is a list.
        unsafe { Owned::from_new(PyList_AsTuple(row.as_ptr())) }
    }))
);

/// Calls a function as if nothing was on the stack: frames below do not show in tracebacks or as
/// `f_back`, and do not count against the recursion limit.
///
/// # Safety
/// Called by Python only, with METH_VARARGS.
unsafe extern "C" fn call_at_base(_: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python holds the GIL. The hidden frames are this thread's, wait for this call to return
    // and own what they hold; the frame chain is as it was when they go on.
    unsafe {
        if let Err(reason) = cpython::probe() {
            raise(&reason);
            return ptr::null_mut();
        }
        if PyTuple_GET_SIZE(arguments) == 0 {
            PyErr_SetString(PyExc_TypeError, c"expected a function".as_ptr());
            return ptr::null_mut();
        }
        let function = PyTuple_GET_ITEM(arguments, 0);
        let Some(rest) = Owned::from_new(PyTuple_GetSlice(arguments, 1, PyTuple_GET_SIZE(arguments))) else {
            return ptr::null_mut();
        };
        let ts = abi::PyThreadState_Get();
        let top = (*ts).current_frame;
        let mut depth = 0;
        let mut frame = top;
        while !frame.is_null() {
            if ((*frame).owner as u32) < abi::FRAME_OWNED_BY_INTERPRETER {
                depth += 1;
            }
            frame = (*frame).previous;
        }
        (*ts).current_frame = ptr::null_mut();
        (*ts).py_recursion_remaining += depth;
        let result = PyObject_CallObject(function, rest.as_ptr());
        (*ts).py_recursion_remaining -= depth;
        (*ts).current_frame = top;
        result
    }
}

const fn method(
    name: &'static std::ffi::CStr,
    function: PyCFunction,
    flags: c_int,
    doc: &'static std::ffi::CStr,
) -> PyMethodDef {
    PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: function },
        ml_flags: flags,
        ml_doc: doc.as_ptr(),
    }
}

static mut METHODS: [PyMethodDef; if cfg!(feature = "fault-injection") { 13 } else { 11 }] = [
    method(c"enable", enable, METH_O, c"Switch the JIT on with these settings."),
    method(
        c"autoload",
        autoload_by_environment,
        METH_NOARGS,
        c"Switch the JIT on as the environment says, if that is all.",
    ),
    method(
        c"wait_for_program",
        wait_for_program,
        METH_NOARGS,
        c"Leave all to CPython until the program starts, if it has not.",
    ),
    method(c"warnings", warnings, METH_O, c"What is wrong with these settings."),
    method(c"disable", disable, METH_NOARGS, c"Switch the JIT off."),
    method(c"is_enabled", is_enabled, METH_NOARGS, c"Whether the JIT is on."),
    method(c"counters", counters, METH_NOARGS, c"Counters by dotted name."),
    method(c"events", events, METH_NOARGS, c"Aborts and delegations with reasons."),
    method(c"call_at_base", call_at_base, METH_VARARGS, c"Call a function as if nothing was on the stack."),
    method(c"options", options, METH_NOARGS, c"The table of settings."),
    #[cfg(feature = "fault-injection")]
    method(c"_fail_allocations", faults::fail_allocations, METH_VARARGS, c"Make allocations (first, count) fail."),
    #[cfg(feature = "fault-injection")]
    method(c"_allocations", faults::allocations, METH_NOARGS, c"How many there were since."),
    PyMethodDef::zeroed(),
];

static mut SLOTS: [PyModuleDef_Slot; 2] = [
    // The runtime's state belongs to the process and the main interpreter.
    PyModuleDef_Slot { slot: Py_mod_multiple_interpreters, value: Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED },
    PyModuleDef_Slot { slot: 0, value: ptr::null_mut() },
];

static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"_native".as_ptr(),
    m_doc: c"Tierup's native part; use the package tierup.".as_ptr(),
    m_size: 0,
    m_methods: &raw mut METHODS as *mut PyMethodDef,
    m_slots: &raw mut SLOTS as *mut PyModuleDef_Slot,
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// The entry point that Python's import looks up.
///
/// # Safety
/// Called by Python only.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "CPython prescribes the name")]
pub unsafe extern "C" fn PyInit__native() -> *mut PyObject {
    // SAFETY: the definition is static, and only CPython touches it.
    unsafe { PyModuleDef_Init(&raw mut MODULE) }
}
