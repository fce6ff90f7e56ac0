//! The few x86-64 instructions that codegen writes itself: moves between locations, calls, jumps, thunks.
//! Everything else is copied from stencils.

pub(crate) const RAX: u8 = 0;
pub(crate) const RCX: u8 = 1;
pub(crate) const RDX: u8 = 2;
pub(crate) const RSP: u8 = 4;
pub(crate) const RBP: u8 = 5;
pub(crate) const RSI: u8 = 6;
pub(crate) const RDI: u8 = 7;

/// Condition codes, as in the low nibble of `jcc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cond {
    /// Unsigned.
    Below = 2,
    /// Unsigned.
    NotBelow = 3,
    Zero = 4,
    NotZero = 5,
    Sign = 8,
    LessEqual = 14,
}

/// A growing piece of machine code.
#[derive(Debug, Default)]
pub(crate) struct Asm {
    pub code: Vec<u8>,
}

impl Asm {
    pub fn here(&self) -> u32 {
        self.code.len() as u32
    }

    fn bytes(&mut self, b: &[u8]) {
        self.code.extend_from_slice(b);
    }

    fn u32(&mut self, v: u32) {
        self.bytes(&v.to_le_bytes());
    }

    /// REX.W prefix, opcode, register-direct ModRM.
    fn rex_w_rr(&mut self, op: u8, reg: u8, rm: u8) {
        self.bytes(&[0x48 | (reg >> 3) << 2 | rm >> 3, op, 0xC0 | (reg & 7) << 3 | rm & 7]);
    }

    /// ModRM, SIB where the base needs one, and displacement for `[base + disp]`.
    fn mem(&mut self, reg: u8, base: u8, disp: i32) {
        let short = i8::try_from(disp).ok();
        let mode = if short.is_some() { 0x40 } else { 0x80 };
        self.bytes(&[mode | (reg & 7) << 3 | base & 7]);
        if base & 7 == RSP {
            self.bytes(&[0x24]);
        }
        match short {
            Some(d) => self.bytes(&[d as u8]),
            None => self.u32(disp as u32),
        }
    }

    /// REX prefix without W, where needed.
    fn rex(&mut self, reg: u8, rm: u8) {
        let bits = (reg >> 3) << 2 | rm >> 3;
        if bits != 0 {
            self.bytes(&[0x40 | bits]);
        }
    }

    pub fn load32(&mut self, dst: u8, base: u8, disp: i32) {
        self.rex(dst, base);
        self.bytes(&[0x8B]);
        self.mem(dst, base, disp);
    }

    pub fn store32(&mut self, base: u8, disp: i32, src: u8) {
        self.rex(src, base);
        self.bytes(&[0x89]);
        self.mem(src, base, disp);
    }

    /// cmp qword [base + disp], imm
    pub fn cmp_mi(&mut self, base: u8, disp: i32, imm: i32) {
        self.bytes(&[0x48 | base >> 3]);
        self.group_mi(7, base, disp, imm);
    }

    /// Loads 8 bits, zero-extended.
    pub fn load8(&mut self, dst: u8, base: u8, disp: i32) {
        self.rex(dst, base);
        self.bytes(&[0x0F, 0xB6]);
        self.mem(dst, base, disp);
    }

    /// Stores the low 8 bits of one of the four registers whose low byte needs no prefix.
    pub fn store8(&mut self, base: u8, disp: i32, src: u8) {
        debug_assert!(src < 4);
        self.rex(src, base);
        self.bytes(&[0x88]);
        self.mem(src, base, disp);
    }

    /// Stores 8 bits.
    pub fn store8_imm(&mut self, base: u8, disp: i32, imm: u8) {
        self.rex(0, base);
        self.bytes(&[0xC6]);
        self.mem(0, base, disp);
        self.bytes(&[imm]);
    }

    /// cmp dword [base + disp], imm
    pub fn cmp32_mi(&mut self, base: u8, disp: i32, imm: i32) {
        self.rex(0, base);
        self.group_mi(7, base, disp, imm);
    }

    /// add dword [base + disp], imm
    pub fn add32_mi(&mut self, base: u8, disp: i32, imm: i32) {
        self.rex(0, base);
        self.group_mi(0, base, disp, imm);
    }

    /// An operation of the `add..cmp` group on memory and a constant, behind its prefix.
    fn group_mi(&mut self, op: u8, base: u8, disp: i32, imm: i32) {
        match i8::try_from(imm) {
            Ok(imm) => {
                self.bytes(&[0x83]);
                self.mem(op, base, disp);
                self.bytes(&[imm as u8]);
            }
            Err(_) => {
                self.bytes(&[0x81]);
                self.mem(op, base, disp);
                self.u32(imm as u32);
            }
        }
    }

    /// cmp r, [base + disp]
    pub fn cmp_rm(&mut self, r: u8, base: u8, disp: i32) {
        self.bytes(&[0x48 | (r >> 3) << 2 | base >> 3, 0x3B]);
        self.mem(r, base, disp);
    }

    /// cmp r, imm8
    pub fn cmp_ri8(&mut self, r: u8, imm: i8) {
        self.bytes(&[0x48 | r >> 3, 0x83, 0xF8 | r & 7, imm as u8]);
    }

    /// or r, imm8
    pub fn or_ri8(&mut self, r: u8, imm: i8) {
        self.bytes(&[0x48 | r >> 3, 0x83, 0xC8 | r & 7, imm as u8]);
    }

    /// adc r, 0
    pub fn add_carry(&mut self, r: u8) {
        self.bytes(&[0x48 | r >> 3, 0x83, 0xD0 | r & 7, 0]);
    }

    /// bt word [base + disp], bit: the bit becomes the carry.
    pub fn bit16_m(&mut self, base: u8, disp: i32, bit: u8) {
        self.bytes(&[0x66]);
        self.rex(0, base);
        self.bytes(&[0x0F, 0xBA]);
        self.mem(4, base, disp);
        self.bytes(&[bit]);
    }

    /// test r8, imm8, for the four registers whose low byte needs no prefix.
    pub fn test8_ri(&mut self, r: u8, imm: u8) {
        debug_assert!(r < 4);
        self.bytes(&[0xF6, 0xC0 | r, imm]);
    }

    /// inc qword [base + disp]
    pub fn inc_m(&mut self, base: u8, disp: i32) {
        self.bytes(&[0x48 | base >> 3, 0xFF]);
        self.mem(0, base, disp);
    }

    /// Stores 32 bits.
    pub fn store32_imm(&mut self, base: u8, disp: i32, imm: u32) {
        self.rex(0, base);
        self.bytes(&[0xC7]);
        self.mem(0, base, disp);
        self.u32(imm);
    }

    /// Stores 16 bits.
    pub fn store16_imm(&mut self, base: u8, disp: i32, imm: u16) {
        self.bytes(&[0x66]);
        self.rex(0, base);
        self.bytes(&[0xC7]);
        self.mem(0, base, disp);
        self.bytes(&imm.to_le_bytes());
    }

    pub fn test32(&mut self, a: u8, b: u8) {
        self.rex(b, a);
        self.bytes(&[0x85, 0xC0 | (b & 7) << 3 | a & 7]);
    }

    pub fn dec32(&mut self, r: u8) {
        self.rex(0, r);
        self.bytes(&[0xFF, 0xC8 | r & 7]);
    }

    pub fn mov_rr(&mut self, dst: u8, src: u8) {
        if dst != src {
            self.rex_w_rr(0x89, src, dst);
        }
    }

    /// Loads a constant in the shortest form; may change flags.
    pub fn mov_ri(&mut self, dst: u8, imm: u64) {
        let rex_b = dst >> 3;
        if imm == 0 {
            // xor r32, r32
            if rex_b != 0 {
                self.bytes(&[0x45]);
            }
            self.bytes(&[0x31, 0xC0 | (dst & 7) << 3 | dst & 7]);
        } else if let Ok(v) = u32::try_from(imm) {
            if rex_b != 0 {
                self.bytes(&[0x41]);
            }
            self.bytes(&[0xB8 | dst & 7]);
            self.u32(v);
        } else if let Ok(v) = i32::try_from(imm as i64) {
            self.bytes(&[0x48 | rex_b, 0xC7, 0xC0 | dst & 7]);
            self.u32(v as u32);
        } else {
            self.bytes(&[0x48 | rex_b, 0xB8 | dst & 7]);
            self.bytes(&imm.to_le_bytes());
        }
    }

    pub fn load(&mut self, dst: u8, base: u8, disp: i32) {
        self.bytes(&[0x48 | (dst >> 3) << 2 | base >> 3, 0x8B]);
        self.mem(dst, base, disp);
    }

    pub fn store(&mut self, base: u8, disp: i32, src: u8) {
        self.bytes(&[0x48 | (src >> 3) << 2 | base >> 3, 0x89]);
        self.mem(src, base, disp);
    }

    /// Stores a sign-extended 32-bit constant.
    pub fn store_imm(&mut self, base: u8, disp: i32, imm: i32) {
        self.bytes(&[0x48 | base >> 3, 0xC7]);
        self.mem(0, base, disp);
        self.u32(imm as u32);
    }

    pub fn lea(&mut self, dst: u8, base: u8, disp: i32) {
        self.bytes(&[0x48 | (dst >> 3) << 2 | base >> 3, 0x8D]);
        self.mem(dst, base, disp);
    }

    /// movaps: the whole register, which has no false dependency.
    pub fn mov_xx(&mut self, dst: u8, src: u8) {
        if dst != src {
            self.sse_prefix(None, dst, src);
            self.bytes(&[0x28, 0xC0 | (dst & 7) << 3 | src & 7]);
        }
    }

    pub fn load_x(&mut self, dst: u8, base: u8, disp: i32) {
        self.sse_prefix(Some(0xF2), dst, base);
        self.bytes(&[0x10]);
        self.mem(dst, base, disp);
    }

    pub fn store_x(&mut self, base: u8, disp: i32, src: u8) {
        self.sse_prefix(Some(0xF2), src, base);
        self.bytes(&[0x11]);
        self.mem(src, base, disp);
    }

    /// movq xmm, r64
    pub fn movq_xr(&mut self, dst: u8, src: u8) {
        self.bytes(&[0x66, 0x48 | (dst >> 3) << 2 | src >> 3, 0x0F, 0x6E, 0xC0 | (dst & 7) << 3 | src & 7]);
    }

    /// movq r64, xmm
    pub fn movq_rx(&mut self, dst: u8, src: u8) {
        self.bytes(&[0x66, 0x48 | (src >> 3) << 2 | dst >> 3, 0x0F, 0x7E, 0xC0 | (src & 7) << 3 | dst & 7]);
    }

    /// xorps xmm, xmm
    pub fn zero_x(&mut self, dst: u8) {
        self.sse_prefix(None, dst, dst);
        self.bytes(&[0x57, 0xC0 | (dst & 7) << 3 | dst & 7]);
    }

    fn sse_prefix(&mut self, mandatory: Option<u8>, reg: u8, rm: u8) {
        self.code.extend(mandatory);
        self.rex(reg, rm);
        self.bytes(&[0x0F]);
    }

    pub fn test_rr(&mut self, a: u8, b: u8) {
        self.rex_w_rr(0x85, b, a);
    }

    /// cmp r32, imm8
    pub fn cmp32_ri(&mut self, r: u8, imm: i8) {
        self.rex(0, r);
        self.bytes(&[0x83, 0xF8 | r & 7, imm as u8]);
    }

    /// test byte [base + disp], imm8
    pub fn test8_mi(&mut self, base: u8, disp: i32, imm: u8) {
        self.rex(0, base);
        self.bytes(&[0xF6]);
        self.mem(0, base, disp);
        self.bytes(&[imm]);
    }

    /// inc dword [base + disp]
    pub fn inc32_m(&mut self, base: u8, disp: i32) {
        self.rex(0, base);
        self.bytes(&[0xFF]);
        self.mem(0, base, disp);
    }

    /// dec dword [base + disp]
    pub fn dec32_m(&mut self, base: u8, disp: i32) {
        self.rex(0, base);
        self.bytes(&[0xFF]);
        self.mem(1, base, disp);
    }

    /// add qword [base + disp], imm
    pub fn add_mi(&mut self, base: u8, disp: i32, imm: i32) {
        self.bytes(&[0x48 | base >> 3]);
        self.group_mi(0, base, disp, imm);
    }

    /// call [base]
    pub fn call_m(&mut self, base: u8) {
        self.rex(0, base);
        self.bytes(&[0xFF]);
        self.mem(2, base, 0);
    }

    pub fn call_r(&mut self, r: u8) {
        if r >> 3 != 0 {
            self.bytes(&[0x41]);
        }
        self.bytes(&[0xFF, 0xD0 | r & 7]);
    }

    pub fn jmp_r(&mut self, r: u8) {
        if r >> 3 != 0 {
            self.bytes(&[0x41]);
        }
        self.bytes(&[0xFF, 0xE0 | r & 7]);
    }

    /// `jmp rel32` to be resolved; returns the offset of its displacement.
    pub fn jmp(&mut self) -> u32 {
        self.bytes(&[0xE9, 0, 0, 0, 0]);
        self.here() - 4
    }

    /// `jcc rel32` to be resolved; returns the offset of its displacement.
    pub fn jcc(&mut self, cond: Cond) -> u32 {
        self.bytes(&[0x0F, 0x80 | cond as u8, 0, 0, 0, 0]);
        self.here() - 4
    }

    /// `jcc rel8` to be resolved; returns the offset of its displacement.
    pub fn jcc_short(&mut self, cond: Cond) -> u32 {
        self.bytes(&[0x70 | cond as u8, 0]);
        self.here() - 1
    }

    /// Makes the short displacement at `at` reach here.
    pub fn bind_short(&mut self, at: u32) {
        let rel = self.here() - (at + 1);
        debug_assert!(rel < 128);
        self.code[at as usize] = rel as u8;
    }

    /// `call rel32` to be resolved; returns the offset of its displacement.
    pub fn call(&mut self) -> u32 {
        self.bytes(&[0xE8, 0, 0, 0, 0]);
        self.here() - 4
    }

    pub fn ret(&mut self) {
        self.bytes(&[0xC3]);
    }

    pub fn push_rbp(&mut self) {
        self.bytes(&[0x55]);
    }

    pub fn leave(&mut self) {
        self.bytes(&[0xC9]);
    }

    /// sub rsp, imm32
    pub fn sub_rsp(&mut self, imm: i32) {
        self.bytes(&[0x48, 0x81, 0xEC]);
        self.u32(imm as u32);
    }

    /// add rsp, imm32
    pub fn add_rsp(&mut self, imm: i32) {
        self.bytes(&[0x48, 0x81, 0xC4]);
        self.u32(imm as u32);
    }

    /// Makes the displacement at `at` reach `target`, an offset into this code.
    pub fn bind(&mut self, at: u32, target: u32) {
        let rel = target as i32 - (at as i32 + 4);
        self.code[at as usize..at as usize + 4].copy_from_slice(&rel.to_le_bytes());
    }

    /// Pads with nops to a multiple of `to`.
    pub fn align(&mut self, to: usize) {
        const NOPS: [&[u8]; 9] = [
            &[0x90],
            &[0x66, 0x90],
            &[0x0F, 0x1F, 0x00],
            &[0x0F, 0x1F, 0x40, 0x00],
            &[0x0F, 0x1F, 0x44, 0x00, 0x00],
            &[0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
            &[0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
            &[0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
            &[0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        ];
        let mut gap = self.code.len().next_multiple_of(to) - self.code.len();
        while gap > 0 {
            let nop = NOPS[gap.min(9) - 1];
            self.bytes(nop);
            gap -= nop.len();
        }
    }
}
