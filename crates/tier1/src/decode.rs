//! From CPython's bytecode to tier-1 code.

use cpython::abi::*;

use crate::entry;
use crate::inst::{BaseOp, Inst, Tier1Code};
use crate::ops;

/// First of the opcodes that stand for another one while a tool watches the code.
const FIRST_INSTRUMENTED: u8 = op::INSTRUMENTED_END_FOR;

/// The code's units as they are now.
unsafe fn units<'a>(code: *mut Code) -> &'a [CodeUnit] {
    // SAFETY: a code object's units follow it; the slice is not kept.
    unsafe { core::slice::from_raw_parts(Code::units(code), Code::len(code)) }
}

/// The instructions of some units: offset and current opcode.
fn instructions(units: &[CodeUnit]) -> impl Iterator<Item = (usize, u8)> {
    let mut at = 0;
    core::iter::from_fn(move || {
        let unit = *units.get(at)?;
        let opcode = unit as u8;
        let offset = at;
        at += 1 + CACHES[DEOPT[opcode as usize] as usize] as usize;
        Some((offset, opcode))
    })
}

/// Whether the code has a loop.
///
/// # Safety
/// `code` is a code object.
pub(crate) unsafe fn has_back_edge(code: *mut Code) -> bool {
    // SAFETY: the caller's.
    let units = unsafe { units(code) };
    instructions(units).any(|(_, opcode)| DEOPT[opcode as usize] == op::JUMP_BACKWARD)
}

/// Whether a tool watches the code. (CPython's own executors count: they hide what they replace.)
///
/// # Safety
/// `code` is a code object.
pub(crate) unsafe fn is_instrumented(code: *mut Code) -> bool {
    // SAFETY: the caller's.
    let units = unsafe { units(code) };
    instructions(units).any(|(_, opcode)| opcode >= FIRST_INSTRUMENTED)
}

/// Decodes a code object. `None` while a tool watches it.
///
/// # Safety
/// `code` is a code object; the GIL is held.
pub(crate) unsafe fn decode(code: *mut Code) -> Option<*mut Tier1Code> {
    // SAFETY: the caller's.
    let units = unsafe { units(code) };
    let mut ops = vec![BaseOp::default(); units.len()];
    let mut extended = 0u32;
    let mut prefixes = 0u8;
    for (offset, opcode) in instructions(units) {
        if opcode >= FIRST_INSTRUMENTED {
            return None;
        }
        let opcode = DEOPT[opcode as usize];
        let oparg = extended | (units[offset] >> 8) as u32;
        let len = 1 + CACHES[opcode as usize];
        if opcode == op::EXTENDED_ARG {
            ops[offset] = BaseOp { oparg, opcode, len, extended: prefixes };
            extended = oparg << 8;
            prefixes += 1;
            continue;
        }
        ops[offset] = BaseOp { oparg, opcode, len, extended: prefixes };
        extended = 0;
        prefixes = 0;
    }
    let (loop_threshold, entry_threshold) = entry::hot_thresholds();
    let tier1 = Tier1Code::allocate(code, ops);
    // SAFETY: just allocated, with one instruction per unit.
    unsafe {
        (*tier1).entry_counter = entry_threshold;
        for offset in 0..(*tier1).len() {
            let base = (&(*tier1).ops)[offset];
            if base.len == 0 {
                continue;
            }
            let next = (*tier1).base_op_if_any(offset + base.len as usize);
            let inst = Tier1Code::inst(tier1, offset);
            (*inst).a = argument(base);
            (*inst).word = ops::select(base, next) as usize;
            prepare(code, inst, base, loop_threshold);
            if base.opcode == op::COMPARE_OP {
                let behind_jump = (*tier1).base_op_if_any(offset + 4);
                (*inst.add(1)).a = (next.opcode == op::POP_JUMP_IF_TRUE) as u32;
                (*inst.add(1)).b = if behind_jump.opcode == op::NOT_TAKEN { 5 } else { 4 };
            }
        }
        ops::fuse(tier1);
    }
    Some(tier1)
}

/// What handlers want in `a`: for jumps the distance from the jump itself.
fn argument(base: BaseOp) -> u32 {
    match base.opcode {
        op::JUMP_FORWARD => 1 + base.oparg,
        op::JUMP_BACKWARD => base.oparg.wrapping_sub(2),
        op::JUMP_BACKWARD_NO_INTERRUPT => base.oparg.wrapping_sub(1),
        op::POP_JUMP_IF_FALSE | op::POP_JUMP_IF_TRUE | op::POP_JUMP_IF_NONE | op::POP_JUMP_IF_NOT_NONE => {
            2 + base.oparg
        }
        // Exhausted iterators go behind END_FOR.
        op::FOR_ITER => 3 + base.oparg,
        op::SEND => 2 + base.oparg,
        _ => base.oparg,
    }
}

/// Sets what else an instruction keeps in its unit and caches.
unsafe fn prepare(code: *mut Code, inst: *mut Inst, base: BaseOp, loop_threshold: u32) {
    // SAFETY: the instruction has the caches its opcode has.
    unsafe {
        match base.opcode {
            op::LOAD_CONST => {
                let value = Code::constant(code, base.oparg as usize);
                // The frame keeps the code and the code its constants, so numbers need no reference of their own:
                // arithmetic then sees at once that it must not overwrite them.
                let ty = (*value).ob_type;
                let slot = if Object::is_immortal(value) || ty == PyFloat_Type() || ty == PyLong_Type() {
                    (*inst).word = ops::locals::load_borrowed_const::<false> as *const () as usize;
                    StackRef::borrowed(value)
                } else {
                    StackRef::steal_mortal(value)
                };
                (*inst).set_imm(slot.0);
            }
            op::LOAD_SMALL_INT => {
                (*inst).set_imm(StackRef::borrowed(small_int(base.oparg as i64)).0);
            }
            op::JUMP_BACKWARD => (*inst.add(1)).a = loop_threshold,
            _ => {}
        }
    }
}
