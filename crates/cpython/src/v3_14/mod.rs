//! CPython 3.14, default (GIL) release build, x86-64 Linux.

pub mod api;
pub mod array;
pub mod deaths;
pub mod frame;
pub mod iterators;
#[rustfmt::skip]
pub mod layout;
pub mod lookup;
pub mod monitoring;
pub mod objects;
pub mod owned;
pub mod probe;
pub mod refs;
pub mod reserve;
pub mod special;
pub mod steps;
pub mod types;
pub mod watch;
