//! An extension module with tier 1 alone, for tests and measurements: `tier1_only.enable(threshold)`.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use cpython::abi::*;

#[repr(C)]
struct ModuleDef {
    base: [usize; 5],
    name: *const c_char,
    doc: *const c_char,
    size: isize,
    methods: *mut Method,
    rest: [usize; 4],
}

#[repr(C)]
struct Method {
    name: *const c_char,
    function: Option<unsafe extern "C" fn(*mut Object, *mut Object) -> *mut Object>,
    flags: c_int,
    doc: *const c_char,
}

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

unsafe extern "C" fn enable(_: *mut Object, threshold: *mut Object) -> *mut Object {
    // SAFETY: called by Python with the GIL held; the argument is checked.
    unsafe {
        if (*threshold).ob_type == PyLong_Type() {
            tier1::set_threshold(Long::compact_value(threshold.cast()) as u32);
        }
        if let Err(reason) = tier1::enable() {
            let reason = std::ffi::CString::new(reason).unwrap_or_default();
            PyErr_SetString(*PyExc_RuntimeError(), reason.as_ptr());
            return null_mut();
        }
        _Py_NoneStruct()
    }
}

unsafe extern "C" fn disable(_: *mut Object, _: *mut Object) -> *mut Object {
    // SAFETY: called by Python with the GIL held.
    unsafe {
        tier1::disable();
        _Py_NoneStruct()
    }
}

unsafe extern "C" fn counts(_: *mut Object, _: *mut Object) -> *mut Object {
    use core::sync::atomic::Ordering::Relaxed;
    let c = tier1::counts();
    let mut text = format!(
        "entered {} cold {} thrown {} instrumented {} handed over {} decoded {}",
        c.entered.load(Relaxed),
        c.cold.load(Relaxed),
        c.thrown.load(Relaxed),
        c.instrumented.load(Relaxed),
        c.handed_over.load(Relaxed),
        c.decoded.load(Relaxed)
    );
    for (name, count) in tier1::unsupported_counts() {
        text += &format!(" {name} {count}");
    }
    let text = std::ffi::CString::new(text).unwrap_or_default();
    // SAFETY: the GIL is held.
    unsafe { PyUnicode_FromString(text.as_ptr()) }
}

/// The module's entry point.
///
/// # Safety
/// Called by CPython's import machinery.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_tier1_only() -> *mut Object {
    const METH_NOARGS: c_int = 4;
    const METH_O: c_int = 8;
    // SAFETY: `probe` resolves everything used; the definitions live for ever.
    unsafe {
        if let Err(reason) = cpython::probe() {
            eprintln!("tier1_only: {reason}");
            return null_mut();
        }
        let method = |name: &'static core::ffi::CStr, function, flags| Method {
            name: name.as_ptr(),
            function,
            flags,
            doc: core::ptr::null(),
        };
        let methods = Box::leak(Box::new([
            method(c"enable", Some(enable as unsafe extern "C" fn(_, _) -> _), METH_O),
            method(c"disable", Some(disable as unsafe extern "C" fn(_, _) -> _), METH_NOARGS),
            method(c"counts", Some(counts as unsafe extern "C" fn(_, _) -> _), METH_NOARGS),
            Method { name: core::ptr::null(), function: None, flags: 0, doc: core::ptr::null() },
        ]));
        let def = Box::leak(Box::new(ModuleDef {
            base: [1, 0, 0, 0, 0],
            name: c"tier1_only".as_ptr(),
            doc: core::ptr::null(),
            size: -1,
            methods: methods.as_mut_ptr(),
            rest: [0; 4],
        }));
        type Create = unsafe extern "C" fn(*mut ModuleDef, c_int) -> *mut Object;
        let create = dlsym(null_mut(), c"PyModule_Create2".as_ptr());
        core::mem::transmute::<*mut c_void, Create>(create)(def, 1013)
    }
}
