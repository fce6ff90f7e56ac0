//! Tier 1: a specializing interpreter that runs all code on CPython's own frames.
//!
//! [`enable`] installs a PEP 523 hook. Code is decoded at its first entry; what is traced runs in CPython's evaluator.
//! Frames keep CPython's layout at every point where anybody can see them, so either evaluator can take a frame over
//! from the other between two instructions.
//!
//! The runtime plugs in through [`hooks`].

#![allow(clippy::missing_safety_doc)] // Handlers share one contract, stated in `dispatch`.

mod call_tuple;
mod decode;
mod dispatch;
mod entry;
pub mod hooks;
mod hot;
mod inst;
mod observe;
mod ops;
mod registry;
#[cfg(test)]
mod tail_calls;
mod unwind;
mod waiting;
mod with_memory;

pub use dispatch::code_of_running;
pub use entry::{
    Counts, counts, disable, enable, evaluate, hook_is_ours, note_instrumentation, run_nested, set_hot_thresholds,
    takes_frame,
};
pub use hooks::{
    Hooks, RecordStep, Resume, ResumeKind, install_executor, reset_counter, set_hooks, uninstall_executor,
};
pub use inst::{BaseOp, Handler, Inst, Tier1Code};
pub use observe::{count_instructions, instructions_counted};
pub use ops::call_class::{init_taking_frame, is_result_of_init};
pub use ops::finish::enter_function;
pub use ops::jump::unsupported_counts;
pub use registry::find_decoded;
pub use waiting::{stop_waiting, wait_for_program};
pub use with_memory::push_unpacked;
