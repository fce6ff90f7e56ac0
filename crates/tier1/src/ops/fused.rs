//! Pairs of instructions done by the first one's handler.
//!
//! The second instruction stays as it is, for jumps to it and for recording, in which only the first is done.
//! What a pair knows that its parts do not: a result goes straight into a variable, whose old value dies, so the
//! old object can become the new one; an operand comes straight from a variable or constant.

use cpython::abi::*;

use super::float::{both_float, float_value};
use super::int::{both_digits, digit, wide_operation};
use super::{float, int, iter, locals};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{BaseOp, Handler, Inst, Tier1Code};

/// The number object a variable alone holds; null if it is none of that type or somebody else refers to it.
/// No stack entry refers to it either: the compiler lends a variable's value to the stack only where the
/// variable keeps it as long.
#[inline(always)]
unsafe fn sole_number(slot: *mut StackRef, ty: *mut Type) -> *mut Object {
    // SAFETY: a live slot.
    unsafe {
        let old = *slot;
        if old.is_counted() && (*old.object()).ob_type == ty && (*old.object()).ob_refcnt == 1 {
            old.object()
        } else {
            core::ptr::null_mut()
        }
    }
}

/// Float arithmetic whose result goes into a variable.
macro_rules! float_store {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $plain:path, |$a:ident, $b:ident| $value:expr) => {{
        if R {
            return $plain($f, $ip, $sp, $ts);
        }
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if !both_float(l.object(), r.object()) || l.0 & r.0 & TAG_REFCNT == 0 {
            return $plain($f, $ip, $sp, $ts);
        }
        let ($a, $b) = (float_value(l.object()), float_value(r.object()));
        let target = sole_number(local($f, (*$ip.add(6)).a), float_type());
        if target.is_null() {
            return $plain($f, $ip, $sp, $ts);
        }
        (*target.cast::<Float>()).ob_fval = $value;
        go::<R>($f, $ip.add(7), $sp.sub(2), $ts)
    }};
}

/// Int arithmetic whose result goes into a variable.
macro_rules! int_store {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $plain:path, |$a:ident, $b:ident| $value:expr) => {{
        if R {
            return $plain($f, $ip, $sp, $ts);
        }
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if l.0 & r.0 & TAG_REFCNT == 0 {
            return $plain($f, $ip, $sp, $ts);
        }
        if !both_digits(l.object(), r.object()) {
            return wide_store::<R>($f, $ip, $sp, $ts);
        }
        let ($a, $b) = (digit(l.object()), digit(r.object()));
        let value: i64 = $value;
        // Small ints are shared, so the variable's old object cannot become one.
        if !((SMALL_INT_POSITIVE as i64)..1 << LONG_SHIFT).contains(&value) {
            return $plain($f, $ip, $sp, $ts);
        }
        let target: *mut Long = sole_number(local($f, (*$ip.add(6)).a), long_type()).cast();
        if target.is_null() || (*target).lv_tag >= LONG_COMPACT_LIMIT {
            return $plain($f, $ip, $sp, $ts);
        }
        (*target).lv_tag = 1 << LONG_NON_SIZE_BITS;
        (*target).ob_digit[0] = value as u32;
        go::<R>($f, $ip.add(7), $sp.sub(2), $ts)
    }};
}

/// Arithmetic of the top of the stack and an operand that is only lent: a variable's value or a constant.
/// On a miss the operand is pushed and the arithmetic instruction itself tried.
macro_rules! with_right {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $right:expr, $plain:path, $kind:ident, |$a:ident, $b:ident| $value:expr) => {{
        if R {
            return $plain($f, $ip, $sp, $ts);
        }
        let l = *$sp.sub(1);
        let r: *mut Object = $right;
        $kind!($f, $ip, $sp, $ts, l, r, $sp.sub(1), $plain, |$a, $b| $value)
    }};
}

/// Arithmetic of two variables' values.
macro_rules! with_both {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $plain:path, $kind:ident, |$a:ident, $b:ident| $value:expr) => {{
        if R {
            return $plain($f, $ip, $sp, $ts);
        }
        let pair = (*$ip).a;
        let l = (*local($f, pair >> 4)).borrow();
        let r = (*local($f, pair & 15)).object();
        $kind!($f, $ip, $sp, $ts, l, r, $sp, $plain, |$a, $b| $value)
    }};
}

/// `$out` gets the sum, or whatever it is, of the floats `$l` and `$r`; `$r` is lent.
macro_rules! floats {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $l:ident, $r:ident, $out:expr, $plain:path, |$a:ident, $b:ident| $value:expr) => {{
        if !both_float($l.object(), $r) {
            return $plain($f, $ip, $sp, $ts);
        }
        let ($a, $b) = (float_value($l.object()), float_value($r));
        let value: f64 = $value;
        if $l.is_counted() {
            if (*$l.object()).ob_refcnt != 1 {
                return $plain($f, $ip, $sp, $ts);
            }
            (*$l.object().cast::<Float>()).ob_fval = value;
            return go::<R>($f, $ip.add(7), $out.add(1), $ts);
        }
        let op = float::fresh_float($ts);
        if op.is_null() {
            return $plain($f, $ip, $sp, $ts);
        }
        (*op.cast::<Float>()).ob_fval = value;
        *$out = StackRef::steal_mortal(op);
        go::<R>($f, $ip.add(7), $out.add(1), $ts)
    }};
}

/// As `floats`, for non-negative compact ints.
macro_rules! ints {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $l:ident, $r:ident, $out:expr, $plain:path, |$a:ident, $b:ident| $value:expr) => {{
        if !both_digits($l.object(), $r) {
            return $plain($f, $ip, $sp, $ts);
        }
        let ($a, $b) = (digit($l.object()), digit($r));
        let value: i64 = $value;
        if $l.is_counted() {
            if (*$l.object()).ob_refcnt != 1 {
                return $plain($f, $ip, $sp, $ts);
            }
            if is_small_int(value) {
                let list = &raw mut (*(*$ts).interp).free_ints;
                if !free_lists_usable() || !free_list_push(list, $l.object(), INTS_MAXFREELIST) {
                    return $plain($f, $ip, $sp, $ts);
                }
                *$out = small_int_ref(value);
                return go::<R>($f, $ip.add(7), $out.add(1), $ts);
            }
            if value as u64 >= 1 << LONG_SHIFT {
                return $plain($f, $ip, $sp, $ts);
            }
            let long: *mut Long = $l.object().cast();
            (*long).lv_tag = 1 << LONG_NON_SIZE_BITS;
            (*long).ob_digit[0] = value as u32;
            return go::<R>($f, $ip.add(7), $out.add(1), $ts);
        }
        if is_small_int(value) {
            *$out = small_int_ref(value);
            return go::<R>($f, $ip.add(7), $out.add(1), $ts);
        }
        if value as u64 >= 1 << LONG_SHIFT {
            return $plain($f, $ip, $sp, $ts);
        }
        let op = int::fresh_int($ts);
        if op.is_null() {
            return $plain($f, $ip, $sp, $ts);
        }
        (*op.cast::<Long>()).lv_tag = 1 << LONG_NON_SIZE_BITS;
        (*op.cast::<Long>()).ob_digit[0] = value as u32;
        *$out = StackRef::steal_mortal(op);
        go::<R>($f, $ip.add(7), $out.add(1), $ts)
    }};
}

/// As `ints`, for `%`: the right operand must not be zero.
macro_rules! int_remainder {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $l:ident, $r:ident, $out:expr, $plain:path, |$a:ident, $b:ident| $value:expr) => {{
        if !both_digits($l.object(), $r) || digit($r) == 0 {
            return $plain($f, $ip, $sp, $ts);
        }
        ints!($f, $ip, $sp, $ts, $l, $r, $out, $plain, |$a, $b| {
            let divisor = $b as u32;
            // Checked above, but the compiler does not see it through the memory in between.
            if divisor == 0 { 0 } else { ($a as u32 % divisor) as i64 }
        })
    }};
}

handlers! {
    /// `for x in range(...)`.
    fn for_iter_range_store(f, ip, sp, ts) {
        if R {
            return iter::for_iter_range::<R>(f, ip, sp, ts);
        }
        let it: *mut RangeIter = (*sp.sub(1)).object().cast();
        if (*it).ob_base.ob_type != range_iterator_type() || (*it).len <= 0 {
            return iter::for_iter_range::<R>(f, ip, sp, ts);
        }
        let value = (*it).start;
        if !((SMALL_INT_POSITIVE as i64)..1 << LONG_SHIFT).contains(&value) {
            return iter::for_iter_range::<R>(f, ip, sp, ts);
        }
        let target: *mut Long = sole_number(local(f, (*ip.add(2)).a), long_type()).cast();
        if target.is_null() || (*target).lv_tag >= LONG_COMPACT_LIMIT {
            return iter::for_iter_range::<R>(f, ip, sp, ts);
        }
        (*target).lv_tag = 1 << LONG_NON_SIZE_BITS;
        (*target).ob_digit[0] = value as u32;
        (*it).start = value.wrapping_add((*it).step);
        (*it).len -= 1;
        go::<R>(f, ip.add(3), sp, ts)
    }

    fn add_float_store(f, ip, sp, ts) {
        float_store!(f, ip, sp, ts, float::add_float::<R>, |a, b| a + b)
    }

    fn subtract_float_store(f, ip, sp, ts) {
        float_store!(f, ip, sp, ts, float::subtract_float::<R>, |a, b| a - b)
    }

    fn multiply_float_store(f, ip, sp, ts) {
        float_store!(f, ip, sp, ts, float::multiply_float::<R>, |a, b| a * b)
    }

    fn add_int_store(f, ip, sp, ts) {
        int_store!(f, ip, sp, ts, int::add_int::<R>, |a, b| a + b)
    }

    fn subtract_int_store(f, ip, sp, ts) {
        int_store!(f, ip, sp, ts, int::subtract_int::<R>, |a, b| a - b)
    }

    fn multiply_int_store(f, ip, sp, ts) {
        int_store!(f, ip, sp, ts, int::multiply_int::<R>, |a, b| a.wrapping_mul(b))
    }

    fn local_add_float(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, (*local(f, (*ip).a)).object(), locals::load_fast_borrow::<R>, floats, |a, b| a + b)
    }

    fn local_subtract_float(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, (*local(f, (*ip).a)).object(), locals::load_fast_borrow::<R>, floats, |a, b| a - b)
    }

    fn local_multiply_float(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, (*local(f, (*ip).a)).object(), locals::load_fast_borrow::<R>, floats, |a, b| a * b)
    }

    fn local_add_int(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, (*local(f, (*ip).a)).object(), locals::load_fast_borrow::<R>, ints, |a, b| a + b)
    }

    fn local_subtract_int(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, (*local(f, (*ip).a)).object(), locals::load_fast_borrow::<R>, ints, |a, b| a - b)
    }

    fn local_multiply_int(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, (*local(f, (*ip).a)).object(), locals::load_fast_borrow::<R>, ints, |a, b| a.wrapping_mul(b))
    }

    fn const_add_int(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, StackRef((*ip).imm()).object(), locals::load_const::<R>, ints, |a, b| a + b)
    }

    fn const_subtract_int(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, StackRef((*ip).imm()).object(), locals::load_const::<R>, ints, |a, b| a - b)
    }

    fn const_multiply_int(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, StackRef((*ip).imm()).object(), locals::load_const::<R>, ints, |a, b| a.wrapping_mul(b))
    }

    fn const_remainder_int(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, StackRef((*ip).imm()).object(), locals::load_const::<R>, int_remainder, |a, b| 0)
    }

    fn const_add_float(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, StackRef((*ip).imm()).object(), locals::load_const::<R>, floats, |a, b| a + b)
    }

    fn const_multiply_float(f, ip, sp, ts) {
        with_right!(f, ip, sp, ts, StackRef((*ip).imm()).object(), locals::load_const::<R>, floats, |a, b| a * b)
    }

    fn locals_add_float(f, ip, sp, ts) {
        with_both!(f, ip, sp, ts, locals::load_fast_borrow_load_fast_borrow::<R>, floats, |a, b| a + b)
    }

    fn locals_subtract_float(f, ip, sp, ts) {
        with_both!(f, ip, sp, ts, locals::load_fast_borrow_load_fast_borrow::<R>, floats, |a, b| a - b)
    }

    fn locals_multiply_float(f, ip, sp, ts) {
        with_both!(f, ip, sp, ts, locals::load_fast_borrow_load_fast_borrow::<R>, floats, |a, b| a * b)
    }

    fn locals_add_int(f, ip, sp, ts) {
        with_both!(f, ip, sp, ts, locals::load_fast_borrow_load_fast_borrow::<R>, ints, |a, b| a + b)
    }

    fn locals_subtract_int(f, ip, sp, ts) {
        with_both!(f, ip, sp, ts, locals::load_fast_borrow_load_fast_borrow::<R>, ints, |a, b| a - b)
    }

    fn locals_multiply_int(f, ip, sp, ts) {
        with_both!(f, ip, sp, ts, locals::load_fast_borrow_load_fast_borrow::<R>, ints, |a, b| a.wrapping_mul(b))
    }

    /// `list[i]`, both variables.
    fn locals_subscr_list_int(f, ip, sp, ts) {
        if R {
            return locals::load_fast_borrow_load_fast_borrow::<R>(f, ip, sp, ts);
        }
        let pair = (*ip).a;
        let list = (*local(f, pair >> 4)).object();
        let key = (*local(f, pair & 15)).object();
        if (*key).ob_type != long_type()
            || (*key.cast::<Long>()).lv_tag & !int::NON_NEGATIVE_TAG != 0
            || (*list).ob_type != list_type()
            || digit(key) as usize >= List::len(list.cast())
        {
            return locals::load_fast_borrow_load_fast_borrow::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::new(List::item(list.cast(), digit(key) as usize));
        go::<R>(f, ip.add(7), sp.add(1), ts)
    }
}

continuations! {
    /// Ints of more than one digit, whose sum replaces that of a variable: it is overwritten if it is as long.
    fn wide_store(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let target: *mut Long = sole_number(local(f, (*ip.add(6)).a), long_type()).cast();
        if target.is_null()
            || (*l.object()).ob_type != long_type()
            || (*r.object()).ob_type != long_type()
            || Long::digit_count(target) != 2
        {
            return int::int_out_of_line::<R>(f, ip, sp, ts);
        }
        let (Some(a), Some(b)) = (Long::to_i64(l.object().cast()), Long::to_i64(r.object().cast())) else {
            return int::int_out_of_line::<R>(f, ip, sp, ts);
        };
        let Some(value) = wide_operation(special::plain_operator(base(ip).oparg), a, b) else {
            return int::int_out_of_line::<R>(f, ip, sp, ts);
        };
        let magnitude = value.unsigned_abs();
        if magnitude >> LONG_SHIFT == 0 || magnitude >> (2 * LONG_SHIFT) != 0 {
            return int::int_out_of_line::<R>(f, ip, sp, ts);
        }
        let digits = (&raw mut (*target).ob_digit).cast::<u32>();
        *digits = magnitude as u32 & ((1 << LONG_SHIFT) - 1);
        *digits.add(1) = (magnitude >> LONG_SHIFT) as u32;
        (*target).lv_tag = 2 << LONG_NON_SIZE_BITS | if value < 0 { 2 } else { 0 };
        // Ints die unobserved.
        l.close();
        r.close();
        go::<R>(f, ip.add(7), sp.sub(2), ts)
    }
}

/// What kind of operands an arithmetic instruction is specialized to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operands {
    Int,
    Float,
    ListInt,
    Other,
}

/// The version that stores the result of an arithmetic instruction in a variable.
pub(crate) fn store_version(operation: u32, operands: Operands) -> Option<Handler> {
    Some(match (operation, operands) {
        (nb::ADD, Operands::Int) => add_int_store::<false>,
        (nb::SUBTRACT, Operands::Int) => subtract_int_store::<false>,
        (nb::MULTIPLY, Operands::Int) => multiply_int_store::<false>,
        (nb::ADD, Operands::Float) => add_float_store::<false>,
        (nb::SUBTRACT, Operands::Float) => subtract_float_store::<false>,
        (nb::MULTIPLY, Operands::Float) => multiply_float_store::<false>,
        _ => return None,
    })
}

/// The version of an instruction that loads operands, followed by an arithmetic one.
fn load_version(load: BaseOp, operation: u32, operands: Operands) -> Option<Handler> {
    use Operands::{Float, Int, ListInt};
    let none: Option<Handler> = None;
    match load.opcode {
        op::LOAD_FAST_BORROW => match (operation, operands) {
            (nb::ADD, Int) => Some(local_add_int::<false>),
            (nb::SUBTRACT, Int) => Some(local_subtract_int::<false>),
            (nb::MULTIPLY, Int) => Some(local_multiply_int::<false>),
            (nb::ADD, Float) => Some(local_add_float::<false>),
            (nb::SUBTRACT, Float) => Some(local_subtract_float::<false>),
            (nb::MULTIPLY, Float) => Some(local_multiply_float::<false>),
            _ => none,
        },
        op::LOAD_SMALL_INT | op::LOAD_CONST => match (operation, operands) {
            (nb::ADD, Int) => Some(const_add_int::<false>),
            (nb::SUBTRACT, Int) => Some(const_subtract_int::<false>),
            (nb::MULTIPLY, Int) => Some(const_multiply_int::<false>),
            (nb::REMAINDER, Int) => Some(const_remainder_int::<false>),
            (nb::ADD, Float) => Some(const_add_float::<false>),
            (nb::MULTIPLY, Float) => Some(const_multiply_float::<false>),
            _ => none,
        },
        op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => match (operation, operands) {
            (nb::ADD, Int) => Some(locals_add_int::<false>),
            (nb::SUBTRACT, Int) => Some(locals_subtract_int::<false>),
            (nb::MULTIPLY, Int) => Some(locals_multiply_int::<false>),
            (nb::ADD, Float) => Some(locals_add_float::<false>),
            (nb::SUBTRACT, Float) => Some(locals_subtract_float::<false>),
            (nb::MULTIPLY, Float) => Some(locals_multiply_float::<false>),
            (nb::SUBSCR, ListInt) => Some(locals_subscr_list_int::<false>),
            _ => none,
        },
        _ => none,
    }
}

/// Adapts the instruction before the arithmetic one at `ip` to what that one was specialized to: the pair is
/// fused, or no longer is. A result that goes into a variable is better fused with that.
pub(crate) unsafe fn fuse_with_load(ip: *mut Inst, operands: Operands) {
    // SAFETY: instructions of one code object; the one before this has one unit, as all that are looked for.
    unsafe {
        let code = Tier1Code::of(ip);
        let offset = (*ip).b as usize;
        let (Some(before), arithmetic) = (offset.checked_sub(1), (*code).base_op(offset)) else { return };
        let load = (*code).base_op(before);
        let plain: Handler = match load.opcode {
            op::LOAD_FAST_BORROW => locals::load_fast_borrow::<false>,
            op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => locals::load_fast_borrow_load_fast_borrow::<false>,
            op::LOAD_CONST if StackRef((*ip.sub(1)).imm()).is_counted() => locals::load_const::<false>,
            op::LOAD_SMALL_INT | op::LOAD_CONST => locals::load_borrowed_const::<false>,
            _ => return,
        };
        let operation = special::plain_operator(arithmetic.oparg);
        let stores = behind(code, offset).opcode == op::STORE_FAST && store_version(operation, operands).is_some();
        let fused = if stores { None } else { load_version(load, operation, operands) };
        (*ip.sub(1)).word = fused.unwrap_or(plain) as usize;
    }
}

/// The instruction behind an arithmetic one.
pub(crate) unsafe fn behind(code: *mut Tier1Code, offset: usize) -> BaseOp {
    // SAFETY: live code.
    unsafe { (*code).base_op_if_any(offset + 6) }
}
