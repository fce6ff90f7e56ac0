//! Tier-1 instructions and the code they make up.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

use cpython::abi::*;

/// An instruction's implementation. Everything a handler keeps lives in its four arguments, so that ending in
/// a call of the next handler compiles to a jump.
pub type Handler = unsafe extern "sysv64" fn(*mut Frame, *mut Inst, *mut StackRef, *mut ThreadState) -> *mut Object;

/// One per code unit of the CPython code. A unit that CPython uses as inline cache is one here as well: its
/// three fields are whatever the instruction before it keeps there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Inst {
    /// The address of a [`Handler`], or cached data.
    pub word: usize,
    /// The argument, prepared by the decoder: a jump's distance in units, say.
    pub a: u32,
    /// The unit's own offset in the code, except where `imm` says otherwise.
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
        self.a as usize | (self.b as usize) << 32
    }

    #[inline(always)]
    pub fn set_imm(&mut self, value: usize) {
        self.a = value as u32;
        self.b = (value >> 32) as u32;
    }
}

/// What CPython's compiler put at a code unit: independent of all specialization, fusing and instrumentation.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct BaseOp {
    pub oparg: u32,
    pub opcode: u8,
    /// Units including caches; 0 within an instruction's caches.
    pub len: u8,
    /// Number of `EXTENDED_ARG` units before it.
    pub extended: u8,
}

/// An executor installed over an instruction.
pub(crate) struct Installed {
    pub offset: u32,
    pub original: usize,
}

/// Decoded code: a header followed by the instructions. Lives as long as the code object.
#[repr(C, align(16))]
pub struct Tier1Code {
    /// The eval breaker word under which this code may go on: no event pending, and the instrumentation
    /// version under which the code was found free of instrumentation.
    pub breaker: usize,
    /// The code object; it owns us, so this needs no reference.
    pub code: *mut Code,
    pub(crate) ops: Vec<BaseOp>,
    pub(crate) installed: Vec<Installed>,
    /// Entries until `on_hot` is asked for a function trace.
    pub(crate) entry_counter: u32,
    len: u32,
}

pub(crate) const HEADER: usize = size_of::<Tier1Code>();

impl Tier1Code {
    fn layout(len: usize) -> Layout {
        Layout::from_size_align(HEADER + len * size_of::<Inst>(), 16).expect("a code object is far smaller")
    }

    /// Allocates code with room for one instruction per base op.
    pub(crate) fn allocate(code: *mut Code, ops: Vec<BaseOp>) -> *mut Self {
        let layout = Self::layout(ops.len());
        // SAFETY: the size is not zero; every field and instruction is written before use.
        unsafe {
            let this: *mut Self = alloc(layout).cast();
            if this.is_null() {
                handle_alloc_error(layout);
            }
            let len = ops.len();
            this.write(Self {
                breaker: usize::MAX,
                code,
                ops,
                installed: Vec::new(),
                entry_counter: 0,
                len: len as u32,
            });
            for i in 0..len {
                Self::inst(this, i).write(Inst { word: 0, a: 0, b: i as u32 });
            }
            this
        }
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
        debug_assert!(offset < self.len as usize);
        ((&raw const *self as usize) + HEADER + offset * size_of::<Inst>()) as *mut Inst
    }

    /// As [`Self::base_op`], and nothing behind the end.
    pub(crate) fn base_op_if_any(&self, offset: usize) -> BaseOp {
        self.ops.get(offset).copied().unwrap_or_default()
    }

    /// What the compiler put at an offset.
    pub fn base_op(&self, offset: usize) -> BaseOp {
        self.ops[offset]
    }
}
