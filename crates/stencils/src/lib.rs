//! Machine-code templates of uops, with patchable registers and immediates.
//!
//! The build script compiles every stencil uop with the compiler that cargo uses, decodes the machine code, finds
//! the bit fields of each register operand, checks everything, and writes the table this crate serves. Codegen
//! copies a template, patches registers and immediates ([`Piece::emit`]), and points the exits at its stubs; the
//! end of one template falls through into the next.
//!
//! A template keeps rax, rcx, rdx and xmm0 to xmm2 for itself, finds the context in rbp, and leaves all other
//! registers alone but those of its slots.
#![forbid(unsafe_code)]

use ir::Uop;

/// Slot number of the result; operands are numbered from 0.
pub const OUT: usize = 3;

/// The machine code of a uop and what a register allocator must know of it.
#[derive(Debug)]
pub struct Template {
    /// What falls through into the next uop.
    pub hot: Piece,
    /// What is placed out of line; empty for most.
    pub cold: Piece,
    /// Offset of a 32-bit displacement in `hot`, and the offset in `cold` it must reach.
    pub into_cold: &'static [(u8, u8)],
    /// Offsets of 32-bit displacements in `cold` that must reach the end of `hot`.
    pub back: &'static [u8],
    /// The operand that must be in the result's register: it is modified in place.
    pub tied: Option<u8>,
    /// Bit set of operands whose registers hold nothing useful afterwards, nor at the exits.
    pub destroyed: u8,
    /// Bit set of operands that are read after the result was first written: they may not share its register.
    pub early: u8,
    /// No exit is taken after the result was first written: what dies here may share its register.
    pub late_out: bool,
    /// Temporaries written: bits 0-2 rax, rcx, rdx; bits 3-5 xmm0, xmm1, xmm2.
    pub temps: u8,
}

/// Machine code with patchable places.
#[derive(Debug)]
pub struct Piece {
    /// Register fields, immediates and displacements to elsewhere are zero.
    pub bytes: &'static [u8],
    pub fields: &'static [Field],
    pub holes: &'static [Hole],
    /// Offsets of the 32-bit displacements of jumps out of the trace.
    pub exits: &'static [u8],
}

/// A register number in the code: bits 0-2 go to `at`, shifted; bit 3 to `rex`.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub slot: u8,
    pub at: u8,
    pub shift: u8,
    pub rex: u8,
    pub rex_bit: u8,
}

/// An immediate in the code.
#[derive(Clone, Copy, Debug)]
pub struct Hole {
    pub at: u8,
    /// Number of the uop's immediate.
    pub imm: u8,
    pub kind: HoleKind,
    pub addend: i32,
}

/// How an immediate is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoleKind {
    /// 64 bits.
    Abs64,
    /// 32 bits that the instruction sign-extends.
    Signed32,
    /// 32 bits that the instruction zero-extends.
    Unsigned32,
}

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The template of a stencil uop; `None` for other uops, and for all on an unsupported architecture.
#[inline]
pub fn template(uop: Uop) -> Option<&'static Template> {
    TEMPLATES[uop as usize].as_ref()
}

/// Whether there are templates for this architecture.
pub fn supported() -> bool {
    TEMPLATES.iter().any(Option::is_some)
}

impl Hole {
    /// Whether immediate `value` can be encoded here.
    pub fn fits(&self, value: u64) -> bool {
        let v = (value as i64).wrapping_add(i64::from(self.addend));
        match self.kind {
            HoleKind::Abs64 => true,
            HoleKind::Signed32 => i32::try_from(v).is_ok(),
            HoleKind::Unsigned32 => u32::try_from(v).is_ok(),
        }
    }
}

impl Template {
    /// Whether every immediate can be encoded.
    pub fn fits(&self, imms: &[u64; 2]) -> bool {
        self.misfit(imms).is_none()
    }

    /// The number of an immediate that cannot be encoded.
    pub fn misfit(&self, imms: &[u64; 2]) -> Option<usize> {
        if self.hot.holes.is_empty() && self.cold.holes.is_empty() {
            return None;
        }
        let mut holes = self.hot.holes.iter().chain(self.cold.holes);
        holes.find(|h| !h.fits(imms[h.imm as usize])).map(|h| h.imm as usize)
    }
}

impl Piece {
    /// Appends the code with registers `slots` (hardware numbers by slot) and immediates that [fit](Template::fits);
    /// returns where it starts. The caller sets the displacements of jumps to elsewhere.
    #[inline]
    pub fn emit(&self, code: &mut Vec<u8>, slots: &[u8; 4], imms: &[u64; 2]) -> usize {
        let start = code.len();
        code.extend_from_slice(self.bytes);
        let b = &mut code[start..];
        for f in self.fields {
            let r = slots[f.slot as usize];
            b[f.at as usize] |= (r & 7) << f.shift;
            b[f.rex as usize] |= (r >> 3) << f.rex_bit;
        }
        for h in self.holes {
            let v = imms[h.imm as usize].wrapping_add(h.addend as i64 as u64).to_le_bytes();
            let at = h.at as usize;
            match h.kind {
                HoleKind::Abs64 => b[at..at + 8].copy_from_slice(&v),
                _ => b[at..at + 4].copy_from_slice(&v[..4]),
            }
        }
        start
    }
}
