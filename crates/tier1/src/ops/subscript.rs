//! Subscripts and slices.

use cpython::abi::*;

use super::binary::{binary_miss, finish_operation};
use super::int::{NEGATIVE_DIGIT_TAG, NON_NEGATIVE_TAG, digit};
use super::special::{Operation, enter_special_of};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::Handler;
use crate::with_memory::dict_item;

/// The version of `container[key]` for operands of these types, if there is one.
pub(crate) unsafe fn version_for(container: *mut Object, key: *mut Object) -> Option<Handler> {
    // SAFETY: both are live objects.
    unsafe {
        let (ct, kt) = ((*container).ob_type, (*key).ob_type);
        Some(if kt == long_type() && ct == list_type() {
            subscr_list_int::<false>
        } else if kt == long_type() && ct == tuple_type() {
            subscr_tuple_int::<false>
        } else if kt == long_type() && ct == str_type() {
            subscr_str_int::<false>
        } else if kt == long_type() && ct == PyBytes_Type() {
            subscr_bytes_int::<false>
        } else if ct == dict_type() {
            subscr_dict::<false>
        } else {
            return None;
        })
    }
}

/// Leaves by `$miss` unless the key is a non-negative int of one digit; its value otherwise.
macro_rules! index_or {
    ($key:expr, $miss:expr) => {{
        let key: *mut Object = $key;
        if (*key).ob_type != long_type() || (*key.cast::<Long>()).lv_tag & !NON_NEGATIVE_TAG != 0 {
            return $miss;
        }
        digit(key) as usize
    }};
}

macro_rules! subscr_sequence {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $ty:ident, $kind:ty) => {{
        let (container, key) = (*$sp.sub(2), *$sp.sub(1));
        let index = index_or!(key.object(), subscr_from_end::<R>($f, $ip, $sp, $ts));
        let op = container.object();
        if (*op).ob_type != $ty() || index >= <$kind>::len(op.cast()) {
            return binary_miss::<R>($f, $ip, $sp, $ts);
        }
        let item = <$kind>::item(op.cast(), index);
        give_item!($f, $ip, $sp, $ts, item)
    }};
}

macro_rules! give_item {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $item:expr) => {{
        let item: *mut Object = $item;
        let sp = anew($sp);
        let (container, key) = (*sp.sub(2), *sp.sub(1));
        if dies_with(container) || dies_with(key) {
            return replace_operands::<R>($f, $ip, sp, $ts, item);
        }
        *sp.sub(2) = StackRef::new(item);
        container.close_shared();
        key.close_shared();
        go::<R>($f, $ip.add(6), sp.sub(1), $ts)
    }};
}

handlers! {
    fn subscr_list_int(f, ip, sp, ts) {
        subscr_sequence!(f, ip, sp, ts, list_type, List)
    }

    fn subscr_tuple_int(f, ip, sp, ts) {
        subscr_sequence!(f, ip, sp, ts, tuple_type, Tuple)
    }

    fn subscr_str_int(f, ip, sp, ts) {
        let (container, key) = (*sp.sub(2), *sp.sub(1));
        let index = index_or!(key.object(), binary_miss::<R>(f, ip, sp, ts));
        let text: *mut AsciiStr = container.object().cast();
        if (*container.object()).ob_type != str_type() || index >= (*text).length as usize {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        let character = AsciiStr::char_at(text, index);
        if character >= 128 {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        give_item!(f, ip, sp, ts, ascii_char(character as u8))
    }

    fn subscr_bytes_int(f, ip, sp, ts) {
        let (container, key) = (*sp.sub(2), *sp.sub(1));
        let index = index_or!(key.object(), binary_miss::<R>(f, ip, sp, ts));
        let bytes: *mut Bytes = container.object().cast();
        if (*container.object()).ob_type != PyBytes_Type() || index >= (*bytes).ob_base.ob_size as usize {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        give_item!(f, ip, sp, ts, small_int((*(&raw const (*bytes).ob_sval).cast::<u8>().add(index)).into()))
    }

    fn subscr_dict(f, ip, sp, ts) {
        subscr_dict_out_of_line::<R>(f, ip, sp, ts)
    }

    fn store_subscr_list_int(f, ip, sp, ts) {
        let (container, key) = (*sp.sub(2), *sp.sub(1));
        if container.0 & key.0 & TAG_REFCNT == 0 {
            return store_owned_list::<R>(f, ip, sp, ts);
        }
        let index = index_or!(key.object(), store_subscr_any::<R>(f, ip, sp, ts));
        let op = container.object();
        if (*op).ob_type != list_type() || index >= List::len(op.cast()) {
            return store_subscr_any::<R>(f, ip, sp, ts);
        }
        let slot = (*op.cast::<List>()).ob_item.add(index);
        let value = *sp.sub(3);
        let old = *slot;
        *slot = value.into_object();
        if !Object::is_immortal(old) {
            let count = (*old).ob_refcnt.wrapping_sub(1);
            (*old).ob_refcnt = count;
            if count == 0 {
                return release_and_go_on::<R, 2>(f, ip, sp.sub(3), ts, old);
            }
        }
        go::<R>(f, ip.add(2), sp.sub(3), ts)
    }

    fn store_subscr_dict(f, ip, sp, ts) {
        let (value, container, key) = (*sp.sub(3), *sp.sub(2), *sp.sub(1));
        if (*container.object()).ob_type != dict_type() {
            return store_subscr_any::<R>(f, ip, sp, ts);
        }
        // The references move into the dict.
        *sp.sub(3) = StackRef::NULL;
        *sp.sub(1) = StackRef::NULL;
        save(f, ip, sp.sub(1));
        let status = _PyDict_SetItem_Take2(container.object().cast(), key.into_object(), value.into_object());
        // The dict, on top, and an empty entry below it.
        let (f, sp) = saved(ts);
        if status != 0 {
            return close_and_raise::<R>(f, ip, sp, ts, sp.sub(2));
        }
        if !close_unless_last(sp.sub(1)) {
            return release_dict::<R>(f, ip, sp, ts);
        }
        proceed::<R>(f, ip, ip.add(2), sp.sub(2), ts)
    }

    fn delete_subscr(f, ip, sp, ts) {
        delete_subscr_out_of_line::<R>(f, ip, sp, ts)
    }

    fn binary_slice(f, ip, sp, ts) {
        binary_slice_out_of_line::<R>(f, ip, sp, ts)
    }

    fn store_slice(f, ip, sp, ts) {
        store_slice_out_of_line::<R>(f, ip, sp, ts)
    }
}

continuations! {
    /// An item of a list or tuple by a negative index.
    fn subscr_from_end(f, ip, sp, ts) {
        let (container, key) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        if (*key).ob_type != long_type() || (*key.cast::<Long>()).lv_tag != NEGATIVE_DIGIT_TAG {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        let from_end = digit(key) as usize;
        let (items, len) = if (*container).ob_type == list_type() {
            ((*container.cast::<List>()).ob_item.cast_const(), List::len(container.cast()))
        } else if (*container).ob_type == tuple_type() {
            (Tuple::items(container.cast()).cast_const(), Tuple::len(container.cast()))
        } else {
            return binary_miss::<R>(f, ip, sp, ts);
        };
        if from_end > len {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        give_item!(f, ip, sp, ts, *items.add(len - from_end))
    }
}

/// The length of a list, tuple or string; of anything else (or a subclass) none.
unsafe fn sequence_len(op: *mut Object) -> Option<usize> {
    // SAFETY: a live object.
    unsafe {
        let ty = (*op).ob_type;
        if ty == list_type() || ty == tuple_type() {
            Some((*op.cast::<VarObject>()).ob_size as usize)
        } else if ty == str_type() {
            Some((*op.cast::<AsciiStr>()).length as usize)
        } else {
            None
        }
    }
}

/// What a bound of a slice means for a sequence of this length, as `PySlice_AdjustIndices` has it; negative unless it is
/// None or an int of one digit.
#[inline(always)]
unsafe fn bound(op: *mut Object, len: isize, default: isize) -> isize {
    // SAFETY: a live object.
    unsafe {
        if op == none() {
            return default;
        }
        if (*op).ob_type != long_type() || !Long::is_compact(op.cast()) {
            return -1;
        }
        let index = Long::compact_value(op.cast()) as isize;
        (if index < 0 { (index + len).max(0) } else { index }).min(len)
    }
}

/// Builds a slice of two stack entries, which it consumes.
unsafe fn slice_of(start: *mut StackRef) -> *mut Object {
    // SAFETY: two live entries.
    unsafe {
        let slice = PySlice_New((*start).object(), (*start.add(1)).object(), core::ptr::null_mut());
        close_slot(start.add(1));
        close_slot(start);
        slice
    }
}

out_of_line_handlers! {
    /// Ends an assignment to an item of a dict, which is on top of the stack and dies.
    fn release_dict(f, ip, sp, ts) {
        close_from(f, sp.sub(2), sp);
        proceed::<R>(f, ip, ip.add(2), sp.sub(2), ts)
    }

    /// Replaces container and key, one of which owns a reference, by the item.
    fn replace_operands(f, ip, sp, ts, item: *mut Object) {
        save(f, ip, sp);
        finish_operation::<R>(f, ip, sp, ts, new_ref(item))
    }

    fn subscr_dict_out_of_line(f, ip, sp, ts) {
        let (container, key) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        if (*container).ob_type != dict_type() {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let item = dict_item(container, key);
        if item.is_null() {
            let (f, sp) = saved(ts);
            return close_and_raise::<R>(f, ip, sp, ts, sp.sub(2));
        }
        replace_top::<R, 2, 6>(ip, ts, StackRef::steal(item))
    }

    /// As `store_subscr_list_int`, where container or key own references. If one dies it is left to the general path.
    fn store_owned_list(f, ip, sp, ts) {
        let (container, key) = (*sp.sub(2), *sp.sub(1));
        let index = index_or!(key.object(), store_subscr_any::<R>(f, ip, sp, ts));
        let op = container.object();
        if (*op).ob_type != list_type() || index >= List::len(op.cast()) || dies_with(container) || dies_with(key) {
            return store_subscr_any::<R>(f, ip, sp, ts);
        }
        let slot = (*op.cast::<List>()).ob_item.add(index);
        let old = *slot;
        *slot = (*sp.sub(3)).into_object();
        container.close_shared();
        key.close_shared();
        super::locals::release_and_go!(f, ip, sp.sub(3), ts, StackRef::steal(old), 2)
    }

    fn store_subscr_any(f, ip, sp, ts) {
        save(f, ip, sp);
        let (value, container, key) = ((*sp.sub(3)).object(), (*sp.sub(2)).object(), (*sp.sub(1)).object());
        if (*container).ob_type == dict_type() {
            (*ip).word = store_subscr_dict::<false> as *const () as usize;
            return store_subscr_dict::<R>(f, ip, sp, ts);
        }
        if (*container).ob_type == list_type() {
            (*ip).word = store_subscr_list_int::<false> as *const () as usize;
        }
        enter_special_of!(f, ip, sp, ts, Operation::new(op::STORE_SUBSCR, 0), container);
        let status = PyObject_SetItem(container, key, value);
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        close_slot(sp.sub(3));
        if status != 0 {
            return error::<R>(f, ip, sp.sub(3), ts);
        }
        proceed::<R>(f, ip, ip.add(2), sp.sub(3), ts)
    }

    fn delete_subscr_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        enter_special_of!(f, ip, sp, ts, Operation::new(op::DELETE_SUBSCR, 0), (*sp.sub(2)).object());
        let status = PyObject_DelItem((*sp.sub(2)).object(), (*sp.sub(1)).object());
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if status != 0 {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(2), ts)
    }

    fn binary_slice_out_of_line(f, ip, sp, ts) {
        let (container, start, stop) = ((*sp.sub(3)).object(), (*sp.sub(2)).object(), (*sp.sub(1)).object());
        let Some(len) = sequence_len(container) else {
            return binary_slice_any::<R>(f, ip, sp, ts);
        };
        let (low, high) = (bound(start, len as isize, 0), bound(stop, len as isize, len as isize));
        if low < 0 || high < 0 {
            return binary_slice_any::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let ty = (*container).ob_type;
        let result = if ty == list_type() {
            PyList_GetSlice(container, low, high.max(low))
        } else if ty == tuple_type() {
            PyTuple_GetSlice(container, low, high.max(low))
        } else {
            PyUnicode_Substring(container, low, high.max(low))
        };
        if result.is_null() {
            let (f, sp) = saved(ts);
            return close_and_raise::<R>(f, ip, sp, ts, sp.sub(3));
        }
        replace_top::<R, 3, 1>(ip, ts, StackRef::steal(result))
    }

    fn binary_slice_any(f, ip, sp, ts) {
        save(f, ip, sp);
        let slice = slice_of(sp.sub(2));
        let container = (*sp.sub(3)).object();
        let mut result = core::ptr::null_mut();
        if !slice.is_null() {
            result = if (*container).ob_type == list_type() {
                _PyList_SliceSubscript(container, slice)
            } else {
                PyObject_GetItem(container, slice)
            };
            decref(slice);
        }
        close_slot(sp.sub(3));
        if result.is_null() {
            return error::<R>(f, ip, sp.sub(3), ts);
        }
        *sp.sub(3) = StackRef::steal(result);
        proceed::<R>(f, ip, ip.add(1), sp.sub(2), ts)
    }

    fn store_slice_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let slice = slice_of(sp.sub(2));
        let mut status = 1;
        if !slice.is_null() {
            status = PyObject_SetItem((*sp.sub(3)).object(), slice, (*sp.sub(4)).object());
            decref(slice);
        }
        close_slot(sp.sub(3));
        close_slot(sp.sub(4));
        if status != 0 {
            return error::<R>(f, ip, sp.sub(4), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(4), ts)
    }
}
