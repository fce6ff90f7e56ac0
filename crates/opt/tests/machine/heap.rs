//! Objects with CPython's layout as far as uops look at it, counted and checked.
use std::collections::HashSet;

use uops::layout;

pub const INT: u64 = 0x100;
pub const FLOAT: u64 = 0x200;
pub const BOOL: u64 = 0x300;
pub const LIST: u64 = 0x400;

/// Words of an object: count, type, then value. A wide int keeps its value in the last two words.
const WORDS: usize = 6;
const BYTES: u64 = 8 * WORDS as u64;
const SMALL: std::ops::RangeInclusive<i128> = -5..=256;
const IMMORTAL: u64 = layout::IMMORTAL as u64;

/// A value as Python code sees it.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    Int(i128),
    Float(f64),
    Bool(bool),
    List,
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => a == b,
            // Bit for bit, but any NaN.
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::List, Value::List) => true,
            _ => false,
        }
    }
}

pub struct Heap {
    /// Small ints, then `False` and `True`: never freed.
    immortal: Vec<u64>,
    live: HashSet<u64>,
    /// Every block ever made; blocks are not used twice, so that a use after free is seen.
    blocks: Vec<Vec<u64>>,
}

fn get(object: u64, offset: isize) -> u64 {
    // SAFETY: `object` is a block of this heap.
    unsafe { uops::read(object, offset) }
}

fn set(object: u64, offset: isize, value: u64) {
    // SAFETY: as for `get`.
    unsafe { uops::write(object, offset, value) }
}

impl Heap {
    pub fn new() -> Heap {
        let n = SMALL.count() + 2;
        let mut heap = Heap { immortal: vec![0; n * WORDS], live: HashSet::new(), blocks: Vec::new() };
        for (k, x) in SMALL.enumerate() {
            let at = heap.immortal_at(k);
            heap.init_int(at, x);
            set(at, layout::REFCNT, IMMORTAL);
        }
        for object in [heap.bool_(false), heap.bool_(true)] {
            set(object, layout::REFCNT, IMMORTAL);
            set(object, layout::TYPE, BOOL);
        }
        heap
    }

    fn immortal_at(&mut self, n: usize) -> u64 {
        self.immortal.as_mut_ptr() as u64 + n as u64 * BYTES
    }

    fn immortal_base(&self) -> u64 {
        self.immortal.as_ptr() as u64
    }

    pub fn bool_(&self, value: bool) -> u64 {
        self.immortal_base() + (SMALL.count() as u64 + u64::from(value)) * BYTES
    }

    pub fn is_immortal(&self, object: u64) -> bool {
        (self.immortal_base()..self.immortal_base() + 8 * self.immortal.len() as u64).contains(&object)
    }

    fn init_int(&mut self, at: u64, x: i128) {
        set(at, layout::TYPE, INT);
        let sign = match x.signum() {
            1 => 0,
            0 => 1,
            _ => 2,
        };
        let digits = if x == 0 { 0 } else { (128 - x.unsigned_abs().leading_zeros()).div_ceil(30) as u64 };
        set(at, layout::LONG_TAG, sign | digits << 3);
        set(at, layout::LONG_DIGIT, if digits < 2 { x.unsigned_abs() as u64 } else { 0 });
        set(at, 32, x as u64);
        set(at, 40, (x >> 64) as u64);
    }

    fn alloc(&mut self) -> u64 {
        let mut block = vec![0u64; WORDS];
        let at = block.as_mut_ptr() as u64;
        self.blocks.push(block);
        self.live.insert(at);
        set(at, layout::REFCNT, 1);
        at
    }

    /// A new reference.
    pub fn int(&mut self, x: i128) -> u64 {
        if SMALL.contains(&x) {
            return self.immortal_at((x - SMALL.start()) as usize);
        }
        let at = self.alloc();
        self.init_int(at, x);
        at
    }

    pub fn float(&mut self, x: f64) -> u64 {
        let at = self.alloc();
        set(at, layout::TYPE, FLOAT);
        set(at, layout::FLOAT_VALUE, x.to_bits());
        at
    }

    pub fn list(&mut self, items: &[u64]) -> u64 {
        let at = self.alloc();
        let mut block = items.to_vec();
        set(at, layout::TYPE, LIST);
        set(at, layout::VAR_SIZE, items.len() as u64);
        set(at, layout::LIST_ITEMS, block.as_mut_ptr() as u64);
        self.blocks.push(block);
        at
    }

    pub fn items(&self, list: u64) -> Vec<u64> {
        let base = get(list, layout::LIST_ITEMS);
        (0..get(list, layout::VAR_SIZE)).map(|n| get(base + 8 * n, 0)).collect()
    }

    /// The old item, whose reference goes to the caller.
    pub fn set_item(&mut self, list: u64, index: usize, item: u64) -> u64 {
        let at = get(list, layout::LIST_ITEMS) + 8 * index as u64;
        let old = get(at, 0);
        set(at, 0, item);
        old
    }

    pub fn ty(&self, object: u64) -> u64 {
        self.check(object);
        get(object, layout::TYPE)
    }

    pub fn value(&self, object: u64) -> Value {
        match self.ty(object) {
            INT => Value::Int(get(object, 32) as i128 | (get(object, 40) as i128) << 64),
            FLOAT => Value::Float(f64::from_bits(get(object, layout::FLOAT_VALUE))),
            BOOL => Value::Bool(object == self.bool_(true)),
            _ => Value::List,
        }
    }

    fn check(&self, object: u64) {
        assert!(self.is_immortal(object) || self.live.contains(&object), "{object:#x} is dead or no object");
    }

    pub fn count(&self, object: u64) -> u32 {
        self.check(object);
        get(object, layout::REFCNT) as u32
    }

    /// Whether one reference is all there is (or counts do not matter).
    pub fn is_alone(&self, object: u64) -> bool {
        self.is_immortal(object) || get(object, layout::REFCNT) as u32 == 1
    }

    pub fn incref(&mut self, object: u64) {
        self.check(object);
        // SAFETY: it is alive.
        unsafe { uops::incref(object) }
    }

    pub fn decref(&mut self, object: u64) {
        self.check(object);
        // SAFETY: it is alive.
        if unsafe { uops::decref_is_last(object) } != 0 {
            self.dealloc(object);
        }
    }

    pub fn dealloc(&mut self, object: u64) {
        assert_eq!(get(object, layout::REFCNT) as u32, 0);
        if get(object, layout::TYPE) == LIST {
            for item in self.items(object) {
                self.decref(item);
            }
        }
        assert!(self.live.remove(&object), "{object:#x} dies twice");
        set(object, layout::TYPE, 0xdead);
    }

    pub fn live(&self) -> usize {
        self.live.len()
    }
}
