//! The contract as tests, run against every database.
//!
//! Each test binary brings a `place` module that makes fresh databases of its kind; everything
//! here is written once. A test name is the sentence it proves.

/// A test of the contract on a fresh store.
macro_rules! contract {
    ($(async fn $name:ident($bench:ident) $body:block)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let $bench = $crate::suite::bench::Bench::new().await;
            $body
            $bench.store.close().await;
        }
    )*};
}

mod audit;
pub(crate) mod bench;
mod board;
mod concurrency;
mod copies;
mod deliveries;
mod effects;
pub(crate) mod make;
mod model;
mod model_test;
mod retention;
mod schema;
mod sessions;
mod subjects;
mod tokens;
