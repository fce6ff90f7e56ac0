//! The C-ABI functions behind call uops, and what escapes do.

use cpython::abi as py;
use ir::Uop;
use record::EscapeHelper;
use smallvec::SmallVec;

use crate::escape::Operands;

type Obj = *mut py::Object;

/// Ends the process: a trace that cannot allocate a number has no way back.
#[cold]
fn out_of_memory() -> ! {
    eprintln!("tierup: out of memory");
    std::process::abort()
}

/// A new `int`.
pub(crate) unsafe extern "sysv64" fn box_i64(value: i64) -> u64 {
    // SAFETY: native code runs under the GIL.
    let object = unsafe { py::PyLong_FromLongLong(value) };
    if object.is_null() {
        out_of_memory();
    }
    object as u64
}

/// A new `float`.
pub(crate) unsafe extern "sysv64" fn box_f64(value: f64) -> u64 {
    // SAFETY: native code runs under the GIL.
    let object = unsafe { py::PyFloat_FromDouble(value) };
    if object.is_null() {
        out_of_memory();
    }
    object as u64
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
    unsafe { py::_Py_Dealloc(object) }
}

unsafe extern "sysv64" fn list_append(list: Obj, item: Obj) {
    // SAFETY: an exact list, and a reference to the item that the trace hands over.
    unsafe {
        let l = list.cast::<py::List>();
        let len = py::List::len(l);
        if len < (*l).allocated as usize {
            *(*l).ob_item.add(len) = item;
            (*l).ob_base.ob_size = len as isize + 1;
        } else if py::_PyList_AppendTakeRefListResize(l, item) < 0 {
            out_of_memory();
        }
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
    // SAFETY: an exact range, list or tuple.
    unsafe { quietly(py::PyObject_GetIter(object)) }
}

unsafe extern "sysv64" fn iter_next(iterator: Obj) -> Obj {
    // SAFETY: the trace guarded the type, one that may step quietly.
    unsafe { quietly(py::next_quietly(iterator)) }
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
unsafe fn quietly(result: Obj) -> Obj {
    if result.is_null() {
        // SAFETY: the GIL is held.
        unsafe { py::PyErr_Clear() };
    }
    result
}

/// BINARY_OP's subscript, the one operation CPython's table has no function for.
const NB_SUBSCR: u64 = 26;

unsafe fn binary_function(op: usize) -> py::BinaryFn {
    // SAFETY: CPython's table has an entry for each BINARY_OP argument.
    unsafe { (*py::_PyEval_BinaryOps().add(op)).expect("CPython fills its table") }
}

/// The function behind a call uop.
pub(crate) fn address(uop: Uop) -> usize {
    match uop {
        Uop::BoxI64 => box_i64 as *const () as usize,
        Uop::BoxF64 => box_f64 as *const () as usize,
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
        Uop::BigIntOp => big_int_op as *const () as usize,
        Uop::BigIntCompare => big_int_compare as *const () as usize,
        _ => unreachable!("{} is no call uop", uop.name()),
    }
}

impl Operands<'_> {
    /// Releases operand `i` if it is ours.
    unsafe fn close(&self, i: usize) {
        if self.owned & 1 << i != 0 && !self.objects[i].is_null() {
            // SAFETY: the trace handed the reference over.
            unsafe { py::decref(self.objects[i]) }
        }
    }

    /// Releases all operands, last first, as CPython's instructions do.
    unsafe fn close_all(&self) {
        for i in (0..self.objects.len()).rev() {
            // SAFETY: as above.
            unsafe { self.close(i) }
        }
    }

    /// A reference to operand `i` that the callee may keep.
    unsafe fn give(&self, i: usize) -> Obj {
        // SAFETY: a live object.
        unsafe {
            if self.owned & 1 << i == 0 {
                py::incref(self.objects[i]);
            }
        }
        self.objects[i]
    }
}

/// Runs an escape. Null with an exception set, or a new reference (None, borrowed, where nothing is pushed).
///
/// # Safety
/// The frames are materialized and current; the operands are what the recorder promised for `helper`.
pub(crate) unsafe fn run_escape(helper: EscapeHelper, ops: &Operands) -> Obj {
    let o = ops.objects;
    // SAFETY: by this function's contract; each call follows the C API's rules on references.
    unsafe {
        let result = match helper {
            EscapeHelper::Release => {
                for i in 0..o.len() {
                    ops.close(i);
                }
                return py::_Py_NoneStruct();
            }
            EscapeHelper::BinaryOp => {
                let result = match ops.arg {
                    NB_SUBSCR => py::PyObject_GetItem(o[0], o[1]),
                    op => binary_function(op as usize)(o[0], o[1]),
                };
                if !result.is_null() {
                    ops.close(0);
                    ops.close(1);
                    return result;
                }
                result
            }
            EscapeHelper::AppendStr => {
                let frame = (*py::PyThreadState_Get()).current_frame;
                let slot = py::Frame::local(frame, ops.arg as usize);
                let mut text = (*slot).into_object();
                *slot = py::StackRef::NULL;
                py::PyUnicode_Append(&mut text, o[0]);
                if !text.is_null() {
                    *slot = py::StackRef::steal(text);
                }
                text
            }
            EscapeHelper::Compare => {
                let result = py::PyObject_RichCompare(o[0], o[1], (ops.arg & 0xff) as i32);
                if ops.arg & 0x100 != 0 && !result.is_null() {
                    let truth = py::PyObject_IsTrue(result);
                    py::decref(result);
                    bool_result(truth)
                } else {
                    result
                }
            }
            EscapeHelper::ToBool => bool_result(py::PyObject_IsTrue(o[0])),
            EscapeHelper::Negative => py::PyNumber_Negative(o[0]),
            EscapeHelper::Invert => py::PyNumber_Invert(o[0]),
            EscapeHelper::GetAttr => py::PyObject_GetAttr(o[0], ops.arg as Obj),
            EscapeHelper::SetAttr => status(py::PyObject_SetAttr(o[1], ops.arg as Obj, o[0])),
            EscapeHelper::SetItem => status(py::PyObject_SetItem(o[1], o[2], o[0])),
            EscapeHelper::DelItem => status(py::PyObject_DelItem(o[0], o[1])),
            EscapeHelper::Call => vectorcall(o, core::ptr::null_mut()),
            EscapeHelper::CallKw => {
                let (names, rest) = o.split_last().expect("CALL_KW has its names");
                vectorcall(rest, *names)
            }
            EscapeHelper::Contains => match py::PySequence_Contains(o[1], o[0]) {
                n if n < 0 => core::ptr::null_mut(),
                n => bool_result(n ^ (ops.arg & 1) as i32),
            },
            EscapeHelper::GetIter => py::PyObject_GetIter(o[0]),
            EscapeHelper::ForIter => next_item(o[0]),
            EscapeHelper::BuildList => {
                let list = py::PyList_New(o.len() as isize);
                if !list.is_null() {
                    for i in 0..o.len() {
                        *(*list.cast::<py::List>()).ob_item.add(i) = ops.give(i);
                    }
                    return list;
                }
                list
            }
            EscapeHelper::BuildTuple => {
                let tuple = py::PyTuple_New(o.len() as isize);
                if !tuple.is_null() {
                    for i in 0..o.len() {
                        *py::Tuple::items(tuple.cast()).add(i) = ops.give(i);
                    }
                    return tuple;
                }
                tuple
            }
            EscapeHelper::BuildMap => {
                let n = o.len() / 2;
                let keys = o.as_ptr();
                py::_PyDict_FromItems(keys, 2, keys.wrapping_add(1), 2, n as isize)
            }
            EscapeHelper::BuildSet => build_set(o),
            EscapeHelper::BuildString => {
                let empty = py::PyUnicode_FromString(c"".as_ptr());
                let result = py::_PyUnicode_JoinArray(empty, o.as_ptr(), o.len() as isize);
                py::decref(empty);
                result
            }
            EscapeHelper::FormatSimple => py::PyObject_Format(o[0], core::ptr::null_mut()),
            EscapeHelper::FormatWithSpec => py::PyObject_Format(o[0], o[1]),
            EscapeHelper::ConvertValue => {
                let convert = (*py::_PyEval_ConversionFuncs().add(ops.arg as usize)).expect("CPython fills its table");
                convert(o[0])
            }
            EscapeHelper::BuildSlice => py::PySlice_New(o[0], o[1], o.get(2).copied().unwrap_or(core::ptr::null_mut())),
            EscapeHelper::BinarySlice => {
                let slice = py::PySlice_New(o[1], o[2], core::ptr::null_mut());
                with_slice(slice, |s| py::PyObject_GetItem(o[0], s))
            }
            EscapeHelper::StoreSlice => {
                let slice = py::PySlice_New(o[2], o[3], core::ptr::null_mut());
                with_slice(slice, |s| status(py::PyObject_SetItem(o[1], s, o[0])))
            }
        };
        ops.close_all();
        result
    }
}

/// The next item of any iterator, or the object that stands for the end.
unsafe fn next_item(iterator: Obj) -> Obj {
    // SAFETY: a live object.
    unsafe {
        let ty = py::Object::type_of(iterator);
        let Some(next) = (*ty).tp_iternext else {
            let message = c"'%.100s' object is not an iterator";
            py::pyerr_format()(*py::PyExc_TypeError(), message.as_ptr(), (*ty).tp_name);
            return core::ptr::null_mut();
        };
        let item = next(iterator);
        if !item.is_null() {
            return item;
        }
        if !py::PyErr_Occurred().is_null() {
            if py::PyErr_ExceptionMatches(*py::PyExc_StopIteration()) == 0 {
                return item;
            }
            py::PyErr_Clear();
        }
        py::iteration_end()
    }
}

/// None for success, null for failure.
fn status(code: i32) -> Obj {
    if code < 0 { core::ptr::null_mut() } else { py::_Py_NoneStruct() }
}

/// `True` or `False`, null for an error.
fn bool_result(truth: i32) -> Obj {
    match truth {
        0 => py::_Py_FalseStruct(),
        n if n > 0 => py::_Py_TrueStruct(),
        _ => core::ptr::null_mut(),
    }
}

unsafe fn with_slice(slice: Obj, f: impl FnOnce(Obj) -> Obj) -> Obj {
    if slice.is_null() {
        return slice;
    }
    let result = f(slice);
    // SAFETY: ours.
    unsafe { py::decref(slice) };
    result
}

unsafe fn build_set(items: &[Obj]) -> Obj {
    // SAFETY: live objects.
    unsafe {
        let set = py::PySet_New(core::ptr::null_mut());
        if !set.is_null() {
            for item in items {
                if py::PySet_Add(set, *item) < 0 {
                    py::decref(set);
                    return core::ptr::null_mut();
                }
            }
        }
        set
    }
}

/// Calls `operands[0]` with `operands[1]`, unless null, and the rest.
unsafe fn vectorcall(operands: &[Obj], names: Obj) -> Obj {
    // A copy: the callee may use the slot before the arguments (PY_VECTORCALL_ARGUMENTS_OFFSET).
    let mut space: SmallVec<[Obj; 16]> = SmallVec::from_slice(operands);
    // SAFETY: live objects; keyword values are counted by `names`.
    unsafe {
        let skip = if operands[1].is_null() { 2 } else { 1 };
        let keywords = if names.is_null() { 0 } else { py::Tuple::len(names.cast()) };
        let n = operands.len() - skip - keywords;
        const ARGUMENTS_OFFSET: usize = 1 << 63;
        py::PyObject_Vectorcall(operands[0], space.as_mut_ptr().add(skip), n | ARGUMENTS_OFFSET, names)
    }
}
