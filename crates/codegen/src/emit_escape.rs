//! Machine code of escapes; see [`crate::escape`].
use uops::layout::{FLAGS, REFCNT, TAG_BORROWED};

use crate::MarkKind;
use crate::abi::{self, Loc};
use crate::asm::{Cond, RAX, RBP, RCX, RDX, RSP};
use crate::emit::{Dealloc, Emitter, Outside};
use crate::escape::{Arg, Recipe, SlotRef, Step, Temp};
use crate::moves::sequence;
use crate::target::{ARG_GPRS, RegSet};

/// Free once the call has returned: rax holds its result then.
const AFTER_SCRATCH: u8 = 11;

/// The out-of-line pieces of an escape.
pub(crate) struct WayOut {
    index: u32,
    /// Displacements of jumps taken where a guard does not hold.
    to_runtime: Vec<u32>,
    /// Displacements of jumps taken where native code must be left.
    to_leave: Vec<u32>,
    /// Behind the escape.
    back: u32,
}

impl Temp {
    fn reg(self) -> u8 {
        match self {
            Temp::A => RCX,
            Temp::B => RDX,
        }
    }
}

/// What the steps of one phase share.
struct Phase {
    /// For constants and references on their way to memory.
    scratch: u8,
    /// Jumps taken where a condition does not hold.
    fails: Vec<u32>,
    keep: (RegSet, RegSet),
    dealloc: usize,
    /// Bytes from the stack pointer to the words that are kept.
    saved_at: i32,
}

impl Emitter {
    /// Emits the escape; its result is in rax then, and registers that C functions may overwrite are lost.
    pub fn escape(&mut self, index: u32, recipe: &Recipe<Loc>, keep: (RegSet, RegSet), outside: &Outside) {
        self.link_first();
        let saved_at = 8 * recipe.array.len() as i32;
        let phase = |scratch| Phase { scratch, fails: Vec::new(), keep, dealloc: outside.dealloc, saved_at };
        let mut guards = phase(RAX);
        for step in &recipe.guards {
            self.step(step, &mut guards);
        }
        let mut before = phase(RAX);
        for step in &recipe.root {
            self.step(step, &mut before);
        }
        let done = recipe.quick.map(|quick| self.try_quickly(quick, recipe, keep));
        let bytes = (saved_at as u32 + 8 * u32::from(recipe.saved)).next_multiple_of(16) as i32;
        if bytes > 0 {
            self.asm.sub_rsp(bytes);
        }
        for step in &recipe.before {
            self.step(step, &mut before);
        }
        debug_assert!(before.fails.is_empty(), "effects are not undone");
        self.call_with(recipe.target, recipe);
        self.asm.test_rr(RAX, RAX);
        let mut after = phase(AFTER_SCRATCH);
        after.fails.push(self.asm.jcc(Cond::Zero));
        for step in &recipe.after {
            self.step(step, &mut after);
        }
        // Who leaves gets the native frame's stack pointer back from rbp.
        if bytes > 0 {
            self.asm.add_rsp(bytes);
        }
        let back = self.asm.here();
        if let Some(at) = done {
            self.asm.bind(at, back);
        }
        self.ways_out.push(WayOut { index, to_runtime: guards.fails, to_leave: after.fails, back });
    }

    /// Calls what may be able to do without frames. The displacement of the jump taken if it was, with the result in
    /// rax.
    fn try_quickly(&mut self, quick: usize, recipe: &Recipe<Loc>, (gprs, fprs): (RegSet, RegSet)) -> u32 {
        for r in gprs.iter() {
            self.asm.store(RBP, abi::gpr_save(r), r);
        }
        for x in fprs.iter() {
            self.asm.store_x(RBP, abi::fpr_save(x), x);
        }
        let bytes = (8 * recipe.array.len() as u32).next_multiple_of(16) as i32;
        if bytes > 0 {
            self.asm.sub_rsp(bytes);
        }
        self.call_with(quick, recipe);
        if bytes > 0 {
            self.asm.add_rsp(bytes);
        }
        self.asm.test_rr(RAX, RAX);
        let done = self.asm.jcc(Cond::NotZero);
        for r in gprs.iter() {
            self.asm.load(r, RBP, abi::gpr_save(r));
        }
        for x in fprs.iter() {
            self.asm.load_x(x, RBP, abi::fpr_save(x));
        }
        done
    }

    /// Calls a function with the recipe's arguments; there is room for the array at the stack pointer.
    fn call_with(&mut self, function: usize, recipe: &Recipe<Loc>) {
        for (n, &v) in recipe.array.iter().enumerate() {
            self.mov(Loc::Reg(RAX), v);
            self.asm.store(RSP, 8 * n as i32, RAX);
        }
        let mut moves = Vec::with_capacity(recipe.args.len());
        for (&arg, &r) in recipe.args.iter().zip(&ARG_GPRS) {
            match arg {
                Arg::Value(v) => moves.push((Loc::Reg(r), v)),
                Arg::Const(c) => moves.push((Loc::Reg(r), Loc::Const(c))),
                Arg::Array => {}
            }
        }
        sequence(&moves, |dst, src| self.mov(dst, src));
        for (_, &r) in recipe.args.iter().zip(&ARG_GPRS).filter(|(a, _)| **a == Arg::Array) {
            self.asm.mov_rr(r, RSP);
        }
        self.asm.mov_ri(RAX, function as u64);
        self.asm.call_r(RAX);
    }

    pub fn way_out(&mut self, w: &WayOut, outside: &Outside) {
        self.mark(MarkKind::Escape(w.index));
        let id = u64::from(outside.first_escape_id + w.index);
        let here = self.asm.here();
        for &at in &w.to_leave {
            self.asm.bind(at, here);
        }
        self.asm.mov_rr(RDX, RAX);
        self.asm.mov_ri(RAX, id);
        let at = self.asm.jmp();
        self.fixups.push((at, outside.left_thunk));
        if w.to_runtime.is_empty() {
            return;
        }
        let here = self.asm.here();
        for &at in &w.to_runtime {
            self.asm.bind(at, here);
        }
        self.asm.mov_ri(RAX, id);
        let at = self.asm.call();
        self.fixups.push((at, outside.escape_thunk));
        let at = self.asm.jmp();
        self.asm.bind(at, w.back);
    }

    fn step(&mut self, step: &Step<Loc>, phase: &mut Phase) {
        let a = &mut self.asm;
        let fail = match *step {
            Step::Context(t, d) => return a.load(t.reg(), RBP, d),
            Step::Const(t, c) => return a.mov_ri(t.reg(), c),
            Step::Value(t, v) => return self.mov(Loc::Reg(t.reg()), v),
            Step::Load(t, b, d) => return a.load(t.reg(), b.reg(), d),
            Step::Address(t, b, d) => return a.lea(t.reg(), b.reg(), d),
            Step::Store(b, d, t) => return a.store(b.reg(), d, t.reg()),
            Step::Put(b, d, c) => return self.put(b.reg(), d, c, phase.scratch),
            Step::Put32(b, d, c) => return a.store32_imm(b.reg(), d, c),
            Step::Put16(b, d, c) => return a.store16_imm(b.reg(), d, c),
            Step::Add32(b, d, n) => return a.add32_mi(b.reg(), d, n.into()),
            Step::Add(b, d, n) => return a.add_mi(b.reg(), d, n),
            Step::Load8(t, b, d) => return a.load8(t.reg(), b.reg(), d),
            Step::Store8(b, d, t) => return a.store8(b.reg(), d, t.reg()),
            Step::Put8(b, d, c) => return a.store8_imm(b.reg(), d, c),
            Step::Save(n, t) => return a.store(RSP, phase.saved_at + 8 * i32::from(n), t.reg()),
            Step::Restore(t, n) => return a.load(t.reg(), RSP, phase.saved_at + 8 * i32::from(n)),
            Step::Count(b, d) => return a.inc_m(b.reg(), d),
            Step::Write(b, d, what) => return self.write(b.reg(), d, what, phase.scratch),
            Step::Replace(d, what) => return self.replace(d, what, phase),
            Step::Is(b, d, c) => {
                a.cmp_mi(b.reg(), d, c);
                Cond::NotZero
            }
            Step::Same(b, d, t) => {
                a.cmp_rm(t.reg(), b.reg(), d);
                Cond::NotZero
            }
            Step::IsNot32(b, d, c) => {
                a.cmp32_mi(b.reg(), d, c);
                Cond::Zero
            }
            Step::Below(t, b, d) => {
                a.cmp_rm(t.reg(), b.reg(), d);
                Cond::NotBelow
            }
        };
        phase.fails.push(a.jcc(fail));
    }

    fn put(&mut self, base: u8, disp: i32, word: u64, scratch: u8) {
        match i32::try_from(word as i64) {
            Ok(word) => self.asm.store_imm(base, disp, word),
            Err(_) => {
                self.asm.mov_ri(scratch, word);
                self.asm.store(base, disp, scratch);
            }
        }
    }

    fn write(&mut self, base: u8, disp: i32, what: SlotRef<Loc>, scratch: u8) {
        match what {
            SlotRef::Null => self.put(base, disp, TAG_BORROWED, scratch),
            SlotRef::Constant(c) => self.put(base, disp, c | TAG_BORROWED, scratch),
            SlotRef::Borrowed(v) => {
                self.mov(Loc::Reg(scratch), v);
                self.asm.or_ri8(scratch, TAG_BORROWED as i8);
                self.asm.store(base, disp, scratch);
            }
            SlotRef::Owned(v) => {
                self.mov(Loc::Reg(scratch), v);
                // Both tags are 1: that of no object (the comparison carries) and that of an immortal one.
                self.asm.cmp_ri8(scratch, 1);
                let null = self.asm.jcc_short(Cond::Below);
                self.asm.bit16_m(scratch, FLAGS as i32, 0);
                self.asm.bind_short(null);
                self.asm.add_carry(scratch);
                self.asm.store(base, disp, scratch);
            }
        }
    }

    fn replace(&mut self, disp: i32, what: SlotRef<Loc>, phase: &Phase) {
        let (base, old) = (Temp::A.reg(), Temp::B.reg());
        self.asm.load(old, base, disp);
        self.write(base, disp, what, phase.scratch);
        self.asm.test8_ri(old, TAG_BORROWED as u8);
        let not_owned = self.asm.jcc_short(Cond::NotZero);
        self.asm.add32_mi(old, REFCNT as i32, -1);
        let from = self.asm.jcc(Cond::Zero);
        self.asm.bind_short(not_owned);
        let back = self.asm.here();
        let (gprs, fprs) = phase.keep;
        self.deallocs.push(Dealloc {
            from,
            back,
            object: old,
            helper: phase.dealloc,
            gprs,
            fprs,
            frame: Some(base),
            mark: self.mark,
        });
    }
}

// What `write` makes of the carry.
const _: () = assert!(TAG_BORROWED == 1);
