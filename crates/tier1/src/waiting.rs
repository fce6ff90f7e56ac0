//! Waiting for the program: what Python runs before it, the module `site` and what that imports, runs once and would be
//! decoded for nothing. Where the JIT is switched on from there, the hook is taken away again until a code object is
//! made without `site` on the stack: the program has to be compiled, or imported.

use core::ffi::CStr;
use core::ptr::null_mut;

use cpython::abi::*;

use crate::entry;

/// A code object that runs until the program starts, a reference of ours; null if nothing is waited for.
static mut BEFORE: *mut Code = null_mut();

/// The frames that run code, innermost first.
unsafe fn frames(ts: *mut ThreadState) -> impl Iterator<Item = *mut Frame> {
    // SAFETY: the caller's: the thread's own frames, which nothing pushes or pops meanwhile.
    let mut f = unsafe { (*ts).current_frame };
    core::iter::from_fn(move || {
        // SAFETY: as above.
        unsafe {
            while !f.is_null() && (*f).owner as u32 >= FRAME_OWNED_BY_INTERPRETER {
                f = (*f).previous;
            }
            let found = f;
            if !f.is_null() {
                f = (*f).previous;
            }
            (!found.is_null()).then_some(found)
        }
    })
}

/// Where the functions are by which C code imports modules.
const IMPORT_SYSTEM: &CStr = c"<frozen importlib._bootstrap>";

/// Takes the hook away until the program starts, if `site` is running: the outermost module, but for the import system,
/// of a stack that begins with that.
///
/// # Safety
/// The GIL is held, tier 1 is enabled.
pub unsafe fn wait_for_program() {
    // SAFETY: the caller's.
    unsafe {
        let ts = PyThreadState_Get();
        if !entry::hook_is_ours(ts) {
            return;
        }
        let Some(importer) = frames(ts).last() else { return };
        let file = PyUnicode_AsUTF8((*Frame::code(importer)).co_filename);
        if file.is_null() || CStr::from_ptr(file) != IMPORT_SYSTEM {
            PyErr_Clear();
            return;
        }
        let Some(before) = frames(ts).filter(|f| (**f).f_globals != (*importer).f_globals).last() else { return };
        BEFORE = new_ref(Frame::code(before).cast()).cast();
        entry::remove_hook();
    }
}

/// Whether the program has not started yet.
#[inline(always)]
pub(crate) fn waits() -> bool {
    // SAFETY: the GIL is held.
    unsafe { !BEFORE.is_null() }
}

/// A code object was made while something is waited for.
///
/// # Safety
/// The GIL is held.
#[cold]
pub(crate) unsafe fn on_code_made() {
    // SAFETY: the caller's.
    unsafe {
        if !frames(PyThreadState_Get()).any(|f| Frame::code(f) == BEFORE) {
            stop_waiting();
        }
    }
}

/// Puts the hook back, if it was taken away and nobody else has put up another.
///
/// # Safety
/// The GIL is held.
pub unsafe fn stop_waiting() {
    // SAFETY: the caller's.
    unsafe {
        if waits() {
            entry::put_hook_back();
            forget();
        }
    }
}

/// Waits for nothing any more.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn forget() {
    // SAFETY: the caller's; what the code object's death runs finds nothing waited for.
    unsafe {
        let before = BEFORE;
        BEFORE = null_mut();
        if !before.is_null() {
            decref(before.cast());
        }
    }
}
