//! From machine code to a short list of instructions with symbolic jumps, cleaned up so that the way on falls
//! through at the end.
use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, Register};

use crate::object::{Function, Reloc, RelocKind};
use crate::source;

/// Where a jump goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// On to the next stencil.
    Next,
    /// Out of the trace.
    Exit,
    /// Forward, to the instruction with this index.
    Inst(usize),
}

/// What an instruction is to the template.
#[derive(Clone, Debug)]
pub enum Step {
    /// An ordinary instruction and the immediates in it.
    Plain(Instruction, Vec<Hole>),
    /// `jmp` (`None`) or `jcc` with its condition's opcode nibble.
    Jump(Option<u8>, Target),
}

/// An immediate in an instruction.
#[derive(Clone, Debug)]
pub struct Hole {
    /// In the displacement (or else the immediate field).
    pub displacement: bool,
    /// Number of the uop's immediate.
    pub imm: usize,
    pub kind: RelocKind,
    pub addend: i64,
}

pub fn decode(f: &Function) -> Result<Vec<Step>, String> {
    let mut decoder = Decoder::with_ip(64, &f.code, 0, DecoderOptions::NONE);
    let mut raw: Vec<(Instruction, Vec<Reloc>)> = Vec::new();
    let mut holes = Vec::new();
    while decoder.can_decode() {
        let inst = decoder.decode();
        if inst.is_invalid() {
            return Err("it does not decode".into());
        }
        let (start, end) = (inst.ip() as usize, inst.next_ip() as usize);
        let relocs: Vec<Reloc> = f.relocs.iter().filter(|r| (start..end).contains(&r.offset)).cloned().collect();
        let offsets = decoder.get_constant_offsets(&inst);
        let mut here = Vec::new();
        for r in relocs.iter().filter(|r| r.kind != RelocKind::Branch) {
            let in_displacement = offsets.has_displacement() && start + offsets.displacement_offset() == r.offset;
            let in_immediate = offsets.has_immediate() && start + offsets.immediate_offset() == r.offset;
            if !in_displacement && !in_immediate {
                return Err(format!("the relocation of `{inst}` is in no field of it"));
            }
            let names = if r.kind == RelocKind::Abs64 { source::IMM64 } else { source::IMM32 };
            let imm = names
                .iter()
                .position(|n| *n == r.symbol)
                .ok_or_else(|| format!("`{inst}` names `{}`, which is no immediate", r.symbol))?;
            here.push(Hole { displacement: in_displacement, imm, kind: r.kind, addend: r.addend });
        }
        holes.push(here);
        raw.push((inst, relocs));
    }
    let index_of = |ip: u64| raw.iter().position(|(i, _)| i.ip() == ip);
    let mut steps = Vec::new();
    for (n, (inst, relocs)) in raw.iter().enumerate() {
        let branch = relocs.iter().find(|r| r.kind == RelocKind::Branch);
        steps.push(match inst.flow_control() {
            FlowControl::Next if branch.is_none() => {
                check_plain(inst)?;
                Step::Plain(*inst, holes[n].clone())
            }
            FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
                let target = match branch {
                    Some(r) if r.addend != -4 => {
                        return Err(format!("`{inst}` jumps into the middle of `{}`", r.symbol));
                    }
                    Some(r) if source::NEXT.contains(&r.symbol.as_str()) => Target::Next,
                    Some(r) if r.symbol == source::EXIT => Target::Exit,
                    Some(r) => return Err(format!("it jumps to `{}`", r.symbol)),
                    None => match index_of(inst.near_branch64()) {
                        Some(i) if i > n => Target::Inst(i),
                        _ => return Err(format!("`{inst}` jumps backwards or nowhere")),
                    },
                };
                Step::Jump(condition(inst)?, target)
            }
            _ => return Err(format!("`{inst}` is not allowed in a stencil")),
        });
    }
    match steps.last() {
        Some(Step::Jump(None, Target::Next | Target::Exit)) => simplify(steps),
        _ => Err("it does not end in a tail call".into()),
    }
}

fn check_plain(inst: &Instruction) -> Result<(), String> {
    let stack = inst.is_stack_instruction() || inst.is_ip_rel_memory_operand();
    if stack || matches!(inst.mnemonic(), Mnemonic::Xchg | Mnemonic::Cmpxchg) {
        return Err(format!("`{inst}` is not allowed in a stencil"));
    }
    Ok(())
}

/// The opcode nibble of a conditional jump.
fn condition(inst: &Instruction) -> Result<Option<u8>, String> {
    if inst.is_jmp_short_or_near() {
        Ok(None)
    } else if inst.is_jcc_short_or_near() {
        Ok(Some(inst.condition_code() as u8 - 1))
    } else {
        Err(format!("`{inst}` is not allowed in a stencil"))
    }
}

/// Threads jumps to jumps, turns `jcc over; jmp x; over:` into one jump, drops what is not reached and the final
/// `jmp next`. Rounds repeat until nothing changes.
fn simplify(mut steps: Vec<Step>) -> Result<Vec<Step>, String> {
    // The end of the list stands for the next stencil from here on.
    loop {
        let mut changed = false;
        for n in 0..steps.len() {
            if let Step::Jump(cond, Target::Inst(t)) = steps[n] {
                if t == steps.len() {
                    steps[n] = Step::Jump(cond, Target::Next);
                    changed = true;
                } else if let Step::Jump(None, onward) = steps[t] {
                    steps[n] = Step::Jump(cond, onward);
                    changed = true;
                }
            }
        }
        for n in 0..steps.len().saturating_sub(1) {
            let over = |t: Target| t == Target::Inst(n + 2) || t == Target::Next && n + 2 == steps.len();
            if let (Step::Jump(Some(cond), skip), Step::Jump(None, to)) = (&steps[n], &steps[n + 1])
                && over(*skip)
                && *to != *skip
                && !targeted(&steps, n + 1)
            {
                steps[n] = Step::Jump(Some(cond ^ 1), *to);
                remove(&mut steps, n + 1);
                changed = true;
                break;
            }
        }
        if let Some(n) = (1..steps.len()).find(|&n| matches!(steps[n - 1], Step::Jump(None, _)) && !targeted(&steps, n))
        {
            remove(&mut steps, n);
            changed = true;
        }
        if let Some(Step::Jump(None, Target::Next)) = steps.last()
            && !targeted(&steps, steps.len() - 1)
        {
            steps.pop();
            changed = true;
        }
        if !changed {
            return Ok(steps);
        }
    }
}

fn targeted(steps: &[Step], n: usize) -> bool {
    steps.iter().any(|s| matches!(s, Step::Jump(_, Target::Inst(t)) if *t == n))
}

fn remove(steps: &mut Vec<Step>, n: usize) {
    steps.remove(n);
    for s in steps {
        if let Step::Jump(_, Target::Inst(t)) = s
            && *t > n
        {
            *t -= 1;
        }
    }
}

/// `cvtsi2sd` leaves the upper half of its result alone, so it waits for whoever wrote that register last: clears the
/// result first, as compilers do where they see the danger.
pub fn break_false_dependencies(steps: &mut Vec<Step>) {
    let mut n = 0;
    while n < steps.len() {
        if let Step::Plain(inst, _) = &steps[n]
            && inst.mnemonic() == Mnemonic::Cvtsi2sd
            && inst.op0_register() != Register::None
            && !matches!(n.checked_sub(1).map(|p| &steps[p]), Some(Step::Plain(i, _)) if i.mnemonic() == Mnemonic::Xorps)
        {
            let x = inst.op0_register();
            let clear = Instruction::with2(Code::Xorps_xmm_xmmm128, x, x).expect("xorps takes two registers");
            for s in steps.iter_mut() {
                if let Step::Jump(_, Target::Inst(t)) = s
                    && *t > n
                {
                    *t += 1;
                }
            }
            steps.insert(n, Step::Plain(clear, Vec::new()));
            n += 1;
        }
        n += 1;
    }
}
