//! A small stack machine over locals: its programs, its interpreter and its recorder.
pub mod heap;
pub mod native;
pub mod record;
pub mod state;

use heap::{Heap, Value};
use state::State;

/// Local that holds the list.
pub const LIST_SLOT: usize = 0;
/// Locals that hold numbers; the first is the loop counter, the second its bound.
pub const COUNTER: usize = 1;
pub const BOUND: usize = 2;
pub const LOCALS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bin {
    Add,
    Sub,
    Mul,
    Mod,
    FloorDiv,
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cmp {
    Lt,
    Le,
    Eq,
    Ne,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Pushes a local; borrowed or with a reference of its own.
    Load(usize, bool),
    /// Pops into a local; at once, or by a store that may be left pending.
    Store(usize, bool),
    Int(i64),
    Float(f64),
    Bin(Bin),
    Neg,
    Cmp(Cmp),
    Is,
    Not,
    /// Pops a bool; skips this many instructions unless it is true.
    SkipUnless(usize),
    /// Pops a bool; ends the program unless it is true.
    EndUnless,
    /// `list[index]`, index popped.
    Item,
    /// `list[index] = value`: value, then index popped.
    SetItem,
    /// Calls something opaque with the popped value.
    Call,
    Poll,
    /// Back to the start.
    Loop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    /// An exception at this instruction.
    Raised(usize),
    Running,
}

pub struct Machine {
    pub heap: Heap,
    /// Locals first; the trace's root frame.
    pub frame: Vec<u64>,
    pub stack: Vec<(u64, bool)>,
    pub pc: usize,
    /// What opaque calls saw.
    pub log: Vec<State>,
    pub steps: usize,
}

/// Integers end their program with an exception beyond this.
const HUGE: i128 = 1 << 90;

impl Machine {
    pub fn locals(&self) -> &[u64] {
        &self.frame[uops::layout::FRAME_LOCALS as usize / 8..][..LOCALS]
    }

    pub fn local_mut(&mut self, n: usize) -> &mut u64 {
        &mut self.frame[uops::layout::FRAME_LOCALS as usize / 8 + n]
    }

    fn pop(&mut self) -> (u64, bool) {
        self.stack.pop().expect("programs balance the stack")
    }

    pub fn release(&mut self, (object, owned): (u64, bool)) {
        if owned {
            self.heap.decref(object);
        }
    }

    /// What an opaque call does, and its result. It sees everything, and changes the list now and then.
    pub fn opaque(&mut self, argument: u64) -> u64 {
        let seen = State::of(self);
        self.log.push(seen);
        if self.log.len().is_multiple_of(3) {
            let list = self.locals()[LIST_SLOT];
            let item = self.heap.int(1 << 33);
            let old = self.heap.set_item(list, 1, item);
            self.heap.decref(old);
        }
        match self.heap.value(argument) {
            Value::Int(x) => self.heap.int(x.rem_euclid(5000) - 100),
            Value::Float(x) => self.heap.float(x * 0.5),
            _ => self.heap.int(3),
        }
    }

    /// Executes one instruction.
    pub fn step(&mut self, program: &[Op]) -> End {
        self.steps += 1;
        let at = self.pc;
        self.pc += 1;
        match program[at] {
            Op::Load(n, borrowed) => {
                let object = self.locals()[n];
                if !borrowed {
                    self.heap.incref(object);
                }
                self.stack.push((object, !borrowed));
            }
            Op::Store(n, _) => {
                let (object, owned) = self.pop();
                if !owned {
                    self.heap.incref(object);
                }
                let old = std::mem::replace(self.local_mut(n), object);
                self.heap.decref(old);
            }
            Op::Int(x) => {
                let object = self.heap.int(x.into());
                self.stack.push((object, true));
            }
            Op::Float(x) => {
                let object = self.heap.float(x);
                self.stack.push((object, true));
            }
            Op::Bin(op) => {
                let [.., a, b] = self.stack[..] else { panic!("two operands") };
                let Some(result) = binary(op, self.heap.value(a.0), self.heap.value(b.0)) else {
                    return End::Raised(at);
                };
                let object = self.make(result);
                self.pop();
                self.pop();
                self.stack.push((object, true));
                self.release(a);
                self.release(b);
            }
            Op::Neg => {
                let a = self.pop();
                let result = match self.heap.value(a.0) {
                    Value::Int(x) => Value::Int(-x),
                    Value::Float(x) => Value::Float(-x),
                    other => panic!("-{other:?}"),
                };
                let object = self.make(result);
                self.stack.push((object, true));
                self.release(a);
            }
            Op::Cmp(op) => {
                let (b, a) = (self.pop(), self.pop());
                let result = compare(op, self.heap.value(a.0), self.heap.value(b.0));
                self.stack.push((self.heap.bool_(result), true));
                self.release(a);
                self.release(b);
            }
            Op::Is => {
                let (b, a) = (self.pop(), self.pop());
                self.stack.push((self.heap.bool_(a.0 == b.0), true));
                self.release(a);
                self.release(b);
            }
            Op::Not => {
                let (a, _) = self.pop();
                self.stack.push((self.heap.bool_(a != self.heap.bool_(true)), true));
            }
            Op::SkipUnless(n) => {
                if self.pop().0 != self.heap.bool_(true) {
                    self.pc += n;
                }
            }
            Op::EndUnless => {
                if self.pop().0 != self.heap.bool_(true) {
                    return End::Done;
                }
            }
            Op::Item => {
                let index = self.stack[self.stack.len() - 1];
                let items = self.heap.items(self.locals()[LIST_SLOT]);
                let Some(n) = self.index(index.0, items.len()) else { return End::Raised(at) };
                self.heap.incref(items[n]);
                self.pop();
                self.stack.push((items[n], true));
                self.release(index);
            }
            Op::SetItem => {
                let [.., value, index] = self.stack[..] else { panic!("two operands") };
                let list = self.locals()[LIST_SLOT];
                let Some(n) = self.index(index.0, self.heap.items(list).len()) else { return End::Raised(at) };
                if !value.1 {
                    self.heap.incref(value.0);
                }
                let old = self.heap.set_item(list, n, value.0);
                self.pop();
                self.pop();
                self.heap.decref(old);
                self.release(index);
            }
            Op::Call => {
                let a = self.pop();
                let result = self.opaque(a.0);
                self.release(a);
                self.stack.push((result, true));
            }
            Op::Poll => {}
            Op::Loop => self.pc = 0,
        }
        End::Running
    }

    fn make(&mut self, value: Value) -> u64 {
        match value {
            Value::Int(x) => self.heap.int(x),
            Value::Float(x) => self.heap.float(x),
            other => panic!("{other:?} is no number"),
        }
    }

    /// The index as an offset, where it is an int in range.
    pub fn index(&self, object: u64, len: usize) -> Option<usize> {
        let Value::Int(x) = self.heap.value(object) else { return None };
        let x = if x < 0 { x + len as i128 } else { x };
        usize::try_from(x).ok().filter(|&x| x < len)
    }

    /// Releases everything; afterwards no object may be left.
    pub fn finish(&mut self) {
        while let Some(entry) = self.stack.pop() {
            self.release(entry);
        }
        for n in 0..LOCALS {
            let object = std::mem::take(self.local_mut(n));
            self.heap.decref(object);
        }
    }
}

fn as_float(v: Value) -> f64 {
    match v {
        Value::Int(x) => x as f64,
        Value::Float(x) => x,
        other => panic!("{other:?} is no number"),
    }
}

fn binary(op: Bin, a: Value, b: Value) -> Option<Value> {
    if let (Value::Int(x), Value::Int(y)) = (a, b) {
        let r = match op {
            Bin::Add => x + y,
            Bin::Sub => x - y,
            Bin::Mul => x.checked_mul(y)?,
            Bin::Mod | Bin::FloorDiv if y == 0 => return None,
            Bin::Mod => x - y * floor_div(x, y),
            Bin::FloorDiv => floor_div(x, y),
            Bin::And => x & y,
            Bin::Or => x | y,
            Bin::Xor => x ^ y,
        };
        return (r.abs() < HUGE).then_some(Value::Int(r));
    }
    let (x, y) = (as_float(a), as_float(b));
    match op {
        Bin::Add => Some(Value::Float(x + y)),
        Bin::Sub => Some(Value::Float(x - y)),
        Bin::Mul => Some(Value::Float(x * y)),
        _ => None,
    }
}

fn floor_div(x: i128, y: i128) -> i128 {
    let q = x / y;
    if x % y != 0 && (x < 0) != (y < 0) { q - 1 } else { q }
}

fn compare(op: Cmp, a: Value, b: Value) -> bool {
    if let (Value::Int(x), Value::Int(y)) = (a, b) {
        return match op {
            Cmp::Lt => x < y,
            Cmp::Le => x <= y,
            Cmp::Eq => x == y,
            Cmp::Ne => x != y,
        };
    }
    let (x, y) = (as_float(a), as_float(b));
    match op {
        Cmp::Lt => x < y,
        Cmp::Le => x <= y,
        Cmp::Eq => x == y,
        Cmp::Ne => x != y,
    }
}
