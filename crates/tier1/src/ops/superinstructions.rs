//! Superinstructions: frequent pairs of instructions, done by the first one's handler.
//!
//! A step from one handler to the next is an indirect jump, which costs as much as what the simplest handlers do. Code
//! that gets warm is gone through once ([`combine`]); most code never is, and is decoded the faster for it.
//!
//! The second instruction stays as it is, for jumps to it and for recording, in which only the first is done. So does a
//! handler that finds the first one's work not to be the simple case. Only instructions that nothing is installed over come
//! second, except where a handler looks what there is. The pairs of arithmetic and attributes with their operands are made
//! where those instructions choose their versions (`fused`, `fused_attr`).

use cpython::abi::*;

use super::call_python::return_value;
use super::global::{builtin_value, module_value, push_value};
use super::iter::items_of;
use super::jump::{self, branch_not_select};
use super::locals::release_old;
use super::unary::truth;
use super::{copies, global, iter, locals, unary};
use crate::dispatch::*;
use crate::entry;
use crate::hot::*;
use crate::inst::{BaseOp, Handler, Inst, Tier1Code};

/// After how many back edges or entries code is gone through.
const WARM: u32 = 32;

/// What the counters of fresh code begin with, which are `wanted` from its being warm on.
pub(crate) fn first_count(wanted: u32) -> u32 {
    wanted.min(WARM)
}

/// The truth of an object of one of the types that are tested most; `$other` for others.
macro_rules! truth_or_bool {
    ($op:ident, $other:expr) => {{
        let ty = (*$op).ob_type;
        if ty == bool_type() { $op == true_object() } else { truth!($op, ty, $other) }
    }};
}

/// Jumps as the `POP_JUMP_IF_..` at `$jump` says, behind which is a `NOT_TAKEN`.
macro_rules! jump_if {
    ($f:ident, $jump:expr, $sp:expr, $ts:ident, $taken:expr) => {{
        let jump: *mut Inst = $jump;
        if $taken {
            branch_not_select();
            return go::<R>($f, jump.add((*jump).a as usize), $sp, $ts);
        }
        go::<R>($f, jump.add(3), $sp, $ts)
    }};
}

/// `TO_BOOL` of a stack entry, and the jump on it.
macro_rules! to_bool_jump {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $on:literal) => {{
        if R {
            return unary::to_bool::<R>($f, $ip, $sp, $ts);
        }
        let value = *$sp.sub(1);
        let op = value.object();
        let truth = truth_or_bool!(op, unary::to_bool::<R>($f, $ip, $sp, $ts));
        if value.is_counted() {
            let count = (*op).ob_refcnt.wrapping_sub(1);
            if count == 0 {
                return unary::to_bool::<R>($f, $ip, $sp, $ts);
            }
            (*op).ob_refcnt = count;
        }
        jump_if!($f, $ip.add(4), $sp.sub(1), $ts, truth == $on)
    }};
}

/// `LOAD_FAST_BORROW`, `TO_BOOL` and the jump on it.
macro_rules! local_to_bool_jump {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $on:literal) => {{
        if R {
            return locals::load_fast_borrow::<R>($f, $ip, $sp, $ts);
        }
        let op = (*local($f, (*$ip).a)).object();
        let truth = truth_or_bool!(op, locals::load_fast_borrow::<R>($f, $ip, $sp, $ts));
        jump_if!($f, $ip.add(5), $sp, $ts, truth == $on)
    }};
}

/// A jump that pops its condition, whose other way, behind `NOT_TAKEN`, loads a variable.
macro_rules! jump_or_load {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $plain:path, $taken:expr) => {{
        if R {
            return $plain($f, $ip, $sp, $ts);
        }
        if (*$sp.sub(1)).object() == $taken {
            branch_not_select();
            return go::<R>($f, $ip.add((*$ip).a as usize), $sp.sub(1), $ts);
        }
        *$sp.sub(1) = (*local($f, (*$ip.add(3)).a)).borrow();
        go::<R>($f, $ip.add(4), $sp, $ts)
    }};
}

/// Whether nobody can see an object die.
#[inline(always)]
unsafe fn is_number(op: *mut Object) -> bool {
    // SAFETY: a live object.
    let ty = unsafe { (*op).ob_type };
    ty == long_type() || ty == float_type()
}

continuations! {
    /// Ends the `UNPACK_SEQUENCE` at `ip` and the two stores behind it: releases what the variables held, of which the first
    /// is a number that dies.
    fn release_two(f, ip, sp, ts, first: *mut Object, second: StackRef) {
        if !release_number(ts, first) {
            _Py_Dealloc(first);
        }
        release_old!(f, ip.add(2), sp.sub(1), ts, second, 1);
        go::<R>(f, ip.add(3), sp.sub(1), ts)
    }
}

/// The `STORE_FAST` that comes first.
macro_rules! store_first {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {
        if R {
            return locals::store_fast::<R>($f, $ip, $sp, $ts);
        }
        let slot = local($f, (*$ip).a);
        let old = *slot;
        *slot = *$sp.sub(1);
        release_old!($f, $ip, $sp.sub(1), $ts, old, 1);
    };
}

/// The `POP_TOP` that comes first.
macro_rules! pop_first {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {
        if R {
            return locals::pop_top::<R>($f, $ip, $sp, $ts);
        }
        release_old!($f, $ip, $sp.sub(1), $ts, *$sp.sub(1), 1);
    };
}

/// Ends a `FOR_ITER` at `$ip` and the `STORE_FAST` behind it.
macro_rules! store_item {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $item:ident) => {{
        let slot = local($f, (*$ip.add(2)).a);
        let old = *slot;
        *slot = $item;
        release_old!($f, $ip.add(2), $sp, $ts, old, 1);
        go::<R>($f, $ip.add(3), $sp, $ts)
    }};
}

handlers! {
    fn store_fast_load_fast_borrow(f, ip, sp, ts) {
        store_first!(f, ip, sp, ts);
        *sp.sub(1) = (*local(f, (*ip.add(1)).a)).borrow();
        go::<R>(f, ip.add(2), sp, ts)
    }

    fn store_fast_load_fast_borrow_load_fast_borrow(f, ip, sp, ts) {
        store_first!(f, ip, sp, ts);
        let pair = (*ip.add(1)).a;
        *sp.sub(1) = (*local(f, pair >> 4)).borrow();
        *sp = (*local(f, pair & 15)).borrow();
        go::<R>(f, ip.add(2), sp.add(1), ts)
    }

    fn store_fast_load_borrowed_const(f, ip, sp, ts) {
        store_first!(f, ip, sp, ts);
        *sp.sub(1) = StackRef((*ip.add(1)).imm());
        go::<R>(f, ip.add(2), sp, ts)
    }

    fn load_fast_borrow_load_borrowed_const(f, ip, sp, ts) {
        if R {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        *sp = (*local(f, (*ip).a)).borrow();
        *sp.add(1) = StackRef((*ip.add(1)).imm());
        go::<R>(f, ip.add(2), sp.add(2), ts)
    }

    /// Two that the compiler has not made one instruction.
    fn load_fast_borrow_twice(f, ip, sp, ts) {
        if R {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        *sp = (*local(f, (*ip).a)).borrow();
        *sp.add(1) = (*local(f, (*ip.add(1)).a)).borrow();
        go::<R>(f, ip.add(2), sp.add(2), ts)
    }

    fn load_fast_borrow_push_null(f, ip, sp, ts) {
        if R {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        *sp = (*local(f, (*ip).a)).borrow();
        *sp.add(1) = StackRef::NULL;
        go::<R>(f, ip.add(2), sp.add(2), ts)
    }

    fn load_fast_borrow_return_value(f, ip, sp, ts) {
        if R {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        *sp = (*local(f, (*ip).a)).borrow();
        return_value::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn load_borrowed_const_return_value(f, ip, sp, ts) {
        if R {
            return locals::load_borrowed_const::<R>(f, ip, sp, ts);
        }
        *sp = StackRef((*ip).imm());
        return_value::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn pop_top_load_fast_borrow(f, ip, sp, ts) {
        pop_first!(f, ip, sp, ts);
        *sp.sub(1) = (*local(f, (*ip.add(1)).a)).borrow();
        go::<R>(f, ip.add(2), sp, ts)
    }

    fn pop_top_load_borrowed_const(f, ip, sp, ts) {
        pop_first!(f, ip, sp, ts);
        *sp.sub(1) = StackRef((*ip.add(1)).imm());
        go::<R>(f, ip.add(2), sp, ts)
    }

    /// `a[i] += ..`
    fn copy_twice(f, ip, sp, ts) {
        if R {
            return locals::copy::<R>(f, ip, sp, ts);
        }
        *sp = (*sp.sub((*ip).a as usize)).dup();
        *sp.add(1) = (*sp.add(1).sub((*ip.add(1)).a as usize)).dup();
        go::<R>(f, ip.add(2), sp.add(2), ts)
    }

    fn swap_twice(f, ip, sp, ts) {
        if R {
            return locals::swap::<R>(f, ip, sp, ts);
        }
        core::ptr::swap(sp.sub(1), sp.sub((*ip).a as usize));
        core::ptr::swap(sp.sub(1), sp.sub((*ip.add(1)).a as usize));
        go::<R>(f, ip.add(2), sp, ts)
    }

    /// `a, b = ..` of two variables, whose old values die unobserved if at all.
    fn unpack_sequence_store_fast_store_fast(f, ip, sp, ts) {
        let sequence = *sp.sub(1);
        let op = sequence.object();
        let Some(items) = items_of(op) else {
            return iter::unpack_sequence::<R>(f, ip, sp, ts);
        };
        if R || (*op.cast::<VarObject>()).ob_size != 2 || dies_with(sequence) {
            return iter::unpack_sequence::<R>(f, ip, sp, ts);
        }
        let pair = (*ip.add(2)).a;
        let (first, second) = (local(f, pair >> 4), local(f, pair & 15));
        let (old_first, old_second) = (*first, *second);
        // The second one's death is the last thing to happen, the first one's is not.
        let first_dies = dies_with(old_first);
        if first == second || first_dies && !is_number(old_first.object()) {
            return iter::unpack_sequence::<R>(f, ip, sp, ts);
        }
        *first = StackRef::new(*items);
        *second = StackRef::new(*items.add(1));
        sequence.close_shared();
        if first_dies {
            return release_two::<R>(f, ip, sp, ts, old_first.object(), old_second);
        }
        old_first.close_shared();
        release_old!(f, ip.add(2), sp.sub(1), ts, old_second, 1);
        go::<R>(f, ip.add(3), sp.sub(1), ts)
    }

    fn load_deref_load_fast_borrow(f, ip, sp, ts) {
        let cell: *mut Cell = (*local(f, (*ip).a)).object().cast();
        let value = (*cell).ob_ref;
        if R || value.is_null() {
            return locals::load_deref::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::new(value);
        *sp.add(1) = (*local(f, (*ip.add(1)).a)).borrow();
        go::<R>(f, ip.add(2), sp.add(2), ts)
    }

    fn pop_jump_if_false_load_fast_borrow(f, ip, sp, ts) {
        jump_or_load!(f, ip, sp, ts, jump::pop_jump_if_false::<R>, false_object())
    }

    fn pop_jump_if_true_load_fast_borrow(f, ip, sp, ts) {
        jump_or_load!(f, ip, sp, ts, jump::pop_jump_if_true::<R>, true_object())
    }

    fn to_bool_pop_jump_if_false(f, ip, sp, ts) {
        to_bool_jump!(f, ip, sp, ts, false)
    }

    fn to_bool_pop_jump_if_true(f, ip, sp, ts) {
        to_bool_jump!(f, ip, sp, ts, true)
    }

    fn load_fast_borrow_to_bool_pop_jump_if_false(f, ip, sp, ts) {
        local_to_bool_jump!(f, ip, sp, ts, false)
    }

    fn load_fast_borrow_to_bool_pop_jump_if_true(f, ip, sp, ts) {
        local_to_bool_jump!(f, ip, sp, ts, true)
    }

    /// `for x in ..` over a list.
    fn for_iter_list_store(f, ip, sp, ts) {
        let it: *mut ListIter = (*sp.sub(1)).object().cast();
        if R || (*it).ob_base.ob_type != list_iterator_type() {
            return iter::for_iter_list::<R>(f, ip, sp, ts);
        }
        let list = (*it).it_seq;
        if list.is_null() || (*it).it_index as usize >= List::len(list) {
            return iter::for_iter_list::<R>(f, ip, sp, ts);
        }
        let item = StackRef::new(List::item(list, (*it).it_index as usize));
        (*it).it_index += 1;
        store_item!(f, ip, sp, ts, item)
    }

    /// `for x in ..` over a tuple.
    fn for_iter_tuple_store(f, ip, sp, ts) {
        let it: *mut TupleIter = (*sp.sub(1)).object().cast();
        if R || (*it).ob_base.ob_type != tuple_iterator_type() {
            return iter::for_iter_tuple::<R>(f, ip, sp, ts);
        }
        let tuple = (*it).it_seq;
        if tuple.is_null() || (*it).it_index as usize >= Tuple::len(tuple) {
            return iter::for_iter_tuple::<R>(f, ip, sp, ts);
        }
        let item = StackRef::new(Tuple::item(tuple, (*it).it_index as usize));
        (*it).it_index += 1;
        store_item!(f, ip, sp, ts, item)
    }

    fn load_global_module_load_fast_borrow(f, ip, sp, ts) {
        if R {
            return global::load_global_module::<R>(f, ip, sp, ts);
        }
        let value = module_value!(f, ip, sp, ts);
        let top = push_value!(ip, sp, value);
        *top = (*local(f, (*ip.add(5)).a)).borrow();
        go::<R>(f, ip.add(6), top.add(1), ts)
    }

    fn load_global_builtin_load_fast_borrow(f, ip, sp, ts) {
        if R {
            return global::load_global_builtin::<R>(f, ip, sp, ts);
        }
        let value = builtin_value!(f, ip, sp, ts);
        let top = push_value!(ip, sp, value);
        *top = (*local(f, (*ip.add(5)).a)).borrow();
        go::<R>(f, ip.add(6), top.add(1), ts)
    }
}

/// Pairs: the first one's handler, the second one's, and what does both.
fn pair(first: usize, second: usize) -> Option<Handler> {
    macro_rules! pairs {
        ($($first:ident, $second:ident => $both:ident;)*) => {{
            let pairs: &[(Handler, Handler, Handler)] =
                &[$(($first::<false>, $second::<false>, $both::<false>),)*];
            pairs.iter().find(|p| p.0 as usize == first && p.1 as usize == second).map(|p| p.2)
        }};
    }
    use global::{load_global_builtin, load_global_module};
    use iter::unpack_sequence;
    use jump::{pop_jump_if_false, pop_jump_if_true};
    use locals::{
        copy, load_borrowed_const, load_deref, load_fast_borrow, load_fast_borrow_load_fast_borrow, pop_top, push_null,
        store_fast, store_fast_store_fast, swap,
    };
    use unary::to_bool;
    pairs! {
        copy, copy => copy_twice;
        swap, swap => swap_twice;
        unpack_sequence, store_fast_store_fast => unpack_sequence_store_fast_store_fast;
        store_fast, load_fast_borrow => store_fast_load_fast_borrow;
        store_fast, load_fast_borrow_load_fast_borrow => store_fast_load_fast_borrow_load_fast_borrow;
        store_fast, load_borrowed_const => store_fast_load_borrowed_const;
        load_fast_borrow, load_borrowed_const => load_fast_borrow_load_borrowed_const;
        load_fast_borrow, load_fast_borrow => load_fast_borrow_twice;
        load_fast_borrow, push_null => load_fast_borrow_push_null;
        load_fast_borrow, return_value => load_fast_borrow_return_value;
        load_borrowed_const, return_value => load_borrowed_const_return_value;
        pop_top, load_fast_borrow => pop_top_load_fast_borrow;
        pop_top, load_borrowed_const => pop_top_load_borrowed_const;
        load_deref, load_fast_borrow => load_deref_load_fast_borrow;
        pop_jump_if_false, load_fast_borrow => pop_jump_if_false_load_fast_borrow;
        pop_jump_if_true, load_fast_borrow => pop_jump_if_true_load_fast_borrow;
        load_global_module, load_fast_borrow => load_global_module_load_fast_borrow;
        load_global_builtin, load_fast_borrow => load_global_builtin_load_fast_borrow;
        to_bool, pop_jump_if_false => to_bool_pop_jump_if_false;
        to_bool, pop_jump_if_true => to_bool_pop_jump_if_true;
        load_fast_borrow, to_bool_pop_jump_if_false => load_fast_borrow_to_bool_pop_jump_if_false;
        load_fast_borrow, to_bool_pop_jump_if_true => load_fast_borrow_to_bool_pop_jump_if_true;
    }
}

/// Whether pairs begin with this instruction, or there are copies for it.
fn comes_first(base: BaseOp) -> bool {
    matches!(
        base.opcode,
        op::LOAD_FAST_BORROW
            | op::LOAD_FAST_BORROW_LOAD_FAST_BORROW
            | op::LOAD_CONST
            | op::LOAD_SMALL_INT
            | op::LOAD_DEREF
            | op::LOAD_GLOBAL
            | op::STORE_FAST
            | op::POP_TOP
            | op::POP_JUMP_IF_FALSE
            | op::POP_JUMP_IF_TRUE
            | op::TO_BOOL
            | op::COPY
            | op::SWAP
    ) || base.opcode == op::UNPACK_SEQUENCE && base.oparg == 2
}

/// Goes through code that has become warm: makes superinstructions, takes copies of handlers, and lets its counters run on
/// until it is hot.
///
/// # Safety
/// Live code that has not been gone through.
pub(crate) unsafe fn combine(code: *mut Tier1Code) {
    // SAFETY: the caller's; instructions lie within the code.
    unsafe {
        (*code).is_warm = true;
        let (back_edges, entries) = entry::hot_thresholds();
        (*code).entry_counter += entries - first_count(entries);
        // Backwards, because what comes second may be a pair itself.
        for at in (0..(*code).len()).rev() {
            let (base, ip) = ((*code).base_op(at), Tier1Code::inst(code, at));
            if base.opcode == op::JUMP_BACKWARD && base.len != 0 {
                (*ip.add(1)).a += back_edges - first_count(back_edges);
            } else if comes_first(base) && base.len != 0 {
                let not_taken = matches!(base.opcode, op::POP_JUMP_IF_FALSE | op::POP_JUMP_IF_TRUE) as usize;
                let second = at + base.len as usize + not_taken;
                if second < (*code).len()
                    && let Some(both) = pair((*ip).word, (*Tier1Code::inst(code, second)).word)
                {
                    (*ip).word = both as usize;
                } else {
                    let next = (*code).base_op_if_any(at + base.len as usize);
                    (*ip).word = copies::copy_for((*ip).word, next.opcode);
                }
            }
        }
    }
}
