//! What uop bodies are written with. The stencil build compiles this file too.

/// What a body that may leave the trace returns.
pub enum Step<T> {
    Next(T),
    Exit,
}

/// Reads a `T` at byte offset `off` of `base`.
///
/// # Safety
/// `base + off` must be readable as a `T`: the trace's guards established the object's layout.
#[inline(always)]
pub unsafe fn read<T: Copy>(base: u64, off: isize) -> T {
    // SAFETY: by this function's contract.
    unsafe { ((base as *const u8).offset(off) as *const T).read() }
}

/// Writes `value` at byte offset `off` of `base`.
///
/// # Safety
/// As for [`read`], and nobody else may rely on the old contents.
#[inline(always)]
pub unsafe fn write<T: Copy>(base: u64, off: isize, value: T) {
    // SAFETY: by this function's contract.
    unsafe { ((base as *mut u8).offset(off) as *mut T).write(value) }
}

/// The same float, in a vector register and unknown to the compiler: what is computed from it needs no constant pool,
/// which a stencil cannot have.
#[inline(always)]
pub fn opaque(bits: u64) -> f64 {
    let mut bits = bits;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) bits, options(pure, nomem, nostack, preserves_flags));
    }
    let mut float = f64::from_bits(bits);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inout(xmm_reg) float, options(pure, nomem, nostack, preserves_flags));
    }
    float
}

/// The same integer, unknown to the compiler.
#[inline(always)]
pub fn opaque_int(v: i64) -> i64 {
    let mut v = v;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) v, options(pure, nomem, nostack, preserves_flags));
    }
    v
}

/// The integer part, anything for a float beyond 64 bits.
#[inline(always)]
pub fn truncate(x: f64) -> i64 {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_mm_cvttsd_si64, _mm_set_sd};
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { _mm_cvttsd_si64(_mm_set_sd(x)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        x as i64
    }
}
