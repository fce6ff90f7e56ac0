//! Which operand of the uop each register operand of each instruction stands for.
//!
//! Placeholders: rsi, r8, r9 and xmm3, xmm4, xmm5 hold the operands; the result is in rsi or xmm3. A register that
//! holds an operand and later the result gets two roles when the result's life begins with a plain write (then
//! they may be different registers), and one role, *tied*, otherwise.
use iced_x86::{Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};
use uop_table::{Kind, UopDef};

use crate::decode::{Step, Target};

/// Slot number of the result; operands are numbered from 0.
pub const OUT: u8 = 3;

/// A place in an instruction that names a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Operand(u32),
    Base,
    Index,
}

/// Roles of one instruction: place and slot.
pub type Roles = Vec<(Place, u8)>;

/// What the register allocator must know.
#[derive(Clone, Debug, Default)]
pub struct Constraints {
    /// The operand that must be in the result's register.
    pub tied: Option<u8>,
    /// Operands that are overwritten though they are not the result.
    pub destroyed: u8,
    /// Operands that are still read after the result was first written.
    pub early: u8,
    /// No exit is taken after the result was first written.
    pub late_out: bool,
    /// Temporaries written: bits 0-2 rax, rcx, rdx; bits 3-5 xmm0, xmm1, xmm2.
    pub temps: u8,
}

const INTS: [Register; 3] = [Register::RSI, Register::R8, Register::R9];
const FLOATS: [Register; 3] = [Register::XMM3, Register::XMM4, Register::XMM5];
const TEMPS: [Register; 6] =
    [Register::RAX, Register::RCX, Register::RDX, Register::XMM0, Register::XMM1, Register::XMM2];
/// The context.
pub const CONTEXT: Register = Register::RDI;

/// State of a placeholder register at one point.
const INPUT: u8 = 1;
const WRITTEN: u8 = 2;

struct Usage {
    place: Place,
    reg: Register,
    read: bool,
    write: bool,
}

pub fn assign(def: &UopDef, steps: &[Step]) -> Result<(Vec<Roles>, Constraints), String> {
    let placeholders = placeholders(def);
    let out_reg = def.result.map(|k| if k == Kind::F64 { FLOATS[0] } else { INTS[0] });
    let mut known: Vec<Register> = placeholders.clone();
    known.extend(out_reg.filter(|r| !placeholders.contains(r)));
    let mut constraints = Constraints { late_out: true, ..Constraints::default() };
    let usages = usages(steps, &known, &mut constraints)?;

    let mut roles = vec![Roles::new(); steps.len()];
    for &reg in &known {
        let operand = placeholders.iter().position(|r| *r == reg).map(|n| n as u8);
        let is_out = out_reg == Some(reg);
        let flow = flow(steps, &usages, reg, operand.is_some());
        let slot = match (operand, is_out) {
            (Some(n), false) => {
                if flow.written {
                    constraints.destroyed |= 1 << n;
                }
                Some(n)
            }
            (Some(n), true) if flow.mixed => {
                constraints.tied = Some(n);
                Some(OUT)
            }
            (Some(_), true) => None,
            (None, _) => Some(OUT),
        };
        for (n, places) in flow.roles.into_iter().enumerate() {
            for (place, state) in places {
                roles[n].push((place, slot.unwrap_or(if state == INPUT { operand.unwrap_or(OUT) } else { OUT })));
            }
        }
        if is_out && flow.at_next & INPUT != 0 && constraints.tied.is_none() {
            return Err("its result is not written on every path".into());
        }
    }
    let first_out = usages
        .iter()
        .zip(&roles)
        .position(|(us, rs)| us.iter().any(|u| u.write && rs.contains(&(u.place, OUT))))
        .unwrap_or(steps.len());
    for operand in 0..placeholders.len() as u8 {
        let last = roles.iter().rposition(|r| r.iter().any(|(_, s)| *s == operand));
        if last.is_some_and(|l| l > first_out) || constraints.destroyed >> operand & 1 != 0 {
            constraints.early |= 1 << operand;
        }
    }
    let last_exit = steps.iter().rposition(|s| matches!(s, Step::Jump(_, Target::Exit)));
    constraints.late_out = last_exit.is_none_or(|e| e < first_out) && constraints.tied.is_none();
    Ok((roles, constraints))
}

fn placeholders(def: &UopDef) -> Vec<Register> {
    let (mut ints, mut floats) = (INTS.iter(), FLOATS.iter());
    let mut next = |k: &Kind| if *k == Kind::F64 { floats.next() } else { ints.next() };
    def.operands.iter().filter_map(|(_, k)| next(k).copied()).collect()
}

struct Flow {
    /// Per instruction, the places that name the register and the state they see.
    roles: Vec<Vec<(Place, u8)>>,
    /// Some place sees both states, or the input reaches the end, or it is modified in place.
    mixed: bool,
    written: bool,
    /// State at the way on.
    at_next: u8,
}

/// Forward data flow of one placeholder register; jumps only go forward, so one pass is enough.
fn flow(steps: &[Step], usages: &[Vec<Usage>], reg: Register, input: bool) -> Flow {
    let mut incoming = vec![0u8; steps.len() + 1];
    let mut state = if input { INPUT } else { 0 };
    let mut f = Flow { roles: vec![Vec::new(); steps.len()], mixed: false, written: false, at_next: 0 };
    for (n, step) in steps.iter().enumerate() {
        state |= incoming[n];
        if let Step::Jump(cond, target) = step {
            match target {
                Target::Next => f.at_next |= state,
                Target::Exit => {}
                Target::Inst(t) => incoming[*t] |= state,
            }
            if cond.is_none() {
                state = 0;
            }
            continue;
        }
        let mut after = state;
        for u in usages[n].iter().filter(|u| u.reg == reg) {
            if u.read {
                f.mixed |= state == INPUT | WRITTEN || u.write && state & INPUT != 0;
                f.roles[n].push((u.place, state));
            } else {
                f.roles[n].push((u.place, WRITTEN));
            }
            if u.write {
                after = WRITTEN;
                f.written = true;
            }
        }
        state = after;
    }
    f.at_next |= state | incoming[steps.len()];
    f.mixed |= f.at_next & INPUT != 0;
    f
}

/// Register places of every instruction; checks that no register is used but placeholders, temporaries and context.
fn usages(steps: &[Step], known: &[Register], constraints: &mut Constraints) -> Result<Vec<Vec<Usage>>, String> {
    let mut factory = InstructionInfoFactory::new();
    let mut all = Vec::new();
    for step in steps {
        let mut here = Vec::new();
        if let Step::Plain(inst, _) = step {
            let info = factory.info(inst);
            for used in info.used_registers() {
                let full = used.register().full_register();
                let write = !matches!(
                    used.access(),
                    OpAccess::Read | OpAccess::CondRead | OpAccess::None | OpAccess::NoMemAccess
                );
                let xmm = if full.is_zmm() { Register::XMM0 + full.number() as u32 } else { full };
                if let Some(t) = TEMPS.iter().position(|t| *t == xmm) {
                    constraints.temps |= (write as u8) << t;
                } else if !known.contains(&xmm) && (xmm != CONTEXT || write) {
                    return Err(format!("`{inst}` uses {xmm:?}, which holds no operand and is no temporary"));
                }
                if matches!(used.register(), Register::AH | Register::BH | Register::CH | Register::DH) {
                    return Err(format!("`{inst}` uses a high byte register"));
                }
            }
            let zeroing = is_zeroing(inst);
            for op in 0..inst.op_count() {
                if inst.op_kind(op) == OpKind::Register {
                    let reg = placeholder(inst.op_register(op));
                    let (mut read, mut write) = access(info.op_access(op));
                    // A write of 8 or 16 bits keeps the rest of the register.
                    read |= write && inst.op_register(op).size() < 4;
                    if zeroing {
                        (read, write) = (false, true);
                    } else if op == 0 && matches!(inst.mnemonic(), Mnemonic::Cvtsi2sd | Mnemonic::Sqrtsd) {
                        // Only the low half counts.
                        (read, write) = (false, true);
                    }
                    here.push(Usage { place: Place::Operand(op), reg, read, write });
                } else if inst.op_kind(op) == OpKind::Memory {
                    for (place, reg) in [(Place::Base, inst.memory_base()), (Place::Index, inst.memory_index())] {
                        if reg != Register::None {
                            here.push(Usage { place, reg: placeholder(reg), read: true, write: false });
                        }
                    }
                }
            }
        }
        all.push(here);
    }
    Ok(all)
}

fn placeholder(reg: Register) -> Register {
    if reg.is_xmm() { reg } else { reg.full_register() }
}

fn is_zeroing(inst: &Instruction) -> bool {
    let same = inst.op_count() == 2
        && inst.op0_kind() == OpKind::Register
        && inst.op1_kind() == OpKind::Register
        && inst.op0_register() == inst.op1_register();
    same && matches!(inst.mnemonic(), Mnemonic::Xor | Mnemonic::Xorps | Mnemonic::Xorpd | Mnemonic::Pxor)
}

fn access(a: OpAccess) -> (bool, bool) {
    match a {
        OpAccess::None | OpAccess::NoMemAccess => (false, false),
        OpAccess::Read | OpAccess::CondRead => (true, false),
        OpAccess::Write => (false, true),
        OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
    }
}
