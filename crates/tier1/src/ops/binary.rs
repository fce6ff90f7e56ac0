//! `BINARY_OP` in general, and the choice of its special versions.

use cpython::abi::special::plain_operator;
use cpython::abi::*;

use super::fused::{self, Operands};
use super::special::{self, Operation, enter_special};
use super::{float, int, subscript};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{Handler, Inst, Tier1Code};
use crate::with_memory::append_str;

/// The operands to expect first.
pub(crate) fn first_operands(oparg: u32) -> Operands {
    if oparg == nb::SUBSCR {
        Operands::ListInt
    } else if int_version(plain_operator(oparg)).is_some() {
        Operands::Int
    } else {
        Operands::Float
    }
}

/// The version to try first.
pub(crate) fn select(oparg: u32, next: u8) -> Handler {
    version(oparg, first_operands(oparg), next)
}

/// The version for operands of a kind.
fn version(oparg: u32, operands: Operands, next: u8) -> Handler {
    let operation = plain_operator(oparg);
    let plain = match operands {
        Operands::ListInt => Some(subscript::subscr_list_int::<false> as Handler),
        Operands::Int => int_version(operation),
        Operands::Float => float_version(operation),
        Operands::Other => None,
    };
    if next == op::STORE_FAST
        && oparg != nb::SUBSCR
        && let Some(storing) = fused::store_version(operation, operands)
    {
        return storing;
    }
    plain.unwrap_or(binary_any::<false>)
}

fn int_version(operation: u32) -> Option<Handler> {
    Some(match operation {
        nb::ADD => int::add_int::<false>,
        nb::SUBTRACT => int::subtract_int::<false>,
        nb::MULTIPLY => int::multiply_int::<false>,
        nb::AND => int::and_int::<false>,
        nb::OR => int::or_int::<false>,
        nb::XOR => int::xor_int::<false>,
        nb::LSHIFT => int::lshift_int::<false>,
        nb::RSHIFT => int::rshift_int::<false>,
        nb::FLOOR_DIVIDE => int::floor_divide_int::<false>,
        nb::REMAINDER => int::remainder_int::<false>,
        _ => return None,
    })
}

fn float_version(operation: u32) -> Option<Handler> {
    Some(match operation {
        nb::ADD => float::add_float::<false>,
        nb::SUBTRACT => float::subtract_float::<false>,
        nb::MULTIPLY => float::multiply_float::<false>,
        nb::TRUE_DIVIDE => float::divide_float::<false>,
        _ => return None,
    })
}

/// The kind of two operands.
unsafe fn kind_of(oparg: u32, l: *mut Object, r: *mut Object) -> Operands {
    // SAFETY: both are live objects.
    unsafe {
        let (lt, rt) = ((*l).ob_type, (*r).ob_type);
        let (int, float) = (long_type(), float_type());
        if oparg == nb::SUBSCR {
            if lt == list_type() && rt == int { Operands::ListInt } else { Operands::Other }
        } else if lt == int && rt == int {
            Operands::Int
        } else if (lt == float || lt == int) && (rt == float || rt == int) {
            Operands::Float
        } else {
            Operands::Other
        }
    }
}

/// Counts a miss. True if it is time to choose again: at the first ones, and now and then.
#[inline(always)]
unsafe fn should_choose(ip: *mut Inst) -> bool {
    const EARLY: u32 = 8;
    const PERIOD: u32 = 32;
    // SAFETY: the instruction's last cache unit.
    unsafe {
        let cache = ip.add(5);
        let misses = (*cache).a.wrapping_add(1);
        (*cache).a = misses;
        misses < EARLY || misses.is_multiple_of(PERIOD)
    }
}

/// Chooses the version of the instruction at `ip` for operands like these.
#[inline(never)]
unsafe fn choose(ip: *mut Inst, oparg: u32, l: *mut Object, r: *mut Object) {
    // SAFETY: the instruction is live, and the operands.
    unsafe {
        let operands = kind_of(oparg, l, r);
        let code = Tier1Code::of(ip);
        let handler = if operands != Operands::Other {
            let version = version(oparg, operands, fused::behind(code, (*ip).b as usize).opcode);
            let none = version as usize == binary_any::<false> as *const () as usize;
            if none && remember_types(ip, oparg, l, r) { binary_builtin::<false> } else { version }
        } else if oparg == nb::SUBSCR && super::getitem::choose(ip, l) {
            super::getitem::subscr_getitem::<false>
        } else if oparg == nb::SUBSCR
            && let Some(subscript) = subscript::version_for(l, r)
        {
            subscript
        } else if plain_operator(oparg) == nb::ADD && (*l).ob_type == str_type() && (*r).ob_type == str_type() {
            add_str::<false>
        } else if !special::find(Operation::new(op::BINARY_OP, oparg), l, r).is_null() {
            special::binary_special::<false>
        } else if remember_types(ip, oparg, l, r) {
            binary_builtin::<false>
        } else {
            binary_any::<false>
        };
        if (*ip).word != handler as usize {
            (*ip).word = handler as usize;
            fused::fuse_with_load(ip, operands);
        }
    }
}

/// Notes what CPython does with operands of these types: units 1 and 2 behind the instruction get their versions, unit
/// 3 the function. False where a type has no version. That no method written in Python is called is known.
unsafe fn remember_types(ip: *mut Inst, oparg: u32, l: *mut Object, r: *mut Object) -> bool {
    // SAFETY: the instruction is live, and the operands.
    unsafe {
        let (lt, rt) = ((*l).ob_type, (*r).ob_type);
        let versions = (Type::version(lt), Type::version(rt));
        let mapping = (*lt).tp_as_mapping;
        let subscript = if oparg == nb::SUBSCR && !mapping.is_null() { (*mapping).mp_subscript } else { None };
        let function = subscript.or(*_PyEval_BinaryOps().add(oparg as usize));
        let Some(function) = function.filter(|_| versions.0 != 0 && versions.1 != 0) else { return false };
        (*ip.add(1)).a = versions.0;
        (*ip.add(2)).a = versions.1;
        (*ip.add(3)).word = function as usize;
        true
    }
}

/// Replaces the operands by the result, or raises if that is null.
#[inline(always)]
pub(super) unsafe fn finish_operation<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the contract of handlers; the frame is saved.
    unsafe {
        if result.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        // The left one dies first.
        if !close_unless_last(sp.sub(2)) {
            return replace_both::<R>(f, ip, sp, ts, StackRef::steal(result));
        }
        *sp.sub(2) = StackRef::steal(result);
        if !close_unless_last(sp.sub(1)) {
            return release_right::<R>(f, ip, sp, ts);
        }
        proceed::<R>(f, ip, ip.add(6), sp.sub(1), ts)
    }
}

handlers! {
    /// Operands of the same types as the last time, which call no method written in Python.
    fn binary_builtin(f, ip, sp, ts) {
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        if (*(*l).ob_type).tp_version_tag != (*ip.add(1)).a || (*(*r).ob_type).tp_version_tag != (*ip.add(2)).a {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let result = core::mem::transmute::<usize, BinaryFn>((*ip.add(3)).word)(l, r);
        let (f, sp) = saved(ts);
        finish_operation::<R>(f, ip, sp, ts, result)
    }

    fn binary_any(f, ip, sp, ts) {
        binary_miss::<R>(f, ip, sp, ts)
    }

    fn add_str(f, ip, sp, ts) {
        add_str_out_of_line::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    fn replace_both(f, ip, sp, ts, result: StackRef) {
        let l = *sp.sub(2);
        *sp.sub(2) = result;
        l.close();
        release_right::<R>(f, ip, sp, ts)
    }

    fn release_right(f, ip, sp, ts) {
        close_slot(sp.sub(1));
        proceed::<R>(f, ip, ip.add(6), sp.sub(1), ts)
    }

    /// The operation in general, which also chooses the version to use from now on.
    fn binary_miss(f, ip, sp, ts) {
        save(f, ip, sp);
        let oparg = base(ip).oparg;
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if should_choose(ip) {
            choose(ip, oparg, l.object(), r.object());
        }
        enter_special!(f, ip, sp, ts, Operation::new(op::BINARY_OP, oparg), l.object(), r.object());
        let function = (*_PyEval_BinaryOps().add(oparg as usize)).unwrap_unchecked();
        let result = function(l.object(), r.object());
        let (f, sp) = saved(ts);
        finish_operation::<R>(f, ip, sp, ts, result)
    }

    fn add_str_out_of_line(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let text = str_type();
        if (*l.object()).ob_type != text || (*r.object()).ob_type != text {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let next = (*Tier1Code::of(ip)).base_op((*ip).b as usize + 6);
        if !R && next.opcode == op::STORE_FAST && (*local(f, next.oparg)).object() == l.object() {
            return append_in_place::<R>(f, ip, sp, ts, next.oparg);
        }
        let result = PyUnicode_Concat(l.object(), r.object());
        let (f, sp) = saved(ts);
        finish_operation::<R>(f, ip, sp, ts, result)
    }

    /// `s = s + t`: with the variable's own reference gone, the string may grow in place.
    fn append_in_place(f, ip, sp, ts, variable: u32) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let slot = local(f, variable);
        let old = (*slot).into_object();
        *slot = StackRef::NULL;
        *sp.sub(2) = StackRef::NULL;
        l.close();
        let text = append_str(old, r.object());
        if !text.is_null() {
            *slot = StackRef::steal(text);
        }
        close_slot(sp.sub(1));
        if text.is_null() {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        proceed::<R>(f, ip, ip.add(7), sp.sub(2), ts)
    }
}
