//! A PostgreSQL server for one run, from Debian's archive, on a port of this machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::install::Installed;
use crate::process::Scratch;
use crate::provision::{self, POSTGRESQL};
use crate::util::{command, quiet};

/// The server refuses to run as root: then it runs as `nobody`.
const NOBODY: u32 = 65534;

pub(super) struct Server {
    process: Child,
    port: u16,
    _data: Scratch,
}

/// What SQLAlchemy's README.unittests.rst asks for.
const SETUP: &str = r#"
import sys, psycopg
url = sys.argv[1]
with psycopg.connect(f"{url}/postgres", autocommit=True) as c:
    c.execute("DROP DATABASE IF EXISTS test")
    c.execute("CREATE DATABASE test")
with psycopg.connect(f"{url}/test", autocommit=True) as c:
    c.execute("CREATE SCHEMA test_schema")
    c.execute("CREATE SCHEMA test_schema_2")
    c.execute("CREATE EXTENSION hstore")
    c.execute("CREATE EXTENSION citext")
    c.execute("ALTER DATABASE test SET default_text_search_config = 'pg_catalog.english'")
"#;

impl Server {
    pub fn start() -> Result<Server> {
        let executable = provision::install(&POSTGRESQL)?;
        let bin = executable.parent().context("it lies in a directory")?.to_owned();
        let scratch = Scratch::new()?;
        let data = scratch.path().join("data");
        fs::create_dir(&data)?;
        // SAFETY: geteuid has no preconditions.
        if unsafe { libc::geteuid() } == 0 {
            chown(&data, Some(NOBODY), Some(NOBODY))?;
        }
        let options = ["--username=scott", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        quiet(unprivileged(bin.join("initdb")).args(options).arg("--pgdata").arg(&data))?;
        // Free a moment ago: nothing else takes a port of this machine meanwhile.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = unprivileged(executable);
        server.arg("-D").arg(&data).arg("-p").arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "max_prepared_transactions=64",
            "lc_messages=C",
        ] {
            server.args(["-c", setting]);
        }
        let mut process = server.stderr(Stdio::piped()).spawn()?;
        let mut errors = BufReader::new(process.stderr.take().expect("it is piped"));
        let mut log = String::new();
        while !log.ends_with("ready to accept connections\n") {
            if errors.read_line(&mut log)? == 0 {
                bail!("PostgreSQL does not start\n{log}");
            }
        }
        // A server that cannot write its log would stop.
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        Ok(Server { process, port, _data: scratch })
    }

    /// The database, as SQLAlchemy names it.
    pub fn url(&self) -> String {
        format!("postgresql+psycopg://scott@127.0.0.1:{}/test", self.port)
    }

    /// Makes the database anew.
    pub fn clear(&self, installed: &Installed) -> Result<()> {
        let url = format!("postgresql://scott@127.0.0.1:{}", self.port);
        quiet(command(installed.bin().join("python"), ["-c", SETUP]).arg(url))?;
        Ok(())
    }
}

fn unprivileged(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown; it ends the processes of all connections.
        // SAFETY: the process is our child, not yet waited for.
        unsafe { libc::kill(self.process.id() as i32, libc::SIGINT) };
        let _ = self.process.wait();
    }
}
