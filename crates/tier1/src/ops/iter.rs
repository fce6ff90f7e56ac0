//! Iteration and unpacking.

use cpython::abi::*;

use super::int::fresh_int;
use super::jump::branch_not_select;
use super::special::{self, NEXT, Operation, enter_special_of};
use super::superinstructions;
use crate::dispatch::*;
use crate::entry;
use crate::hot::*;
use crate::inst::{Handler, Inst, Tier1Code};

/// The version of `FOR_ITER` for an iterator of this type.
unsafe fn version_for(iterator: *mut Object, stores: bool) -> Handler {
    // SAFETY: a live object.
    let ty = unsafe { (*iterator).ob_type };
    if ty == range_iterator_type() {
        if stores { super::fused::for_iter_range_store::<false> } else { for_iter_range::<false> }
    } else if ty == list_iterator_type() {
        if stores { superinstructions::for_iter_list_store::<false> } else { for_iter_list::<false> }
    } else if ty == tuple_iterator_type() {
        if stores { superinstructions::for_iter_tuple_store::<false> } else { for_iter_tuple::<false> }
    } else if ty == generator_type() {
        super::generator::for_iter_gen::<false>
    // SAFETY: a live type.
    } else if unsafe { Type::has_flag(ty, TPFLAGS_IMMUTABLETYPE) } {
        for_iter_by_c::<false>
    // SAFETY: as above.
    } else if !unsafe { special::find(NEXT, iterator, core::ptr::null_mut()) }.is_null() {
        special::for_iter_special::<false>
    } else {
        for_iter_any::<false>
    }
}

/// The items of a tuple or list.
#[inline(always)]
pub(crate) unsafe fn items_of(op: *mut Object) -> Option<*mut *mut Object> {
    // SAFETY: a live object.
    unsafe {
        let ty = (*op).ob_type;
        if ty == tuple_type() {
            Some(Tuple::items(op.cast()))
        } else if ty == list_type() {
            Some((*op.cast::<List>()).ob_item)
        } else {
            None
        }
    }
}

handlers! {
    fn for_iter(f, ip, sp, ts) {
        for_iter_miss::<R>(f, ip, sp, ts)
    }

    /// Iterators of a type written in C: the cache unit has their function.
    fn for_iter_by_c(f, ip, sp, ts) {
        let iterator = (*sp.sub(1)).object();
        let Some(next) = (*(*iterator).ob_type).tp_iternext.filter(|next| *next as usize == (*ip.add(1)).word) else {
            return for_iter_miss::<R>(f, ip, sp, ts);
        };
        save(f, ip, sp);
        let item = next(iterator);
        let (f, sp) = saved(ts);
        if item.is_null() {
            return for_iter_end::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(item);
        proceed::<R>(f, ip, ip.add(2), sp.add(1), ts)
    }

    /// Iterators whose type has no version of its own.
    fn for_iter_any(f, ip, sp, ts) {
        let iterator = (*sp.sub(1)).object();
        let ty = (*iterator).ob_type;
        let has_version = ty == range_iterator_type() || ty == list_iterator_type() || ty == generator_type();
        let Some(next) = (*ty).tp_iternext.filter(|_| !has_version) else {
            return for_iter_miss::<R>(f, ip, sp, ts);
        };
        save(f, ip, sp);
        enter_special_of!(f, ip, sp, ts, NEXT, iterator);
        let item = next(iterator);
        if item.is_null() {
            return for_iter_end::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(item);
        proceed::<R>(f, ip, ip.add(2), sp.add(1), ts)
    }

    fn for_iter_range(f, ip, sp, ts) {
        let it: *mut RangeIter = (*sp.sub(1)).object().cast();
        if (*it).ob_base.ob_type != range_iterator_type() {
            return for_iter_miss::<R>(f, ip, sp, ts);
        }
        let len = (*it).len;
        if len <= 0 {
            branch_not_select();
            return go::<R>(f, ip.add((*ip).a as usize), sp, ts);
        }
        let value = (*it).start;
        if is_small_int(value) {
            *sp = small_int_ref(value);
        } else {
            // Negative and large numbers are left to the general path.
            let op = if (value as u64) < 1 << LONG_SHIFT { fresh_int(ts) } else { core::ptr::null_mut() };
            if op.is_null() {
                return for_iter_miss::<R>(f, ip, sp, ts);
            }
            (*op.cast::<Long>()).lv_tag = 1 << LONG_NON_SIZE_BITS;
            (*op.cast::<Long>()).ob_digit[0] = value as u32;
            *sp = StackRef::steal_mortal(op);
        }
        (*it).start = value.wrapping_add((*it).step);
        (*it).len = len - 1;
        go::<R>(f, ip.add(2), sp.add(1), ts)
    }

    fn for_iter_list(f, ip, sp, ts) {
        let it: *mut ListIter = (*sp.sub(1)).object().cast();
        if (*it).ob_base.ob_type != list_iterator_type() {
            return for_iter_miss::<R>(f, ip, sp, ts);
        }
        let list = (*it).it_seq;
        if list.is_null() || (*it).it_index as usize >= List::len(list) {
            return list_exhausted::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::new(List::item(list, (*it).it_index as usize));
        (*it).it_index += 1;
        go::<R>(f, ip.add(2), sp.add(1), ts)
    }

    fn for_iter_tuple(f, ip, sp, ts) {
        let it: *mut TupleIter = (*sp.sub(1)).object().cast();
        if (*it).ob_base.ob_type != tuple_iterator_type() {
            return for_iter_miss::<R>(f, ip, sp, ts);
        }
        let tuple = (*it).it_seq;
        if tuple.is_null() || (*it).it_index as usize >= Tuple::len(tuple) {
            return tuple_exhausted::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::new(Tuple::item(tuple, (*it).it_index as usize));
        (*it).it_index += 1;
        go::<R>(f, ip.add(2), sp.add(1), ts)
    }

    fn get_iter(f, ip, sp, ts) {
        get_iter_out_of_line::<R>(f, ip, sp, ts)
    }

    fn get_len(f, ip, sp, ts) {
        get_len_out_of_line::<R>(f, ip, sp, ts)
    }

    fn unpack_sequence(f, ip, sp, ts) {
        let sequence = *sp.sub(1);
        let op = sequence.object();
        let count = (*ip).a as usize;
        let Some(items) = items_of(op) else {
            return unpack_sequence_any::<R>(f, ip, sp, ts);
        };
        if (*op.cast::<VarObject>()).ob_size as usize != count {
            return unpack_sequence_any::<R>(f, ip, sp, ts);
        }
        let base = sp.sub(1);
        let mut i = 0;
        while i < count {
            *base.add(i) = StackRef::new(*items.add(count - 1 - i));
            i += 1;
        }
        super::locals::release_and_go!(f, ip, base.add(count), ts, sequence, 2)
    }

    fn unpack_ex(f, ip, sp, ts) {
        unpack_ex_out_of_line::<R>(f, ip, sp, ts)
    }
}

/// Ends a loop whose iterator has just let go of `sequence`, which is null if it did so earlier.
#[inline(always)]
unsafe fn let_go<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    sequence: *mut Object,
) -> *mut Object {
    // SAFETY: the contract of handlers; the iterator's reference is ours.
    unsafe {
        if !sequence.is_null() && !Object::is_immortal(sequence) {
            let count = (*sequence).ob_refcnt.wrapping_sub(1);
            (*sequence).ob_refcnt = count;
            if count == 0 {
                return destroy_and_end::<R>(f, ip, sp, ts, sequence);
            }
        }
        go::<R>(f, ip.add((*ip).a as usize), sp, ts)
    }
}

out_of_line_handlers! {
    /// The next item in general, which also chooses the version to use from now on.
    fn for_iter_miss(f, ip, sp, ts) {
        save(f, ip, sp);
        let iterator = (*sp.sub(1)).object();
        let stores = (*Tier1Code::of(ip)).base_op((*ip).b as usize + 2).opcode == op::STORE_FAST;
        (*ip).word = version_for(iterator, stores) as usize;
        let Some(next) = (*(*iterator).ob_type).tp_iternext else {
            let message = c"'%.100s' object is not an iterator";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*(*iterator).ob_type).tp_name);
            return error::<R>(f, ip, sp, ts);
        };
        if (*iterator).ob_type == generator_type() {
            super::generator::prepare_for_iter(f, ip);
        } else {
            (*ip.add(1)).word = next as usize;
        }
        enter_special_of!(f, ip, sp, ts, NEXT, iterator);
        let item = next(iterator);
        if !item.is_null() {
            *sp = StackRef::steal(item);
            return proceed::<R>(f, ip, ip.add(2), sp.add(1), ts);
        }
        for_iter_end::<R>(f, ip, sp, ts)
    }

    /// The iterator lets go of its list.
    fn list_exhausted(f, ip, sp, ts) {
        let it: *mut ListIter = (*sp.sub(1)).object().cast();
        let list = (*it).it_seq;
        (*it).it_index = -1;
        (*it).it_seq = core::ptr::null_mut();
        let_go::<R>(f, ip, sp, ts, list.cast())
    }

    /// The iterator lets go of its tuple.
    fn tuple_exhausted(f, ip, sp, ts) {
        let it: *mut TupleIter = (*sp.sub(1)).object().cast();
        let tuple = (*it).it_seq;
        (*it).it_seq = core::ptr::null_mut();
        let_go::<R>(f, ip, sp, ts, tuple.cast())
    }

    /// Destroys what was iterated over, and ends the loop.
    fn destroy_and_end(f, ip, sp, ts, dead: *mut Object) {
        save(f, ip, sp);
        _Py_Dealloc(dead);
        proceed::<R>(f, ip, ip.add((*ip).a as usize), sp, ts)
    }

    /// The iterator gave nothing: the end, or an exception.
    fn for_iter_end(f, ip, sp, ts) {
        if !(*ts).current_exception.is_null() {
            if PyErr_ExceptionMatches(*PyExc_StopIteration()) == 0 {
                return error::<R>(f, ip, sp, ts);
            }
            if entry::instrumented_since(f, ts) {
                _PyEval_MonitorRaise(ts, f, (*f).instr_ptr);
            }
            PyErr_Clear();
        }
        proceed::<R>(f, ip, ip.add((*ip).a as usize), sp, ts)
    }

    fn get_iter_out_of_line(f, ip, sp, ts) {
        let iterable = (*sp.sub(1)).object();
        let ty = (*iterable).ob_type;
        if ty == generator_type() {
            // It is its own iterator.
            *sp.sub(1) = (*sp.sub(1)).heap_safe_value();
            return go::<R>(f, ip.add(1), sp, ts);
        }
        save(f, ip, sp);
        if !Type::has_flag(ty, TPFLAGS_IMMUTABLETYPE) {
            return get_iter_any::<R>(f, ip, sp, ts);
        }
        let is_from_c = ty == list_type() || ty == tuple_type() || ty == PyRange_Type() || ty == dict_type();
        let iterator = match (*ty).tp_iter {
            Some(iterate) if is_from_c => iterate(iterable),
            _ => PyObject_GetIter(iterable),
        };
        if iterator.is_null() {
            let (f, sp) = saved(ts);
            return close_and_raise::<R>(f, ip, sp, ts, sp.sub(1));
        }
        replace_top::<R, 1, 1>(ip, ts, StackRef::steal(iterator))
    }

    fn get_iter_any(f, ip, sp, ts) {
        save(f, ip, sp);
        enter_special_of!(f, ip, sp, ts, Operation::new(op::GET_ITER, 0), (*sp.sub(1)).object());
        let iterator = PyObject_GetIter((*sp.sub(1)).object());
        close_slot(sp.sub(1));
        if iterator.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(iterator);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn get_len_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let len = PyObject_Size((*sp.sub(1)).object());
        let result = if len < 0 { core::ptr::null_mut() } else { PyLong_FromSsize_t(len) };
        if result.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(result);
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }

    fn unpack_sequence_any(f, ip, sp, ts) {
        let count = (*ip).a as usize;
        unpack::<R>(f, ip, sp, ts, count as i32, -1, count, 2)
    }

    fn unpack_ex_out_of_line(f, ip, sp, ts) {
        let (before, after) = ((*ip).a & 0xff, (*ip).a >> 8);
        unpack::<R>(f, ip, sp, ts, before as i32, after as i32, (before + 1 + after) as usize, 1)
    }
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn unpack<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    before: i32,
    after: i32,
    pushed: usize,
    len: usize,
) -> *mut Object {
    // SAFETY: the contract of handlers; the function fills the stack downwards from its last argument.
    unsafe {
        save(f, ip, sp.sub(1));
        let sequence = (*sp.sub(1)).into_object();
        let top = sp.sub(1).add(pushed);
        let done = _PyEval_UnpackIterableStackRef(ts, sequence, before, after, top);
        decref(sequence);
        if done == 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        go::<R>(f, ip.add(len), top, ts)
    }
}
