//! The recorder: follows tier 1 along one hot path and writes down what it does as a trace of uops.
//!
//! Tier 1 calls [`Recorder::step`] before each instruction executes. The recorder looks at the real frame to see
//! types and outcomes, emits guards for what it relied on and uops for what the instruction does, and keeps an
//! *abstract frame* beside each real one: which SSA value every slot holds and whether the slot owns its
//! reference. Inlined Python calls push abstract frames; in the trace they have no real counterpart.
//!
//! Invariants:
//! * within one instruction every guard comes before every effect, because guards resume *before* it;
//! * the abstract frames describe the real ones exactly: depth and code are compared at each step;
//! * what the recorder does not know how to do without running Python code becomes an `escape`.

mod count;
mod emit;
mod escape;
mod leaf;
mod ops;
mod reason;
mod state;

pub use count::{Counting, is_counted, place_of};
pub use escape::EscapeHelper;
pub use reason::Abort;
pub use state::{Dependency, Entering, Finished, Recorder, Start, Step};
