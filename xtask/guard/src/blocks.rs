//! Blocks and their pages.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};

const PAGE: usize = 4096;
/// Addresses are the same in each run, and no other memory is given to who reads a pointer a moment too late: the
/// kernel gives out addresses from the other end.
const BASE: usize = 0x2000_0000_0000;
const REGION: usize = 1 << 44;
/// The region is not backed by memory: what asks for too much must be refused here.
const LARGEST: usize = 1 << 32;
const ALIGN: usize = 16;

/// Before each block, at the start of the page that holds the byte `HEADER` before it.
#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    size: usize,
    /// The block's pages.
    start: usize,
    len: usize,
}

const HEADER: usize = 32;

/// The next address that was never given out; 0 before the region is there.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Pages that were never used.
fn pages(len: usize) -> Option<usize> {
    if NEXT.load(Ordering::Acquire) == 0 {
        make_region()?;
    }
    let start = NEXT.fetch_add(len, Ordering::Relaxed);
    (start + len <= BASE + REGION).then_some(start)
}

#[cold]
fn make_region() -> Option<()> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: new memory at addresses that nobody has.
    let region = unsafe { libc::mmap(BASE as *mut _, REGION, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if region as usize == BASE {
        // Small pages: a huge one for each block would be all memory.
        // SAFETY: the region is ours.
        unsafe { libc::madvise(region, REGION, libc::MADV_NOHUGEPAGE) };
        NEXT.store(BASE, Ordering::Release);
    }
    // Another thread may be making it.
    let mut patience = 1_000_000;
    while NEXT.load(Ordering::Acquire) == 0 {
        patience -= 1;
        if patience == 0 {
            return None;
        }
        std::hint::spin_loop();
    }
    Some(())
}

/// A new block, all zeros. It ends where its pages end, but for alignment.
pub(crate) fn allocate(size: usize, align: usize) -> Option<NonNull<u8>> {
    if size > LARGEST || align > LARGEST || !align.is_power_of_two() {
        return None;
    }
    let align = align.max(ALIGN);
    let slack = if align > ALIGN { align } else { 0 };
    let room = size.max(1).next_multiple_of(ALIGN);
    let len = (room + HEADER + slack).next_multiple_of(PAGE);
    let start = pages(len)?;
    let block = (start + len - room) & !(align - 1);
    // SAFETY: the header lies in the block's pages, before the block: `room`, `slack` and `HEADER` bytes are in them.
    unsafe { header(block).write(Header { size, start, len }) };
    NonNull::new(block as *mut u8)
}

fn header(block: usize) -> *mut Header {
    ((block - HEADER) & !(PAGE - 1)) as *mut Header
}

/// Whether a block is one of these. Others come from the dynamic linker, before this library is there.
pub(crate) fn is_ours(block: *const u8) -> bool {
    (BASE..BASE + REGION).contains(&(block as usize))
}

/// The size that was asked for.
///
/// # Safety
/// `block` is one of these, not freed. (Of one that was, this kills the process.)
pub(crate) unsafe fn size(block: *const u8) -> usize {
    // SAFETY: the caller's.
    unsafe { (*header(block as usize)).size }
}

/// Frees a block.
///
/// # Safety
/// As for [`size`].
pub(crate) unsafe fn release(block: *mut u8) {
    // SAFETY: the caller's.
    let Header { start, len, .. } = unsafe { header(block as usize).read() };
    // SAFETY: nobody but the block's user has anything in these pages.
    if unsafe { libc::munmap(start as *mut _, len) } != 0 {
        // The kernel has no more mappings: no pointer that is read from here leads anywhere.
        // SAFETY: as above.
        unsafe { ptr::write_bytes(start as *mut u8, 0xdd, len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_mapped(address: usize) -> bool {
        let mut resident = 0u8;
        // SAFETY: mincore looks at no memory but the byte it writes.
        unsafe { libc::mincore((address & !(PAGE - 1)) as *mut _, 1, &raw mut resident) == 0 }
    }

    #[test]
    fn blocks_are_aligned_zeroed_and_apart() {
        for size in [0, 1, 15, 16, 17, 4000, PAGE - HEADER, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 1 << 20] {
            for align in [1, 16, 64, PAGE, 4 * PAGE] {
                let (a, b) = (allocate(size, align).unwrap().as_ptr(), allocate(size, align).unwrap().as_ptr());
                for block in [a, b] {
                    assert_eq!(block as usize % align.max(ALIGN), 0, "{size} {align}");
                    // SAFETY: the block is that large.
                    assert!(unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|byte| *byte == 0));
                    // SAFETY: as above.
                    unsafe { ptr::write_bytes(block, 0xff, size) };
                    // SAFETY: it is not freed.
                    assert_eq!(unsafe { super::size(block) }, size);
                }
                // SAFETY: `a` is not freed.
                unsafe { release(a) };
                assert!(!is_mapped(a as usize) && !is_mapped((a as usize + size.max(1)) - 1), "{size} {align}");
                // SAFETY: `b` is not freed, and has pages of its own.
                assert!(unsafe { std::slice::from_raw_parts(b, size) }.iter().all(|byte| *byte == 0xff));
                // SAFETY: as above.
                unsafe { release(b) };
            }
        }
    }

    #[test]
    fn small_blocks_end_with_their_page() {
        let block = allocate(48, 1).unwrap().as_ptr() as usize;
        assert_eq!((block + 48) % PAGE, 0);
        assert!(is_ours(block as *const u8) && !is_ours([0u8; 1].as_ptr()));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert_eq!(allocate(LARGEST + 1, 1), None);
        assert_eq!(allocate(1, 3), None);
    }
}
