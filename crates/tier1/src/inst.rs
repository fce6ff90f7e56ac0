//! Tier-1 instructions and the code they make up.

use std::alloc::{Layout, alloc, dealloc};

use cpython::abi::*;

use crate::hot::plain_loop;

/// An instruction's implementation. Everything a handler keeps lives in its four arguments, so that ending in
/// a call of the next handler compiles to a jump.
pub type Handler = unsafe extern "sysv64" fn(*mut Frame, *mut Inst, *mut StackRef, *mut ThreadState) -> *mut Object;

/// One per code unit of the CPython code. A unit that CPython uses as inline cache is one here as well: its
/// three fields are whatever the instruction before it keeps there.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Inst {
    /// The address of a [`Handler`], or cached data.
    pub word: usize,
    /// The argument, prepared by the decoder: a jump's distance in units, say.
    pub a: u32,
    /// The instruction's own offset in the code, except where `imm` says otherwise.
    pub b: u32,
}

impl Inst {
    /// The handler.
    ///
    /// # Safety
    /// The unit holds an instruction, not a cache.
    #[inline(always)]
    pub unsafe fn handler(&self) -> Handler {
        // SAFETY: the decoder stored a handler's address.
        unsafe { core::mem::transmute::<usize, Handler>(self.word) }
    }

    /// `a` and `b` taken together.
    #[inline(always)]
    pub fn imm(&self) -> usize {
        // SAFETY: the two lie next to each other, where a word may be. (Read one by one, they stay two reads.)
        unsafe { (&raw const *self).cast::<usize>().add(1).read() }
    }

    #[inline(always)]
    pub fn set_imm(&mut self, value: usize) {
        self.a = value as u32;
        self.b = (value >> 32) as u32;
    }
}

/// What CPython's compiler put at a code unit: independent of all specialization, fusing and instrumentation.
#[repr(C, align(8))]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct BaseOp {
    pub oparg: u32,
    pub opcode: u8,
    /// Units including caches; 0 within an instruction's caches.
    pub len: u8,
    /// Number of `EXTENDED_ARG` units before it.
    pub extended: u8,
    padding: u8,
}

/// A [`BaseOp`], or what of it comes before the last byte of its argument, as one number: the decoder makes many.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Head(u64);

impl Head {
    pub(crate) const NONE: Self = Self::new(0, 0);

    pub(crate) const fn new(opcode: u8, len: u8) -> Self {
        Self(u64::from_le_bytes([0, 0, 0, 0, opcode, len, 0, 0]))
    }

    /// What the instruction behind this one, an `EXTENDED_ARG`, takes over from it.
    #[inline(always)]
    pub(crate) fn as_prefix(self) -> Self {
        let mut extended = self.0 >> 48;
        // Otherwise two large constants are kept in registers by the decoder's whole loop.
        // SAFETY: no instruction at all.
        unsafe { core::arch::asm!("/* {0} */", inout(reg) extended, options(pure, nomem, nostack, preserves_flags)) };
        Self((extended + 1) << 48 | (self.oparg() << 8) as u64)
    }

    #[inline(always)]
    pub(crate) fn with(self, prefixes: Self, oparg: u8) -> Self {
        Self(self.0 | prefixes.0 | oparg as u64)
    }

    #[inline(always)]
    pub(crate) fn oparg(self) -> u32 {
        self.0 as u32
    }
}

/// An executor installed over an instruction.
pub(crate) struct Installed {
    pub offset: u32,
    pub original: usize,
}

/// Units behind the code's own, where callers go on that have an instruction to finish: see `ops::finish`.
pub(crate) const EXTRA: usize = 2;

/// Decoded code: a header followed by the instructions, then the base instructions. Lives as long as the code object.
#[repr(C, align(16))]
pub struct Tier1Code {
    /// The eval breaker word under which this code may go on: no event pending, and the instrumentation
    /// version under which the code was found free of instrumentation.
    pub breaker: usize,
    /// The code object; it owns us, so this needs no reference.
    pub code: *mut Code,
    pub(crate) installed: Vec<Installed>,
    /// The number of arguments, if there is nothing to it but to put that many into the first locals; or none that
    /// could be.
    pub(crate) simple_arguments: u32,
    /// Entries until `on_hot` is asked for a function trace; before that, until the code is warm.
    pub(crate) entry_counter: u32,
    /// Whether superinstructions have been made.
    pub(crate) is_warm: bool,
    len: u32,
}

/// What is cleared at once.
type Line = [u128; 4];

pub(crate) const HEADER: usize = size_of::<Tier1Code>();

impl Tier1Code {
    fn layout(len: usize) -> Layout {
        let size = HEADER + (len + EXTRA) * (size_of::<Inst>() + size_of::<BaseOp>());
        Layout::from_size_align(size.next_multiple_of(size_of::<Line>()), 16).expect("a code object is far smaller")
    }

    /// Allocates code with room for `len` units, all zero, which the caller writes, by [`Self::inst`] and [`Self::first_op`].
    /// `None` if there is no memory.
    pub(crate) fn allocate(code: *mut Code, len: usize) -> Option<*mut Self> {
        let layout = Self::layout(len);
        // SAFETY: the size is not zero.
        unsafe {
            let this: *mut Self = alloc(layout).cast();
            if this.is_null() {
                return None;
            }
            crate::hot::set_code_region(this as usize);
            // Most is a few kilobytes, for which `memset` begins more slowly than this is done.
            for line in 0..layout.size() / size_of::<Line>() {
                plain_loop();
                this.cast::<Line>().add(line).write([0; 4]);
            }
            this.write(Self {
                breaker: usize::MAX,
                code,
                installed: Vec::new(),
                simple_arguments: u32::MAX,
                entry_counter: 0,
                is_warm: false,
                len: len as u32,
            });
            for at in len..len + EXTRA {
                let finish = crate::ops::finish::finish::<false> as *const () as usize;
                Self::inst(this, at).write(Inst { word: finish, a: 0, b: at as u32 });
            }
            Some(this)
        }
    }

    /// The first of the base instructions.
    ///
    /// # Safety
    /// `this` is live.
    #[inline(always)]
    pub(crate) unsafe fn first_op(this: *mut Self) -> *mut BaseOp {
        // SAFETY: they follow the instructions.
        unsafe { Self::inst(this, (*this).len as usize + EXTRA).cast() }
    }

    /// What the compiler put at each unit.
    #[inline(always)]
    fn ops(&self) -> &[BaseOp] {
        // SAFETY: they follow the instructions, and are written once, when the code is decoded.
        unsafe { core::slice::from_raw_parts(Self::first_op((&raw const *self).cast_mut()), self.len as usize + EXTRA) }
    }

    /// Frees code that no frame runs any more.
    ///
    /// # Safety
    /// `this` came from [`Self::allocate`] and is not used again.
    pub(crate) unsafe fn free(this: *mut Self) {
        // SAFETY: the caller's.
        unsafe {
            let layout = Self::layout((*this).len as usize);
            core::ptr::drop_in_place(this);
            dealloc(this.cast(), layout);
        }
    }

    /// The instruction at a unit offset.
    ///
    /// # Safety
    /// `this` is live and the offset in range.
    #[inline(always)]
    pub unsafe fn inst(this: *mut Self, offset: usize) -> *mut Inst {
        // SAFETY: the caller's.
        unsafe { this.byte_add(HEADER).cast::<Inst>().add(offset) }
    }

    /// The code an instruction belongs to, from the instruction's own offset.
    ///
    /// # Safety
    /// `ip` is an instruction whose `b` is its offset.
    #[inline(always)]
    pub(crate) unsafe fn of(ip: *mut Inst) -> *mut Self {
        // SAFETY: the caller's.
        unsafe { ip.sub((*ip).b as usize).byte_sub(HEADER).cast() }
    }

    /// Number of units.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is no code at all; a code object always has some.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The unit offset of an instruction of this code.
    pub fn offset_of(&self, ip: *const Inst) -> usize {
        (ip as usize - (&raw const *self as usize + HEADER)) / size_of::<Inst>()
    }

    /// The instruction at a unit offset.
    pub fn ip_at(&self, offset: usize) -> *mut Inst {
        debug_assert!(offset < self.len as usize + EXTRA);
        ((&raw const *self as usize) + HEADER + offset * size_of::<Inst>()) as *mut Inst
    }

    /// Where the frame goes on that is to finish its instruction at `pc`, in units from there; with the truth of its
    /// result reversed or not. `None` in code that is too long.
    pub fn finish_offset(&self, pc: usize, negated: bool) -> Option<u16> {
        u16::try_from(self.len() + usize::from(negated) - pc).ok()
    }

    /// As [`Self::base_op`], and nothing behind the end.
    pub(crate) fn base_op_if_any(&self, offset: usize) -> BaseOp {
        self.ops().get(offset).copied().unwrap_or_default()
    }

    /// What the compiler put at the instruction `ip`.
    ///
    /// # Safety
    /// `ip` is an instruction whose `b` is its offset.
    #[inline(always)]
    pub(crate) unsafe fn base_at(ip: *mut Inst) -> BaseOp {
        // SAFETY: the caller's.
        unsafe { *Self::first_op(Self::of(ip)).add((*ip).b as usize) }
    }

    /// What the compiler put at an offset.
    #[inline(always)]
    pub fn base_op(&self, offset: usize) -> BaseOp {
        self.ops()[offset]
    }
}
