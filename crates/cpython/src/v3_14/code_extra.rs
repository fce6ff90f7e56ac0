//! Data attached to code objects, freed with them.

use core::ffi::c_void;

use super::api::*;
use super::layout::*;

/// A slot of every code object's extra array.
#[derive(Clone, Copy, Debug)]
pub struct CodeExtraIndex(isize);

/// What `co_extra` points to.
#[repr(C)]
struct CoExtra {
    size: isize,
    extras: [*mut c_void; 0],
}

impl CodeExtraIndex {
    /// Reserves a slot; `free` is called with its content when a code object dies. `None` if all are taken.
    ///
    /// # Safety
    /// The GIL is held; `free` stays callable for the rest of the process.
    pub unsafe fn request(free: unsafe extern "C" fn(*mut c_void)) -> Option<Self> {
        // SAFETY: the caller's.
        let index = unsafe { PyUnstable_Eval_RequestCodeExtraIndex(free) };
        (index >= 0).then_some(Self(index))
    }
}

/// The data attached to `code`, or null.
///
/// # Safety
/// `code` is a code object.
#[inline(always)]
pub unsafe fn code_extra(code: *mut Code, index: CodeExtraIndex) -> *mut c_void {
    // SAFETY: `co_extra` is null or holds `size` pointers.
    unsafe {
        let extra: *mut CoExtra = (*code).co_extra.cast();
        if extra.is_null() || index.0 >= (*extra).size {
            return core::ptr::null_mut();
        }
        *(&raw mut (*extra).extras).cast::<*mut c_void>().offset(index.0)
    }
}

/// Attaches data to `code`, freeing what was attached before. False without memory.
///
/// # Safety
/// `code` is a code object; `data` is what the index's `free` takes.
pub unsafe fn set_code_extra(code: *mut Code, index: CodeExtraIndex, data: *mut c_void) -> bool {
    // SAFETY: the caller's.
    unsafe { PyUnstable_Code_SetExtra(code.cast::<Object>(), index.0, data) == 0 }
}

/// As [`code_extra`], for code known to have the slot filled.
///
/// # Safety
/// Data was attached to `code` at this index.
#[inline(always)]
pub unsafe fn code_extra_unchecked(code: *mut Code, index: CodeExtraIndex) -> *mut c_void {
    // SAFETY: the caller's.
    unsafe { *(&raw mut (*(*code).co_extra.cast::<CoExtra>()).extras).cast::<*mut c_void>().offset(index.0) }
}
