//! The compiler's driver.
use ir::Trace;

use crate::{Arena, CompileError, Compiled, Env, Options};

/// Compiles `trace` into `arena`.
///
/// # Errors
/// See [`CompileError`]; nothing stays allocated.
pub fn compile(
    _trace: &Trace,
    _arena: &mut Arena,
    _env: &dyn Env,
    _options: &Options,
) -> Result<Compiled, CompileError> {
    Err(CompileError::Unsupported)
}
