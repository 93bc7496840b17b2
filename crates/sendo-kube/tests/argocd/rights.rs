//! Who may not is told which right lacks.

use sendo_core::names::EngineApplication;
use sendo_core::time::Timestamp;
use sendo_kube::Addresses;

use crate::tools::kubectl;
use crate::world::argocd_as;

#[tokio::test]
async fn a_token_without_rights_is_told_which_right_lacks() {
    kubectl(&["create", "serviceaccount", "nobody", "-n=default"]);
    let token = kubectl(&["create", "token", "nobody", "-n=default"]);
    let web = EngineApplication::new("web").unwrap();
    let argocd = argocd_as(&token, 6443).await;
    let manifests = Addresses::new([]);
    let look = argocd.observe(&web, &manifests, &[], Timestamp(0));
    let error = look.await.unwrap_err();
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_forbidden", false)
    );
    let said = error.to_string();
    let wanted = "could not read application argocd/web on cluster hub (https://127.0.0.1:6443): \
         the right to get applications.argoproj.io in namespace argocd lacks (";
    assert!(said.starts_with(wanted), "{said}");
    let error = argocd.refresh(&web).await.unwrap_err().to_string();
    assert!(
        error.contains("the right to patch applications.argoproj.io in namespace argocd lacks"),
        "{error}"
    );

    let error = argocd_as("no-such-token", 6443)
        .await
        .refresh(&web)
        .await
        .unwrap_err();
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_unauthorized", true)
    );
}
