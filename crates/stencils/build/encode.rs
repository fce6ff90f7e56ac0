//! Re-encodes a stencil so that every slot's register number is a patchable bit field, and lays it out.
//!
//! With r8 or xmm8 in every slot each instruction gets a REX prefix; comparing with register 15 shows where the
//! number is. Memory operands with a slot as base get a SIB byte and a displacement, so that any register will do
//! (r12 needs the one, r13 the other).
use iced_x86::{Encoder, Instruction, OpKind, Register};

use crate::decode::{Step, Target};
use crate::object::RelocKind;
use crate::roles::{CONTEXT, Place, Roles};

/// A template as it will be written to the table: what runs through, and what is placed out of line.
#[derive(Default)]
pub struct Template {
    pub hot: Piece,
    pub cold: Piece,
    /// Offset of a 32-bit displacement in `hot` and the offset in `cold` it must reach.
    pub into_cold: Vec<(usize, usize)>,
    /// Offsets of 32-bit displacements in `cold` that must reach the end of `hot`.
    pub back: Vec<usize>,
}

/// Code without gaps.
#[derive(Default)]
pub struct Piece {
    pub bytes: Vec<u8>,
    pub fields: Vec<Field>,
    pub holes: Vec<PlacedHole>,
    /// Offsets of the 32-bit displacements of jumps out of the trace.
    pub exits: Vec<usize>,
}

/// A register number in the code: bits 0-2 at `at`, shifted; bit 3 at `rex`.
pub struct Field {
    pub slot: u8,
    pub at: usize,
    pub shift: u8,
    pub rex: usize,
    pub rex_bit: u8,
}

pub struct PlacedHole {
    pub imm: usize,
    pub at: usize,
    pub kind: RelocKind,
    pub addend: i64,
}

/// What follows the first unconditional jump onwards is placed out of line.
pub fn encode(steps: &[Step], roles: &[Roles]) -> Result<Template, String> {
    let cut = steps.iter().position(|s| matches!(s, Step::Jump(None, Target::Next))).unwrap_or(steps.len());
    let rest = (cut + 1).min(steps.len());
    let mut t = Template::default();
    let hot = piece(&steps[..cut], &roles[..cut], 0, false)?;
    t.hot = hot.piece;
    if rest < steps.len() {
        let mut cold = piece(&steps[rest..], &roles[rest..], rest, true)?;
        t.back.extend(cold.far.into_iter().map(|(at, _)| at));
        cold.piece.bytes.push(0xE9);
        t.back.push(cold.piece.bytes.len());
        cold.piece.bytes.extend([0; 4]);
        t.into_cold.extend(hot.far.into_iter().map(|(at, to)| (at, cold.starts[to - rest])));
        t.cold = cold.piece;
    }
    if t.hot.bytes.len().max(t.cold.bytes.len()) > 255 {
        return Err("it is longer than 255 bytes".into());
    }
    Ok(t)
}

struct Encoded {
    piece: Piece,
    /// Jumps to elsewhere: offset of the displacement, and the step they go to.
    far: Vec<(usize, usize)>,
    /// Where each step starts.
    starts: Vec<usize>,
}

/// Encodes steps, the first of which has index `first` in the stencil. Jumps inside the piece and (in a hot one) to its
/// end are short.
fn piece(steps: &[Step], roles: &[Roles], first: usize, cold: bool) -> Result<Encoded, String> {
    let mut p = Piece::default();
    let (mut starts, mut short, mut far) = (Vec::new(), Vec::new(), Vec::new());
    for (step, roles) in steps.iter().zip(roles) {
        starts.push(p.bytes.len());
        match step {
            Step::Plain(inst, holes) => {
                let base = p.bytes.len();
                let (code, offsets, fields) = patchable(inst, roles)?;
                for h in holes {
                    let at = base + if h.displacement { offsets.0 } else { offsets.1 };
                    p.holes.push(PlacedHole { imm: h.imm, at, kind: h.kind, addend: h.addend });
                }
                p.fields.extend(fields.into_iter().map(|f| Field { at: base + f.at, rex: base + f.rex, ..f }));
                p.bytes.extend(code);
            }
            Step::Jump(cond, target) => {
                // The hot piece ends where its `jmp next` was, or with the stencil.
                let inside = match target {
                    Target::Exit => None,
                    Target::Next => (!cold).then_some(steps.len()),
                    Target::Inst(i) => i.checked_sub(first).filter(|i| *i <= steps.len()),
                };
                if let Some(to) = inside {
                    p.bytes.push(cond.map_or(0xEB, |c| 0x70 | c));
                    short.push((p.bytes.len(), to));
                    p.bytes.push(0);
                    continue;
                }
                match cond {
                    Some(c) => p.bytes.extend([0x0F, 0x80 | c]),
                    None => p.bytes.push(0xE9),
                }
                match target {
                    Target::Exit => p.exits.push(p.bytes.len()),
                    Target::Inst(i) => far.push((p.bytes.len(), *i)),
                    Target::Next => far.push((p.bytes.len(), usize::MAX)),
                }
                p.bytes.extend([0; 4]);
            }
        }
    }
    starts.push(p.bytes.len());
    for (at, to) in short {
        p.bytes[at] = i8::try_from(starts[to] - (at + 1)).map_err(|_| "it is too long for short jumps")? as u8;
    }
    Ok(Encoded { piece: p, far, starts })
}

/// Machine code with zeroed register fields, offsets of displacement and immediate, and the fields.
#[allow(clippy::type_complexity, reason = "three results of one computation, taken apart at once")]
fn patchable(inst: &Instruction, roles: &Roles) -> Result<(Vec<u8>, (usize, usize), Vec<Field>), String> {
    let all8: Vec<u8> = vec![8; roles.len()];
    let (base, offsets) = assemble(inst, roles, &all8)?;
    let mut code = base.clone();
    let mut fields = Vec::new();
    let rex = base.iter().position(|b| !matches!(b, 0x66 | 0xF2 | 0xF3)).unwrap_or(0);
    for (n, (place, slot)) in roles.iter().enumerate() {
        if base[rex] & 0xF0 != 0x40 {
            return Err(format!("`{inst}` has no REX prefix"));
        }
        let mut numbers = all8.clone();
        numbers[n] = 15;
        let (other, _) = assemble(inst, roles, &numbers)?;
        let differ: Vec<usize> = (0..base.len()).filter(|&i| base[i] != other[i]).collect();
        let &[at] = differ.as_slice() else { return Err(format!("`{inst}`: a register is no single field")) };
        let mask = base[at] ^ other[at];
        let shift = mask.trailing_zeros() as u8;
        if other.len() != base.len() || mask >> shift != 7 {
            return Err(format!("`{inst}`: a register is no three-bit field"));
        }
        let rex_bit = match (place, shift) {
            (Place::Operand(_), 3) => 2,
            (Place::Index, _) => 1,
            _ => 0,
        };
        code[at] &= !mask;
        code[rex] &= !(1 << rex_bit);
        fields.push(Field { slot: *slot, at, shift, rex, rex_bit });
    }
    Ok((code, offsets, fields))
}

/// Encodes with the given register numbers in the places of `roles`, and rbp for the context.
fn assemble(inst: &Instruction, roles: &Roles, numbers: &[u8]) -> Result<(Vec<u8>, (usize, usize)), String> {
    let mut inst = *inst;
    for op in 0..inst.op_count() {
        if inst.op_kind(op) == OpKind::Register && inst.op_register(op).full_register() == CONTEXT {
            return Err(format!("`{inst}` copies the context"));
        }
    }
    if inst.memory_base() == CONTEXT {
        inst.set_memory_base(Register::RBP);
    }
    if inst.memory_index() == CONTEXT {
        return Err(format!("`{inst}` indexes with the context"));
    }
    let mut slot_base = false;
    for ((place, _), &number) in roles.iter().zip(numbers) {
        match place {
            Place::Operand(op) => inst.set_op_register(*op, renumber(inst.op_register(*op), number)),
            Place::Base => {
                inst.set_memory_base(renumber(inst.memory_base(), number));
                if inst.memory_displ_size() == 0 {
                    inst.set_memory_displ_size(1);
                }
                slot_base = true;
            }
            Place::Index => inst.set_memory_index(renumber(inst.memory_index(), number)),
        }
    }
    let mut encoder = Encoder::new(64);
    encoder.encode(&inst, 0).map_err(|e| format!("`{inst}` does not encode: {e}"))?;
    let offsets = encoder.get_constant_offsets();
    let mut code = encoder.take_buffer();
    let (mut displacement, mut immediate) = (offsets.displacement_offset(), offsets.immediate_offset());
    if slot_base && inst.memory_index() == Register::None && inst.memory_base() != Register::R12 {
        // [base + disp] -> [base + none + disp]
        let modrm = displacement - 1;
        code.insert(displacement, 0x20 | code[modrm] & 7);
        code[modrm] = code[modrm] & !7 | 4;
        displacement += 1;
        immediate += 1;
    }
    Ok((code, (displacement, immediate)))
}

/// The register of the same class and size with another number.
fn renumber(reg: Register, number: u8) -> Register {
    let n = u32::from(number);
    if reg.is_xmm() {
        Register::XMM0 + n
    } else if reg.is_gpr8() {
        // AL..BL, then AH..BH, then SPL..R15L.
        if n < 4 { Register::AL + n } else { Register::SPL + (n - 4) }
    } else if reg.is_gpr16() {
        Register::AX + n
    } else if reg.is_gpr32() {
        Register::EAX + n
    } else {
        Register::RAX + n
    }
}
