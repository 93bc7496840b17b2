//! `sendo demo` while somebody plays with it.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use sendo_testkit::wait;

use crate::sendo::Folder;
use crate::serving::LONGEST;

/// A demo whose story is read from a file; it ends with the test.
struct Demo {
    folder: Folder,
    child: Child,
}

impl Demo {
    fn begin() -> Self {
        let folder = Folder::with(&[]);
        let child = Command::new(env!("CARGO_BIN_EXE_sendo"))
            .args(["demo", "-o", "json", "--dir", "stage"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(File::create(folder.file("story")).unwrap())
            .spawn()
            .unwrap();
        Self { folder, child }
    }

    /// Waits until the story tells something; gives the line.
    fn tells(&self, what: &str) -> String {
        let told = wait::until(what, LONGEST, || {
            let story = self.folder.read("story");
            story
                .lines()
                .find(|line| line.contains(what))
                .map(str::to_owned)
        });
        told.unwrap_or_else(|error| panic!("{error}\n{}", self.folder.read("story")))
    }

    /// Ends it as Ctrl-C does; gives its exit code.
    fn end(&mut self) -> Option<i32> {
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_deployment_that_fails_is_told_and_the_demo_goes_on() {
    let mut demo = Demo::begin();
    let url = demo.tells("export SENDO_URL=");
    let url = url.split(['=', ' ']).find(|word| word.starts_with("http"));
    let path = std::env::var("PATH").unwrap();
    let asked = ["deploy", "shop", "test", "v9.9", "--server", url.unwrap()];
    let asked = [&asked[..], &["--config", "stage/sendo.yaml"]].concat();
    demo.folder.run_with(&asked, &[("PATH", &path)], "");
    demo.tells("`v9.9`");
    assert_eq!(demo.end(), Some(0), "{}", demo.folder.read("story"));
}
