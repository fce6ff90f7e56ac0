//! Run-time look-up of the interpreter's symbols.

use core::ffi::{CStr, c_char, c_void};

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
}

/// The address of `name` among the symbols the process exports globally, or null.
///
/// An extension module is loaded by a process whose executable or a global dependency of it is the
/// interpreter, so the default search order finds what `PyAPI_FUNC` exports.
pub(crate) fn lookup(name: &CStr) -> *mut c_void {
    // SAFETY: `name` is a C string; a null handle is RTLD_DEFAULT.
    unsafe { dlsym(core::ptr::null_mut(), name.as_ptr()) }
}
