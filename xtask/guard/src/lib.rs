//! An allocator that finds uses of freed memory, for `cargo xtask memcheck --guard`: each block has pages of its own,
//! which go away for good when it is freed, so that whoever looks at it again dies there and then.
//!
//! It is preloaded, in place of the C library's `malloc`. Python uses it for all its objects where
//! `PYTHONMALLOC=malloc`.
mod blocks;
mod symbols;
