//! Counting the instructions that a trace executes, where somebody asks for it.

use cpython::abi as py;
use py::op;

use crate::ops::is_plain;
use crate::state::Recorder;

/// How a trace counts.
#[derive(Clone, Copy, Debug)]
pub enum Counting {
    /// Adds what it has executed to the word at `address`, several instructions at a time.
    Executed { address: u64 },
    /// Adds one to the word at `address` when an instruction starts, and notes the instruction ([`place_of`]) in the
    /// next word. `started`: not the first one, which was counted before a guard in it failed.
    Started { address: u64, started: bool },
}

/// What was recorded and not counted yet.
#[derive(Default)]
pub(crate) struct Counter {
    how: Option<Counting>,
    uncounted: u32,
}

/// A number for an instruction that others, in all likelihood, do not have.
pub fn place_of(code: *const py::Code, offset: u32) -> u32 {
    ((code as usize >> 4) as u32 ^ offset.wrapping_mul(0x9E37_79B9)) & 0x7FFF_FFFF | 1
}

/// Whether an instruction is counted when it starts. A generator's end executes the `END_FOR` that other iterators
/// skip, unless C code resumed it.
pub fn is_counted(opcode: u8) -> bool {
    opcode != op::END_FOR
}

/// Leaves the frame that executes it: nothing is recorded behind it.
fn is_last(opcode: u8) -> bool {
    matches!(opcode, op::RETURN_VALUE | op::YIELD_VALUE)
}

impl Recorder {
    /// Has the trace count its instructions.
    pub fn count_instructions(&mut self, how: Counting) {
        self.counter.how = Some(how);
    }

    /// The instruction at `offset`, the recording's `step`th, is about to be recorded.
    pub(crate) fn count_before(&mut self, offset: u32, opcode: u8, step: usize) {
        match self.counter.how {
            Some(Counting::Started { .. }) if is_counted(opcode) => self.count_start(offset, step),
            Some(Counting::Executed { .. }) => {
                self.counter.uncounted += u32::from(is_last(opcode));
                // What leaves the trace at this instruction has executed those before.
                if !is_plain(opcode) {
                    self.count_executed();
                }
            }
            _ => {}
        }
    }

    /// It was recorded.
    pub(crate) fn count_after(&mut self, opcode: u8) {
        self.counter.uncounted += u32::from(!is_last(opcode));
    }

    /// The instruction at `offset` was recorded together with the one before.
    pub(crate) fn count_joined(&mut self, offset: u32) {
        match self.counter.how {
            Some(Counting::Started { .. }) => self.count_start(offset, usize::MAX),
            _ => self.counter.uncounted += 1,
        }
    }

    /// Counts what was recorded since the last time.
    pub(crate) fn count_executed(&mut self) {
        let n = std::mem::take(&mut self.counter.uncounted);
        if let (Some(Counting::Executed { address }), 1..) = (self.counter.how, n) {
            self.emit_imm(ir::Uop::CountInstructions, &[], address, u64::from(n));
        }
    }

    fn count_start(&mut self, offset: u32, step: usize) {
        if let Some(Counting::Started { address, started }) = self.counter.how
            && !(started && step == 1)
        {
            // SAFETY: the frame that runs.
            let place = place_of(unsafe { py::Frame::code(self.real) }, offset);
            self.emit_imm(ir::Uop::CountInstruction, &[], address, u64::from(place));
        }
    }
}
