//! Types the generated layout refers to.

use super::layout::{Frame, Object, ThreadState};
pub use super::refs::StackRef;

/// One unit of bytecode: opcode in the low byte, argument in the high byte.
pub type CodeUnit = u16;

pub type VectorcallFn = unsafe extern "C" fn(*mut Object, *const *mut Object, usize, *mut Object) -> *mut Object;
pub type RichCompareFn = unsafe extern "C" fn(*mut Object, *mut Object, i32) -> *mut Object;
/// `visitproc`.
pub type VisitFn = unsafe extern "C" fn(*mut Object, *mut core::ffi::c_void) -> core::ffi::c_int;
/// `traverseproc`: shows a function every reference that an object owns.
pub type TraverseFn = unsafe extern "C" fn(*mut Object, VisitFn, *mut core::ffi::c_void) -> core::ffi::c_int;
pub type UnaryFn = unsafe extern "C" fn(*mut Object) -> *mut Object;
/// `getter`, of `PyGetSetDef`.
pub type GetterFn = unsafe extern "C" fn(*mut Object, *mut ()) -> *mut Object;
pub type BinaryFn = unsafe extern "C" fn(*mut Object, *mut Object) -> *mut Object;
pub type TernaryFn = unsafe extern "C" fn(*mut Object, *mut Object, *mut Object) -> *mut Object;
pub type EvalFrameFn = unsafe extern "C" fn(*mut ThreadState, *mut Frame, i32) -> *mut Object;
pub type DescrGetFn = unsafe extern "C" fn(*mut Object, *mut Object, *mut Object) -> *mut Object;
pub type DescrSetFn = unsafe extern "C" fn(*mut Object, *mut Object, *mut Object) -> i32;
pub type Destructor = unsafe extern "C" fn(*mut Object);
/// `METH_FASTCALL`.
pub type FastFn = unsafe extern "C" fn(*mut Object, *const *mut Object, isize) -> *mut Object;
/// `METH_FASTCALL | METH_KEYWORDS`.
pub type FastKeywordsFn = unsafe extern "C" fn(*mut Object, *const *mut Object, isize, *mut Object) -> *mut Object;

/// An entry of `_PyIntrinsics_UnaryFunctions`.
#[repr(C)]
pub struct IntrinsicUnary {
    pub func: unsafe extern "C" fn(*mut ThreadState, *mut Object) -> *mut Object,
    pub name: *const core::ffi::c_char,
}

/// An entry of `_PyIntrinsics_BinaryFunctions`.
#[repr(C)]
pub struct IntrinsicBinary {
    pub func: unsafe extern "C" fn(*mut ThreadState, *mut Object, *mut Object) -> *mut Object,
    pub name: *const core::ffi::c_char,
}

/// An entry of `_Py_SpecialMethods`.
#[repr(C)]
pub struct SpecialMethod {
    pub name: *mut Object,
    pub error: *const core::ffi::c_char,
    pub error_suggestion: *const core::ffi::c_char,
}
