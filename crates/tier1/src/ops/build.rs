//! Containers, strings and formatting.

use core::ptr::null_mut;

use cpython::abi::*;

use super::special::{Operation, enter_pushed, enter_special_of, may_enter, push_format};
use crate::dispatch::*;
use crate::hot::*;
use crate::with_memory::{dict_of, join};

super::names::out_of_line! {
    build_list => build_list_slow;
    build_tuple => build_tuple_slow;
    build_map => build_map_slow;
    build_set => build_set_slow;
    build_slice => build_slice_slow;
    build_string => build_string_slow;
    build_interpolation => build_interpolation_slow;
    build_template => build_template_slow;
    list_extend => list_extend_slow;
    set_add => set_add_slow;
    set_update => set_update_slow;
    map_add => map_add_slow;
    dict_merge => dict_merge_slow;
    dict_update => dict_update_slow;
    format_simple => format_simple_slow;
    format_with_spec => format_with_spec_slow;
    convert_value => convert_value_slow;
}

/// The handler that is more than a call of its out-of-line part.
pub(crate) mod append {
    use cpython::abi::*;

    use crate::dispatch::*;

    handlers! {
        fn list_append(f, ip, sp, ts) {
            let list: *mut List = (*sp.sub(1 + (*ip).a as usize)).object().cast();
            let len = List::len(list);
            if len as isize >= (*list).allocated {
                return super::list_append_slow::<R>(f, ip, sp, ts);
            }
            *(*list).ob_item.add(len) = (*sp.sub(1)).into_object();
            (*list).ob_base.ob_size = len as isize + 1;
            go::<R>(f, ip.add(1), sp.sub(1), ts)
        }
    }
}

/// Pops everything from `$from` on and pushes the result, or raises.
macro_rules! replace_from {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $from:expr, $result:expr) => {{
        let (from, result) = ($from, $result);
        close_from($f, from, $sp);
        if result.is_null() {
            return error::<R>($f, $ip, from, $ts);
        }
        *from = StackRef::steal(result);
        go::<R>($f, $ip.add(1), from.add(1), $ts)
    }};
}

out_of_line_handlers! {
    fn build_list_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let from = sp.sub(count);
        let list = _PyList_FromStackRefStealOnSuccess(from, count as isize);
        if list.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *from = StackRef::steal(list);
        go::<R>(f, ip.add(1), from.add(1), ts)
    }

    fn build_tuple_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let from = sp.sub(count);
        let tuple = _PyTuple_FromStackRefStealOnSuccess(from, count as isize);
        if tuple.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *from = StackRef::steal(tuple);
        go::<R>(f, ip.add(1), from.add(1), ts)
    }

    fn build_map_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let from = sp.sub(count * 2);
        let map = if count == 0 { PyDict_New() } else { dict_of(from, count) };
        replace_from!(f, ip, sp, ts, from, map)
    }

    fn build_set_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let from = sp.sub(count);
        let set = PySet_New(null_mut());
        let mut failed = set.is_null();
        for i in 0..count {
            let value = *from.add(i);
            *from.add(i) = StackRef::NULL;
            if failed {
                value.close();
            } else {
                failed = _PySet_AddTakeRef(set, value.into_object()) != 0;
            }
        }
        if failed {
            xdecref(set);
            return error::<R>(f, ip, from, ts);
        }
        *from = StackRef::steal(set);
        proceed::<R>(f, ip, ip.add(1), from.add(1), ts)
    }

    fn build_slice_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let from = sp.sub(count);
        let step = if count == 3 { (*from.add(2)).object() } else { null_mut() };
        let slice = PySlice_New((*from).object(), (*from.add(1)).object(), step);
        replace_from!(f, ip, sp, ts, from, slice)
    }

    fn build_string_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let from = sp.sub(count);
        let text = join(empty_str(), from, count);
        replace_from!(f, ip, sp, ts, from, text)
    }

    fn build_interpolation_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let has_format = ((*ip).a & 1) as usize;
        let from = sp.sub(2 + has_format);
        let format = if has_format != 0 { (*sp.sub(1)).object() } else { empty_str() };
        let conversion = ((*ip).a >> 2) as i32;
        let result = _PyInterpolation_Build((*from).object(), (*from.add(1)).object(), conversion, format);
        replace_from!(f, ip, sp, ts, from, result)
    }

    fn build_template_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let from = sp.sub(2);
        let result = _PyTemplate_Build((*from).object(), (*from.add(1)).object());
        replace_from!(f, ip, sp, ts, from, result)
    }

    /// The list must grow.
    fn list_append_slow(f, ip, sp, ts) {
        let list: *mut List = (*sp.sub(1 + (*ip).a as usize)).object().cast();
        save(f, ip, sp.sub(1));
        if _PyList_AppendTakeRefListResize(list, (*sp.sub(1)).into_object()) < 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn list_extend_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let list = (*sp.sub(1 + (*ip).a as usize)).object();
        let iterable = (*sp.sub(1)).object();
        let none = _PyList_Extend(list.cast(), iterable);
        if none.is_null() {
            let ty = (*iterable).ob_type;
            if PyErr_ExceptionMatches(*PyExc_TypeError()) != 0
                && (*ty).tp_iter.is_none()
                && PySequence_Check(iterable) == 0
            {
                PyErr_Clear();
                let message = c"Value after * must be an iterable, not %.200s";
                pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*ty).tp_name);
            }
            close_slot(sp.sub(1));
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        close_slot(sp.sub(1));
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn set_add_slow(f, ip, sp, ts) {
        let set = (*sp.sub(1 + (*ip).a as usize)).object();
        if (*set).ob_type != PySet_Type() {
            // A module's __conditional_annotations__ is a name anybody can bind.
            save(f, ip, sp);
            pyerr_format()(*PyExc_TypeError(), c"'%T' object is not a set".as_ptr(), set);
            close_slot(sp.sub(1));
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        save(f, ip, sp.sub(1));
        if _PySet_AddTakeRef(set, (*sp.sub(1)).into_object()) != 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn set_update_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let set = (*sp.sub(1 + (*ip).a as usize)).object();
        let status = _PySet_Update(set, (*sp.sub(1)).object());
        close_slot(sp.sub(1));
        if status < 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn map_add_slow(f, ip, sp, ts) {
        save(f, ip, sp.sub(2));
        let dict = (*sp.sub(2 + (*ip).a as usize)).object();
        let key = (*sp.sub(2)).into_object();
        let value = (*sp.sub(1)).into_object();
        if _PyDict_SetItem_Take2(dict.cast(), key, value) != 0 {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(2), ts)
    }

    fn dict_merge_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let depth = (*ip).a as usize;
        let update = (*sp.sub(1)).object();
        let failed = _PyDict_MergeEx((*sp.sub(1 + depth)).object(), update, 2) < 0;
        if failed {
            _PyEval_FormatKwargsError(ts, (*sp.sub(4 + depth)).object(), update);
        }
        close_slot(sp.sub(1));
        if failed {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn dict_update_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let update = (*sp.sub(1)).object();
        let failed = PyDict_Update((*sp.sub(1 + (*ip).a as usize)).object(), update) < 0;
        if failed && PyErr_ExceptionMatches(*PyExc_AttributeError()) != 0 {
            let message = c"'%.200s' object is not a mapping";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*(*update).ob_type).tp_name);
        }
        close_slot(sp.sub(1));
        if failed {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn format_simple_slow(f, ip, sp, ts) {
        let value = (*sp.sub(1)).object();
        if (*value).ob_type == str_type() {
            return go::<R>(f, ip.add(1), sp, ts);
        }
        save(f, ip, sp);
        if may_enter::<R>(ts) {
            enter_pushed!(f, ip, sp, ts, push_format(f, ip, sp, ts, value));
        }
        let result = PyObject_Format(value, null_mut());
        replace_from!(f, ip, sp, ts, sp.sub(1), result)
    }

    fn format_with_spec_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let from = sp.sub(2);
        if may_enter::<R>(ts) {
            enter_pushed!(f, ip, sp, ts, push_format(f, ip, sp, ts, (*from).object()));
        }
        let result = PyObject_Format((*from).object(), (*from.add(1)).object());
        replace_from!(f, ip, sp, ts, from, result)
    }

    fn convert_value_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let convert = (*_PyEval_ConversionFuncs().add((*ip).a as usize)).unwrap_unchecked();
        let value = (*sp.sub(1)).object();
        enter_special_of!(f, ip, sp, ts, Operation::new(op::CONVERT_VALUE, (*ip).a), value);
        let result = convert(value);
        replace_from!(f, ip, sp, ts, sp.sub(1), result)
    }
}
