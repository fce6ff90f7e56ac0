//! From CPython's bytecode to tier-1 code.

use cpython::abi::*;

use crate::entry;
use crate::inst::{BaseOp, Handler, Head, Inst, Tier1Code};
use crate::ops;
use crate::ops::superinstructions::first_count;

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

/// Whether a tool watches the code. (CPython's own executors count: they hide what they replace.)
///
/// # Safety
/// `code` is a code object.
pub(crate) unsafe fn is_instrumented(code: *mut Code) -> bool {
    // SAFETY: the caller's.
    let units = unsafe { units(code) };
    instructions(units).any(|(_, opcode)| opcode >= FIRST_INSTRUMENTED)
}

/// What decoding an instruction takes beyond its row's handler.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Plain,
    /// Part of the next one's argument.
    Prefix,
    Const,
    SmallInt,
    /// The handler depends on the instruction behind it or on the argument, or there are caches to fill.
    Selected,
    /// A tool watches the code.
    Instrumented,
}

/// What is known of an opcode, specialized or not.
#[derive(Clone, Copy)]
struct Row {
    handler: Handler,
    /// The base instruction, but for its argument and prefixes.
    head: Head,
    len: u8,
    /// What handlers want added to the argument: for jumps, so that it is the distance from the jump itself.
    bias: i8,
    kind: Kind,
}

static ROWS: [Row; 256] = {
    let mut rows = [Row { handler: ops::PLAIN[0], head: Head::NONE, len: 1, bias: 0, kind: Kind::Plain }; 256];
    let mut i = 0;
    while i < rows.len() {
        let opcode = DEOPT[i];
        let (bias, kind) = match opcode {
            FIRST_INSTRUMENTED.. => (0, Kind::Instrumented),
            op::EXTENDED_ARG => (0, Kind::Prefix),
            op::LOAD_CONST => (0, Kind::Const),
            op::LOAD_SMALL_INT => (0, Kind::SmallInt),
            op::RESUME | op::BINARY_OP | op::COMPARE_OP => (0, Kind::Selected),
            op::POP_JUMP_IF_FALSE | op::POP_JUMP_IF_TRUE => (2, Kind::Selected),
            op::POP_JUMP_IF_NONE | op::POP_JUMP_IF_NOT_NONE | op::SEND => (2, Kind::Plain),
            op::JUMP_FORWARD => (1, Kind::Plain),
            op::JUMP_BACKWARD => (-2, Kind::Selected),
            op::JUMP_BACKWARD_NO_INTERRUPT => (-1, Kind::Plain),
            // Exhausted iterators go behind END_FOR.
            op::FOR_ITER => (3, Kind::Plain),
            _ => (0, Kind::Plain),
        };
        let len = 1 + CACHES[opcode as usize];
        rows[i] = Row { handler: ops::PLAIN[opcode as usize], head: Head::new(opcode, len), len, bias, kind };
        i += 1;
    }
    rows
};

/// Where a unit is, and where it goes. Pointers that advance together take half the instructions of indices.
#[derive(Clone, Copy)]
struct Place {
    at: u32,
    unit: *const CodeUnit,
    inst: *mut Inst,
    base: *mut Head,
}

impl Place {
    #[inline(always)]
    fn behind(self, units: u8) -> Self {
        let units = units as usize;
        Self {
            at: self.at + units as u32,
            unit: self.unit.wrapping_add(units),
            inst: self.inst.wrapping_add(units),
            base: self.base.wrapping_add(units),
        }
    }
}

/// Writes an instruction as its opcode's row says.
#[inline(always)]
unsafe fn put(to: Place, prefixes: Head) -> &'static Row {
    // SAFETY: the unit is one of the code's, and there is room for it.
    unsafe {
        let row = &ROWS[*to.unit as u8 as usize];
        let head = row.head.with(prefixes, (*to.unit >> 8) as u8);
        to.base.write(head);
        let a = head.oparg().wrapping_add(row.bias as u32);
        to.inst.write(Inst { word: row.handler as usize, a, b: to.at });
        row
    }
}

/// Decodes a code object. `None` while a tool watches it, or if there is no memory.
///
/// All code is decoded at its first entry, and most of it runs only once: this has to be cheap.
///
/// # Safety
/// `code` is a code object; the GIL is held.
pub(crate) unsafe fn decode(code: *mut Code) -> Option<*mut Tier1Code> {
    // SAFETY: the caller's.
    let units = unsafe { units(code) };
    let tier1 = Tier1Code::allocate(code, units.len())?;
    let mut arithmetic = Vec::new();
    let end = units.as_ptr_range().end;
    // SAFETY: just allocated; each instruction is written here before anything reads it, and its caches are zero.
    unsafe {
        let mut place = Place {
            at: 0,
            unit: units.as_ptr(),
            inst: Tier1Code::inst(tier1, 0),
            base: Tier1Code::first_op(tier1).cast(),
        };
        while place.unit < end {
            let mut row = put(place, Head::NONE);
            if row.kind == Kind::Plain {
                place = place.behind(row.len);
                continue;
            }
            while row.kind == Kind::Prefix && place.unit.add(1) < end {
                let prefixes = (*place.base).as_prefix();
                place = place.behind(1);
                row = put(place, prefixes);
            }
            let inst = place.inst;
            let base = place.base.cast::<BaseOp>().read();
            place = place.behind(row.len);
            match row.kind {
                Kind::Plain | Kind::Prefix => {}
                Kind::Const => load_const(inst, Code::constant(code, base.oparg as usize)),
                Kind::SmallInt => (*inst).set_imm(StackRef::borrowed(small_int(base.oparg as i64)).0),
                Kind::Selected => {
                    select(inst, base, units, place.at as usize);
                    if base.opcode == op::BINARY_OP {
                        arithmetic.push(inst);
                    }
                }
                Kind::Instrumented => {
                    Tier1Code::free(tier1);
                    return None;
                }
            }
        }
        (*tier1).entry_counter = first_count(entry::hot_thresholds().1);
        if Code::is_simple(code) {
            (*tier1).simple_arguments = (*code).co_argcount as u32;
        }
        for inst in arithmetic {
            ops::fuse(inst);
        }
    }
    Some(tier1)
}

/// Chooses the handler of an instruction and fills its caches; `behind` is the offset behind it.
#[inline(never)]
unsafe fn select(inst: *mut Inst, base: BaseOp, units: &[CodeUnit], behind: usize) {
    // SAFETY: the instruction and its caches are writable.
    unsafe {
        let opcode_at = |offset: usize| units.get(offset).map_or(0, |unit| DEOPT[*unit as u8 as usize]);
        let next = opcode_at(behind);
        (*inst).word = ops::select(base, next) as usize;
        match base.opcode {
            op::JUMP_BACKWARD => {
                let word = Tier1Code::of(inst) as usize;
                inst.add(1).write(Inst { word, a: first_count(entry::hot_thresholds().0), b: 0 });
                set_way_back(inst);
            }
            op::COMPARE_OP => {
                let hinted = opcode_at(behind + 2) == op::NOT_TAKEN;
                (*inst.add(1)).a = ops::compare::outcomes_that_jump(base.oparg, next == op::POP_JUMP_IF_TRUE);
                (*inst.add(1)).b = if hinted { 5 } else { 4 };
            }
            _ => {}
        }
    }
}

/// Tells a `JUMP_BACKWARD` its distance in bytes, past what does nothing where it leads; an executor has its number there.
pub(crate) unsafe fn set_way_back(inst: *mut Inst) {
    // SAFETY: the instruction and its cache are writable, what comes before is decoded.
    unsafe {
        let code = Tier1Code::of(inst);
        let at = (*inst).b;
        let mut target = at - (*inst).a;
        while matches!((*code).base_op(target as usize).opcode, op::NOP | op::EXTENDED_ARG) {
            target += 1;
        }
        (*inst.add(1)).b = (at - target) * size_of::<Inst>() as u32;
    }
}

/// Prepares a `LOAD_CONST` of this value.
#[inline(always)]
unsafe fn load_const(inst: *mut Inst, value: *mut Object) {
    // SAFETY: the instruction is writable, the value a constant of its code.
    unsafe {
        let slot = if Object::is_immortal(value) {
            (*inst).word = ops::locals::load_borrowed_const::<false> as *const () as usize;
            StackRef::borrowed(value)
        } else {
            StackRef::steal_mortal(value)
        };
        (*inst).set_imm(slot.0);
    }
}
