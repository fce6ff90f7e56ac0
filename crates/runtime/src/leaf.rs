//! The functions behind the call uops of builtin types: none runs Python code on the operands it is called with.
//!
//! Those that answer null leave the trace before anything happened; the interpreter then runs into the exception.

use cpython::abi as py;
use cpython::abi::lookup;
use ir::Uop;

use crate::helpers::{binary_function, quietly};

type Obj = *mut py::Object;

/// The function behind a call uop of this module.
pub(crate) fn address(uop: Uop) -> Option<usize> {
    Some(match uop {
        Uop::DictFindStr => dict_find_str as *const () as usize,
        Uop::InstanceAttribute => instance_attribute as *const () as usize,
        Uop::DictFindInt => dict_find_int as *const () as usize,
        Uop::DictFind => dict_find as *const () as usize,
        Uop::DictInsert => dict_insert as *const () as usize,
        Uop::DictRemove => dict_remove as *const () as usize,
        Uop::SetFind => set_find as *const () as usize,
        Uop::SetInsert => set_insert as *const () as usize,
        Uop::SetRemove => set_remove as *const () as usize,
        Uop::StrEq => str_eq as *const () as usize,
        Uop::StrCompare => str_compare as *const () as usize,
        Uop::StrContains => str_contains as *const () as usize,
        Uop::StrItem => str_item as *const () as usize,
        Uop::StrSlice => str_slice as *const () as usize,
        Uop::StrConcat => str_concat as *const () as usize,
        Uop::StrJoin2 => str_join2 as *const () as usize,
        Uop::StrJoin3 => str_join3 as *const () as usize,
        Uop::StrJoin4 => str_join4 as *const () as usize,
        Uop::StrJoin5 => str_join5 as *const () as usize,
        Uop::StrJoin6 => str_join6 as *const () as usize,
        Uop::FormatPlain => format_plain as *const () as usize,
        Uop::StrOf => str_of as *const () as usize,
        Uop::StrAppend => str_append as *const () as usize,
        Uop::PadInt => pad_int as *const () as usize,
        Uop::StrOfInt => str_of_int as *const () as usize,
        Uop::NewList => new_list as *const () as usize,
        Uop::ItemsPlain => items_plain as *const () as usize,
        Uop::SequenceFind => sequence_find as *const () as usize,
        Uop::PlainEqual => plain_equal as *const () as usize,
        Uop::ListSlice => list_slice as *const () as usize,
        Uop::StrideSlice => stride_slice as *const () as usize,
        Uop::ListStoreSlice => list_store_slice as *const () as usize,
        Uop::TupleSlice => tuple_slice as *const () as usize,
        Uop::BytesSlice => bytes_slice as *const () as usize,
        Uop::ListToTuple => list_to_tuple as *const () as usize,
        Uop::BytesItem => bytes_item as *const () as usize,
        Uop::ListPop => list_pop as *const () as usize,
        Uop::ListInsert => list_insert as *const () as usize,
        Uop::ListExtend => list_extend as *const () as usize,
        Uop::ListChange | Uop::CallFast0 => call_fast0 as *const () as usize,
        Uop::CallNoargs => call_noargs as *const () as usize,
        Uop::CallO => call_o as *const () as usize,
        Uop::CallFast1 => call_fast1 as *const () as usize,
        Uop::CallFast2 => call_fast2 as *const () as usize,
        Uop::CallFast3 => call_fast3 as *const () as usize,
        Uop::BuiltinOp => builtin_op as *const () as usize,
        Uop::IntOfStr => int_of_str as *const () as usize,
        Uop::FloatOfStr => float_of_str as *const () as usize,
        Uop::Libm => libm as *const () as usize,
        _ => return None,
    })
}

/// One for success, null (without an exception set) for failure.
unsafe fn done(status: i32) -> u64 {
    if status < 0 {
        // SAFETY: the GIL is held.
        unsafe { py::PyErr_Clear() };
    }
    u64::from(status >= 0)
}

unsafe extern "sysv64" fn dict_find_str(dict: Obj, key: Obj) -> usize {
    // SAFETY: an exact str, and a dict.
    unsafe { lookup::dict_find_str(dict.cast(), key) }
}

unsafe extern "sysv64" fn instance_attribute(object: Obj, name: Obj) -> Obj {
    // SAFETY: the trace guarded the type; the name is a constant of its code.
    unsafe { lookup::instance_attribute(object, name) }
}

unsafe extern "sysv64" fn dict_find_int(dict: Obj, key: i64) -> usize {
    // SAFETY: a dict.
    unsafe { lookup::dict_find_int(dict.cast(), key) }
}

unsafe extern "sysv64" fn dict_find(dict: Obj, key: Obj) -> usize {
    // SAFETY: a dict.
    unsafe { lookup::dict_find(dict.cast(), key) }
}

unsafe extern "sysv64" fn dict_insert(dict: Obj, key: Obj, value: Obj) -> u64 {
    // SAFETY: an unwatched dict; CPython's look-up compares what the trace's did.
    unsafe { done(py::PyDict_SetItem(dict, key, value)) }
}

unsafe extern "sysv64" fn dict_remove(dict: Obj, key: Obj) -> Obj {
    let mut value = core::ptr::null_mut();
    // SAFETY: as above.
    unsafe { done(py::PyDict_Pop(dict, key, &raw mut value)) };
    value
}

unsafe extern "sysv64" fn set_find(set: Obj, key: Obj) -> i64 {
    // SAFETY: a set or frozenset.
    unsafe { lookup::set_find(set.cast(), key) }
}

unsafe extern "sysv64" fn set_insert(set: Obj, key: Obj) -> u64 {
    // SAFETY: a set; CPython's look-up compares what the trace's did.
    unsafe { done(py::PySet_Add(set, key)) }
}

unsafe extern "sysv64" fn set_remove(set: Obj, key: Obj) -> u64 {
    // SAFETY: as above.
    unsafe { done(py::PySet_Discard(set, key)) }
}

unsafe extern "sysv64" fn str_eq(a: Obj, b: Obj) -> u64 {
    // SAFETY: exact strs.
    u64::from(a == b || unsafe { py::PyUnicode_Equal(a, b) } != 0)
}

unsafe extern "sysv64" fn str_compare(a: Obj, b: Obj) -> i64 {
    // SAFETY: exact strs.
    i64::from(unsafe { py::PyUnicode_Compare(a, b) })
}

unsafe extern "sysv64" fn str_contains(text: Obj, part: Obj) -> i64 {
    // SAFETY: exact strs.
    match unsafe { py::PyUnicode_Contains(text, part) } {
        n if n < 0 => {
            // SAFETY: the GIL is held.
            unsafe { py::PyErr_Clear() };
            2
        }
        n => i64::from(n),
    }
}

unsafe extern "sysv64" fn str_item(text: Obj, index: i64) -> Obj {
    // SAFETY: an exact str, an index in range.
    unsafe {
        match py::AsciiStr::char_at(text.cast(), index as usize) {
            c @ ..128 => py::ascii_char(c as u8),
            c => quietly(py::PyUnicode_FromOrdinal(c as i32)),
        }
    }
}

/// The ends of `[start:stop]` of a sequence; the end does not lie before the start.
fn ends(len: usize, start: i64, stop: i64) -> (usize, usize) {
    let (start, count) = stride(len, Some(start), Some(stop), 1);
    (start as usize, start as usize + count)
}

unsafe extern "sysv64" fn str_slice(text: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact str.
    unsafe {
        let (from, to) = ends((*text.cast::<py::AsciiStr>()).length as usize, start, stop);
        quietly(py::PyUnicode_Substring(text, from as isize, to as isize))
    }
}

unsafe extern "sysv64" fn str_concat(a: Obj, b: Obj) -> Obj {
    // SAFETY: exact strs.
    unsafe { quietly(py::PyUnicode_Concat(a, b)) }
}

unsafe fn join(pieces: &[Obj]) -> Obj {
    // SAFETY: exact strs. The separator is the empty str.
    unsafe {
        let empty = py::runtime().byte_add(py::EMPTY_STR_IN_RUNTIME).cast();
        quietly(py::_PyUnicode_JoinArray(empty, pieces.as_ptr(), pieces.len() as isize))
    }
}

unsafe extern "sysv64" fn str_join2(a: Obj, b: Obj) -> Obj {
    // SAFETY: exact strs.
    unsafe { join(&[a, b]) }
}

unsafe extern "sysv64" fn str_join3(a: Obj, b: Obj, c: Obj) -> Obj {
    // SAFETY: exact strs.
    unsafe { join(&[a, b, c]) }
}

unsafe extern "sysv64" fn str_join4(a: Obj, b: Obj, c: Obj, d: Obj) -> Obj {
    // SAFETY: exact strs.
    unsafe { join(&[a, b, c, d]) }
}

unsafe extern "sysv64" fn str_join5(a: Obj, b: Obj, c: Obj, d: Obj, e: Obj) -> Obj {
    // SAFETY: exact strs.
    unsafe { join(&[a, b, c, d, e]) }
}

unsafe extern "sysv64" fn str_join6(a: Obj, b: Obj, c: Obj, d: Obj, e: Obj, f: Obj) -> Obj {
    // SAFETY: exact strs.
    unsafe { join(&[a, b, c, d, e, f]) }
}

unsafe extern "sysv64" fn format_plain(value: Obj, spec: Obj) -> Obj {
    // SAFETY: a value of a builtin type that formats itself, a str or null.
    unsafe { quietly(py::PyObject_Format(value, spec)) }
}

unsafe extern "sysv64" fn str_of(value: Obj) -> Obj {
    // SAFETY: a value of a builtin type.
    unsafe { quietly(py::PyObject_Str(value)) }
}

/// `PyUnicode_Append`, but that a failure leaves `a` as it is.
unsafe extern "sysv64" fn str_append(a: Obj, b: Obj) -> Obj {
    // SAFETY: exact strs; the reference to `a` is ours. A string that nobody else refers to and that has no hash yet
    // may be resized, which is what CPython does.
    unsafe {
        let (left, right) = (a.cast::<py::AsciiStr>(), b.cast::<py::AsciiStr>());
        let fits = py::AsciiStr::kind(right) <= py::AsciiStr::kind(left)
            && (!py::AsciiStr::is_ascii(left) || py::AsciiStr::is_ascii(right));
        let (n, m) = ((*left).length, (*right).length);
        let alone = (*a).ob_refcnt == 1 && (*left).hash == -1 && !py::AsciiStr::is_interned(left);
        if alone && fits && n > 0 && m > 0 && n.checked_add(m).is_some() {
            let mut result = a;
            if py::PyUnicode_Resize(&raw mut result, n + m) < 0 {
                py::PyErr_Clear();
                return core::ptr::null_mut();
            }
            // The new string can be written to, and is long enough.
            py::PyUnicode_CopyCharacters(result, n, b, 0, m);
            return result;
        }
        let result = quietly(py::PyUnicode_Concat(a, b));
        if !result.is_null() {
            py::decref(a);
        }
        result
    }
}

unsafe extern "sysv64" fn str_of_int(value: i64) -> Obj {
    // SAFETY: the GIL is held.
    unsafe { decimal(value, 0, b' ') }
}

unsafe extern "sysv64" fn pad_int(value: i64, spec: i32) -> Obj {
    // SAFETY: the GIL is held.
    unsafe { decimal(value, (spec >> 1) as usize, if spec & 1 != 0 { b'0' } else { b' ' }) }
}

/// Widest field that [`decimal`] makes.
const WIDEST: usize = 64;

/// The decimal text of `value`, filled on the left to a width of at most [`WIDEST`]: zeros stand behind the sign.
unsafe fn decimal(value: i64, width: usize, fill: u8) -> Obj {
    let mut text = [fill; WIDEST];
    let mut at = WIDEST;
    let mut rest = value.unsigned_abs();
    while rest > 0 || at == WIDEST {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let negative = value < 0;
    let start = WIDEST - width.min(WIDEST);
    if fill == b'0' && at > start {
        at = start + usize::from(negative);
    }
    if negative {
        at -= 1;
        text[at] = b'-';
    }
    let text = &text[at.min(start)..];
    // SAFETY: the GIL is held; a new ASCII str has room for its characters behind its header.
    unsafe {
        let result = quietly(py::PyUnicode_New(text.len() as isize, 127));
        if !result.is_null() {
            core::ptr::copy_nonoverlapping(text.as_ptr(), result.cast::<py::AsciiStr>().add(1).cast(), text.len());
        }
        result
    }
}

unsafe extern "sysv64" fn new_list(size: i32) -> Obj {
    // SAFETY: the GIL is held.
    unsafe { quietly(py::PyList_New(size as isize)) }
}

unsafe extern "sysv64" fn items_plain(sequence: Obj) -> u64 {
    // SAFETY: an exact list or tuple.
    u64::from(unsafe { lookup::items_plain(sequence) })
}

unsafe extern "sysv64" fn sequence_find(sequence: Obj, value: Obj) -> i64 {
    // SAFETY: an exact list or tuple.
    unsafe { lookup::sequence_find(sequence, value) }
}

unsafe extern "sysv64" fn plain_equal(a: Obj, b: Obj) -> i64 {
    // SAFETY: live objects; a float's type says how to read it.
    unsafe {
        if a == b && py::Object::type_of(a) == py::PyFloat_Type() {
            // Unlike look-ups, `==` tells NaN from itself.
            return i64::from(!(*a.cast::<py::Float>()).ob_fval.is_nan());
        }
    }
    // SAFETY: live objects.
    match unsafe { lookup::plain_equal(a, b) } {
        Some(equal) => i64::from(equal),
        None => 2,
    }
}

unsafe extern "sysv64" fn list_slice(list: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact list.
    unsafe {
        let (from, to) = ends(py::List::len(list.cast()), start, stop);
        quietly(py::PyList_GetSlice(list, from as isize, to as isize))
    }
}

/// The first index and the number of items of `[start:stop:step]`, as `PySlice_Unpack` and `PySlice_AdjustIndices` have
/// them; `step` is not 0.
#[inline(always)]
fn stride(len: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> (i64, usize) {
    let len = len as i64;
    let (first, last) = if step < 0 { (-1, len - 1) } else { (0, len) };
    let end = |i: i64| (if i < 0 { i + len } else { i }).clamp(first, last);
    let start = start.map_or(if step < 0 { last } else { first }, end);
    let stop = stop.map_or(if step < 0 { first } else { last }, end);
    let distance = if step < 0 { start - stop } else { stop - start };
    (start, if distance <= 0 { 0 } else { ((distance - 1) as u64 / step.unsigned_abs()) as usize + 1 })
}

unsafe extern "sysv64" fn stride_slice(sequence: Obj, start: i64, stop: i64, step: i64, absent: u64) -> Obj {
    let (start, stop) = ((absent & 1 == 0).then_some(start), (absent & 2 == 0).then_some(stop));
    // SAFETY: an exact list, tuple, str or bytes object; the GIL is held. None of their subscripts by a slice of ints runs
    // Python code.
    unsafe {
        let ty = py::Object::type_of(sequence);
        if step == 0 {
            return core::ptr::null_mut();
        }
        if ty != py::PyList_Type() {
            let number = |n: Option<i64>| n.map_or(py::_Py_NoneStruct(), |n| py::PyLong_FromLongLong(n));
            let parts = [number(start), number(stop), number(Some(step))];
            let mut slice = core::ptr::null_mut();
            if parts.iter().all(|part| !part.is_null()) {
                slice = py::PySlice_New(parts[0], parts[1], parts[2]);
            }
            let result = if slice.is_null() { slice } else { py::PyObject_GetItem(sequence, slice) };
            for object in parts.into_iter().chain([slice]) {
                py::xdecref(object);
            }
            return quietly(result);
        }
        let list = sequence.cast::<py::List>();
        let (mut at, count) = stride(py::List::len(list), start, stop, step);
        let new = py::PyList_New(count as isize);
        if !new.is_null() {
            for n in 0..count {
                *(*new.cast::<py::List>()).ob_item.add(n) = py::new_ref(py::List::item(list, at as usize));
                at = at.wrapping_add(step);
            }
        }
        quietly(new)
    }
}

unsafe extern "sysv64" fn list_store_slice(list: Obj, start: i64, stop: i64, values: Obj) -> u64 {
    // SAFETY: an exact list, and another or a tuple. What dies runs no Python code, as what else has references keeps them.
    unsafe {
        let l = list.cast::<py::List>();
        let (from, to) = ends(py::List::len(l), start, stop);
        let replaced = &py::lookup::items(list)[from..to];
        if !py::lookup::all_plain(replaced, |item| (*item).ob_refcnt as usize > replaced.len()) {
            return 0;
        }
        let new = py::lookup::items(values);
        if new.len() != replaced.len() || values == list {
            return done(py::PyList_SetSlice(list, from as isize, to as isize, values));
        }
        for (n, item) in (from..).zip(new) {
            let old = core::mem::replace(&mut *(*l).ob_item.add(n), py::new_ref(*item));
            py::decref(old);
        }
        1
    }
}

unsafe extern "sysv64" fn tuple_slice(tuple: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact tuple.
    unsafe {
        let (from, to) = ends(py::Tuple::len(tuple.cast()), start, stop);
        quietly(py::PyTuple_GetSlice(tuple, from as isize, to as isize))
    }
}

unsafe extern "sysv64" fn list_to_tuple(list: Obj) -> Obj {
    // SAFETY: an exact list.
    unsafe { quietly(py::PyList_AsTuple(list)) }
}

unsafe extern "sysv64" fn bytes_slice(bytes: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact bytes object.
    unsafe {
        let all = py::Bytes::as_slice(bytes.cast());
        let (from, to) = ends(all.len(), start, stop);
        if (from, to) == (0, all.len()) {
            return py::new_ref(bytes);
        }
        quietly(py::PyBytes_FromStringAndSize(all[from..to].as_ptr().cast(), (to - from) as isize))
    }
}

unsafe extern "sysv64" fn bytes_item(bytes: Obj, index: i64) -> i64 {
    // SAFETY: an exact bytes object, an index in range.
    unsafe { i64::from(py::Bytes::as_slice(bytes.cast())[index as usize]) }
}

unsafe extern "sysv64" fn list_pop(list: Obj, index: i64) -> Obj {
    // SAFETY: an exact list, an index in range; the reference held here keeps the item alive in its removal.
    unsafe {
        let (l, at) = (list.cast::<py::List>(), index as isize);
        let item = py::new_ref(py::List::item(l, index as usize));
        if py::PyList_SetSlice(list, at, at + 1, core::ptr::null_mut()) < 0 {
            py::PyErr_Clear();
            py::decref(item);
            return core::ptr::null_mut();
        }
        item
    }
}

unsafe extern "sysv64" fn list_insert(list: Obj, index: i64, item: Obj) -> u64 {
    // SAFETY: an exact list, and a reference to the item that the trace hands over if this succeeds.
    unsafe {
        let inserted = done(py::PyList_Insert(list, index as isize, item));
        if inserted != 0 {
            py::decref(item);
        }
        inserted
    }
}

unsafe extern "sysv64" fn list_extend(list: Obj, other: Obj) -> Obj {
    // SAFETY: exact lists, or a tuple as the second.
    unsafe { quietly(py::_PyList_Extend(list.cast(), other)) }
}

type NoArgs = unsafe extern "C" fn(Obj, Obj) -> Obj;
type Fast = py::FastKeywordsFn;

unsafe extern "sysv64" fn call_noargs(receiver: Obj, function: NoArgs) -> Obj {
    // SAFETY: a METH_NOARGS function of the receiver's type.
    unsafe { quietly(function(receiver, core::ptr::null_mut())) }
}

unsafe extern "sysv64" fn call_o(receiver: Obj, argument: Obj, function: NoArgs) -> Obj {
    // SAFETY: a METH_O function of the receiver's type.
    unsafe { quietly(function(receiver, argument)) }
}

/// A METH_FASTCALL function ignores the keyword names, which follow its arguments.
unsafe fn fast(receiver: Obj, arguments: &[Obj], function: Fast) -> Obj {
    // SAFETY: a METH_FASTCALL function of the receiver's type, with keywords or without.
    unsafe { quietly(function(receiver, arguments.as_ptr(), arguments.len() as isize, core::ptr::null_mut())) }
}

unsafe extern "sysv64" fn call_fast0(receiver: Obj, function: Fast) -> Obj {
    // SAFETY: as for `fast`.
    unsafe { fast(receiver, &[], function) }
}

unsafe extern "sysv64" fn call_fast1(receiver: Obj, a: Obj, function: Fast) -> Obj {
    // SAFETY: as for `fast`.
    unsafe { fast(receiver, &[a], function) }
}

unsafe extern "sysv64" fn call_fast2(receiver: Obj, a: Obj, b: Obj, function: Fast) -> Obj {
    // SAFETY: as for `fast`.
    unsafe { fast(receiver, &[a, b], function) }
}

unsafe extern "sysv64" fn call_fast3(receiver: Obj, a: Obj, b: Obj, c: Obj, function: Fast) -> Obj {
    // SAFETY: as for `fast`.
    unsafe { fast(receiver, &[a, b, c], function) }
}

unsafe extern "sysv64" fn builtin_op(a: Obj, b: Obj, op: i32) -> Obj {
    // SAFETY: operands of the types that the recorder's rules name.
    unsafe { quietly(binary_function(op as usize)(a, b)) }
}

unsafe extern "sysv64" fn int_of_str(text: Obj) -> Obj {
    // Texts far beyond this are converted by Python code.
    const LONGEST: isize = 640;
    // SAFETY: an exact str.
    unsafe {
        if (*text.cast::<py::AsciiStr>()).length > LONGEST {
            return core::ptr::null_mut();
        }
        quietly(py::PyLong_FromUnicodeObject(text, 10))
    }
}

unsafe extern "sysv64" fn float_of_str(text: Obj) -> Obj {
    // SAFETY: an exact str.
    unsafe { quietly(py::PyFloat_FromString(text)) }
}

unsafe extern "sysv64" fn libm(x: f64, function: unsafe extern "C" fn(f64) -> f64) -> f64 {
    // SAFETY: one of the functions that the recorder names.
    unsafe { function(x) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_empty_slice_ends_where_it_starts() {
        assert_eq!(super::ends(5, 0, i64::MAX), (0, 5));
        assert_eq!(super::ends(5, -2, i64::MAX), (3, 5));
        assert_eq!(super::ends(5, 4, 2), (4, 4));
        assert_eq!(super::ends(5, i64::MIN, -1), (0, 4));
        assert_eq!(super::ends(0, 3, -3), (0, 0));
    }
}
