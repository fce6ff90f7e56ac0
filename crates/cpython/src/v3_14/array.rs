//! `array.array`, whose layout no header tells: it is compared with what the buffer protocol says of an instance.

use core::ffi::{CStr, c_char, c_int, c_void};

use super::api::*;
use super::layout::*;

/// `Py_buffer`, as the stable ABI has it.
#[repr(C)]
pub struct Buffer {
    pub buf: *mut u8,
    pub obj: *mut Object,
    pub len: isize,
    pub itemsize: isize,
    pub readonly: c_int,
    pub ndim: c_int,
    pub format: *mut c_char,
    pub shape: *mut isize,
    pub strides: *mut isize,
    pub suboffsets: *mut isize,
    pub internal: *mut c_void,
}

/// `PyBUF_FULL_RO`.
const BUF_FULL_RO: c_int = 0x11c;

/// `arrayobject` of `arraymodule.c`.
#[repr(C)]
pub struct Array {
    pub ob_base: VarObject,
    pub ob_item: *mut u8,
    pub allocated: isize,
    /// One static table for each type of item.
    pub ob_descr: *const ArrayKind,
    pub weakreflist: *mut Object,
    pub ob_exports: isize,
}

/// The start of `struct arraydescr`.
#[repr(C)]
pub struct ArrayKind {
    pub typecode: c_char,
    pub itemsize: c_int,
}

/// The instance as an array and its type code, if its type is `array.array` and laid out as declared here.
///
/// # Safety
/// `object` is alive.
pub unsafe fn as_array(object: *mut Object) -> Option<(*mut Array, u8)> {
    // SAFETY: the caller's; the type's name and size are compared before the object is read as an array.
    unsafe {
        let ty = (*object).ob_type;
        if !Type::has_flag(ty, TPFLAGS_IMMUTABLETYPE)
            || CStr::from_ptr((*ty).tp_name) != c"array.array"
            || (*ty).tp_basicsize as usize != core::mem::size_of::<Array>()
        {
            return None;
        }
        let array = object.cast::<Array>();
        let mut view = core::mem::MaybeUninit::<Buffer>::uninit();
        if PyObject_GetBuffer(object, view.as_mut_ptr(), BUF_FULL_RO) != 0 {
            PyErr_Clear();
            return None;
        }
        let mut view = view.assume_init();
        // An empty array's buffer is somewhere else.
        let known = view.len > 0
            && view.buf == (*array).ob_item
            && view.len == (*array).ob_base.ob_size * view.itemsize
            && !view.format.is_null()
            && CStr::from_ptr(view.format).to_bytes() == [(*(*array).ob_descr).typecode as u8]
            && (*(*array).ob_descr).itemsize as isize == view.itemsize;
        PyBuffer_Release(&mut view);
        known.then(|| (array, (*(*array).ob_descr).typecode as u8))
    }
}
