//! All of a machine that a snapshot speaks of.
use super::heap::Value;
use super::{LIST_SLOT, Machine};

/// At one instruction.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pc: usize,
    /// Locals, then the stack, then the list's items.
    values: Vec<Value>,
    /// Of each the first that is the same object.
    same: Vec<usize>,
    /// References to each, without those of the stack, which may own or borrow; none of the immortal.
    counts: Vec<Option<u32>>,
    calls: usize,
}

impl State {
    pub fn of(m: &Machine) -> State {
        let stack = m.stack.iter().map(|&(object, _)| object);
        let items = m.heap.items(m.locals()[LIST_SLOT]);
        let objects: Vec<u64> = m.locals().iter().copied().chain(stack).chain(items).collect();
        let owned = |object: u64| m.stack.iter().filter(|&&entry| entry == (object, true)).count() as u32;
        let count = |&object: &u64| (!m.heap.is_immortal(object)).then(|| m.heap.count(object) - owned(object));
        State {
            pc: m.pc,
            values: objects.iter().map(|&o| m.heap.value(o)).collect(),
            same: objects.iter().map(|o| objects.iter().position(|p| p == o).expect("it is there")).collect(),
            counts: objects.iter().map(count).collect(),
            calls: m.log.len(),
        }
    }
}
