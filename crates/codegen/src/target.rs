//! The registers of the target: what stencils keep for themselves and what the allocator may hand out.

/// A set of registers of one class, by hardware number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct RegSet(pub u16);

impl RegSet {
    pub const fn of(regs: &[u8]) -> RegSet {
        let mut bits = 0;
        let mut n = 0;
        while n < regs.len() {
            bits |= 1 << regs[n];
            n += 1;
        }
        RegSet(bits)
    }

    pub fn contains(self, r: u8) -> bool {
        self.0 >> r & 1 != 0
    }

    pub fn insert(&mut self, r: u8) {
        self.0 |= 1 << r;
    }

    pub fn remove(&mut self, r: u8) {
        self.0 &= !(1 << r);
    }

    pub fn and(self, o: RegSet) -> RegSet {
        RegSet(self.0 & o.0)
    }

    pub fn minus(self, o: RegSet) -> RegSet {
        RegSet(self.0 & !o.0)
    }

    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The lowest member.
    pub fn first(self) -> Option<u8> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as u8)
    }

    /// Members, ascending.
    pub fn iter(mut self) -> impl Iterator<Item = u8> {
        std::iter::from_fn(move || {
            let first = self.first()?;
            self.remove(first);
            Some(first)
        })
    }
}

/// General registers for values. rax, rcx and rdx are the stencils' temporaries; rsp and rbp hold the native frame.
pub(crate) const ALLOCATABLE_GPRS: RegSet = RegSet::of(&[3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
/// Vector registers for values. xmm0..xmm2 are the stencils' temporaries.
pub(crate) const ALLOCATABLE_FPRS: RegSet = RegSet::of(&[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
/// What C functions preserve, apart from rbp; in the order of the native frame's save area.
pub(crate) const CALLEE_SAVED_GPRS: [u8; 5] = [3, 12, 13, 14, 15];
/// What helpers preserve, by register class.
pub(crate) const CALLEE_SAVED: [RegSet; 2] = [RegSet::of(&CALLEE_SAVED_GPRS), RegSet(0)];
/// Where C functions take their integer arguments.
pub(crate) const ARG_GPRS: [u8; 6] = [7, 6, 2, 1, 8, 9];
/// Where C functions take their float arguments.
pub(crate) const ARG_FPRS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
