//! What makes handlers fast: above all addresses that they compare with, in a variable of this crate. Another crate's
//! variable is reached through the global offset table, and every handler would spend a register and a load on that.
//! So is this crate's, once anything that other crates may inline uses it: `pub` functions that do, or that the compiler
//! might find small, are never inlined (`tests/python/test_extension.py` checks).

use cpython::abi::*;

use crate::registry::Decoded;

macro_rules! hot {
    ($($(#[$meta:meta])* $name:ident: $ty:ty = $value:expr;)*) => {
        struct Hot { $($name: $ty,)* }

        // SAFETY: all fields are addresses or zero until `fill` has run.
        static mut HOT: Hot = unsafe { core::mem::zeroed() };

        /// Learns the addresses.
        ///
        /// # Safety
        /// `cpython::probe` succeeded; no handler runs yet.
        pub(crate) unsafe fn fill() {
            // SAFETY: the caller's.
            unsafe { HOT = Hot { $($name: $value,)* } }
        }

        $(
            $(#[$meta])*
            #[inline(always)]
            pub(crate) fn $name() -> $ty {
                // SAFETY: filled before any reader.
                unsafe { HOT.$name }
            }
        )*
    };
}

hot! {
    long_type: *mut Type = PyLong_Type();
    float_type: *mut Type = PyFloat_Type();
    bool_type: *mut Type = PyBool_Type();
    str_type: *mut Type = PyUnicode_Type();
    list_type: *mut Type = PyList_Type();
    tuple_type: *mut Type = PyTuple_Type();
    dict_type: *mut Type = PyDict_Type();
    function_type: *mut Type = PyFunction_Type();
    method_type: *mut Type = PyMethod_Type();
    type_type: *mut Type = PyType_Type();
    module_type: *mut Type = PyModule_Type();
    c_function_type: *mut Type = PyCFunction_Type();
    method_descriptor_type: *mut Type = PyMethodDescr_Type();
    generator_type: *mut Type = PyGen_Type();
    coroutine_type: *mut Type = PyCoro_Type();
    range_iterator_type: *mut Type = PyRangeIter_Type();
    list_iterator_type: *mut Type = PyListIter_Type();
    tuple_iterator_type: *mut Type = PyTupleIter_Type();
    none: *mut Object = _Py_NoneStruct();
    true_object: *mut Object = _Py_TrueStruct();
    false_object: *mut Object = _Py_FalseStruct();
    init_cleanup: *mut Code = _Py_InitCleanup();
    /// The vectorcall of functions that nobody gave another.
    plain_vectorcall: usize = function_vectorcall().map_or(0, |v| v as usize);
    /// The small int zero; the others surround it.
    small_zero: *mut Long = small_int(0).cast();
    /// Address and length of the table of decoded code, kept by [`crate::registry`].
    decoded_table: *mut Decoded = decoded_table();
    decoded_count: usize = decoded_count();
    /// The upper half of most instructions' addresses.
    code_region: usize = code_region();
    /// Where the reference tracer's address is, null if there is none.
    ref_tracer: *mut *const () = runtime().byte_add(REF_TRACER_IN_RUNTIME).cast();
}

/// Tells the hot path where the table of decoded code is now.
pub(crate) fn set_decoded(table: *mut Decoded, count: usize) {
    // SAFETY: the GIL guards it, and the table.
    unsafe { (HOT.decoded_table, HOT.decoded_count) = (table, count) }
}

/// Tells the hot path where the first decoded code is.
pub(crate) fn set_code_region(address: usize) {
    // SAFETY: the GIL guards it.
    unsafe {
        if HOT.code_region == 0 {
            HOT.code_region = address & !(u32::MAX as usize);
        }
    }
}

/// The bool object, as a stack slot holds it.
#[inline(always)]
pub(crate) fn bool_ref(value: bool) -> StackRef {
    if value { StackRef::borrowed(true_object()) } else { StackRef::borrowed(false_object()) }
}

#[inline(always)]
pub(crate) fn none_ref() -> StackRef {
    StackRef::borrowed(none())
}

/// The slot content for a small int.
///
/// # Safety
/// The value is a small int's.
#[inline(always)]
pub(crate) unsafe fn small_int_ref(value: i64) -> StackRef {
    // SAFETY: the caller's.
    StackRef::borrowed(unsafe { small_zero().offset(value as isize).cast() })
}

/// Whether objects may be taken off and put on free lists without telling anybody.
#[inline(always)]
pub(crate) fn free_lists_usable() -> bool {
    // SAFETY: a variable of the interpreter.
    unsafe { (*ref_tracer()).is_null() }
}

/// Keeps the compiler from unrolling the loop this is in: for a few rounds that costs more than it gains, in registers
/// too.
#[inline(always)]
pub(crate) fn plain_loop() {
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("", options(nomem, nostack, preserves_flags)) }
}
