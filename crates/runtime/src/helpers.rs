//! The C-ABI functions behind call uops.

use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use cpython::abi as py;
use ir::Uop;

use crate::reserve;

type Obj = *mut py::Object;

/// The one interpreter that native code runs in.
static INTERPRETER: AtomicPtr<py::InterpreterState> = AtomicPtr::new(core::ptr::null_mut());

/// Names the interpreter whose free lists the helpers use.
pub(crate) fn set_interpreter(interpreter: *mut py::InterpreterState) {
    INTERPRETER.store(interpreter, Relaxed);
}

fn interpreter() -> *mut py::InterpreterState {
    INTERPRETER.load(Relaxed)
}

/// A new `int`.
pub(crate) unsafe extern "sysv64" fn box_i64(value: i64) -> u64 {
    // SAFETY: native code runs under the GIL; a dead int keeps its type, and has room for one digit.
    unsafe {
        if py::is_small_int(value) {
            return py::small_int(value) as u64;
        }
        if value.unsigned_abs() < 1 << py::LONG_SHIFT && !py::ref_tracer_active() {
            let long = py::free_list_pop(&raw mut (*interpreter()).free_ints).cast::<py::Long>();
            if !long.is_null() {
                py::Long::set_compact(long, value);
                return long as u64;
            }
        }
        new_int(value)
    }
}

#[cold]
#[inline(never)]
unsafe extern "sysv64" fn new_int(value: i64) -> u64 {
    // SAFETY: native code runs under the GIL.
    unsafe {
        let object = py::PyLong_FromLongLong(value);
        if object.is_null() { reserve::int(value) as u64 } else { object as u64 }
    }
}

/// A new range iterator.
pub(crate) unsafe extern "sysv64" fn new_range_iter(start: i64, len: i64, step: i64) -> u64 {
    // SAFETY: native code runs under the GIL.
    unsafe {
        let object = py::new_range_iter(start, len, step);
        if object.is_null() { reserve::range_iter(start, len, step) as u64 } else { object as u64 }
    }
}

/// A new `float`.
pub(crate) unsafe extern "sysv64" fn box_f64(value: f64) -> u64 {
    // SAFETY: native code runs under the GIL; a dead float keeps its type.
    unsafe {
        if !py::ref_tracer_active() {
            let float = py::free_list_pop(&raw mut (*interpreter()).free_floats).cast::<py::Float>();
            if !float.is_null() {
                (*float).ob_fval = value;
                return float as u64;
            }
        }
        new_float(value)
    }
}

#[cold]
#[inline(never)]
unsafe extern "sysv64" fn new_float(value: f64) -> u64 {
    // SAFETY: native code runs under the GIL.
    unsafe {
        let object = py::PyFloat_FromDouble(value);
        if object.is_null() { reserve::float(value) as u64 } else { object as u64 }
    }
}

unsafe extern "sysv64" fn unbox_wide_int(object: Obj) -> i64 {
    // SAFETY: `int_fits_i64` came first.
    unsafe { py::Long::to_i64(object.cast()) }.unwrap_or(0)
}

unsafe extern "sysv64" fn int_fits_i64(object: Obj) -> u64 {
    // SAFETY: the trace guarded the type.
    u64::from(unsafe { py::Long::to_i64(object.cast()) }.is_some())
}

extern "sysv64" fn float_pow(x: f64, y: f64) -> f64 {
    x.powf(y)
}

extern "sysv64" fn float_sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// `x % y` as CPython's `float_rem`.
extern "sysv64" fn float_mod(x: f64, y: f64) -> f64 {
    let r = x % y;
    if r == 0.0 {
        0f64.copysign(y)
    } else if (y < 0.0) != (r < 0.0) {
        r + y
    } else {
        r
    }
}

/// `x // y` as CPython's `_float_div_mod`.
extern "sysv64" fn float_floordiv(x: f64, y: f64) -> f64 {
    let r = x % y;
    let mut div = (x - r) / y;
    if r != 0.0 && (y < 0.0) != (r < 0.0) {
        div -= 1.0;
    }
    if div == 0.0 {
        return 0f64.copysign(x / y);
    }
    let floor = div.floor();
    if div - floor > 0.5 { floor + 1.0 } else { floor }
}

unsafe extern "sysv64" fn dealloc_harmless(object: Obj) {
    // SAFETY: the trace released the last reference.
    unsafe {
        let ty = py::Object::type_of(object);
        let listed = if py::ref_tracer_active() {
            false
        } else if ty == py::PyFloat_Type() {
            py::free_list_push(&raw mut (*interpreter()).free_floats, object, py::FLOATS_MAXFREELIST)
        } else if ty == py::PyLong_Type() && py::Long::is_compact(object.cast()) {
            py::free_list_push(&raw mut (*interpreter()).free_ints, object, py::INTS_MAXFREELIST)
        } else {
            false
        };
        if !listed {
            py::_Py_Dealloc(object);
        }
    }
}

/// Gives up a reference to a mortal object of a harmless type.
///
/// # Safety
/// The caller owns the reference.
#[inline(always)]
pub(crate) unsafe fn release_harmless(object: Obj) {
    // SAFETY: by this function's contract.
    unsafe {
        let count = (*object).ob_refcnt.wrapping_sub(1);
        (*object).ob_refcnt = count;
        if count == 0 {
            dealloc_harmless(object);
        }
    }
}

unsafe extern "sysv64" fn list_append(list: Obj, item: Obj) -> u64 {
    // SAFETY: an exact list, and a reference to the item that the trace hands over if this succeeds.
    unsafe {
        let l = list.cast::<py::List>();
        let len = py::List::len(l);
        // Signed: a list that is being sorted says -1.
        if (len as isize) < (*l).allocated {
            *(*l).ob_item.add(len) = item;
            (*l).ob_base.ob_size = len as isize + 1;
        } else if py::_PyList_AppendTakeRefListResize(l, py::new_ref(item)) < 0 {
            py::PyErr_Clear();
            return 0;
        } else {
            py::decref(item);
        }
        1
    }
}

unsafe extern "sysv64" fn new_range(start: Obj, stop: Obj, step: Obj) -> Obj {
    // SAFETY: exact ints or null.
    unsafe {
        let all = [start, stop, step];
        let args: Vec<Obj> = all.into_iter().filter(|a| !a.is_null()).collect();
        let range =
            py::PyObject_Vectorcall(py::PyRange_Type().cast(), args.as_ptr(), args.len(), core::ptr::null_mut());
        quietly(range)
    }
}

unsafe extern "sysv64" fn new_iterator(object: Obj) -> Obj {
    // SAFETY: an exact builtin container, whose `tp_iter` is C code.
    unsafe { quietly(py::PyObject_GetIter(object)) }
}

unsafe extern "sysv64" fn iter_next(iterator: Obj) -> Obj {
    // SAFETY: the trace guarded the type, one that may step quietly.
    unsafe { quietly(py::next_quietly(iterator)) }
}

unsafe extern "sysv64" fn new_cell(content: Obj) -> Obj {
    // SAFETY: a live object or null.
    unsafe { quietly(py::PyCell_New(content)) }
}

unsafe extern "sysv64" fn new_function(code: Obj, globals: Obj) -> Obj {
    // SAFETY: a code object and the running frame's globals.
    unsafe {
        let function = quietly(py::PyFunction_New(code, globals));
        if !function.is_null() {
            py::_PyFunction_SetVersion(function.cast(), (*code.cast::<py::Code>()).co_version);
        }
        function
    }
}

unsafe extern "sysv64" fn new_tuple(len: i64) -> Obj {
    // SAFETY: the GIL is held.
    unsafe { quietly(py::PyTuple_New(len as isize)) }
}

unsafe extern "sysv64" fn add_to_insertion_order(object: Obj, values_at: i64, index: i64) {
    // SAFETY: the trace guarded that the instance's values are inline, and that this one was absent.
    unsafe { py::DictValues::add_to_insertion_order(object.byte_offset(values_at as isize).cast(), index as usize) }
}

unsafe extern "sysv64" fn dies_quietly(object: Obj, count: i64, class: *mut py::Type) -> u64 {
    // SAFETY: the trace depends on the class, whose instances are plain.
    unsafe {
        let plain = py::Object::type_of(object) == class;
        u64::from(plain && py::Object::dies_quietly(object, count as u32, crate::native::dies_unseen))
    }
}

unsafe extern "sysv64" fn new_instance(class: Obj) -> Obj {
    // SAFETY: a class with `PyType_GenericAlloc` as its allocator.
    unsafe { quietly(py::PyType_GenericAlloc(class.cast(), 0)) }
}

unsafe extern "sysv64" fn new_dict() -> Obj {
    // SAFETY: the GIL is held.
    unsafe { quietly(py::PyDict_New()) }
}

unsafe extern "sysv64" fn big_int_op(a: Obj, b: Obj, op: i32) -> Obj {
    // SAFETY: exact ints; the table holds a function for every operation that the recorder emits.
    unsafe { quietly(binary_function(op as usize)(a, b)) }
}

unsafe extern "sysv64" fn big_int_compare(a: Obj, b: Obj, op: i32) -> u64 {
    // SAFETY: exact ints.
    unsafe { u64::from(py::PyObject_RichCompare(a, b, op) == py::_Py_TrueStruct()) }
}

/// Drops a pending exception: the trace is left and the interpreter runs into it again.
pub(crate) unsafe fn quietly(result: Obj) -> Obj {
    if result.is_null() {
        // SAFETY: the GIL is held.
        unsafe { py::PyErr_Clear() };
    }
    result
}

pub(crate) unsafe fn binary_function(op: usize) -> py::BinaryFn {
    // SAFETY: CPython's table has an entry for each BINARY_OP argument.
    unsafe { (*py::_PyEval_BinaryOps().add(op)).expect("CPython fills its table") }
}

/// The function behind a call uop.
pub(crate) fn address(uop: Uop) -> usize {
    match uop {
        Uop::BoxI64 => box_i64 as *const () as usize,
        Uop::BoxF64 => box_f64 as *const () as usize,
        Uop::NewRangeIter => new_range_iter as *const () as usize,
        Uop::UnboxWideInt => unbox_wide_int as *const () as usize,
        Uop::IntFitsI64 => int_fits_i64 as *const () as usize,
        Uop::FloatPow => float_pow as *const () as usize,
        Uop::FloatSqrt => float_sqrt as *const () as usize,
        Uop::FloatFloordiv => float_floordiv as *const () as usize,
        Uop::FloatMod => float_mod as *const () as usize,
        Uop::DeallocHarmless => dealloc_harmless as *const () as usize,
        Uop::ListAppend => list_append as *const () as usize,
        Uop::NewRange => new_range as *const () as usize,
        Uop::NewIterator => new_iterator as *const () as usize,
        Uop::IterNext => iter_next as *const () as usize,
        Uop::NewCell => new_cell as *const () as usize,
        Uop::NewFunction => new_function as *const () as usize,
        Uop::NewTuple => new_tuple as *const () as usize,
        Uop::DiesQuietly => dies_quietly as *const () as usize,
        Uop::AddToInsertionOrder => add_to_insertion_order as *const () as usize,
        Uop::NewInstance => new_instance as *const () as usize,
        Uop::NewDict => new_dict as *const () as usize,
        Uop::BigIntOp => big_int_op as *const () as usize,
        Uop::BigIntCompare => big_int_compare as *const () as usize,
        _ => crate::leaf::address(uop).unwrap_or_else(|| unreachable!("{} is no call uop", uop.name())),
    }
}
