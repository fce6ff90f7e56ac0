//! Comparisons.

use cpython::abi::*;

use super::float::{both_float, float_value};
use super::int::{both_digits, digit};
use super::jump::branch_not_select;
use super::special::{self, CONTAINS, Operation, enter_method, enter_special_of};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{BaseOp, Handler, Inst, Tier1Code};

/// `Py_EQ` and `Py_NE`, which `COMPARE_OP` has above its flag bits.
mod cmp {
    pub const EQ: u32 = 2;
    pub const NE: u32 = 3;
}

/// Whether an argument of `COMPARE_OP` says `==` or `!=`.
fn is_equality(oparg: u32) -> bool {
    matches!(oparg >> 5, cmp::EQ | cmp::NE)
}

/// Which of four outcomes a comparison has, as the low four bits of `COMPARE_OP`'s argument name those for
/// which it holds.
const fn outcome(unordered: bool, greater: bool, less: bool) -> u32 {
    if unordered {
        1
    } else if less {
        2
    } else if greater {
        4
    } else {
        8
    }
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
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $holds:expr) => {{
        // The cache unit says which outcome jumps, and how far to go if it does not.
        let (jumps_if, behind) = ((*$ip.add(1)).a != 0, (*$ip.add(1)).b);
        if $holds == jumps_if {
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
    } else {
        contains_op::<false>
    }
}

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
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if found < 0 || dies_with(l) || dies_with(r) || core::ptr::eq(l.object(), r.object()) {
            return release_searched::<R>($f, $ip, $sp, $ts, found);
        }
        l.close_shared();
        r.close_shared();
        *$sp.sub(2) = bool_ref((found != 0) != ((*$ip).a != 0));
        proceed::<R>($f, $ip, $ip.add(2), $sp.sub(1), $ts)
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
        let holds = outcome(false, a > b, a < b) & (*ip).a != 0;
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
        let holds = outcome(false, a > b, a < b) & (*ip).a != 0;
        jump_on!(f, ip, sp, ts, holds)
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
        let holds = outcome(a.is_nan() || b.is_nan(), a > b, a < b) & (*ip).a != 0;
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
        let holds = outcome(a.is_nan() || b.is_nan(), a > b, a < b) & (*ip).a != 0;
        jump_on!(f, ip, sp, ts, holds)
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
        let holds = equal == ((*ip).a >> 5 == cmp::EQ);
        jump_on!(f, ip, sp, ts, holds)
    }

    /// Two strings by `<` and its like.
    fn order_str(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let Some(outcome) = order_at_sight(l, r) else {
            return compare_str_out_of_line::<R>(f, ip, sp, ts);
        };
        *sp.sub(2) = bool_ref(outcome & (*ip).a != 0);
        go::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn order_str_jump(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let outcome = if R { None } else { order_at_sight(l, r) };
        let Some(outcome) = outcome else {
            return compare_str_out_of_line::<R>(f, ip, sp, ts);
        };
        let holds = outcome & (*ip).a != 0;
        jump_on!(f, ip, sp, ts, holds)
    }

    /// Operands whose types have no version of their own.
    fn compare_any(f, ip, sp, ts) {
        let (lt, rt) = ((*(*sp.sub(2)).object()).ob_type, (*(*sp.sub(1)).object()).ob_type);
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

/// Wide or mixed numbers, or operands that both own references.
#[inline(never)]
unsafe extern "sysv64" fn compare_numbers<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the contract of handlers. Numbers die unobserved.
    unsafe {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let Some(outcome) = number_outcome(l.object(), r.object()) else {
            return compare_miss::<R>(f, ip, sp, ts);
        };
        l.close();
        r.close();
        *sp.sub(2) = bool_ref(outcome & (*ip).a != 0);
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
        let versions = ((*(*l.object()).ob_type).tp_version_tag, (*(*r.object()).ob_type).tp_version_tag);
        let both = versions.0 as usize | (versions.1 as usize) << 32;
        if (versions.0 == 0 || (*ip.add(1)).word != both) && special::may_enter::<R>(ts) {
            let method = special::find(Operation::new(op::COMPARE_OP, oparg >> 5), l.object(), r.object());
            if !method.is_null() {
                enter_method!(f, ip, sp, ts, method, core::ptr::null_mut());
            } else if versions.1 != 0 {
                (*ip.add(1)).word = both;
            }
        }
        let result = PyObject_RichCompare(l.object(), r.object(), (oparg >> 5) as i32);
        if result.is_null() {
            close_slot(sp.sub(1));
            close_slot(sp.sub(2));
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        let is_bool = result == true_object() || result == false_object();
        if oparg & 16 != 0 && !is_bool {
            return test_compared::<R>(f, ip, sp, ts, result);
        }
        if dies_with(l) || dies_with(r) || core::ptr::eq(l.object(), r.object()) {
            close_slot(sp.sub(1));
            close_slot(sp.sub(2));
        } else {
            l.close_shared();
            r.close_shared();
        }
        *sp.sub(2) = StackRef::steal(result);
        proceed::<R>(f, ip, ip.add(2), sp.sub(1), ts)
    }

    /// Replaces the operands by the truth of what comparing them gave.
    fn test_compared(f, ip, sp, ts, result: *mut Object) {
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
            outcome(false, order > 0, order < 0) & (*ip).a != 0
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

    /// Ends a search with whose operands something may die, or that failed.
    fn release_searched(f, ip, sp, ts, found: i32) {
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if found < 0 {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        *sp.sub(2) = bool_ref((found != 0) != ((*ip).a != 0));
        proceed::<R>(f, ip, ip.add(2), sp.sub(1), ts)
    }
}
