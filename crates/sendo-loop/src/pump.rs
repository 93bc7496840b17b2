//! Runs a turn again and again.
//!
//! While there is work a turn follows the last at once; else the next one waits for its bell or for
//! the poll interval, which also covers timers and other processes. Trouble with the store slows a
//! pump down and never ends it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sendo_store::StoreError;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The bells of one process: who rings knows that there is work for the one who listens.
#[derive(Debug, Clone, Default)]
pub struct Bells {
    /// A delivery was stored.
    pub deliveries: Arc<Notify>,
    /// A subject was woken.
    pub subjects: Arc<Notify>,
    /// An effect was planned.
    pub effects: Arc<Notify>,
    /// Something that people see was written.
    pub changed: Arc<Notify>,
}

/// How one kind of turn is repeated.
pub struct Pump {
    /// Its name, for logs.
    pub name: &'static str,
    /// Rings when there is work.
    pub bell: Arc<Notify>,
    /// Rung after each turn that did something.
    pub then: Vec<Arc<Notify>>,
    /// How long to wait without a bell.
    pub poll: Duration,
    /// Ends the pump after the turn under way.
    pub stop: CancellationToken,
}

impl Pump {
    /// Repeats `turn` until stopped. A turn answers whether it found work.
    pub async fn run<F, T>(self, turn: F)
    where
        F: Fn() -> T,
        T: Future<Output = Result<bool, StoreError>>,
    {
        let mut trouble = 0_u32;
        while !self.stop.is_cancelled() {
            match turn().await {
                Ok(true) => {
                    trouble = 0;
                    self.then.iter().for_each(|bell| bell.notify_one());
                    continue;
                }
                Ok(false) => trouble = 0,
                Err(error) => {
                    trouble = trouble.saturating_add(1);
                    if trouble.is_power_of_two() {
                        let code = error.reason_code();
                        tracing::error!(pump = self.name, reason_code = code, error = %error, times = trouble, "a turn failed");
                    }
                }
            }
            let pause = self.poll.saturating_mul(1 << trouble.min(5));
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.bell.notified(), if trouble == 0 => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
