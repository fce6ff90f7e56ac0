//! Executable memory: one private anonymous mapping with a size cap, writable or executable but never both, and the
//! thunks that all executors share.
//!
//! Code is written to pages that hold none yet as long as there are such pages: they become executable once, after
//! that. Among code that exists, it takes four changes of protection.
//!
//! Protection changes and everything else here happen under the GIL: other threads may have return addresses into
//! the arena, but none executes its code.
use std::collections::BTreeMap;
use std::ptr::NonNull;

use crate::Compiled;
use crate::abi::{self, Enter, OnCall, OnEscape, OnExit, OnLeft, OnLink, OnReturn, OnReturned};
use crate::asm::{Asm, RAX, RBP, RCX, RDI, RDX, RSI};
use crate::calls;
use crate::reclaim::{Activation, Reclaim};
use crate::target::{ALLOCATABLE_FPRS, ALLOCATABLE_GPRS, CALLEE_SAVED_GPRS};

/// Alignment of every piece of code: loop heads are aligned relative to it.
pub(crate) const CODE_ALIGN: usize = 64;
const PAGE: usize = 4096;
/// Pages made writable at a time.
const CHUNK: usize = 8 * PAGE;

/// The runtime's functions that exits and escapes call.
#[derive(Clone, Copy, Debug)]
pub struct Callbacks {
    pub on_exit: OnExit,
    pub on_escape: OnEscape,
    pub on_left: OnLeft,
    pub on_call: OnCall,
    pub on_returned: OnReturned,
    pub on_return: OnReturn,
    pub on_link: OnLink,
}

/// A piece of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeRange {
    pub addr: usize,
    pub len: usize,
}

/// Why there is no arena.
#[derive(Debug)]
pub enum ArenaError {
    /// `mmap` or `mprotect` failed.
    Os(std::io::Error),
    /// The cap does not even hold the thunks, or exceeds what a 32-bit displacement reaches.
    Size,
}

impl std::fmt::Display for ArenaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ArenaError::Os(e) => write!(f, "no executable memory: {e}"),
            ArenaError::Size => write!(f, "no executable memory: the code cache size is out of range"),
        }
    }
}

impl std::error::Error for ArenaError {}

/// The code arena.
#[derive(Debug)]
pub struct Arena {
    base: NonNull<u8>,
    size: usize,
    /// Free pieces among code: start offset to length; neighbours are merged.
    free: BTreeMap<usize, usize>,
    /// From here on nothing was ever allocated. It and the next two are offsets of pages.
    fresh: usize,
    /// Pages before this one are executable.
    sealed: usize,
    /// Pages from `sealed` to this one are writable.
    open: usize,
    used: usize,
    /// There was no room at the last request, and nothing was freed since.
    full: bool,
    /// The system does not let memory become executable any more.
    refused: bool,
    reclaim: Reclaim<(CodeRange, u32)>,
    /// Owners of retired code that is free now.
    dead: Vec<u32>,
    enter: usize,
    pub(crate) exit_thunk: usize,
    /// For exits that use no vector register.
    pub(crate) exit_thunk_general: usize,
    pub(crate) escape_thunk: usize,
    pub(crate) left_thunk: usize,
    pub(crate) call_thunk: usize,
    pub(crate) returned_thunk: usize,
    pub(crate) return_thunk: usize,
    pub(crate) link_thunk: usize,
}

// SAFETY: the mapping belongs to the arena alone; `&mut self` guards every change.
unsafe impl Send for Arena {}

impl Arena {
    /// Maps `cap` bytes (rounded up to pages) and writes the shared thunks.
    ///
    /// # Errors
    /// See [`ArenaError`].
    pub fn new(cap: usize, callbacks: Callbacks) -> Result<Arena, ArenaError> {
        let size = cap.next_multiple_of(PAGE);
        if size > 1 << 30 {
            return Err(ArenaError::Size);
        }
        let prot = libc::PROT_READ | libc::PROT_EXEC;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // A page more, for `probe`.
        // SAFETY: a fresh anonymous mapping overlaps nothing.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), size + PAGE, prot, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(ArenaError::Os(std::io::Error::last_os_error()));
        }
        let base = NonNull::new(base.cast::<u8>()).expect("mmap does not map page 0 unasked");
        let mut arena = Arena {
            base,
            size,
            free: BTreeMap::new(),
            fresh: 0,
            sealed: 0,
            open: 0,
            used: 0,
            full: false,
            refused: false,
            reclaim: Reclaim::new(),
            dead: Vec::new(),
            enter: 0,
            exit_thunk: 0,
            exit_thunk_general: 0,
            escape_thunk: 0,
            left_thunk: 0,
            call_thunk: 0,
            returned_thunk: 0,
            return_thunk: 0,
            link_thunk: 0,
        };
        let (code, offsets) = thunks(callbacks);
        // They have their page to themselves: what is freed behind it begins a page again.
        let range = arena.allocate(code.len().next_multiple_of(PAGE)).ok_or(ArenaError::Size)?;
        arena.write(range.addr, &code).map_err(ArenaError::Os)?;
        let at = offsets.map(|o| range.addr + o as usize);
        [arena.enter, arena.exit_thunk, arena.exit_thunk_general, arena.escape_thunk, arena.left_thunk, ..] = at;
        [.., arena.call_thunk, arena.returned_thunk, arena.return_thunk, arena.link_thunk] = at;
        Ok(arena)
    }

    /// The shared prologue.
    pub fn enter_thunk(&self) -> Enter {
        // SAFETY: the arena wrote a function of this type there, and it is not written again.
        unsafe { std::mem::transmute::<usize, Enter>(self.enter) }
    }

    /// What a native call's cell contains while there is no executor to call.
    pub fn call_thunk(&self) -> usize {
        self.call_thunk
    }

    /// Runs executor code from its entry until it leaves; the result is what `on_exit` returned, or `cx.status`.
    ///
    /// # Safety
    /// `code` is the [`Compiled::entry`] of a root without entry parameters whose code is not freed; `frame`, `tstate`
    /// and `eval_breaker` are live and as the trace's guards assume.
    #[inline]
    pub unsafe fn enter(&self, code: usize, frame: u64, tstate: u64, eval_breaker: u64) -> u64 {
        // SAFETY: by this function's contract.
        unsafe { self.enter_thunk()(code, frame, tstate, eval_breaker) }
    }

    /// Claims all code alive now until [`Arena::end_activation`].
    #[inline]
    pub fn begin_activation(&mut self) -> Activation {
        self.reclaim.enter()
    }

    /// Ends a claim; retired code nobody can be in any more becomes free.
    #[inline]
    pub fn end_activation(&mut self, activation: Activation) {
        let mut freed = Vec::new();
        self.reclaim.leave(activation, |r| freed.push(r));
        self.bury(freed);
    }

    /// The code is unreachable for new activations (unlinked, uninstalled); it is reused once the present ones left,
    /// and then `owner` is told by [`Arena::take_dead`].
    pub fn retire(&mut self, range: CodeRange, owner: u32) {
        let mut freed = Vec::new();
        self.reclaim.retire((range, owner), |r| freed.push(r));
        self.bury(freed);
    }

    fn bury(&mut self, freed: Vec<(CodeRange, u32)>) {
        for (range, owner) in freed {
            self.release(range);
            self.dead.push(owner);
        }
    }

    /// Owners of retired code that nobody can be in any more, each told once.
    pub fn take_dead(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.dead)
    }

    /// Whether [`Arena::take_dead`] has something to tell.
    #[inline]
    pub fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// Whether no retired code waits for activations to leave.
    pub fn is_settled(&self) -> bool {
        self.reclaim.is_idle()
    }

    /// Bytes in use, retired code included.
    pub fn used(&self) -> usize {
        self.used
    }

    /// The cap.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether there is no point in asking for code: there is no room, or the system refused.
    pub fn is_closed(&self) -> bool {
        self.full || self.refused
    }

    /// Whether the system has refused to make memory executable.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// Whether `addr` lies in the arena.
    pub fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base.as_ptr() as usize) < self.size
    }

    /// The bytes of a piece of code, as long as it is not freed.
    pub fn code(&self, range: CodeRange) -> &[u8] {
        assert!(self.contains(range.addr) && self.contains(range.addr + range.len - 1), "code outside the arena");
        // SAFETY: inside the mapping, which is always readable and only written through `&mut self`.
        unsafe { std::slice::from_raw_parts(range.addr as *const u8, range.len) }
    }

    /// Makes exit `exit` of `compiled` jump to `target` (a bridge's entry), values staying where they are.
    ///
    /// # Errors
    /// The system refused to change the protection; nothing was written.
    pub fn patch_exit(&mut self, compiled: &Compiled, exit: u32, target: usize) -> std::io::Result<()> {
        let stub = compiled.code.addr + compiled.exits[exit as usize].stub as usize;
        debug_assert!(self.contains(target));
        let rel = (target as i64 - (stub as i64 + 5)) as i32;
        let mut jmp = [0xE9, 0, 0, 0, 0];
        jmp[1..].copy_from_slice(&rel.to_le_bytes());
        self.write(stub, &jmp)
    }

    /// Undoes [`Arena::patch_exit`]: the exit reports to `on_exit` again under its id.
    ///
    /// # Errors
    /// As for [`Arena::patch_exit`].
    pub fn unpatch_exit(&mut self, compiled: &Compiled, exit: u32, exit_id: u32) -> std::io::Result<()> {
        let stub = compiled.code.addr + compiled.exits[exit as usize].stub as usize;
        self.write(stub, &exit_id_load(exit_id))
    }

    /// Finds room for `len` bytes: where a page at least is free among code, or on fresh pages, which are written with
    /// the fewest changes of protection, or anywhere.
    pub(crate) fn allocate(&mut self, len: usize) -> Option<CodeRange> {
        let need = len.max(1).next_multiple_of(CODE_ALIGN);
        let pages = need.next_multiple_of(PAGE);
        let hole = |least: usize| self.free.iter().find(|&(_, &have)| have >= least).map(|(&at, &have)| (at, have));
        let fresh = (self.size - self.fresh >= pages).then_some((self.fresh, pages));
        let found = hole(need.max(PAGE)).or(fresh).or_else(|| hole(need));
        self.full = found.is_none();
        let (start, have) = found?;
        if start == self.fresh {
            self.fresh += pages;
        } else {
            self.free.remove(&start);
        }
        if have > need {
            self.free.insert(start + need, have - need);
        }
        self.used += need;
        Some(CodeRange { addr: self.base.as_ptr() as usize + start, len })
    }

    /// Gives a piece back.
    pub(crate) fn release(&mut self, range: CodeRange) {
        let mut start = range.addr - self.base.as_ptr() as usize;
        let mut len = range.len.max(1).next_multiple_of(CODE_ALIGN);
        self.full = false;
        self.used -= len;
        if let Some(next) = self.free.remove(&(start + len)) {
            len += next;
        }
        if let Some((&before, &have)) = self.free.range(..start).next_back()
            && before + have == start
        {
            start = before;
            len += have;
        }
        self.free.insert(start, len);
    }

    /// Copies `bytes` to `addr`, whose pages are writable and not executable meanwhile. On an error no code has
    /// changed.
    pub(crate) fn write(&mut self, addr: usize, bytes: &[u8]) -> std::io::Result<()> {
        assert!(self.contains(addr) && self.contains(addr + bytes.len() - 1), "write outside the arena");
        if addr - self.base.as_ptr() as usize >= self.sealed {
            return self.write_fresh(addr, bytes);
        }
        let first = addr & !(PAGE - 1);
        let len = (addr + bytes.len()).next_multiple_of(PAGE) - first;
        // A process may be forbidden at any time to make memory executable (seccomp, PR_SET_MDWE). Found out below,
        // that would leave code behind that cannot run.
        let probe = self.base.as_ptr() as usize + self.size;
        let probed = self.protect(probe, PAGE, libc::PROT_READ | libc::PROT_WRITE);
        let probed = probed.and_then(|()| self.protect(probe, PAGE, libc::PROT_READ | libc::PROT_EXEC));
        self.refused |= probed.is_err();
        probed?;
        self.protect(first, len, libc::PROT_READ | libc::PROT_WRITE)?;
        // SAFETY: the range is inside the mapping and writable now; no code runs from it (GIL).
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
        self.protect(first, len, libc::PROT_READ | libc::PROT_EXEC)
    }

    /// The same for the first code on its pages: should they not become executable, nothing is lost.
    fn write_fresh(&mut self, addr: usize, bytes: &[u8]) -> std::io::Result<()> {
        let base = self.base.as_ptr() as usize;
        let end = (addr + bytes.len() - base).next_multiple_of(PAGE);
        if end > self.open {
            // The thunks, at first, alone: many a process compiles nothing.
            let chunk = if self.open == 0 { 0 } else { CHUNK };
            let to = end.max(self.open + chunk).min(self.size);
            self.protect(base + self.open, to - self.open, libc::PROT_READ | libc::PROT_WRITE)?;
            if chunk > 0 {
                // Faults one by one take three times as long. Where the system does not know this, they come.
                // SAFETY: pages of our own mapping, writable now.
                unsafe {
                    libc::madvise((base + self.open) as *mut libc::c_void, to - self.open, libc::MADV_POPULATE_WRITE)
                };
            }
            self.open = to;
        }
        // SAFETY: the range is inside the mapping and writable; it holds no code yet.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
        let first = base + self.sealed;
        let sealed = self.protect(first, base + end - first, libc::PROT_READ | libc::PROT_EXEC);
        self.refused |= sealed.is_err();
        sealed?;
        self.sealed = end;
        Ok(())
    }

    fn protect(&self, first: usize, len: usize, prot: i32) -> std::io::Result<()> {
        // SAFETY: whole pages of our own mapping.
        if unsafe { libc::mprotect(first as *mut libc::c_void, len, prot) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        Ok(())
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: our own mapping; the owner dropped the arena after the last activation.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.size + PAGE) };
    }
}

/// The start of an exit stub: `mov eax, id`, as long as the jump that may replace it.
pub(crate) fn exit_id_load(id: u32) -> [u8; 5] {
    let mut b = [0xB8, 0, 0, 0, 0];
    b[1..].copy_from_slice(&id.to_le_bytes());
    b
}

/// The code all executors share: `enter`, and the thunks of exits (two), escapes, escapes that leave (they take their
/// id in eax, the last one the escape's result in rdx), and of native calls.
fn thunks(callbacks: Callbacks) -> (Vec<u8>, [u32; 9]) {
    let mut a = Asm::default();
    let enter = a.here();
    a.push_rbp();
    a.mov_rr(RBP, crate::asm::RSP);
    a.sub_rsp(abi::FRAME_SIZE);
    for (n, &r) in CALLEE_SAVED_GPRS.iter().enumerate() {
        a.store(RBP, abi::CALLEE_SAVED + 8 * n as i32, r);
    }
    a.store(RBP, uops::layout::CX_FRAME as i32, RSI);
    a.store(RBP, uops::layout::CX_TSTATE as i32, RDX);
    a.store(RBP, uops::layout::CX_EVAL_BREAKER as i32, RCX);
    a.store32_imm(RBP, abi::LINKED_AT, abi::ENTERED);
    a.jmp_r(RDI);

    a.align(16);
    let exit = a.here();
    save_vector_registers(&mut a);
    let exit_general = a.here();
    save_general_registers(&mut a);
    a.lea(RDI, RBP, abi::FRAME_BASE);
    a.mov_rr(RSI, RAX);
    a.mov_ri(RAX, callbacks.on_exit as usize as u64);
    a.call_r(RAX);
    let epilogue = a.here();
    // A native caller finds its frames written.
    a.mov_ri(RDX, u64::from(abi::RETURNS_WRITTEN));
    let restore = a.here();
    for (n, &r) in CALLEE_SAVED_GPRS.iter().enumerate() {
        a.load(r, RBP, abi::CALLEE_SAVED + 8 * n as i32);
    }
    a.leave();
    a.ret();

    a.align(16);
    let escape = a.here();
    a.sub_rsp(8);
    save_general_registers(&mut a);
    save_vector_registers(&mut a);
    a.lea(RDI, RBP, abi::FRAME_BASE);
    a.mov_rr(RSI, RAX);
    a.mov_ri(RAX, callbacks.on_escape as usize as u64);
    a.call_r(RAX);
    a.test_rr(RAX, RAX);
    let left = a.jcc(crate::asm::Cond::Zero);
    load_registers(&mut a);
    a.add_rsp(8);
    a.ret();
    let here = a.here();
    a.bind(left, here);
    // `leave` in the epilogue discards what the call pushed.
    a.load(RAX, RBP, abi::STATUS);
    let to_epilogue = a.jmp();
    a.bind(to_epilogue, epilogue);

    a.align(16);
    let left = a.here();
    a.lea(RDI, RBP, abi::FRAME_BASE);
    a.mov_rr(RSI, RAX);
    a.mov_ri(RAX, callbacks.on_left as usize as u64);
    a.call_r(RAX);
    let to_epilogue = a.jmp();
    a.bind(to_epilogue, epilogue);

    a.align(16);
    let call = calls::call_thunk(&mut a, callbacks.on_call);
    let returned = calls::returned_thunk(&mut a, callbacks.on_returned, epilogue);
    let return_ = calls::return_thunk(&mut a, callbacks.on_return, restore);
    let link = calls::link_thunk(&mut a, callbacks.on_link);
    (a.code, [enter, exit, exit_general, escape, left, call, returned, return_, link])
}

pub(crate) fn load_registers(a: &mut Asm) {
    for r in ALLOCATABLE_GPRS.iter() {
        a.load(r, RBP, abi::gpr_save(r));
    }
    for x in ALLOCATABLE_FPRS.iter() {
        a.load_x(x, RBP, abi::fpr_save(x));
    }
}

pub(crate) fn save_registers(a: &mut Asm) {
    save_general_registers(a);
    save_vector_registers(a);
}

fn save_general_registers(a: &mut Asm) {
    for r in ALLOCATABLE_GPRS.iter() {
        a.store(RBP, abi::gpr_save(r), r);
    }
}

fn save_vector_registers(a: &mut Asm) {
    for x in ALLOCATABLE_FPRS.iter() {
        a.store_x(RBP, abi::fpr_save(x), x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "sysv64" fn nobody() {}

    fn arena(pages: usize) -> Arena {
        let address = nobody as *const () as usize;
        // SAFETY: pointers to functions, which nobody calls.
        let callbacks = unsafe { std::mem::transmute::<[usize; 7], Callbacks>([address; 7]) };
        Arena::new(pages * PAGE, callbacks).unwrap()
    }

    /// Allocates and writes.
    fn put(arena: &mut Arena, bytes: &[u8]) -> CodeRange {
        let range = arena.allocate(bytes.len()).unwrap();
        arena.write(range.addr, bytes).unwrap();
        range
    }

    #[test]
    fn pieces_have_pages_of_their_own_while_there_are_any() {
        let mut arena = arena(4);
        let (a, b) = (put(&mut arena, &[1; 100]), put(&mut arena, &[2; PAGE + 1]));
        assert_eq!(a.addr % PAGE + b.addr % PAGE, 0);
        assert_eq!(b.addr - a.addr, PAGE);
        // Behind `a`, and behind `b`.
        let rest: Vec<CodeRange> = (0..2).map(|n| put(&mut arena, &[3 + n; 1000])).collect();
        assert!(rest.iter().all(|r| r.addr % PAGE != 0));
        assert!(arena.allocate(PAGE).is_none() && arena.is_closed());
        assert_eq!(arena.code(a), [1; 100]);
        assert_eq!(arena.code(b), [2; PAGE + 1]);
        for (n, r) in rest.into_iter().enumerate() {
            assert_eq!(arena.code(r), [3 + n as u8; 1000]);
        }
    }

    #[test]
    fn what_is_free_again_is_used_before_fresh_pages() {
        let mut arena = arena(64);
        let (a, b) = (put(&mut arena, &[1; 3000]), put(&mut arena, &[2; 3000]));
        arena.release(a);
        let c = put(&mut arena, &[3; 2000]);
        assert_eq!(c.addr, a.addr);
        for n in 0..100 {
            let d = put(&mut arena, &[n; 5000]);
            assert!(b.addr < d.addr && d.addr + d.len <= b.addr + 3 * PAGE);
            arena.release(d);
        }
        assert_eq!(arena.code(b), [2; 3000]);
    }

    #[test]
    fn many_pieces_are_written_beyond_one_chunk() {
        let mut arena = arena(64);
        let pieces: Vec<CodeRange> = (0..60).map(|n| put(&mut arena, &[n; 4000])).collect();
        for (n, p) in pieces.into_iter().enumerate() {
            assert_eq!(arena.code(p), [n as u8; 4000]);
        }
    }
}
