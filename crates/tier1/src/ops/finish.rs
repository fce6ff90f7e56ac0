//! The second half of instructions that called a Python function for what they do.
//!
//! Tier 1 ([`super::special`]) and the recorder have methods (`__add__`, say) run in frames above the instruction's
//! own, whose operands stay on its stack; native code may be left within such a callee. When that returns, its caller's
//! `return_offset` leads behind the code's end, to the two instructions here: result on top of the operands,
//! `instr_ptr` still at the instruction. They do what the C code would have done with the result. Where the callee
//! raised, [`failed`] does what the C code would have done then.
//!
//! An escape in the middle of an instruction goes on here, too.

use cpython::abi::*;

use super::held::{hold, hold_by_position};
use crate::dispatch::*;
use crate::hooks::{Resume, ResumeKind};
use crate::hot::*;
use crate::inst::{Inst, Tier1Code};

/// Where an instruction of the code goes on: behind its end and caches.
macro_rules! behind {
    ($ip:ident) => {
        $ip.add(base($ip).len as usize)
    };
}

out_of_line_handlers! {
    /// Finishes the instruction that the frame is at. `at` is the first or, to reverse the truth of the result, the
    /// second of the two instructions behind the code.
    fn finish(f, at, sp, ts) {
        let tier1 = Tier1Code::of(at);
        let negated = (*at).b as usize > (*tier1).len();
        let ip = Tier1Code::inst(tier1, Frame::lasti(f));
        match base(ip).opcode {
            op::BINARY_OP => finish_binary::<R>(f, ip, sp, ts),
            op::COMPARE_OP => finish_compare::<R>(f, ip, sp, ts, negated),
            op::CONTAINS_OP => finish_contains::<R>(f, ip, sp, ts),
            op::TO_BOOL => finish_to_bool::<R>(f, ip, sp, ts, negated),
            op::CALL | op::CALL_KW | op::CALL_FUNCTION_EX if negated => {
                super::call_special::finish_init::<R>(f, ip, sp, ts)
            }
            op::CALL_KW | op::CALL_FUNCTION_EX => finish_called::<R>(f, ip, sp, ts),
            op::CALL => {
                let callable = sp.sub(base(ip).oparg as usize + 3);
                if (*callable).object() == (*(*ts).interp).cached_len {
                    return finish_len::<R>(f, ip, sp, ts);
                }
                finish_called_by_position::<R>(f, ip, sp, ts, callable)
            }
            op::STORE_SUBSCR => finish_store::<R>(f, ip, sp, ts, 3),
            op::DELETE_SUBSCR | op::STORE_ATTR => finish_store::<R>(f, ip, sp, ts, 2),
            op::DELETE_ATTR => finish_store::<R>(f, ip, sp, ts, 1),
            op::STORE_FAST_STORE_FAST => finish_second_store::<R>(f, ip, sp, ts),
            op::POP_JUMP_IF_NOT_NONE => go::<R>(f, ip.add((*ip).a as usize), sp, ts),
            op::LOAD_ATTR => finish_attr::<R>(f, ip, sp, ts),
            op::FORMAT_SIMPLE | op::FORMAT_WITH_SPEC | op::CONVERT_VALUE => {
                finish_text::<R>(f, ip, sp, ts, negated)
            }
            // The item is where it belongs.
            op::FOR_ITER => proceed::<R>(f, ip, behind!(ip), sp, ts),
            op::GET_ITER => finish_get_iter::<R>(f, ip, sp, ts),
            _ => finish_unary::<R>(f, ip, sp, ts),
        }
    }

    /// As [`failed`], after the callee ran.
    fn failed_callee(f, ip, sp, ts) {
        hold(ip, sp, ts, false);
        failed::<R>(f, ip, sp, ts)
    }

    /// Ends the instruction at `ip`, what it called having raised: as C code would have, which releases the operands
    /// first, but for arithmetic.
    fn failed(f, ip, sp, ts) {
        let base = base(ip);
        let operands = match base.opcode {
            op::BINARY_OP => 0,
            op::FOR_ITER => return super::iter::for_iter_end::<R>(f, ip, sp, ts),
            op::COMPARE_OP | op::CONTAINS_OP | op::DELETE_SUBSCR | op::STORE_ATTR | op::FORMAT_WITH_SPEC => 2,
            op::STORE_SUBSCR => 3,
            op::CALL | op::CALL_KW | op::CALL_FUNCTION_EX => {
                sp.offset_from_unsigned(super::call_special::callable_of(ip, sp))
            }
            _ => 1,
        };
        close_from(f, sp.sub(operands), sp);
        error::<R>(f, ip, sp.sub(operands), ts)
    }

    fn finish_binary(f, ip, sp, ts) {
        let oparg = base(ip).oparg;
        let mut result = *sp.sub(1);
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        if result.object() == _Py_NotImplementedStruct() && oparg != nb::SUBSCR {
            let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
            let other = special::operator_after_not_implemented(l, r, oparg);
            if other.is_null() {
                return error::<R>(f, ip, sp, ts);
            }
            result = StackRef::steal(other);
        }
        let l = *sp.sub(2);
        *sp.sub(2) = result;
        l.close();
        close_slot(sp.sub(1));
        proceed::<R>(f, ip, behind!(ip), sp.sub(1), ts)
    }

    fn finish_compare(f, ip, sp, ts, negated: bool) {
        let oparg = base(ip).oparg;
        let mut result = (*sp.sub(1)).into_object();
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        let not_implemented = _Py_NotImplementedStruct();
        if result == not_implemented {
            let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
            result = special::comparison_after_not_implemented(l, r, oparg >> 5);
        } else if negated {
            let truth = PyObject_IsTrue(result);
            decref(result);
            result = if truth < 0 { core::ptr::null_mut() } else { bool_ref(truth == 0).object() };
        }
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        let sp = sp.sub(2);
        if result.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(result);
        if oparg & 16 != 0 && (*result).ob_type != bool_type() {
            (*f).stackpointer = sp;
            let truth = PyObject_IsTrue(result);
            decref(result);
            if truth < 0 {
                return error::<R>(f, ip, sp, ts);
            }
            *sp = bool_ref(truth != 0);
        }
        proceed::<R>(f, ip, behind!(ip), sp.add(1), ts)
    }

    fn finish_contains(f, ip, sp, ts) {
        let oparg = base(ip).oparg;
        let answer = *sp.sub(1);
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        let truth = PyObject_IsTrue(answer.object());
        answer.close();
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if truth < 0 {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        *sp.sub(2) = bool_ref((truth != 0) != (oparg != 0));
        proceed::<R>(f, ip, behind!(ip), sp.sub(1), ts)
    }

    /// The truth that `__bool__` or, if `by_length`, `__len__` tells.
    fn finish_to_bool(f, ip, sp, ts, by_length: bool) {
        let answer = (*sp.sub(1)).into_object();
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        let truth = if by_length { special::length_of_answer(answer) } else { special::truth_of_answer(answer) };
        close_slot(sp.sub(1));
        if truth < 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = bool_ref(truth != 0);
        proceed::<R>(f, ip, behind!(ip), sp, ts)
    }

    /// `len(x)`: stack `len`, NULL, `x`, the answer of `__len__`.
    fn finish_len(f, ip, sp, ts) {
        let answer = (*sp.sub(1)).into_object();
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        let length = special::length_of_answer(answer);
        let result = if length < 0 { core::ptr::null_mut() } else { PyLong_FromSsize_t(length) };
        super::call::finish_call::<R>(f, ip, sp, ts, sp.sub(3), result)
    }

    /// As [`finish_called`], for a `CALL` of what lies at `callable`.
    fn finish_called_by_position(f, ip, sp, ts, callable: *mut StackRef) {
        let result = (*sp.sub(1)).into_object();
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        hold_by_position(callable.add(1 + (*callable.add(1)).is_null() as usize), sp, false);
        super::call::finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    /// A call of an instance, by its `__call__`.
    fn finish_called(f, ip, sp, ts) {
        let result = (*sp.sub(1)).into_object();
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        hold(ip, sp, ts, false);
        super::call::finish_any_call::<R>(f, ip, sp, ts, result)
    }

    /// An assignment of which `operands` are on the stack; the method's answer is dropped.
    fn finish_store(f, ip, sp, ts, operands: usize) {
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        close_slot(sp);
        close_from(f, sp.sub(operands), sp);
        proceed::<R>(f, ip, behind!(ip), sp.sub(operands), ts)
    }

    fn finish_get_iter(f, ip, sp, ts) {
        let iterator = (*sp.sub(1)).object();
        if PyIter_Check(iterator) == 0 {
            (*f).stackpointer = sp.sub(1);
            let message = c"iter() returned non-iterator of type '%.100s'";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*(*iterator).ob_type).tp_name);
            (*sp.sub(1)).close();
            close_slot(sp.sub(2));
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        finish_unary::<R>(f, ip, sp, ts)
    }

    /// The text of an object, which `__format__`, or `__str__` or `__repr__` alone, has told; for a replacement field
    /// without a specification `__str__` if that is `by_str`.
    fn finish_text(f, ip, sp, ts, by_str: bool) {
        let base = base(ip);
        let answer = *sp.sub(1);
        hold(ip, sp.sub(1), ts, false);
        let message = match base.opcode {
            op::CONVERT_VALUE if base.oparg != FVC_STR => c"__repr__ returned non-string (type %.200s)",
            op::CONVERT_VALUE => c"__str__ returned non-string (type %.200s)",
            _ if by_str => c"__str__ returned non-string (type %.200s)",
            _ => c"__format__ must return a str, not %.200s",
        };
        if special::refuse_as_text(answer.object(), message) {
            (*f).stackpointer = sp.sub(1);
            answer.close();
            return failed::<R>(f, ip, sp.sub(1), ts);
        }
        if base.opcode != op::FORMAT_WITH_SPEC {
            return finish_unary::<R>(f, ip, sp, ts);
        }
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        close_from(f, sp.sub(2), sp);
        *sp.sub(2) = answer;
        proceed::<R>(f, ip, behind!(ip), sp.sub(1), ts)
    }

    /// The result takes the one operand's place.
    fn finish_unary(f, ip, sp, ts) {
        let result = *sp.sub(1);
        let operand = *sp.sub(2);
        *sp.sub(2) = result;
        (*f).stackpointer = sp.sub(1);
        operand.close();
        proceed::<R>(f, ip, behind!(ip), sp.sub(1), ts)
    }

    /// The attribute takes the object's place; as the callable of a call, with a NULL behind.
    fn finish_attr(f, ip, sp, ts) {
        let method = base(ip).oparg & 1 != 0;
        let attribute = *sp.sub(1);
        let object = *sp.sub(2);
        *sp.sub(2) = attribute;
        *sp.sub(1) = StackRef::NULL;
        (*f).stackpointer = sp.sub(1);
        object.close();
        proceed::<R>(f, ip, behind!(ip), if method { sp } else { sp.sub(1) }, ts)
    }

    fn finish_second_store(f, ip, sp, ts) {
        save(f, ip, sp.sub(1));
        let slot = local(f, base(ip).oparg & 15);
        let old = *slot;
        *slot = *sp.sub(1);
        old.close();
        proceed::<R>(f, ip, behind!(ip), sp.sub(1), ts)
    }
}

/// Makes the instruction at `ip` call `function` in a frame above its own: with the top `moved` entries of the stack as
/// arguments, or, if that is none, with new references to `args`. `returns` is where the frame then goes on, in units
/// from the instruction. How to go on, recording; `None` where that frame cannot be pushed now, and nothing has
/// changed.
///
/// # Safety
/// The contract of handlers; the arguments are on the stack; `function` is a Python function that accepts them.
pub unsafe fn enter_function(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    function: *mut Object,
    args: &[*mut Object],
    moved: usize,
    returns: u16,
) -> Option<Resume> {
    // SAFETY: the caller's.
    unsafe {
        let ts = PyThreadState_Get();
        if (*ts).py_recursion_remaining <= 1 {
            return None;
        }
        let tier1 = super::call::enterable(ts, function)?;
        save(f, ip, sp);
        if crate::observe::counting() {
            // The frame goes on behind it.
            crate::observe::count_instruction(f, ip, sp, ts);
        }
        let kept = if moved > 0 { &[] } else { args };
        let references: Vec<StackRef> = kept.iter().map(|a| StackRef::new(*a)).collect();
        let (first, count) =
            if moved > 0 { (sp.sub(moved).cast_const(), moved) } else { (references.as_ptr(), args.len()) };
        let callee = StackRef::new(function);
        let new = _PyEvalFramePushAndInit(ts, callee, core::ptr::null_mut(), first, count, core::ptr::null_mut(), f);
        let sp = sp.sub(moved);
        (*f).stackpointer = sp;
        if new.is_null() {
            return Some(Resume { frame: f, ip, sp, kind: ResumeKind::Error });
        }
        hold(ip, sp, ts, true);
        returns_behind(f, ip, returns);
        (*ts).current_frame = new;
        (*ts).py_recursion_remaining -= 1;
        Some(Resume { frame: new, ip: Tier1Code::inst(tier1, 0), sp: (*new).stackpointer, kind: ResumeKind::Record })
    }
}
