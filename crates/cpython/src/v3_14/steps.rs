//! Steps of dict and set iterators, as `dictiter_iternextitem` and its like in CPython's C files take them.

use core::ptr::null_mut;

use super::api::*;
use super::deaths::{die_unseen, dies_unseen};
use super::iterators::{DictIter, SetIter, iteration_end};
use super::layout::*;
use super::refs::*;

/// What a dict's iterator yields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Yields {
    Keys,
    Values,
    Items,
}

/// The next item, [`iteration_end`], or null, and nothing has happened, where it is CPython's to step or to raise.
///
/// # Safety
/// An iterator over a dict that yields this; the GIL is held.
#[inline(always)]
pub(super) unsafe fn next_of_dict(it: *mut DictIter, yields: Yields) -> *mut Object {
    // SAFETY: the caller's; the table's invariants are CPython's.
    unsafe {
        let dict = (*it).di_dict;
        if dict.is_null() {
            return iteration_end();
        }
        if (*it).di_used != (*dict).ma_used {
            return null_mut();
        }
        let (keys, values) = ((*dict).ma_keys, (*dict).ma_values);
        let (from, n) = ((*it).di_pos, (*keys).dk_nentries);
        let found = if !values.is_null() {
            // The keys are shared by the instances of a class: an order of its own, without gaps.
            next_entry(from, (*dict).ma_used, |i| {
                let slot = DictValues::slot_in_order(values, i as usize);
                ((*DictKeys::unicode_entries(keys).add(slot)).me_key, *DictValues::slot(values, slot))
            })
        } else if usize::from((*keys).dk_kind) == DICT_KEYS_GENERAL {
            let entries = DictKeys::general_entries(keys);
            next_entry(from, n, |i| ((*entries.offset(i)).me_key, (*entries.offset(i)).me_value))
        } else {
            let entries = DictKeys::unicode_entries(keys);
            next_entry(from, n, |i| ((*entries.offset(i)).me_key, (*entries.offset(i)).me_value))
        };
        let Some((i, key, value)) = found else { return end_of(it.cast(), dict.cast()) };
        if (*it).len == 0 {
            // The keys changed; so says CPython.
            return null_mut();
        }
        let item = match yields {
            Yields::Keys => new_ref(key),
            Yields::Values => new_ref(value),
            Yields::Items => match pair((*it).di_result, key, value) {
                item if item.is_null() => return item,
                item => item,
            },
        };
        (*it).di_pos = i + 1;
        (*it).len -= 1;
        item
    }
}

/// The first of the entries `from..n` that is not deleted: its number, key and value.
#[inline(always)]
fn next_entry(
    from: isize,
    n: isize,
    entry: impl Fn(isize) -> (*mut Object, *mut Object),
) -> Option<(isize, *mut Object, *mut Object)> {
    let mut i = from;
    while i < n {
        let (key, value) = entry(i);
        if !value.is_null() {
            return Some((i, key, value));
        }
        i += 1;
    }
    None
}

/// The tuple of two objects: `result` where nobody else has it, and what is in it dies unseen. Else null.
unsafe fn pair(result: *mut Tuple, key: *mut Object, value: *mut Object) -> *mut Object {
    // SAFETY: live objects; a dict iterator's result has two items.
    unsafe {
        if (*result).ob_base.ob_base.ob_refcnt != 1 {
            let pair = PyTuple_New(2);
            if pair.is_null() {
                PyErr_Clear();
            } else {
                *Tuple::items(pair.cast()) = new_ref(key);
                *Tuple::items(pair.cast()).add(1) = new_ref(value);
            }
            return pair;
        }
        let items = Tuple::items(result);
        let old = [*items, *items.add(1)];
        // The collector may have untracked the tuple.
        if !die_unseen(&old) || PyObject_GC_IsTracked(result.cast()) == 0 {
            return null_mut();
        }
        *items = new_ref(key);
        *items.add(1) = new_ref(value);
        (*result).ob_hash = -1;
        (*result).ob_base.ob_base.ob_refcnt += 1;
        decref(old[0]);
        decref(old[1]);
        result.cast()
    }
}

/// [`next_of_dict`] for a set's iterator.
///
/// # Safety
/// As there.
#[inline(always)]
pub(super) unsafe fn next_of_set(it: *mut SetIter) -> *mut Object {
    // SAFETY: the caller's; the table's invariants are CPython's: deleted entries have hash -1.
    unsafe {
        let set = (*it).si_set;
        if set.is_null() {
            return iteration_end();
        }
        if (*it).si_used != (*set).used {
            return null_mut();
        }
        let (mask, mut i) = ((*set).mask, (*it).si_pos);
        let is_free = |i| {
            let entry = (*set).table.offset(i);
            (*entry).key.is_null() || (*entry).hash == -1
        };
        while i <= mask && is_free(i) {
            i += 1;
        }
        if i > mask {
            return end_of(it.cast(), set.cast());
        }
        (*it).si_pos = i + 1;
        (*it).len -= 1;
        new_ref((*(*set).table.offset(i)).key)
    }
}

/// The end of an iteration: the iterator lets go of its container, if nobody can see that die.
unsafe fn end_of(it: *mut DictIter, container: *mut Object) -> *mut Object {
    // SAFETY: both kinds of iterators have their container in the same place.
    unsafe {
        if !dies_unseen(container) {
            return null_mut();
        }
        (*it).di_dict = null_mut();
        decref(container);
        iteration_end()
    }
}
