//! Machine-level steps to bytes.
use ir::{Uop, ValueId};
use stencils::{Piece, Template};

use crate::abi::{self, Loc};
use crate::alloc::Allocated;
use crate::arena::{CODE_ALIGN, exit_id_load};
use crate::asm::{Asm, Cond, RAX, RBP, RCX, RDI};
use crate::calls::{ColdCall, ColdReturn};
use crate::emit_escape::WayOut;
use crate::lir::Lir;
use crate::regs::Packed;
use crate::target::RegSet;
use crate::{CompileError, Escape, Exit, Mark, MarkKind, Prologue};

/// Position-dependent code: displacements still to be resolved against absolute addresses.
pub(crate) struct Emitted {
    /// Its `code` and `fixups` are the result.
    pub room: Room,
    pub marks: Vec<Mark>,
    /// Offset of what follows the prologue.
    pub body: u32,
}

/// Room for code, kept from one trace to the next.
#[derive(Default)]
pub(crate) struct Room {
    pub code: Vec<u8>,
    /// Offset of a 32-bit displacement, and the absolute address it must reach.
    pub fixups: Vec<(u32, usize)>,
    exit_jumps: Vec<(u32, u32)>,
}

/// Addresses and ids the code refers to.
pub(crate) struct Outside {
    pub exit_thunk: usize,
    pub exit_thunk_general: usize,
    pub escape_thunk: usize,
    pub left_thunk: usize,
    /// The helper that frees objects of harmless types.
    pub dealloc: usize,
    pub first_exit_id: u32,
    pub first_escape_id: u32,
    pub first_call_id: u32,
    pub call_thunk: usize,
    pub returned_thunk: usize,
    pub return_thunk: usize,
    pub link_thunk: usize,
    pub prologue: Option<Prologue>,
}

/// The out-of-line piece of a template.
struct Cold {
    /// Where the template's hot piece starts.
    from: u32,
    /// Where it ends.
    back: u32,
    template: &'static Template,
    slots: [u8; 4],
    imms: [u64; 2],
    exit: Option<u32>,
    mark: (u32, Uop),
}

/// Out-of-line code of a `decref_dead`.
pub(crate) struct Dealloc {
    pub from: u32,
    pub back: u32,
    pub object: u8,
    pub helper: usize,
    pub gprs: RegSet,
    pub fprs: RegSet,
    /// Holds the interpreter frame, to be loaded again.
    pub frame: Option<u8>,
    pub mark: (u32, Uop),
}

pub(crate) fn emit(
    allocated: &mut Allocated,
    outside: &Outside,
    marks: bool,
    room: Room,
) -> Result<Emitted, CompileError> {
    let Room { mut code, mut fixups, mut exit_jumps } = room;
    ir::make_room(&mut code, 24 * allocated.code.len() + 16 * allocated.exits.len());
    fixups.clear();
    exit_jumps.clear();
    let mut e = Emitter {
        asm: Asm { code },
        fixups,
        marks: Vec::new(),
        wants_marks: marks,
        exit_jumps,
        deallocs: Vec::new(),
        colds: Vec::new(),
        ways_out: Vec::new(),
        calls: Vec::new(),
        returns: Vec::new(),
        links: Vec::new(),
        head: None,
        mark: (0, Uop::Label),
    };
    if let Some(p) = &outside.prologue {
        e.prologue(p, outside);
    }
    let body = e.asm.here();
    for lir in &allocated.code {
        e.lir(lir, &allocated.escapes, outside)?;
    }
    for d in std::mem::take(&mut e.deallocs) {
        e.dealloc(&d);
    }
    for c in std::mem::take(&mut e.colds) {
        e.cold(&c);
    }
    for w in std::mem::take(&mut e.ways_out) {
        e.way_out(&w, outside);
    }
    e.call_stubs(outside);
    e.stubs(&mut allocated.exits, &allocated.exit_values, outside);
    let room = Room { code: e.asm.code, fixups: e.fixups, exit_jumps: e.exit_jumps };
    Ok(Emitted { room, marks: e.marks, body })
}

pub(crate) struct Emitter {
    pub asm: Asm,
    pub fixups: Vec<(u32, usize)>,
    marks: Vec<Mark>,
    wants_marks: bool,
    /// Displacements that must reach an exit's stub.
    exit_jumps: Vec<(u32, u32)>,
    pub deallocs: Vec<Dealloc>,
    colds: Vec<Cold>,
    pub ways_out: Vec<WayOut>,
    pub calls: Vec<ColdCall>,
    pub returns: Vec<ColdReturn>,
    /// Jumps to where frames are linked, and what follows.
    pub links: Vec<(u32, u32)>,
    /// Offset of the loop's head.
    head: Option<u32>,
    pub mark: (u32, Uop),
}

impl Emitter {
    pub fn mark(&mut self, kind: MarkKind) {
        if self.wants_marks {
            self.marks.push(Mark { offset: self.asm.here(), kind });
        }
    }

    fn lir(&mut self, lir: &Lir, escapes: &[Escape], outside: &Outside) -> Result<(), CompileError> {
        match *lir {
            Lir::Mark(inst, uop) => {
                self.mark = (inst, uop);
                self.mark(MarkKind::Inst(inst, uop));
            }
            Lir::Move { dst, src } => self.mov(dst, src),
            Lir::Stencil { uop, slots, imms, exit } => {
                let t = stencils::template(uop).ok_or(CompileError::Unsupported)?;
                let from = self.piece(&t.hot, &slots, &imms, exit);
                if !t.into_cold.is_empty() {
                    let back = self.asm.here();
                    self.colds.push(Cold { from, back, template: t, slots, imms, exit, mark: self.mark });
                }
            }
            Lir::DecrefDead { object, helper, gprs, fprs } => {
                let refcnt = uops::layout::REFCNT as i32;
                self.asm.load32(RAX, object, refcnt);
                self.asm.test32(RAX, RAX);
                let immortal = self.asm.jcc_short(Cond::Sign);
                self.asm.dec32(RAX);
                self.asm.store32(object, refcnt, RAX);
                let from = self.asm.jcc(Cond::Zero);
                self.asm.bind_short(immortal);
                let back = self.asm.here();
                self.deallocs.push(Dealloc { from, back, object, helper, gprs, fprs, frame: None, mark: self.mark });
            }
            Lir::Call { target } => {
                self.asm.mov_ri(RAX, target as u64);
                self.asm.call_r(RAX);
            }
            Lir::NullExit(exit) => {
                self.asm.test_rr(RAX, RAX);
                let at = self.asm.jcc(Cond::Zero);
                self.exit_jumps.push((at, exit));
            }
            Lir::Escape { index, gprs, fprs } => match &escapes[index as usize].recipe {
                Some(recipe) => self.escape(index, recipe, (gprs, fprs), outside),
                None => {
                    self.asm.mov_ri(RAX, u64::from(outside.first_escape_id + index));
                    let at = self.asm.call();
                    self.fixups.push((at, outside.escape_thunk));
                }
            },
            Lir::Label => {
                // A small loop that straddles a cache line can take twice as long.
                self.asm.align(CODE_ALIGN);
                self.head = Some(self.asm.here());
            }
            Lir::Jump => {
                let at = self.asm.jmp();
                self.asm.bind(at, self.head.ok_or(CompileError::Malformed("a jump without label"))?);
            }
            Lir::Exit(exit) => {
                let at = self.asm.jmp();
                self.exit_jumps.push((at, exit));
            }
            Lir::NativeCall { site, cell, returns, frames, bytes } => {
                self.native_call(outside.first_call_id + site, cell, returns, (frames, bytes));
            }
            Lir::Return { returns, pc, locals } => self.return_(returns, pc, locals),
            Lir::Link(addr) => {
                let at = self.asm.jmp();
                self.fixups.push((at, addr));
            }
        }
        Ok(())
    }

    /// Copies and patches a piece of a template; where it starts.
    fn piece(&mut self, piece: &Piece, slots: &[u8; 4], imms: &[u64; 2], exit: Option<u32>) -> u32 {
        let start = piece.emit(&mut self.asm.code, slots, imms) as u32;
        if let Some(exit) = exit {
            self.exit_jumps.extend(piece.exits.iter().map(|&at| (start + u32::from(at), exit)));
        }
        start
    }

    fn cold(&mut self, c: &Cold) {
        self.mark(MarkKind::Cold(c.mark.0, c.mark.1));
        let start = self.piece(&c.template.cold, &c.slots, &c.imms, c.exit);
        for &(at, to) in c.template.into_cold {
            self.asm.bind(c.from + u32::from(at), start + u32::from(to));
        }
        for &at in c.template.back {
            self.asm.bind(start + u32::from(at), c.back);
        }
    }

    pub fn mov(&mut self, dst: Loc, src: Loc) {
        let a = &mut self.asm;
        match (dst, src) {
            (Loc::Reg(d), Loc::Reg(s)) => a.mov_rr(d, s),
            (Loc::Reg(d), Loc::Fpr(s)) => a.movq_rx(d, s),
            (Loc::Reg(d), Loc::Spill(s)) => a.load(d, RBP, abi::spill_slot(s)),
            (Loc::Reg(d), Loc::Const(c)) => a.mov_ri(d, c),
            (Loc::Fpr(d), Loc::Reg(s)) => a.movq_xr(d, s),
            (Loc::Fpr(d), Loc::Fpr(s)) => a.mov_xx(d, s),
            (Loc::Fpr(d), Loc::Spill(s)) => a.load_x(d, RBP, abi::spill_slot(s)),
            (Loc::Fpr(d), Loc::Const(0)) => a.zero_x(d),
            (Loc::Fpr(d), Loc::Const(c)) => {
                a.mov_ri(RAX, c);
                a.movq_xr(d, RAX);
            }
            (Loc::Spill(d), Loc::Reg(s)) => a.store(RBP, abi::spill_slot(d), s),
            (Loc::Spill(d), Loc::Fpr(s)) => a.store_x(RBP, abi::spill_slot(d), s),
            (Loc::Spill(d), Loc::Spill(s)) => {
                // rax may hold a value of a parallel move.
                a.load(RCX, RBP, abi::spill_slot(s));
                a.store(RBP, abi::spill_slot(d), RCX);
            }
            (Loc::Spill(d), Loc::Const(c)) => match i32::try_from(c as i64) {
                Ok(c) => a.store_imm(RBP, abi::spill_slot(d), c),
                Err(_) => {
                    a.mov_ri(RAX, c);
                    a.store(RBP, abi::spill_slot(d), RAX);
                }
            },
            (Loc::Const(_), _) => unreachable!("nothing moves into a constant"),
        }
    }

    /// Calls the deallocator with everything else kept, in the native frame's save area.
    fn dealloc(&mut self, d: &Dealloc) {
        self.mark(MarkKind::Cold(d.mark.0, d.mark.1));
        let here = self.asm.here();
        self.asm.bind(d.from, here);
        for r in d.gprs.iter() {
            self.asm.store(RBP, abi::gpr_save(r), r);
        }
        for x in d.fprs.iter() {
            self.asm.store_x(RBP, abi::fpr_save(x), x);
        }
        self.asm.mov_rr(RDI, d.object);
        self.asm.mov_ri(RAX, d.helper as u64);
        self.asm.call_r(RAX);
        for r in d.gprs.iter() {
            self.asm.load(r, RBP, abi::gpr_save(r));
        }
        for x in d.fprs.iter() {
            self.asm.load_x(x, RBP, abi::fpr_save(x));
        }
        if let Some(r) = d.frame {
            self.asm.load(r, RBP, uops::layout::CX_FRAME as i32);
        }
        let at = self.asm.jmp();
        self.asm.bind(at, d.back);
    }

    fn stubs(&mut self, exits: &mut [Exit], values: &[(ValueId, Packed)], outside: &Outside) {
        for (n, exit) in exits.iter_mut().enumerate() {
            self.mark(MarkKind::Exit(n as u32));
            exit.stub = self.asm.here();
            self.asm.code.extend(exit_id_load(outside.first_exit_id + n as u32));
            let at = self.asm.jmp();
            let (from, to) = exit.values;
            let vectors = values[from as usize..to as usize].iter().any(|v| v.1.is_fpr());
            self.fixups.push((at, if vectors { outside.exit_thunk } else { outside.exit_thunk_general }));
        }
        for &(at, exit) in &self.exit_jumps {
            self.asm.bind(at, exits[exit as usize].stub);
        }
    }
}
