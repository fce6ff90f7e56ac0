//! Comparisons.

use cpython::abi::*;

use super::float::{both_float, float_value};
use super::int::{both_digits, digit};
use super::jump::branch_not_select;
use super::special::{self, CONTAINS, Operation, enter_method, enter_special_of};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{BaseOp, Handler, Tier1Code};

/// `Py_EQ` and `Py_NE`, which `COMPARE_OP` has above its flag bits.
mod cmp {
    pub const EQ: u32 = 2;
    pub const NE: u32 = 3;
}

/// Whether an argument of `COMPARE_OP` says `==` or `!=`.
fn is_equality(oparg: u32) -> bool {
    matches!(oparg >> 5, cmp::EQ | cmp::NE)
}

/// Which of four outcomes a comparison has: the bit of that number is set in `COMPARE_OP`'s argument if it holds then.
const fn outcome(unordered: bool, greater: bool, less: bool) -> u32 {
    if unordered {
        0
    } else if less {
        1
    } else if greater {
        2
    } else {
        3
    }
}

/// As [`outcome`].
#[inline(always)]
fn outcome_of_ints(a: i64, b: i64) -> u32 {
    1 + (a >= b) as u32 + (a == b) as u32
}

/// Whether one of these outcomes is this one.
#[inline(always)]
fn includes(outcomes: u32, outcome: u32) -> bool {
    outcomes >> outcome & 1 != 0
}

/// The outcomes of a comparison with this argument upon which the jump behind it jumps.
pub(crate) fn outcomes_that_jump(oparg: u32, if_true: bool) -> u32 {
    (if if_true { oparg } else { !oparg }) & 15
}

/// The version to try first. A comparison whose bool is only jumped on does the jump itself.
pub(crate) fn select(base: BaseOp, next: u8) -> Handler {
    match next {
        op::POP_JUMP_IF_FALSE | op::POP_JUMP_IF_TRUE if base.oparg & 16 != 0 => compare_int_jump::<false>,
        _ if base.oparg & 15 != 0 => compare_int::<false>,
        _ => compare_any::<false>,
    }
}

/// The version for operands of these types, keeping to the jumping or not jumping kind.
unsafe fn version_for(next: u8, l: *mut Object, r: *mut Object, oparg: u32) -> Handler {
    // SAFETY: both are live objects.
    unsafe {
        let (lt, rt) = ((*l).ob_type, (*r).ob_type);
        let jumps = oparg & 16 != 0 && matches!(next, op::POP_JUMP_IF_FALSE | op::POP_JUMP_IF_TRUE);
        if lt == long_type() && rt == lt {
            if jumps { compare_int_jump::<false> } else { compare_int::<false> }
        } else if lt == float_type() && rt == lt {
            if jumps { compare_float_jump::<false> } else { compare_float::<false> }
        } else if lt == str_type() && rt == lt && is_equality(oparg) {
            if jumps { compare_str_jump::<false> } else { compare_str::<false> }
        } else if lt == str_type() && rt == lt {
            if jumps { order_str_jump::<false> } else { order_str::<false> }
        } else if !special::find(Operation::new(op::COMPARE_OP, oparg >> 5), l, r).is_null() {
            special::compare_special::<false>
        } else {
            compare_any::<false>
        }
    }
}

/// Releases both operands if that can be done without a call; false, with nothing done, if not.
#[inline(always)]
unsafe fn release_operands(l: StackRef, r: StackRef, list: *mut FreeList, max: usize) -> bool {
    // SAFETY: the operands are ints, or floats, as is the list.
    unsafe {
        if l.0 & r.0 & TAG_REFCNT != 0 {
            return true;
        }
        if (l.0 | r.0) & TAG_REFCNT == 0 {
            return false;
        }
        let op = (if l.is_counted() { l } else { r }).object();
        if (*op).ob_refcnt != 1 {
            (*op).ob_refcnt = (*op).ob_refcnt.wrapping_sub(1);
            return true;
        }
        free_lists_usable() && free_list_push(list, op, max)
    }
}

macro_rules! jump_on {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $outcome:expr) => {{
        // The cache unit says which outcomes jump, and how far to go if it does not.
        let (jumping, behind) = ((*$ip.add(1)).a, (*$ip.add(1)).b);
        if includes(jumping, $outcome) {
            branch_not_select();
            let jump = $ip.add(2);
            return go::<R>($f, jump.add((*jump).a as usize), $sp.sub(2), $ts);
        }
        go::<R>($f, $ip.add(behind as usize), $sp.sub(2), $ts)
    }};
}

/// The version of `in` for containers of this type.
fn contains_version_for(ty: *mut Type) -> Handler {
    if is_set(ty) {
        contains_set::<false>
    } else if is_dict(ty) {
        contains_dict::<false>
    } else if is_str(ty) {
        contains_str::<false>
    // SAFETY: a live type.
    } else if unsafe { !Type::has_flag(ty, TPFLAGS_HEAPTYPE) && sq_contains(ty) != 0 } {
        contains_by_c::<false>
    } else {
        contains_op::<false>
    }
}

/// A type's own search, or zero.
#[inline(always)]
unsafe fn sq_contains(ty: *mut Type) -> usize {
    // SAFETY: a live type.
    unsafe {
        let methods = (*ty).tp_as_sequence;
        if methods.is_null() { 0 } else { (*methods).sq_contains as usize }
    }
}

type SearchFn = unsafe extern "C" fn(*mut Object, *mut Object) -> i32;

fn is_set(ty: *mut Type) -> bool {
    ty == PySet_Type() || ty == PyFrozenSet_Type()
}

fn is_dict(ty: *mut Type) -> bool {
    ty == dict_type()
}

fn is_str(ty: *mut Type) -> bool {
    ty == str_type()
}

/// `in` and `not in` by the search for containers of a type, if this is one.
macro_rules! search_in {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $is_of_type:ident, $search:ident) => {{
        let (l, r) = ((*$sp.sub(2)).object(), (*$sp.sub(1)).object());
        if !$is_of_type((*r).ob_type) {
            return contains_miss::<R>($f, $ip, $sp, $ts);
        }
        save($f, $ip, $sp);
        searched!($f, $ip, $sp, $ts, $search(r, l))
    }};
}

/// Ends `in` and `not in` with what the search found; the frame is saved.
macro_rules! searched {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $search:expr) => {{
        let found: i32 = $search;
        if found < 0 {
            return close_and_raise::<R>($f, $ip, $sp, $ts, $sp.sub(2));
        }
        replace_top::<R, 2, 2>($ip, $ts, bool_ref((found != 0) != ((*$ip).a != 0)))
    }};
}

handlers! {
    fn compare_int(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !both_digits(l.object(), r.object()) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        let a = digit(l.object());
        let b = digit(r.object());
        let holds = includes((*ip).a, outcome_of_ints(a, b));
        if !release_operands(l, r, &raw mut (*(*ts).interp).free_ints, INTS_MAXFREELIST) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        *sp.sub(2) = bool_ref(holds);
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn compare_int_jump(f, ip, sp, ts) {
        if R {
            return compare_int::<R>(f, ip, sp, ts);
        }
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !both_digits(l.object(), r.object()) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        let a = digit(l.object());
        let b = digit(r.object());
        if !release_operands(l, r, &raw mut (*(*ts).interp).free_ints, INTS_MAXFREELIST) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        jump_on!(f, ip, sp, ts, outcome_of_ints(a, b))
    }

    fn compare_float(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !both_float(l.object(), r.object()) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        let (a, b) = (float_value(l.object()), float_value(r.object()));
        if !release_operands(l, r, &raw mut (*(*ts).interp).free_floats, FLOATS_MAXFREELIST) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        let holds = includes((*ip).a, outcome(a.is_nan() || b.is_nan(), a > b, a < b));
        *sp.sub(2) = bool_ref(holds);
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn compare_float_jump(f, ip, sp, ts) {
        if R {
            return compare_float::<R>(f, ip, sp, ts);
        }
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !both_float(l.object(), r.object()) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        let (a, b) = (float_value(l.object()), float_value(r.object()));
        if !release_operands(l, r, &raw mut (*(*ts).interp).free_floats, FLOATS_MAXFREELIST) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        jump_on!(f, ip, sp, ts, outcome(a.is_nan() || b.is_nan(), a > b, a < b))
    }

    fn compare_str(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let Some(equal) = equal_at_sight(l, r) else {
            return compare_str_out_of_line::<R>(f, ip, sp, ts);
        };
        *sp.sub(2) = bool_ref(equal == ((*ip).a >> 5 == cmp::EQ));
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn compare_str_jump(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let equal = if R { None } else { equal_at_sight(l, r) };
        let Some(equal) = equal else {
            return compare_str_out_of_line::<R>(f, ip, sp, ts);
        };
        // For `!=`, unequal is any outcome but this.
        jump_on!(f, ip, sp, ts, if equal { outcome(false, false, false) } else { outcome(false, false, true) })
    }

    /// Two strings by `<` and its like.
    fn order_str(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let Some(outcome) = order_at_sight(l, r) else {
            return compare_str_out_of_line::<R>(f, ip, sp, ts);
        };
        *sp.sub(2) = bool_ref(includes((*ip).a, outcome));
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn order_str_jump(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let outcome = if R { None } else { order_at_sight(l, r) };
        let Some(outcome) = outcome else {
            return compare_str_out_of_line::<R>(f, ip, sp, ts);
        };
        jump_on!(f, ip, sp, ts, outcome)
    }

    /// Operands whose types have no version of their own.
    fn compare_any(f, ip, sp, ts) {
        let (lt, rt) = ((*(*sp.sub(2)).object()).ob_type, (*(*sp.sub(1)).object()).ob_type);
        if (*ip.add(1)).word == pair_of(lt, rt) && (*lt).tp_version_tag != 0 {
            if compares_identity(lt) && compares_identity(rt) {
                return compare_identity::<R>(f, ip, sp, ts);
            }
            return compare_by_c::<R>(f, ip, sp, ts);
        }
        if lt == rt && (lt == long_type() || lt == float_type() || lt == str_type()) {
            return compare_miss::<R>(f, ip, sp, ts);
        }
        if (lt == float_type() && rt == long_type()) || (lt == long_type() && rt == float_type()) {
            return compare_numbers::<R>(f, ip, sp, ts);
        }
        compare_objects::<R>(f, ip, sp, ts)
    }

    fn is_op(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let same = core::ptr::eq(l.object(), r.object());
        if l.0 & r.0 & TAG_REFCNT == 0 {
            return is_op_owned::<R>(f, ip, sp, ts);
        }
        *sp.sub(2) = bool_ref(same != ((*ip).a != 0));
        go::<R>(f, ip.add(1), sp.sub(1), ts)
    }

    fn contains_op(f, ip, sp, ts) {
        contains_miss::<R>(f, ip, sp, ts)
    }

    /// Containers of other types written in C: the cache unit has their function.
    fn contains_by_c(f, ip, sp, ts) {
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let search = sq_contains((*r).ob_type);
        if search == 0 || search != (*ip.add(1)).word {
            return contains_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        searched!(f, ip, sp, ts, core::mem::transmute::<usize, SearchFn>(search)(r, l))
    }

    fn contains_set(f, ip, sp, ts) {
        contains_set_out_of_line::<R>(f, ip, sp, ts)
    }

    fn contains_dict(f, ip, sp, ts) {
        contains_dict_out_of_line::<R>(f, ip, sp, ts)
    }

    fn contains_str(f, ip, sp, ts) {
        contains_str_out_of_line::<R>(f, ip, sp, ts)
    }
}

/// The versions of two types as one number, by which a comparison remembers them.
#[inline(always)]
unsafe fn pair_of(lt: *mut Type, rt: *mut Type) -> usize {
    // SAFETY: live types.
    unsafe { (*lt).tp_version_tag as usize | ((*rt).tp_version_tag as usize) << 32 }
}

/// Whether this is a type that comparisons have versions for of any two of.
fn is_number(ty: *mut Type) -> bool {
    ty == long_type() || ty == float_type()
}

/// Whether objects of a type compare as `object` has it.
#[inline(always)]
unsafe fn compares_identity(ty: *mut Type) -> bool {
    // SAFETY: a live type.
    unsafe { (*ty).tp_richcompare.map(|f| f as usize) == (*PyBaseObject_Type()).tp_richcompare.map(|f| f as usize) }
}

continuations! {
    /// Objects that compare as `object` has it: equal is what is the same, and there is no order.
    fn compare_identity(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !is_equality((*ip).a) || l.0 & r.0 & TAG_REFCNT == 0 && (dies_with(l) || dies_with(r) || l.0 == r.0) {
            return compare_by_c::<R>(f, ip, sp, ts);
        }
        l.close_shared();
        r.close_shared();
        let same = core::ptr::eq(l.object(), r.object());
        *sp.sub(2) = bool_ref(same == ((*ip).a >> 5 == cmp::EQ));
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }
}

/// Whether two strings are equal, if neither is released by that and their identities, headers or first characters
/// tell.
#[inline(always)]
unsafe fn equal_at_sight(l: StackRef, r: StackRef) -> Option<bool> {
    // SAFETY: live objects; types are compared before anything else is read.
    unsafe {
        let (a, b) = (l.object(), r.object());
        if (*a).ob_type != str_type() || (*b).ob_type != str_type() || l.0 & r.0 & TAG_REFCNT == 0 {
            return None;
        }
        if core::ptr::eq(a, b) {
            return Some(true);
        }
        let (a, b): (*mut AsciiStr, *mut AsciiStr) = (a.cast(), b.cast());
        if (*a).length != (*b).length {
            return Some(false);
        }
        if (*a).state & (*b).state & STR_ASCII == 0 {
            return None;
        }
        // An empty string has a first character, too: the terminator.
        let (first, other) = (*a.add(1).cast::<u8>(), *b.add(1).cast::<u8>());
        if first != other {
            return Some(false);
        }
        ((*a).length == 1).then_some(true)
    }
}

/// The outcome of comparing two strings by their order, if neither is released by that and their identities or first
/// characters tell.
#[inline(always)]
unsafe fn order_at_sight(l: StackRef, r: StackRef) -> Option<u32> {
    // SAFETY: live objects; types are compared before anything else is read.
    unsafe {
        let (a, b) = (l.object(), r.object());
        if (*a).ob_type != str_type() || (*b).ob_type != str_type() || l.0 & r.0 & TAG_REFCNT == 0 {
            return None;
        }
        let (a, b): (*mut AsciiStr, *mut AsciiStr) = (a.cast(), b.cast());
        if (*a).state & (*b).state & STR_ASCII == 0 {
            return None;
        }
        // An empty string has a first character, too: the terminator, than which only its own kind is not greater.
        let (first, other) = (*a.add(1).cast::<u8>(), *b.add(1).cast::<u8>());
        if first != other {
            return Some(outcome(false, first > other, first < other));
        }
        ((*a).length == 1 && (*b).length == 1).then(|| outcome(false, false, false))
    }
}

/// The outcome of comparing two numbers that fit machine words; `None` for anything else.
unsafe fn number_outcome(l: *mut Object, r: *mut Object) -> Option<u32> {
    // SAFETY: live objects.
    unsafe {
        let (int, float) = (long_type(), float_type());
        match ((*l).ob_type, (*r).ob_type) {
            (lt, rt) if lt == int && rt == int => {
                let (a, b) = (Long::to_i64(l.cast())?, Long::to_i64(r.cast())?);
                Some(outcome(false, a > b, a < b))
            }
            (lt, rt) if (lt == float || lt == int) && (rt == float || rt == int) => {
                let (a, b) = (super::float::number(l)?, super::float::number(r)?);
                Some(outcome(a.is_nan() || b.is_nan(), a > b, a < b))
            }
            _ => None,
        }
    }
}

continuations! {
    /// Wide or mixed numbers, or operands that both own references.
    fn compare_numbers(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let Some(outcome) = number_outcome(l.object(), r.object()) else {
            return compare_miss::<R>(f, ip, sp, ts);
        };
        l.close();
        r.close();
        *sp.sub(2) = bool_ref(includes((*ip).a, outcome));
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }
}

out_of_line_handlers! {
    /// Chooses the version for operands like these.
    fn compare_miss(f, ip, sp, ts) {
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let next = (*Tier1Code::of(ip)).base_op((*ip).b as usize + 2).opcode;
        (*ip).word = version_for(next, l, r, (*ip).a) as usize;
        compare_objects::<R>(f, ip, sp, ts)
    }

    /// Compares by the operands' methods.
    fn compare_objects(f, ip, sp, ts) {
        save(f, ip, sp);
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let oparg = (*ip).a;
        // The cache keeps the types for which no method written in Python was found.
        let (lt, rt) = ((*l.object()).ob_type, (*r.object()).ob_type);
        let both = pair_of(lt, rt);
        if ((*lt).tp_version_tag == 0 || (*ip.add(1)).word != both) && special::may_enter::<R>(ts) {
            let method = special::find(Operation::new(op::COMPARE_OP, oparg >> 5), l.object(), r.object());
            if !method.is_null() {
                enter_method!(f, ip, sp, ts, method, core::ptr::null_mut());
            } else if (*rt).tp_version_tag != 0 && !(is_number(lt) && is_number(rt)) {
                (*ip.add(1)).word = both;
            }
        }
        compare_by_c::<R>(f, ip, sp, ts)
    }

    /// Compares operands whose types have no method written in Python for it.
    fn compare_by_c(f, ip, sp, ts) {
        save(f, ip, sp);
        let result = PyObject_RichCompare((*sp.sub(2)).object(), (*sp.sub(1)).object(), ((*ip).a >> 5) as i32);
        if result != true_object() && result != false_object() && (result.is_null() || (*ip).a & 16 != 0) {
            return test_compared::<R>(f, ip, sp, ts, result);
        }
        replace_top::<R, 2, 2>(ip, ts, StackRef::steal(result))
    }

    /// Replaces the operands by the truth of what comparing them gave, or raises if that is null.
    fn test_compared(f, ip, sp, ts, result: *mut Object) {
        if result.is_null() {
            return close_and_raise::<R>(f, ip, sp, ts, sp.sub(2));
        }
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        (*f).stackpointer = sp.sub(2);
        let truth = PyObject_IsTrue(result);
        decref(result);
        if truth < 0 {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        *sp.sub(2) = bool_ref(truth != 0);
        proceed::<R>(f, ip, ip.add(2), sp.sub(1), ts)
    }

    fn compare_str_out_of_line(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let text = str_type();
        if (*l.object()).ob_type != text || (*r.object()).ob_type != text {
            return compare_miss::<R>(f, ip, sp, ts);
        }
        let holds = if is_equality((*ip).a) {
            let equal = core::ptr::eq(l.object(), r.object()) || PyUnicode_Equal(l.object(), r.object()) != 0;
            equal == ((*ip).a >> 5 == cmp::EQ)
        } else {
            let order = PyUnicode_Compare(l.object(), r.object());
            includes((*ip).a, outcome(false, order > 0, order < 0))
        };
        *sp.sub(2) = bool_ref(holds);
        // Strings die unobserved.
        l.close();
        r.close();
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    /// Operands that own references.
    fn is_op_owned(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let same = core::ptr::eq(l.object(), r.object());
        // The two may be the last references to one object.
        let references = 1 + (same && r.is_counted()) as u32;
        if l.is_counted() && (*l.object()).ob_refcnt <= references || dies_with(r) {
            return is_op_out_of_line::<R>(f, ip, sp, ts);
        }
        l.close_shared();
        r.close_shared();
        *sp.sub(2) = bool_ref(same != ((*ip).a != 0));
        go::<R>(f, ip.add(1), sp.sub(1), ts)
    }

    fn is_op_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let same = core::ptr::eq((*sp.sub(2)).object(), (*sp.sub(1)).object());
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        *sp.sub(2) = bool_ref(same != ((*ip).a != 0));
        go::<R>(f, ip.add(1), sp.sub(1), ts)
    }

    /// Containers whose type has no version of its own; chooses one for a container like this.
    fn contains_miss(f, ip, sp, ts) {
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        (*ip).word = contains_version_for((*r).ob_type) as usize;
        (*ip.add(1)).word = sq_contains((*r).ob_type);
        save(f, ip, sp);
        enter_special_of!(f, ip, sp, ts, CONTAINS, r);
        searched!(f, ip, sp, ts, PySequence_Contains(r, l))
    }

    fn contains_set_out_of_line(f, ip, sp, ts) {
        search_in!(f, ip, sp, ts, is_set, _PySet_Contains)
    }

    fn contains_dict_out_of_line(f, ip, sp, ts) {
        search_in!(f, ip, sp, ts, is_dict, PyDict_Contains)
    }

    fn contains_str_out_of_line(f, ip, sp, ts) {
        search_in!(f, ip, sp, ts, is_str, PyUnicode_Contains)
    }
}
