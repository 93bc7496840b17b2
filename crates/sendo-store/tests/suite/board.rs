//! What people read: the board, lists, timelines, and the revision that grows.

use sendo_core::deployment::DeploymentId;
use sendo_core::deployment::DeploymentState::{self, *};
use sendo_core::plan::Plan;
use sendo_store::DeploymentFilter;

use super::bench::Bench;
use super::make::{decide, deployment, entry, notice};

async fn tell(bench: &Bench, lane: &str, states: &[DeploymentState]) {
    let deployments = (1..)
        .zip(states)
        .map(|(n, state)| deployment(lane, n, *state))
        .collect();
    decide(
        &bench.store,
        lane,
        &Plan {
            deployments,
            ..Plan::default()
        },
    )
    .await;
}

fn ids(deployments: &[sendo_core::deployment::Deployment]) -> Vec<&str> {
    deployments
        .iter()
        .map(|deployment| deployment.id.as_str())
        .collect()
}

contract! {
    async fn the_board_shows_what_runs_moves_and_failed_since(bench) {
        tell(&bench, "a/test", &[Succeeded, Failed, Succeeded, Failed, Cancelled, Superseded, Running]).await;
        tell(&bench, "b/test", &[Failed, Succeeded]).await;
        tell(&bench, "c/test", &[Failed, Queued]).await;
        let board = bench.store.board().await.unwrap();
        assert_eq!(ids(&board), ["a/test/3", "a/test/5", "a/test/7", "b/test/2", "c/test/1", "c/test/2"]);
    }

    async fn deployments_are_listed_newest_first_by_lane_and_state(bench) {
        tell(&bench, "a/test", &[Succeeded, Failed, Running]).await;
        tell(&bench, "a/production", &[Succeeded]).await;
        tell(&bench, "b/test", &[Failed, Succeeded]).await;
        let list = async |application: Option<&str>, environment: Option<&str>, states: &[DeploymentState], limit| {
            let filter = DeploymentFilter {
                application: application.map(str::to_owned),
                environment: environment.map(str::to_owned),
                states: states.to_vec(),
                limit,
            };
            let found = bench.store.deployments(&filter).await.unwrap();
            ids(&found).join(" ")
        };
        assert_eq!(list(None, None, &[], 0).await, "a/test/3 b/test/2 a/test/2 b/test/1 a/test/1 a/production/1");
        assert_eq!(list(None, None, &[], 2).await, "a/test/3 b/test/2");
        assert_eq!(list(Some("a"), None, &[], 0).await, "a/test/3 a/test/2 a/test/1 a/production/1");
        assert_eq!(list(Some("a"), Some("test"), &[Succeeded, Running], 0).await, "a/test/3 a/test/1");
        assert_eq!(list(None, Some("test"), &[Succeeded, Failed], 3).await, "b/test/2 a/test/2 b/test/1");
        assert_eq!(list(None, Some("production"), &[], 0).await, "a/production/1");
    }

    async fn a_row_written_again_replaces_the_old_one(bench) {
        tell(&bench, "a/test", &[Running]).await;
        tell(&bench, "a/test", &[Succeeded]).await;
        let row = bench.store.deployment(&DeploymentId("a/test/1".to_owned())).await.unwrap().unwrap();
        assert_eq!(row.state, Succeeded);
        assert_eq!(bench.store.deployment(&DeploymentId("a/test/2".to_owned())).await.unwrap(), None);
        assert_eq!(bench.store.board().await.unwrap().len(), 1);
    }

    async fn a_timeline_holds_each_notice_once_in_order(bench) {
        for numbers in [vec![1, 2], vec![2, 3]] {
            let notices = numbers.into_iter().map(|n| notice("a/test/1", n)).collect();
            decide(&bench.store, "a/test", &Plan { notices, ..Plan::default() }).await;
        }
        let timeline = bench.store.timeline(&DeploymentId("a/test/1".to_owned())).await.unwrap();
        let ids: Vec<_> = timeline.iter().map(|notice| notice.id.as_str()).collect();
        assert_eq!(ids, ["a/test/1#1", "a/test/1#2", "a/test/1#3"]);
    }

    async fn the_revision_grows_with_what_people_see_and_with_nothing_else(bench) {
        let before = bench.store.revision().await.unwrap();
        tell(&bench, "a/test", &[]).await;
        assert_eq!(bench.store.revision().await.unwrap(), before);
        tell(&bench, "a/test", &[Running]).await;
        let told = bench.store.revision().await.unwrap();
        assert!(told > before);
        // A lock is in no deployment's row, and on a page.
        let locked = Plan { audit: vec![entry("lock.set")], ..Plan::default() };
        decide(&bench.store, "a/test", &locked).await;
        assert!(bench.store.revision().await.unwrap() > told);
    }
}
