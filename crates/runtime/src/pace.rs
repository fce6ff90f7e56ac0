//! How fast a program is compiled. What recording and compiling have cost so far is held against what the program has
//! done meanwhile; where too much was spent, places have to be hotter before they are compiled. So a program of many
//! places that are hardly hot gets its hottest ones compiled, and is not held up by the others. Both sides are counted
//! in events, never by a clock, so that a program compiles the same traces each time.

use cpython::abi as py;
use tier1::Tier1Code;

use crate::state::{HOT_FUNCTION, HOT_LOOP, State, back_edges};

/// What recording a uop costs; the unit.
const RECORD: u64 = 1;
/// What optimizing a uop and generating its code costs.
const COMPILE: u64 = 3;
/// Units spent before anything has to be hotter than at the start: some loops of a short program.
const FREE: u64 = 1000;
/// Iterations, calls and exits that the program goes through for one unit more.
const TICKS_PER_UNIT: u64 = 128;
/// How much hotter than at the start a place has to be at most.
const MAX_FACTOR: u64 = 256;

/// The account.
#[derive(Default)]
pub(crate) struct Pace {
    /// Loop iterations and calls in tier 1 that led to a question.
    ticks: u64,
    /// Exits from native code.
    exits: u64,
    spent: u64,
}

impl Pace {
    /// The program went through so many iterations or calls.
    pub fn tick(&mut self, n: u32) {
        self.ticks += u64::from(n);
    }

    /// Native code was left so often by now.
    pub fn exits(&mut self, n: u64) {
        self.exits = n;
    }

    /// A recording of so many uops ended.
    pub fn recorded(&mut self, uops: usize) {
        self.spent += RECORD * uops as u64;
    }

    /// A trace of so many uops is compiled.
    pub fn compiled(&mut self, uops: usize) {
        self.spent += COMPILE * uops as u64;
    }

    /// How many times as hot as at the start a loop or function has to be.
    pub fn factor(&self) -> u32 {
        let allowed = FREE + (self.ticks + self.exits) / TICKS_PER_UNIT;
        (self.spent / allowed).clamp(1, MAX_FACTOR) as u32
    }

    /// The same for an exit. Less: a trace that is left often costs more than tier 1 does, until it gets its bridge.
    pub fn exit_factor(&self) -> u32 {
        self.factor().isqrt()
    }
}

impl State {
    /// Makes a place wait before it asks again.
    ///
    /// # Safety
    /// `code` is live and `offset` that of a loop header or `RESUME`.
    pub unsafe fn cool(&mut self, code: *mut Tier1Code, offset: u32) {
        // SAFETY: by this function's contract.
        unsafe {
            let failures = self.heat.get(&((*code).code as usize, offset)).map_or(0, |h| h.failures);
            let wait = self.hot_loop().saturating_mul(1 << failures.min(20)).max(16 << failures.min(20));
            // Not a round number: what failed in every fifth iteration would fail in the same ones again.
            self.ask_again(code, offset, wait.saturating_add(4 * failures + 3));
        }
    }

    /// Makes a place wait for so many iterations or calls before it asks again.
    ///
    /// # Safety
    /// As for [`State::cool`].
    pub unsafe fn ask_again(&mut self, code: *mut Tier1Code, offset: u32, wait: u32) {
        // SAFETY: the caller's.
        unsafe {
            self.heat_at((*code).code as usize, offset).wait = wait;
            for edge in back_edges(&*code, offset) {
                tier1::hooks::reset_counter(code, edge as usize, wait);
            }
            if (*code).base_op(offset as usize).opcode == py::op::RESUME {
                tier1::hooks::reset_counter(code, offset as usize, wait);
            }
        }
    }

    /// A place asks to be recorded. Whether it has to be hotter yet; then it asks again.
    ///
    /// # Safety
    /// As for [`State::cool`].
    pub unsafe fn must_wait(&mut self, code: *mut Tier1Code, offset: u32) -> bool {
        if self.stressed() {
            return false;
        }
        // SAFETY: the caller's.
        let (address, entry) =
            unsafe { ((*code).code as usize, (*code).base_op(offset as usize).opcode == py::op::RESUME) };
        let first = if entry { HOT_FUNCTION } else { HOT_LOOP };
        let heat = self.heat_at(address, offset);
        let waited = if heat.wait == 0 { first } else { heat.wait };
        heat.ticks = heat.ticks.saturating_add(waited);
        let ticks = heat.ticks;
        self.pace.tick(waited);
        let wanted = first.saturating_mul(self.pace.factor());
        let left = wanted.saturating_sub(ticks);
        if left == 0 {
            return false;
        }
        // Not all at once: by then the account may look better.
        // SAFETY: the caller's.
        unsafe { self.ask_again(code, offset, left.min(4 * first)) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_makes_wait_and_progress_makes_up_for_it() {
        let mut pace = Pace::default();
        pace.recorded(100);
        pace.compiled(100);
        assert_eq!((pace.factor(), pace.exit_factor()), (1, 1));
        pace.compiled(10 * FREE as usize);
        let factor = pace.factor();
        assert!(factor >= 30 && pace.exit_factor() < factor, "{factor}");
        pace.tick(1_000_000);
        let later = pace.factor();
        assert!(later < factor, "{later}");
        pace.exits(100_000_000);
        assert_eq!(pace.factor(), 1);
    }

    #[test]
    fn the_hottest_place_is_compiled_in_the_end() {
        let mut pace = Pace::default();
        pace.compiled(usize::MAX / 8);
        assert_eq!(u64::from(pace.factor()), MAX_FACTOR);
    }
}
