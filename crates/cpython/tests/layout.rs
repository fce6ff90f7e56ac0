//! Compiles `layout.c` against an interpreter's headers and compares the result with the file in the repository.
//!
//! The headers are those of `TIERUP_CPYTHON_INCLUDE`, or of the interpreter `TIERUP_PYTHON`, or of the
//! `python3` on the path if that is a 3.14.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::path::{Path, PathBuf};
use std::process::Command;

fn include_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("TIERUP_CPYTHON_INCLUDE") {
        return Some(dir.into());
    }
    let python = std::env::var_os("TIERUP_PYTHON").unwrap_or_else(|| "python3".into());
    let code = "import sys, sysconfig; print(sysconfig.get_path('include') if sys.version_info[:2] == (3, 14) else '')";
    let output = Command::new(python).args(["-c", code]).output().ok()?;
    let dir = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!dir.is_empty()).then(|| dir.into())
}

#[test]
fn layout_matches_headers() {
    let Some(include) = include_dir().filter(|dir| dir.join("internal/pycore_frame.h").exists()) else {
        eprintln!("skipped: no CPython 3.14 headers (set TIERUP_CPYTHON_INCLUDE)");
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/v3_14");
    let program = std::env::temp_dir().join(format!("tierup-layout-{}", std::process::id()));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command.arg("-w");
    command.arg("-I").arg(&include);
    command.arg("-I").arg(include.join("internal"));
    // Debian's pyconfig.h includes another one by its path below the system's include folder.
    if let Some(parent) = include.parent() {
        command.arg("-idirafter").arg(parent);
    }
    command.arg("-o").arg(&program).arg(folder.join("layout.c"));
    match command.status() {
        Err(_) => {
            eprintln!("skipped: no C compiler");
            return;
        }
        Ok(status) => assert!(status.success(), "layout.c does not compile against {}", include.display()),
    }
    let output = Command::new(&program).output().expect("the program just built runs");
    let _ = std::fs::remove_file(&program);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let generated = String::from_utf8(output.stdout).expect("it prints ASCII");
    let stored = std::fs::read_to_string(folder.join("layout.rs")).expect("the file is in the repository");
    // The micro version the stored file was made with may differ; the layout may not.
    let relevant = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.contains("HEADERS_VERSION_HEX")).map(str::to_owned).collect()
    };
    for (line, (new, old)) in relevant(&generated).iter().zip(relevant(&stored).iter()).enumerate() {
        assert_eq!(new, old, "layout.rs line {} is out of date", line + 1);
    }
    assert_eq!(relevant(&generated).len(), relevant(&stored).len());
}
