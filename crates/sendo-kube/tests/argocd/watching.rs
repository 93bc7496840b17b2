//! A watch goes on over an API server that is gone for a while.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use sendo_core::names::EngineApplication;
use sendo_kube::Touched;

use crate::tools::{apply, kubectl};
use crate::world::{admin, argocd_as};

const PORT: u16 = 16_443;

/// A second API server on the same etcd, which can be killed without anybody else's noticing.
struct Server(Child);

impl Server {
    fn start() -> Self {
        let [program, arguments @ ..] = &first()[..] else {
            unreachable!("no kube-apiserver runs");
        };
        let child = Command::new(program)
            .args(arguments)
            .arg(format!("--secure-port={PORT}"))
            .arg("--endpoint-reconciler-type=none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// How the testbed started its own.
fn first() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let mut commands = lines.map(|line| {
        let line = String::from_utf8_lossy(&line).into_owned();
        line.split_terminator('\0')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    commands
        .find(|command| {
            command
                .first()
                .is_some_and(|it| it.ends_with("/kube-apiserver"))
        })
        .unwrap_or_default()
}

fn touch(what: &str) {
    let value = format!("story={what}");
    kubectl(&[
        "annotate",
        "application",
        "web",
        "-n=watched",
        "--overwrite",
        &value,
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_over_a_restart_and_says_while_it_is_blind() {
    apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: watched}\n---\n\
         apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: watched}\n\
         spec: {project: default, source: {repoURL: 'http://127.0.0.1/a/b'}, destination: {name: in-cluster}}\n",
    );
    let web = Touched::Application(EngineApplication::new("watched/web").unwrap());
    let server = Server::start();
    let argocd = argocd_as(&admin(), PORT).await;
    let (watch, sight) = argocd.watch(&["watched".to_owned()]);
    let (told, mut hear) = tokio::sync::mpsc::channel(100);
    let watching = tokio::spawn(async move {
        let mut watch = std::pin::pin!(watch);
        while let Some(touched) = watch.next().await {
            told.send(touched).await.unwrap();
        }
    });
    assert_eq!(hear.recv().await, Some(Touched::Everything));
    until("it sees", || sight.blind().is_none()).await;
    touch("before");
    assert_eq!(hear.recv().await.as_ref(), Some(&web));

    server.kill();
    until("it is blind and knows why", || {
        sight.blind().is_some_and(|blind| blind.why.is_some())
    })
    .await;
    let why = sight.blind().unwrap().why.unwrap();
    assert!(why.is_transient(), "{why}");
    touch("meanwhile");
    let server = Server::start();
    // What happened meanwhile is told: by itself, or by saying that anything may have.
    let heard = hear.recv().await.unwrap();
    assert!(heard == web || heard == Touched::Everything, "{heard:?}");
    until("it sees again", || sight.blind().is_none()).await;
    while hear.try_recv().is_ok() {}
    touch("after");
    assert_eq!(hear.recv().await.as_ref(), Some(&web));
    watching.abort();
    server.kill();
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    unreachable!("{what}: never");
}
