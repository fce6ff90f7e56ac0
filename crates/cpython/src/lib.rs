//! CPython's memory and API, as seen by the tiers.
//!
//! This is the only crate that knows how CPython lays out its objects. One folder per CPython version
//! holds the generated layout and what depends on it; everybody else goes through [`abi`].
//!
//! Nothing here links against libpython. [`probe`] looks every symbol up in the running process, so an
//! interpreter this crate does not understand yields a sentence, never a load failure.

mod symbols;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod v3_14;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod abi {
    //! The interpreter's structures, functions and rules, under CPython's own names.
    pub use crate::v3_14::api::*;
    pub use crate::v3_14::array;
    pub use crate::v3_14::frame::*;
    pub use crate::v3_14::iterators::*;
    pub use crate::v3_14::layout::*;
    pub use crate::v3_14::objects::*;
    pub use crate::v3_14::owned::Owned;
    pub use crate::v3_14::refs::*;
    pub use crate::v3_14::reserve;
    pub use crate::v3_14::types::*;
    pub use crate::v3_14::watch;
    pub use crate::v3_14::{deaths, lookup, monitoring, special};
}

/// Checks that the running interpreter is one this crate understands and resolves its symbols.
///
/// # Errors
/// One sentence saying why the interpreter is not supported.
///
/// # Safety
/// Must be called with the GIL held, before anything else of this crate is used.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub unsafe fn probe() -> Result<(), String> {
    // SAFETY: the caller holds the GIL.
    unsafe { v3_14::probe::probe() }
}

/// Reports that this platform has no port.
///
/// # Errors
/// Always.
///
/// # Safety
/// None needed; the signature is that of the supported platforms.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub unsafe fn probe() -> Result<(), String> {
    Err(format!("{} on {} is not supported", std::env::consts::OS, std::env::consts::ARCH))
}
