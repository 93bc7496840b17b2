//! A verb that goes on beside the test: what it has said so far, Ctrl-C, how it ended.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use sendo_testkit::stage::Stage;
use sendo_testkit::{Server, wait};

use crate::serving::LONGEST;

/// The verb. It is killed when it is dropped.
pub(crate) struct Typed {
    child: Child,
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
}

/// The verb on this stage's server, with its token.
pub(crate) fn command(stage: &Stage, server: &mut Server, line: &str) -> Command {
    let url = format!("http://{}", server.address().unwrap());
    let mut command = stage.command(env!("CARGO_BIN_EXE_sendo").as_ref());
    command
        .args(line.split_whitespace())
        .args(["--server", &url, "--config", "sendo.yaml"])
        .stdin(Stdio::null());
    command
}

/// Types it where nobody looks at a terminal.
pub(crate) fn typed(stage: &Stage, server: &mut Server, line: &str) -> Typed {
    let mut command = command(stage, server, line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let out = heard(child.stdout.take().unwrap());
    let err = heard(child.stderr.take().unwrap());
    Typed { child, out, err }
}

/// Types it at a terminal of 20 rows and 100 columns.
pub(crate) fn at_a_terminal(stage: &Stage, server: &mut Server, line: &str) -> Typed {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap();
    let far = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let mut size = rustix::termios::tcgetwinsize(&far).unwrap();
    (size.ws_row, size.ws_col) = (20, 100);
    rustix::termios::tcsetwinsize(&far, size).unwrap();
    let mut command = command(stage, server, line);
    command
        .env("TERM", "xterm")
        .stderr(Stdio::piped())
        .stdout(far);
    let mut child = command.spawn().unwrap();
    // The verb alone holds the far end now.
    drop(command);
    let out = heard(std::fs::File::from(near));
    let err = heard(child.stderr.take().unwrap());
    Typed { child, out, err }
}

fn heard(mut from: impl std::io::Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = all.clone();
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut some) {
            into.lock().unwrap().extend_from_slice(&some[..count]);
        }
    });
    all
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().unwrap()).into_owned()
}

impl Typed {
    /// Standard output so far.
    pub(crate) fn out(&self) -> String {
        text(&self.out)
    }

    /// Standard error so far.
    pub(crate) fn err(&self) -> String {
        text(&self.err)
    }

    /// Waits until it said something on standard output.
    pub(crate) fn says(&self, what: &str) {
        wait::until(what, LONGEST, || self.out().contains(what).then_some(()))
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out(), self.err()));
    }

    /// Waits until it said something on standard error.
    pub(crate) fn notes(&self, what: &str) {
        wait::until(what, LONGEST, || self.err().contains(what).then_some(()))
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out(), self.err()));
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.unwrap(), Signal::INT).unwrap();
    }

    /// Waits until it has ended; gives its exit code.
    pub(crate) fn ended(&mut self) -> i32 {
        let status = wait::until("it ends", LONGEST, || self.child.try_wait().unwrap());
        status.unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
